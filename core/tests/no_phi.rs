//! The canary: a whole run with marked words for everything that is protected,
//! and then a search for them in all that a host could print, log, serialise
//! or find on disk. Each word is unique; it is searched for in clear and in the
//! encodings of `testing::canary`.
#![cfg(feature = "sqlite")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "no_phi/evidence.rs"]
mod evidence;
#[path = "no_phi/inputs.rs"]
mod inputs;
#[path = "no_phi/marks.rs"]
mod marks;
#[path = "no_phi/run.rs"]
mod run;
#[path = "no_phi/sealed.rs"]
mod sealed;
#[path = "no_phi/values.rs"]
mod values;

use std::sync::Arc;

use mailseal::storage::{Batch, Op, Row, SqliteStore, Store, Table};

use evidence::{Evidence, Log};
use marks::Marks;

/// Where no protected word may be, in any form.
const NOWHERE: &[&str] = &["Debug", "JSON", "error", "file", "log", "text"];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_protected_is_seen_where_it_does_not_belong() {
    let log = Log::capture();
    let folder = tempfile::tempdir().unwrap();
    let mut marks = Marks::new();
    let mut seen = Evidence::default();

    run::everything(folder.path(), &mut marks, &mut seen).await;
    inputs::all_kinds(folder.path(), &marks, &mut seen).await;
    values::all_types(&marks, &mut seen).await;
    seen.log(&log);

    print!("{}", seen.table());
    let leaks = seen.leaks(&marks.canary, NOWHERE);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    // In clear crosses what no escrow hides: who gets a notice, and its link.
    // A sealed copy shows the clinic's own name as well.
    let told = ["address", "domain", "sender", "sender name", "link"];
    let mut leaks = seen.leaks(&marks.canary, &["wire"]);
    leaks.retain(|leak| {
        !told
            .iter()
            .any(|what| leak.contains(&format!(": {what} (")))
    });
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));

    // The search can find: a word planted in each place is seen.
    assert!(log.text().len() > 1_000, "something was logged");
    tracing::trace!(planted = marks.subject, "a leak");
    let store = SqliteStore::open(folder.path().join("mail.db")).unwrap();
    let row = Row::new(b"planted".to_vec(), marks.local.clone().into_bytes());
    let put = Op::Put {
        table: Table::Meta,
        row,
    };
    Arc::new(store)
        .commit(Batch::from_iter([put]))
        .await
        .unwrap();
    let mut planted = Evidence::default();
    planted.log(&log);
    planted.files(folder.path());
    planted.error("planted", std::io::Error::other(marks.text.clone()));
    planted.debug(&marks.phone.as_bytes());
    planted.json(&marks.key);
    let found = planted.leaks(&marks.canary, NOWHERE).join("\n");
    for what in [
        "log tracing: subject (plain)",
        "error planted: text (plain)",
        ": phone (octet list)",
        "JSON alloc::string::String: idempotency key (plain)",
    ] {
        assert!(found.contains(what), "{what} in\n{found}");
    }
    // In the log of SQLite, or in the file by now, where that was written back.
    let stored = ["mail.db-wal", "mail.db"].map(|file| format!("{file}: address (plain)"));
    let is_stored = stored.iter().any(|what| found.contains(what));
    assert!(is_stored, "{stored:?} in\n{found}");
}
