//! The labelled mails in `mails/`: how they are written, see its README.

use std::ops::Range;
use std::path::Path;
use std::{fs, io};

use mailseal::base::Sensitivity;
use mailseal::dlp::FindingKind;
use mailseal::dlp::training::{Mail, Place, Text};

/// All mails of a folder's files, in the order of their names.
pub(crate) fn read(folder: &Path) -> io::Result<Vec<Mail>> {
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|f| f.extension().is_some_and(|e| e == "txt"));
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let at =
            |line: usize, why: &str| io::Error::other(format!("{}:{line}: {why}", file.display()));
        let mut block = String::new();
        let mut start = 0;
        for (n, line) in text.lines().chain(["=== "]).enumerate() {
            if line.starts_with("=== ") && !block.is_empty() {
                let id = u32::try_from(out.len()).unwrap_or(u32::MAX);
                out.push(mail(&block, id).map_err(|why| at(start + 1, &why))?);
                block.clear();
            }
            if block.is_empty() {
                start = n;
            }
            block.push_str(line);
            block.push('\n');
        }
    }
    Ok(out)
}

fn mail(block: &str, id: u32) -> Result<Mail, String> {
    let (head, body) = block
        .split_once("\n\n")
        .ok_or("no empty line behind the head")?;
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let mut words = first.trim_start_matches("=== ").split_whitespace();
    let sensitivity: Sensitivity = words
        .next()
        .unwrap_or_default()
        .parse()
        .map_err(|_| "the first word is none of none, phi, sensitive")?;
    let mut out = Mail::new(id, String::new(), Vec::new(), sensitivity);
    for word in words {
        out.categories
            .push(word.parse().map_err(|_| format!("no category {word}"))?);
    }
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("a head line without a colon")?;
        let value = value.trim();
        match name {
            "from" => out.from = value.to_owned(),
            "to" => out.to = value.split(',').map(|a| a.trim().to_owned()).collect(),
            "audience" => out.audience = Some(value.to_owned()),
            "subject" => out.texts.push(text(Place::Subject, value)?),
            "why" => {}
            other => return Err(format!("no field {other}")),
        }
    }
    let mut place = Place::Body;
    let mut part = String::new();
    for line in body.lines().chain(["--- attachment  end"]) {
        let Some(attachment) = line.strip_prefix("--- attachment ") else {
            part.push_str(line);
            part.push('\n');
            continue;
        };
        if !part.trim().is_empty() {
            out.texts.push(text(place, part.trim_end())?);
        }
        part.clear();
        place = Place::Attachment;
        if let Some((name, _)) = attachment.rsplit_once(' ')
            && !name.trim().is_empty()
        {
            out.texts.push(text(Place::FileName, name)?);
        }
    }
    Ok(out)
}

/// Takes the marks out of a text.
pub(crate) fn text(place: Place, marked: &str) -> Result<Text, String> {
    let mut plain = String::with_capacity(marked.len());
    let mut spans: Vec<(Range<usize>, FindingKind)> = Vec::new();
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once("[[") {
        plain.push_str(before);
        let (mark, behind) = after.split_once("]]").ok_or("a mark without its end")?;
        let (kind, value) = mark.split_once(':').ok_or("a mark without a kind")?;
        let kind = kind.parse().map_err(|_| format!("no kind {kind}"))?;
        let start = plain.len();
        plain.push_str(value);
        spans.push((start..plain.len(), kind));
        rest = behind;
    }
    plain.push_str(rest);
    Ok(Text::new(place, plain, spans))
}
