//! What stands before and behind mails whatever they are about: notices of
//! confidentiality, footers of mailings, banners of gateways, signatures.

use std::path::Path;
use std::{fs, io};

use mailseal::dlp::FindingKind;
use mailseal::dlp::training::{Mail, Place, Text};

use crate::mails;
use crate::random::Random;

/// All that there are.
pub(crate) struct Frames {
    before: Vec<Text>,
    behind: Vec<Text>,
    signatures: Vec<Text>,
}

impl Frames {
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(file)?;
        let mut out = Self {
            before: Vec::new(),
            behind: Vec::new(),
            signatures: Vec::new(),
        };
        // The first is what the file says of itself.
        for block in text.split("=== ").skip(1) {
            let fault = |why: &str| io::Error::other(format!("{}: {why}", file.display()));
            let (sort, text) = block.split_once('\n').ok_or_else(|| fault("no text"))?;
            let all = match sort {
                "before" => &mut out.before,
                "behind" => &mut out.behind,
                "signature" => &mut out.signatures,
                other => return Err(fault(&format!("no place {other}"))),
            };
            all.push(mails::text(Place::Body, text.trim_end()).map_err(|why| fault(&why))?);
        }
        Ok(out)
    }

    /// Puts one before or behind a mail's text, and a signature behind some that
    /// name staff already.
    pub(crate) fn put(&self, mail: &mut Mail, random: &mut Random) {
        let staffed = (mail.texts.iter())
            .flat_map(|text| &text.spans)
            .any(|(_, kind)| *kind == FindingKind::Provider);
        let Some(body) = mail.texts.iter_mut().find(|text| text.place == Place::Body) else {
            return;
        };
        if staffed
            && random.percent(30)
            && let Some(signature) = random.pick(&self.signatures)
        {
            *body = joined(body, signature);
        }
        let framed = match random.percent(20) {
            true => random.pick(&self.before).map(|before| joined(before, body)),
            false => random.pick(&self.behind).map(|behind| joined(body, behind)),
        };
        if let Some(framed) = framed {
            *body = framed;
        }
    }
}

/// Two texts with an empty line between them.
fn joined(first: &Text, second: &Text) -> Text {
    let mut text = first.text.clone();
    text.push_str("\n\n");
    let by = text.len();
    text.push_str(&second.text);
    let moved = (second.spans.iter()).map(|(span, kind)| (span.start + by..span.end + by, *kind));
    let spans = first.spans.iter().cloned().chain(moved).collect();
    Text::new(first.place, text, spans)
}
