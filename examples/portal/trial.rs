//! A host for the trial: prints codes and replies instead of sending them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use data_encoding::HEXLOWER;
use mailseal::base::{Language, Phi, Secret, Sensitivity};
use mailseal::escrow::Reply;
use mailseal::portal::{
    CodeChannelError, CodeKind, CodeSender, PortalEvent, PortalEventKind, PortalHost, ReplyRefused,
};
use serde_json::{Value, json};

pub(crate) const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="12" fill="#0b5d7a"/><path d="M14 42c6 0 6-4 12-4s6 4 12 4 6-4 12-4M32 12v22M22 20h20" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round"/></svg>"##;

#[derive(Debug, Clone)]
pub(crate) struct Trial {
    kept: Arc<Mutex<Kept>>,
    /// Prints no events.
    quiet: bool,
}

#[derive(Debug, Default)]
struct Kept {
    codes: Vec<Value>,
    replies: Vec<Value>,
}

impl Trial {
    pub(crate) fn new(quiet: bool) -> Self {
        let kept = Arc::default();
        Self { kept, quiet }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was "sent", for scripts that try the page.
    pub(crate) fn router(&self) -> Router {
        let (codes, replies) = (self.clone(), self.clone());
        let answer = |list: Vec<Value>| {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (kind, Value::from(list).to_string())
        };
        Router::new()
            .route(
                "/trial/outbox",
                get(move || async move { answer(codes.kept().codes.clone()) }),
            )
            .route(
                "/trial/replies",
                get(move || async move { answer(replies.kept().replies.clone()) }),
            )
    }
}

#[async_trait]
impl CodeSender for Trial {
    async fn send(
        &self,
        kind: CodeKind,
        to: &Phi<String>,
        code: &Secret<String>,
        language: Language,
    ) -> Result<(), CodeChannelError> {
        let (to, code) = (to.expose(), code.expose());
        println!("{kind:?} to {to} ({language}): {code}");
        self.kept().codes.push(json!({"to": to, "code": code}));
        Ok(())
    }
}

#[async_trait]
impl PortalHost for Trial {
    async fn event(&self, event: PortalEvent) {
        if self.quiet {
            return;
        }
        match event.kind {
            PortalEventKind::Opened { first, level } => {
                println!(
                    "opened at {level}{}",
                    if first { ", for the first time" } else { "" }
                );
            }
            PortalEventKind::CodeSent(_) => {}
            other => println!("{other:?}"),
        }
    }

    async fn reply(&self, reply: Reply, found: Sensitivity) -> Result<(), ReplyRefused> {
        let (subject, text) = (reply.subject.expose(), reply.text.expose());
        println!("reply ({found:?}): {subject}: {} bytes of text", text.len());
        let files = reply.attachments.iter().map(|file| {
            json!({
                "name": file.name.expose(),
                "type": file.media_type,
                "size": file.bytes.expose().len(),
                "sha256": HEXLOWER.encode(digest(&SHA256, file.bytes.expose()).as_ref()),
            })
        });
        let files: Vec<Value> = files.collect();
        let kept = json!({"subject": subject, "text": text, "attachments": files});
        self.kept().replies.push(kept);
        Ok(())
    }
}
