//! The order in which the parts of a message are read: first the words of all
//! its texts and of the files that are soon read, since the models ask how the
//! message speaks, then the texts, then what is packed into them and the files.

use std::borrow::Cow;

use super::Scan;
use super::learn::packs;
use crate::base::Phi;
use crate::compose::{Message, PartContent, ScanPart};
use crate::dlp::Part;
use crate::dlp::extract::{
    Budget, Piece, TABLE, doubt, encoded_in, encoded_in_page, extract, is_table_name,
};
use crate::dlp::lexicon::Flag;
use crate::dlp::passage::Passage;
use crate::dlp::risk::features::features;
use crate::dlp::risk::single::Single;
use crate::dlp::risk::summary::{MAX_WORDS, Summary};
use crate::dlp::risk::verdict::{Verdict, Words};
use crate::dlp::risk::{Filter, Weights};
use crate::dlp::source::{Source, is_file};
use crate::dlp::tagger::asks;
use crate::dlp::texts::{is_document, may_enclose};

/// Bytes of one text.
const MAX_TEXT: usize = 256 * 1024 * 1024;
/// Bytes of texts that are kept from the first look to the second.
const KEPT: usize = 4 * 1024 * 1024;

/// What is decoded of a file for that first look. One that has more is read
/// again from the start, when its turn comes.
const LOOKED_AT: usize = 16 * 1024 * 1024;

/// Of a file that was read whole at the first look.
struct Looked {
    pieces: Vec<Piece>,
    /// Why some of it could not be read.
    reasons: Vec<&'static str>,
}

/// A part of the message, as far as it was read.
struct Read<'m> {
    part: &'m ScanPart<'m>,
    /// What it is called: many a program attaches tables as something else.
    media_type: &'m str,
    /// Of a text that is long, and of a file, nothing is kept: there is never
    /// more than one of them.
    kept: Option<&'m PartContent>,
    source: Option<Source<'m>>,
    /// Of HTML: it says the same as a text beside it.
    same: bool,
    looked: Option<Looked>,
}

impl Read<'_> {
    fn is_long_text(&self) -> bool {
        self.kept.is_none() && is_text(self.part)
    }
}

/// The first passages of the kept texts, in the order of the parts.
struct Firsts<'p> {
    passages: Vec<Option<Passage<'p>>>,
    /// Whether they are all there is.
    all: bool,
    /// Whether no text that counts has a second, so that their words are those
    /// of the whole.
    counted: bool,
}

impl Scan<'_> {
    pub(super) fn run(&mut self, message: &Message) {
        let parts = message.parts();
        let files = parts.iter().filter(|p| is_file(p.part())).count();
        self.summary.attachments = u32::try_from(files).unwrap_or(0);
        let kept = keep(&parts);
        let mut reads = reads(&parts, &kept);
        let mut budget = Budget::new().with_known(self.scanner.host.as_ref());
        look(&mut reads, &mut budget);
        let firsts = self.firsts(&reads);
        let counted = firsts.counted;
        self.foresee(message, &reads, &firsts);
        for (read, first) in reads.iter().zip(firsts.passages) {
            self.text(read, first, counted, &mut budget);
        }
        for read in &reads {
            match read.kept {
                Some(content) => self.file(read, content, &mut budget),
                None if is_text(read.part) => {}
                None if read.looked.is_some() => self.looked(read),
                None => {
                    let content = read.part.content();
                    self.unread(read.part, &content);
                    self.file(read, &content, &mut budget);
                }
            }
        }
        if self.clinical_record {
            self.sent_as_test = self.says_test(&reads);
        }
        drop(reads);
        for content in kept.into_iter().flatten() {
            if let Cow::Owned(content) = content {
                wipe(content);
            }
        }
    }

    /// Whether subject and body say that data are made up: what stands in a record
    /// itself does not tell, since a real one may name a test or an `example.org`.
    fn says_test(&mut self, reads: &[Read<'_>]) -> bool {
        let mut said = Summary::default();
        for read in reads {
            // A page beside a text says the same.
            let source = read.source.as_ref().filter(|_| !read.same);
            let source = source.filter(|source| !is_file(source.part) && !source.fields);
            if let Some(source) = source.filter(|source| !source.clinical) {
                let (passage, _) = self.first_passage(source);
                said.read(&passage, None);
                self.done(passage);
            }
        }
        said.count(Flag::Dummy) > 1
    }

    fn firsts<'p>(&mut self, reads: &'p [Read<'_>]) -> Firsts<'p> {
        let mut firsts = Firsts {
            passages: Vec::with_capacity(reads.len()),
            all: true,
            counted: true,
        };
        for read in reads {
            let first = read.source.as_ref().map(|source| {
                let (passage, whole) = self.first_passage(source);
                firsts.counted &= read.same || whole;
                firsts.all &= whole;
                passage
            });
            firsts.passages.push(first);
            firsts.counted &= read.same || !read.is_long_text();
        }
        firsts
    }

    /// Learns whom the message is from and to, and from that and its words what
    /// it is about, as far as the models ask. Where they are those of the whole
    /// its words are kept.
    fn foresee(&mut self, message: &Message, reads: &[Read<'_>], firsts: &Firsts<'_>) {
        let asked = self.scanner.names
            || !firsts.all
            || firsts.passages.iter().flatten().any(asks)
            || reads
                .iter()
                .any(|read| self.brings_more(read.part, read.kept, &read.source));
        let mut words = Summary::default();
        let mut sums = Words::default();
        self.filter = self.filter(reads, firsts);
        if asked {
            self.learn(message);
            self.words(&mut words, reads, firsts);
            self.context.speech = words.speech();
            self.context.prior = match reads.iter().any(|read| read.looked.is_some()) {
                true => {
                    // Files are counted when their turn comes: here in a copy.
                    let mut all = words.clone();
                    self.words_of_files(&mut all, reads);
                    self.context.speech = all.speech();
                    self.prior(&all, &mut Words::default())
                }
                false => self.prior(&words, &mut sums),
            };
        }
        if firsts.counted {
            self.words = sums;
            words.attachments = self.summary.attachments;
            self.summary = words;
        }
    }

    /// How much some words speak for PHI before anything is found; their sums are
    /// kept for the verdict.
    fn prior(&self, words: &Summary, sums: &mut Words) -> u8 {
        let told = features(words, &self.context, &self.envelope);
        match self.scanner.names {
            true => {
                Verdict::get().read(&told, sums);
                Verdict::get().step(&told, sums)
            }
            false => Single::prior().step(&told),
        }
    }

    /// Which words are worth keeping, where a message has so few that all may
    /// be. Without a verdict only the prior asks for words.
    fn filter(&self, reads: &[Read<'_>], firsts: &Firsts<'_>) -> Option<&'static Filter> {
        let units = firsts.passages.iter().flatten().map(|p| p.items.len());
        let few = firsts.all
            && firsts.counted
            && units.sum::<usize>() <= MAX_WORDS
            && !reads.iter().any(|read| packs(read.part, read.kept));
        few.then(|| match self.scanner.names {
            true => Verdict::get().filter(),
            false => Weights::prior().filter(),
        })
    }

    /// Reads the words of all texts.
    fn words(&mut self, words: &mut Summary, reads: &[Read<'_>], firsts: &Firsts<'_>) {
        for (read, first) in reads.iter().zip(&firsts.passages) {
            if read.same {
                continue;
            }
            if let (Some(source), Some(first)) = (&read.source, first)
                && !source.fields
            {
                words.read(first, self.filter);
            }
            if read.is_long_text() {
                let content = read.part.content();
                if let Some(source) = source_of(read.part, read.media_type, &content)
                    && !source.fields
                {
                    words.read(&self.first_passage(&source).0, None);
                }
                wipe(content);
            }
        }
    }

    /// Reads the words of the files that were looked at.
    fn words_of_files(&mut self, words: &mut Summary, reads: &[Read<'_>]) {
        for read in reads {
            let pieces = read.looked.iter().flat_map(|looked| &looked.pieces);
            for piece in pieces.filter(|piece| !piece.aside) {
                let source = Source::piece(read.part.part(), piece);
                let first = self.first_passage(&source).0;
                words.read(&first, None);
                self.done(first);
            }
        }
    }

    /// Reads what was found in a file at the first look.
    fn looked(&mut self, read: &Read<'_>) {
        let part = read.part.part();
        if let Some(looked) = &read.looked {
            for piece in &looked.pieces {
                self.piece(part, piece);
            }
            for why in &looked.reasons {
                self.unscannable(part, why);
            }
        }
    }

    /// Reads a part that is a text. What is packed into a kept one is read later,
    /// as the files are.
    fn text(
        &mut self,
        read: &Read<'_>,
        first: Option<Passage<'_>>,
        counted: bool,
        budget: &mut Budget,
    ) {
        if let Some(content) = read.kept {
            self.unread(read.part, content);
            self.side(read.part, content);
            if let (Some(source), Some(first)) = (&read.source, first) {
                self.source(source, first, counted && source.part != Part::Html);
                self.in_page(source, budget);
                if read.part.joins_lines() {
                    self.joined(source.part, source.text, None);
                }
            }
        } else if is_text(read.part) {
            let content = read.part.content();
            self.unread(read.part, &content);
            self.side(read.part, &content);
            if let Some(source) = source_of(read.part, read.media_type, &content) {
                let first = self.first_passage(&source).0;
                self.source(&source, first, false);
                self.in_page(&source, budget);
                if read.part.joins_lines() {
                    self.joined(source.part, source.text, None);
                }
            }
            self.file(read, &content, budget);
            wipe(content);
        }
    }

    /// Reads a text once more as a reader shows it who joins its lines: what goes
    /// over such a place is told too. Others show it as it stands.
    fn joined(&mut self, part: Part, text: &str, inside: Option<&str>) {
        let Some(source) = Source::joined(part, text, inside) else {
            return;
        };
        let before = self.found.items.len();
        let first = self.first_passage(&source).0;
        self.source(&source, first, false);
        let mut found = self
            .found
            .items
            .split_off(before.min(self.found.items.len()));
        found.retain(|finding| source.view.rewrites(&finding.span));
        self.found.items.append(&mut found);
    }

    /// Reads what address fields say beside addresses.
    fn side(&mut self, scanned: &ScanPart<'_>, content: &PartContent) {
        if let (Some(side), PartContent::Text(text)) = (scanned.side(), content) {
            self.names(scanned.part(), side, text.expose());
        }
    }

    /// Notes what of a content is not read at all.
    fn unread(&mut self, scanned: &ScanPart<'_>, content: &PartContent) {
        let part = scanned.part();
        match content {
            PartContent::Text(text) if text.expose().len() > MAX_TEXT => {
                self.unscannable(part, "too_large");
            }
            PartContent::Text(text) => {
                let text = text.expose();
                // Of a document its reader tells.
                let doubtful = is_file(part) && !is_document(part, text);
                let doubt = doubtful.then(|| doubt(text)).flatten();
                for why in scanned.misread(text).into_iter().chain(doubt) {
                    self.unscannable(part, why);
                }
            }
            PartContent::Unreadable(why) => self.unscannable(part, why),
            _ => {}
        }
    }

    /// Reads what is no text, or calls itself one and is a document.
    fn file(&mut self, read: &Read<'_>, content: &PartContent, budget: &mut Budget) {
        let (part, media_type) = (read.part.part(), read.media_type);
        if let PartContent::Text(text) = content
            && !is_long(text)
            && may_enclose(part, media_type, text.expose())
        {
            let reasons = encoded_in(text.expose(), budget, &mut |piece| self.piece(part, &piece));
            for why in reasons {
                self.unscannable(part, why);
            }
        }
        let bytes = match content {
            PartContent::Text(text) if is_long(text) || !is_document(part, text.expose()) => return,
            PartContent::Text(text) => text.expose().as_bytes(),
            PartContent::Binary(bytes) => bytes.expose(),
            PartContent::Unreadable(_) => return,
        };
        let reasons = extract(bytes, media_type, budget, &mut |piece| {
            self.piece(part, &piece);
        });
        for why in reasons {
            self.unscannable(part, why);
        }
    }

    /// Reads the files that stand in a page as base64.
    fn in_page(&mut self, source: &Source<'_>, budget: &mut Budget) {
        let (part, view) = (source.part, &source.view);
        if source.page {
            let reasons = encoded_in_page(view, budget, &mut |piece| self.piece(part, &piece));
            for why in reasons {
                self.unscannable(part, why);
            }
        }
    }

    /// Reads text that stood in a file.
    fn piece(&mut self, part: Part, piece: &Piece) {
        if !(piece.joins_lines && piece.aside) {
            let source = Source::piece(part, piece);
            let first = self.first_passage(&source).0;
            self.source(&source, first, false);
        }
        if piece.joins_lines {
            self.joined(part, &piece.text, piece.inside.as_deref());
        }
    }
}

/// Decodes the texts that are short, once, to keep them while the message is
/// scanned.
fn keep<'p>(parts: &'p [ScanPart<'_>]) -> Vec<Option<Cow<'p, PartContent>>> {
    let mut room = KEPT;
    let keep = |part: &'p ScanPart<'_>| {
        let size = part.size_at_most();
        if !is_text(part) || size > room {
            return None;
        }
        room -= size;
        let decoded = part.decoded().map(Cow::Borrowed);
        Some(decoded.unwrap_or_else(|| Cow::Owned(part.content())))
    };
    parts.iter().map(keep).collect()
}

/// All parts, in their order. HTML says the same as the text, where there is
/// one.
fn reads<'m>(parts: &'m [ScanPart<'m>], kept: &'m [Option<Cow<'m, PartContent>>]) -> Vec<Read<'m>> {
    // The number of the attachment that is next, where its name is a table's.
    let mut table = None;
    let read = |(part, kept): (&'m ScanPart<'m>, &'m Option<Cow<'m, PartContent>>)| {
        let kept = kept.as_deref();
        if let (Part::AttachmentName(number), Some(PartContent::Text(name))) = (part.part(), kept) {
            table = is_table_name(name.expose()).then_some(number);
        }
        let media_type = match part.part() {
            Part::Attachment(number) if table == Some(number) && is_vague(part.media_type()) => {
                TABLE
            }
            _ => part.media_type(),
        };
        Read {
            part,
            media_type,
            kept,
            source: kept.and_then(|content| source_of(part, media_type, content)),
            same: false,
            looked: None,
        }
    };
    let mut reads: Vec<_> = parts.iter().zip(kept).map(read).collect();
    let is_text =
        |r: &Read<'_>| r.part.part() == Part::Text && (r.source.is_some() || r.is_long_text());
    if reads.iter().any(is_text) {
        for read in &mut reads {
            read.same = read.part.part() == Part::Html;
        }
    }
    reads
}

/// Reads files whole, as far as there is room for what they hold.
fn look(reads: &mut [Read<'_>], budget: &mut Budget) {
    let mut part = budget.part(KEPT, LOOKED_AT);
    for read in reads {
        if is_text(read.part) || read.part.size_at_most() > LOOKED_AT {
            continue;
        }
        let PartContent::Binary(bytes) = read.part.content() else {
            continue;
        };
        let before = part.clone();
        let mut pieces = Vec::new();
        let reasons = extract(bytes.expose(), read.media_type, &mut part, &mut |piece| {
            pieces.push(piece);
        });
        // Too large for a part of the budget, which says nothing of the whole.
        match reasons.contains(&"too_large") {
            true => part.undo(before),
            false => {
                budget.count(&before, &part);
                read.looked = Some(Looked { pieces, reasons });
            }
        }
    }
}

/// Drops a content that was read.
fn wipe(content: PartContent) {
    if let PartContent::Text(text) = content {
        text.wipe();
    }
}

/// Whether a part is decoded to text.
fn is_text(part: &ScanPart<'_>) -> bool {
    part.media_type().starts_with("text/")
}

fn is_long(text: &Phi<String>) -> bool {
    text.expose().len() > MAX_TEXT
}

/// The text to be read, where a content is one: of a document that calls
/// itself text only what a mail reader shows as it stands.
pub(super) fn source_of<'c>(
    scanned: &ScanPart<'_>,
    media_type: &str,
    content: &'c PartContent,
) -> Option<Source<'c>> {
    let (PartContent::Text(text), None) = (content, scanned.side()) else {
        return None;
    };
    let part = scanned.part();
    let shown = matches!(media_type, "text/plain" | "text/html") && !is_file(part);
    let read = !is_long(text) && (shown || !is_document(part, text.expose()));
    read.then(|| Source::new(part, media_type, text.expose()))
}

/// Whether a media type says no more of a text than that it may be one.
fn is_vague(media_type: &str) -> bool {
    matches!(media_type, "text/plain" | "application/octet-stream")
}
