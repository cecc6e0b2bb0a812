//! The scanner for all kinds, and its verdict.

mod file_name;
mod findings;
mod learn;
mod merge;

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use self::findings::{bytes_of, finding, value};
use self::learn::packs;
use super::extract::{Budget, Piece, encoded_in, encoded_in_page, extract};
use super::known::Known;
use super::lexicon::Flag;
use super::passage::{Buffers, Passage, Region};
use super::risk::features::{Envelope, Features, features};
use super::risk::summary::{MAX_WORDS, Summary};
use super::risk::verdict::{Prior, Verdict, Words};
use super::risk::{Filter, Weights};
use super::source::{Source, chunk_end, embeds, is_field_name, is_file};
use super::tagger::codes::Codes;
use super::tagger::context::Context;
use super::tagger::model::Model;
use super::tagger::score::Memos;
use super::tagger::{Tag, asks, tag};
use super::texts::{is_document, may_enclose};
use super::{
    Category, Confidence, Evidence, Finding, FindingClass, FindingKind, Findings, HostKnowledge,
    Part, RiskReason, Roster, RosterHit, Scanner, Unscannable, rules,
};
use crate::base::{Address, Phi, RecipientId, Sensitivity};
use crate::compose::{Message, PartContent, ScanPart};

/// Below this score so much speaks against PHI (a manual, a training, an
/// invoice) that a number alone does not decide.
const AGAINST: i32 = -150;
/// The weight of what leaves no doubt.
const CERTAIN: i32 = 1_000;
/// More in one part than any message has that a person wrote.
const MAX_FINDINGS: usize = 10_000;
/// More in a message with all that is packed into it: memory is bounded too.
const MAX_ALL: usize = 100_000;
/// Bytes on each side of a cut that are read again, and how far behind it the
/// labels before it reach.
const SEAM: usize = 512;
const LABELLED: usize = 48;
/// Bytes of one text.
const MAX_TEXT: usize = 256 * 1024 * 1024;
/// Bytes of texts that are kept from the first look to the second.
const KEPT: usize = 4 * 1024 * 1024;

/// Passages whose room is kept from one scan of a thread to the next: those of
/// a message with its names.
const MAX_ROOM: usize = 6;

thread_local! {
    /// Sums of [`Model::get`], from one scan of a thread to the next.
    static MEMOS: Cell<Option<Box<Memos>>> = const { Cell::new(None) };
    /// The same of its model for codes.
    static CODES: Cell<Option<Box<Codes>>> = const { Cell::new(None) };
    /// Room for passages, likewise; what stood in it is written over.
    static ROOM: Cell<Vec<Buffers>> = const { Cell::new(Vec::new()) };
}

/// Finds all kinds of identifiers and of health content, and judges the
/// message as a whole.
#[derive(Debug, Clone)]
pub struct PhiScanner {
    names: bool,
    host: Option<Arc<HostKnowledge>>,
    roster: Option<Arc<Roster>>,
}

impl Default for PhiScanner {
    fn default() -> Self {
        Self::new()
    }
}

impl PhiScanner {
    /// The scanner with everything that it knows.
    pub fn new() -> Self {
        Self {
            names: true,
            host: None,
            roster: None,
        }
    }

    /// With the host's own patterns, terms and allow-lists.
    #[must_use]
    pub fn host(mut self, host: impl Into<Arc<HostKnowledge>>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// With the roster of the host's patients: they are found with certainty,
    /// and a message that names one and goes to another is told
    /// ([`Findings::misaddressed`]).
    #[must_use]
    pub fn roster(mut self, roster: impl Into<Arc<Roster>>) -> Self {
        self.roster = Some(roster.into());
        self
    }

    /// Without the model for words: several times faster, and blind to names,
    /// places and health terms that are in no list. It gives no verdict, so
    /// that a policy treats what it passes as PHI.
    #[must_use]
    pub fn without_names(mut self) -> Self {
        self.names = false;
        self
    }
}

impl Scanner for PhiScanner {
    fn scan(&self, message: &Message) -> Findings {
        let mut scan = Scan::new(self);
        scan.run(message);
        scan.finish(message)
    }
}

/// One message while it is scanned.
pub(super) struct Scan<'s> {
    scanner: &'s PhiScanner,
    pub(super) context: Context,
    pub(super) envelope: Envelope,
    /// Whether both are known: a message without a code does without.
    learned: bool,
    /// Of the text and everything but the HTML, and of the HTML.
    pub(super) summary: Summary,
    html: Summary,
    /// Which words are worth keeping, where a message has so few that all may be
    /// kept.
    filter: Option<&'static Filter>,
    /// Sums of the first words of both.
    words: Words,
    found: Findings,
    model: &'static Model,
    /// Where the model for words runs.
    memos: Option<Box<Memos>>,
    codes: Box<Codes>,
    room: Vec<Buffers>,
    known: Known<'s>,
    patients: Vec<RosterHit>,
    /// Whether a display name says of a person what is about health, and of
    /// which categories.
    pub(super) told_by_name: Option<Vec<Category>>,
}

impl<'s> Scan<'s> {
    fn new(scanner: &'s PhiScanner) -> Self {
        Self {
            scanner,
            envelope: Envelope::default(),
            context: Context::default(),
            learned: false,
            summary: Summary::default(),
            html: Summary::default(),
            filter: None,
            words: Words::default(),
            found: Findings {
                knows_names: scanner.names,
                ..Findings::default()
            },
            model: Model::get(),
            memos: scanner.names.then(|| MEMOS.take().unwrap_or_default()),
            codes: CODES.take().unwrap_or_default(),
            room: ROOM.take(),
            known: Known {
                host: scanner.host.as_deref(),
                roster: scanner.roster.as_deref(),
            },
            patients: Vec::new(),
            told_by_name: None,
        }
    }

    fn run(&mut self, message: &Message) {
        let parts = message.parts();
        let is_file = |p: &&ScanPart<'_>| matches!(p.part(), Part::Attachment(_));
        self.summary.attachments = u32::try_from(parts.iter().filter(is_file).count()).unwrap_or(0);
        // Texts that are short are decoded once and kept; of long ones, and of
        // files, there is never more than one.
        let mut room = KEPT;
        let kept: Vec<Option<Cow<'_, PartContent>>> = parts
            .iter()
            .map(|part| {
                let size = part.size_at_most();
                let keep = is_text(part) && size <= room;
                keep.then(|| {
                    room -= size;
                    let decoded = part.decoded().map(Cow::Borrowed);
                    decoded.unwrap_or_else(|| Cow::Owned(part.content()))
                })
            })
            .collect();
        let both = || parts.iter().zip(&kept);
        let sources: Vec<Option<Source<'_>>> = both()
            .map(|(part, kept)| source_of(part, kept.as_deref()?))
            .collect();
        let has_text = both().zip(&sources).any(|((part, kept), source)| {
            let long = kept.is_none() && is_text(part);
            part.part() == Part::Text && (source.is_some() || long)
        });
        // First the words of all, since the models ask how the message speaks.
        // HTML says the same as the text, where there is one.
        let mut words = Summary::default();
        // Where no text has a second passage these words are those of the whole.
        let mut counted = true;
        let mut firsts: Vec<Option<Passage<'_>>> = Vec::with_capacity(parts.len());
        // Whether the first passages are all there is.
        let mut all = true;
        let mut units = 0;
        for ((part, kept), source) in both().zip(&sources) {
            let same = part.part() == Part::Html && has_text;
            firsts.push(source.as_ref().map(|source| {
                let (passage, whole) = self.first_passage(source);
                counted &= same || whole;
                all &= whole;
                units += passage.items.len();
                passage
            }));
            counted &= kept.is_some() || !is_text(part) || same;
        }
        let asked = self.scanner.names
            || !all
            || firsts.iter().flatten().any(asks)
            || both()
                .zip(&sources)
                .any(|((part, kept), source)| self.brings_more(part, kept.as_deref(), source));
        if asked {
            self.learn(message);
        }
        // Without a verdict only the prior asks for words.
        let filter = match self.scanner.names {
            true => Verdict::get().filter(),
            false => Weights::prior().filter(),
        };
        let few = all
            && counted
            && units <= MAX_WORDS
            && !both().any(|(part, kept)| packs(part, kept.as_deref()));
        self.filter = few.then_some(filter);
        for (((part, kept), source), first) in both().zip(&sources).zip(&firsts) {
            let same = part.part() == Part::Html && has_text;
            if same || !asked {
                continue;
            }
            if let (Some(source), Some(first)) = (source, first)
                && !source.fields
            {
                words.read(first, self.filter);
            }
            if kept.is_none() && is_text(part) {
                let content = part.content();
                if let Some(source) = source_of(part, &content)
                    && !source.fields
                {
                    words.read(&self.first_passage(&source).0, None);
                }
                wipe(content);
            }
        }
        let mut of_words = Words::default();
        if asked {
            self.context.speech = words.speech();
            let prior = features(&words, &self.context, &self.envelope);
            self.context.prior = match self.scanner.names {
                true => {
                    Verdict::get().read(&prior, &mut of_words);
                    Verdict::get().step(&prior, &of_words)
                }
                false => Prior::get().step(&prior),
            };
        }
        if counted {
            self.words = of_words;
            words.attachments = self.summary.attachments;
            self.summary = words;
        }
        let mut budget = Budget::new();
        for ((part, kept), (source, first)) in both().zip(sources.iter().zip(firsts)) {
            if let Some(content) = kept.as_deref() {
                self.unread(part, content);
                if let (Some(side), PartContent::Text(text)) = (part.side(), content) {
                    self.names(part.part(), side, text.expose());
                }
                if let (Some(source), Some(first)) = (source, first) {
                    self.source(source, first, counted && source.part != Part::Html);
                    self.in_page(source, &mut budget);
                }
            } else if is_text(part) {
                let content = part.content();
                self.unread(part, &content);
                if let (Some(side), PartContent::Text(text)) = (part.side(), &content) {
                    self.names(part.part(), side, text.expose());
                }
                if let Some(source) = source_of(part, &content) {
                    let first = self.first_passage(&source).0;
                    self.source(&source, first, false);
                    self.in_page(&source, &mut budget);
                }
                self.file(part, &content, &mut budget);
                wipe(content);
            }
        }
        for (part, kept) in both() {
            match kept {
                Some(content) => self.file(part, content, &mut budget),
                None if is_text(part) => {}
                None => {
                    let content = part.content();
                    self.unread(part, &content);
                    self.file(part, &content, &mut budget);
                }
            }
        }
        drop(sources);
        for content in kept.into_iter().flatten() {
            if let Cow::Owned(content) = content {
                wipe(content);
            }
        }
    }

    /// Notes what of a content is not read at all.
    fn unread(&mut self, scanned: &ScanPart<'_>, content: &PartContent) {
        let part = scanned.part();
        match content {
            PartContent::Text(text) if text.expose().len() > MAX_TEXT => {
                self.unscannable(part, "too_large");
            }
            PartContent::Text(text) if scanned.may_be_misread(text.expose()) => {
                self.unscannable(part, "unknown_charset");
            }
            PartContent::Unreadable(why) => self.unscannable(part, why),
            _ => {}
        }
    }

    /// Reads what is no text, or calls itself one and is a document.
    fn file(&mut self, scanned: &ScanPart<'_>, content: &PartContent, budget: &mut Budget) {
        let part = scanned.part();
        if let PartContent::Text(text) = content
            && !is_long(text)
            && may_enclose(part, scanned.media_type(), text.expose())
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
        let reasons = extract(bytes, scanned.media_type(), budget, &mut |piece| {
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
        let source = Source::piece(part, piece);
        let first = self.first_passage(&source).0;
        self.source(&source, first, false);
    }

    /// The first passage of a text, and whether it is all of it.
    fn first_passage<'p>(&mut self, source: &'p Source<'_>) -> (Passage<'p>, bool) {
        let (end, region) = source.next(0);
        (
            self.read(&source.view.text, 0, end, region),
            end == source.view.text.len(),
        )
    }

    /// Reads a passage with the room of one that was read before.
    pub(super) fn read<'p>(
        &mut self,
        text: &'p [u8],
        from: usize,
        to: usize,
        region: Region,
    ) -> Passage<'p> {
        let room = self.room.pop().unwrap_or_default();
        Passage::read_into(room, text, from, to, region)
    }

    /// Keeps the room of a passage.
    pub(super) fn done(&mut self, passage: Passage<'_>) {
        let mut room = passage.into_buffers();
        // What is larger ends with the message.
        if room.is_small() {
            room.wipe();
        }
        if self.room.len() < MAX_ROOM {
            self.room.push(room);
        }
    }

    /// Reads a text passage by passage; the first has been read already, and its
    /// words maybe counted.
    fn source(&mut self, source: &Source<'_>, first: Passage<'_>, counted: bool) {
        let text = &source.view.text;
        let before = self.found.items.len();
        if before >= MAX_ALL {
            self.unscannable(source.part, "too_many_findings");
            return;
        }
        if source.view.markup && embeds(source.text) {
            self.unscannable(source.part, "unsupported_type");
        }
        if let Some(why) = source.unread {
            self.unscannable(source.part, why);
        }
        let (mut at, _) = source.next(0);
        self.summary.records += u32::from(source.patient_record);
        self.known(source);
        self.passage(source, &first, counted);
        self.done(first);
        if at < text.len() {
            // The rest has as many, most likely: findings are not moved often.
            let found = self.found.items.len() - before;
            let more = found.saturating_mul(text.len() / at.max(1));
            self.found.items.reserve(more.min(MAX_FINDINGS));
        }
        while at < text.len() {
            if self.found.items.len() - before > MAX_FINDINGS {
                self.found.items.truncate(before + MAX_FINDINGS);
                self.unscannable(source.part, "too_many_findings");
                return;
            }
            self.seam(source, at);
            let (end, region) = source.next(at);
            let passage = self.read(text, at, end, region);
            self.passage(source, &passage, false);
            self.done(passage);
            at = end;
        }
    }

    /// What the host knows of a text.
    fn known(&mut self, source: &Source<'_>) {
        if self.known.knows_nothing() {
            return;
        }
        let view = &source.view;
        // What is seen and what is hidden are read apart: a name does not run
        // from one into the other.
        self.known_in(source, 0..view.hidden);
        self.known_in(source, view.hidden..view.code);
        self.known_in(source, view.code..view.text.len());
    }

    /// The same of a range of the view.
    pub(super) fn known_in(&mut self, source: &Source<'_>, region: Range<usize>) {
        let text = source.view.text.get(region.clone()).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        let (hits, more) = self.known.find(text, &mut self.patients);
        if more {
            self.unscannable(source.part, "too_many_findings");
        }
        for hit in hits {
            let range = hit.range.start + region.start..hit.range.end + region.start;
            let span = source.view.source(range.clone());
            let value = value(source, range, &span);
            let mut finding = Finding::new(hit.kind, source.part, span, hit.confidence, value)
                .with_evidence([hit.evidence]);
            if let Some(inside) = source.inside {
                finding = finding.with_inside(inside.to_owned());
            }
            finding.category = hit.category;
            self.found.items.push(finding);
        }
    }

    /// The kinds of what the host's own patterns and terms know in a range of
    /// the view; its patients are not asked.
    pub(super) fn host_knows(&self, source: &Source<'_>, range: Range<usize>) -> Vec<FindingKind> {
        let known = Known {
            host: self.known.host,
            roster: None,
        };
        let text = source.view.text.get(range).unwrap_or_default();
        let (hits, _) = known.find(text, &mut Vec::new());
        hits.iter().map(|hit| hit.kind).collect()
    }

    /// Reads what lies across the place where a text was cut, and what stands
    /// so close behind it that its label may be before it.
    fn seam(&mut self, source: &Source<'_>, cut: usize) {
        let text = &source.view.text;
        if cut == source.view.hidden || cut == source.view.code {
            return;
        }
        let from = cut.saturating_sub(SEAM);
        let before = text.get(from..cut).unwrap_or_default();
        let blank = before.iter().position(u8::is_ascii_whitespace);
        let from = from + blank.map_or(0, |n| n + 1);
        let (limit, region) = source.next(cut);
        let to = limit.min(chunk_end(text, cut, limit.min(cut + SEAM)));
        let passage = self.read(text, from, to, region);
        let mut tags = self.tags(source, &passage);
        tags.retain(|tag| {
            let (start, end) = bytes_of(&passage, tag);
            end > cut && start < cut + LABELLED
        });
        self.found_in(source, &passage, tags);
        self.done(passage);
    }

    fn passage(&mut self, source: &Source<'_>, passage: &Passage<'_>, counted: bool) {
        // Without names there is no verdict to count for.
        if self.scanner.names && !counted && !source.fields && !source.aside {
            let summary = match source.part {
                Part::Html => &mut self.html,
                _ => &mut self.summary,
            };
            summary.read(passage, self.filter);
        }
        let mut tags = self.tags(source, passage);
        if passage.region == Region::FileName {
            self.numbers_in_name(source, &mut tags, passage);
            self.addresses_in_name(source);
        }
        self.found_in(source, passage, tags);
    }

    pub(super) fn tags(&mut self, source: &Source<'_>, passage: &Passage<'_>) -> Vec<Tag> {
        debug_assert!(self.learned || !asks(passage));
        let memos = self.memos.as_deref_mut();
        let mut tags = tag(passage, &self.context, self.model, memos, &mut self.codes);
        rules::hinted(passage, &mut tags, &source.hints);
        rules::apply(passage, &mut tags, self.scanner.names);
        rules::addresses(passage, &mut tags, self.context.senders());
        rules::encoded(passage, &mut tags);
        tags.retain(|tag| {
            let (start, end) = bytes_of(passage, tag);
            let value = passage.text.get(start..end).unwrap_or_default();
            let field = passage.region == Region::Header && is_field_name(passage.text, start..end);
            !field && !self.known.allows(tag.kind, value)
        });
        tags
    }

    pub(super) fn found_in(&mut self, source: &Source<'_>, passage: &Passage<'_>, tags: Vec<Tag>) {
        if self.scanner.names && !source.aside {
            let summary = match source.part {
                Part::Html => &mut self.html,
                _ => &mut self.summary,
            };
            summary.add(passage, &tags, &self.context);
        }
        let findings = tags.iter().map(|tag| finding(source, passage, tag));
        self.found.items.extend(findings);
    }

    fn unscannable(&mut self, part: Part, why: &'static str) {
        let unread = Unscannable::new(part, why);
        if self.found.unscannable.last() != Some(&unread) {
            self.found.unscannable.push(unread);
        }
    }

    fn finish(mut self, message: &Message) -> Findings {
        if let Some(memos) = self.memos.take() {
            MEMOS.set(Some(memos));
        }
        self.room.retain(Buffers::is_small);
        ROOM.set(std::mem::take(&mut self.room));
        let certain = |hit: &&RosterHit| hit.confidence >= Confidence::Medium;
        let patients = self.patients.iter().filter(certain).count();
        if self.scanner.names {
            let mut words = self.words;
            let features = self.features();
            Verdict::get().read(&features, &mut words);
            let mut risk = Verdict::get().judge(&features, &words);
            if let Some(code) = self.beyond_doubt(risk.score) {
                if risk.sensitivity == Sensitivity::None {
                    risk.categories = self.categories();
                    risk.sensitivity = protected(&risk.categories);
                }
                risk.reasons.insert(0, RiskReason::new(code, CERTAIN));
            }
            if risk.sensitivity >= Sensitivity::Phi {
                // A bill or an order often says it by a code alone.
                let told = self.categories_by_code();
                if told.iter().any(|told| !risk.categories.contains(told)) {
                    risk.sensitivity = risk.sensitivity.max(protected(&told));
                    risk.categories.extend(told);
                    risk.categories.sort_unstable();
                    risk.categories.dedup();
                    risk.reasons
                        .insert(0, RiskReason::new("protected_code", CERTAIN));
                }
            }
            if let Some(categories) = &self.told_by_name {
                risk.sensitivity = risk.sensitivity.max(protected(categories));
                risk.categories.extend(categories);
                risk.categories.sort_unstable();
                risk.categories.dedup();
                risk.reasons
                    .insert(0, RiskReason::new("display_name", CERTAIN));
            }
            if patients > 0 {
                // Whatever else it says.
                risk.sensitivity = risk.sensitivity.max(Sensitivity::Phi);
                risk.reasons.insert(0, RiskReason::new("roster", CERTAIN));
            }
            self.found.risk = Some(risk);
        }
        if let Some(roster) = &self.scanner.roster {
            let recipients: Vec<(RecipientId, &Address)> = message
                .recipients()
                .iter()
                .zip(0..)
                .map(|((_, r), n)| (RecipientId::new(n), r.address()))
                .collect();
            self.found.misaddressed = roster.misaddressed(&recipients, &self.patients);
        }
        merge::merge(&mut self.found.items);
        CODES.set(Some(self.codes));
        self.found
    }

    /// The protected categories that codes of diagnoses and procedures tell, where
    /// a label, the format or a point within shows that they are such codes.
    fn categories_by_code(&self) -> Vec<Category> {
        let is_code = |f: &&Finding| {
            let shows = |e: &Evidence| matches!(e, Evidence::Label | Evidence::Structure);
            let shown = f.evidence.iter().any(shows);
            match f.kind {
                FindingKind::Icd10 => shown || f.expose().expose().contains('.'),
                FindingKind::Cpt => shown,
                _ => false,
            }
        };
        let codes = self.found.items.iter().filter(is_code);
        codes.filter_map(|f| f.category).collect()
    }

    /// The protected categories of what was found.
    fn categories(&self) -> Vec<Category> {
        let mut all: Vec<_> = (self.found.items.iter())
            .filter_map(|f| f.category)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What makes a mail PHI whatever else it says: a case in one paragraph (a
    /// person with health and a number that only care gives out, two with two of
    /// these, a record's head). And what makes it PHI unless much speaks against
    /// it: a patient's record by its format, or such a number, which its label,
    /// its check digit or the host's own pattern proves, beside a place of care or
    /// health content. Test data is left to the weights.
    fn beyond_doubt(&self, score: i32) -> Option<&'static str> {
        let sections = &self.summary.sections;
        let count = |flag: Flag| sections[flag as usize - Flag::PatientSpeech as usize];
        if count(Flag::Dummy) > 0 {
            return None;
        }
        if self.summary.cases > 0 {
            return Some("patient_case");
        }
        if score <= AGAINST || count(Flag::Software) + count(Flag::Veterinary) > 0 {
            return None;
        }
        if self.summary.records > 0 {
            return Some("patient_record");
        }
        let health = self
            .found
            .items
            .iter()
            .any(|f| f.kind.class() == FindingClass::Health);
        let care = self.context.sender_care >= 1 || (1..=3).contains(&self.context.audience_care);
        let number = |f: &Finding| {
            let medical = matches!(f.kind, FindingKind::Mrn | FindingKind::HealthPlanId);
            let proofs = [Evidence::Label, Evidence::Checksum, Evidence::Host];
            let proven = f.evidence.iter().any(|e| proofs.contains(e));
            proven && f.confidence == Confidence::High && (medical || f.kind == FindingKind::Ssn)
        };
        let told = |f: &Finding| number(f) && (health || care || f.is_encoded());
        let any = self.found.items.iter().any(told);
        any.then_some("labelled_number")
    }

    fn features(&mut self) -> Features<'_> {
        self.summary.join(&self.html);
        features(&self.summary, &self.context, &self.envelope)
    }
}

/// How sensitive PHI of these categories is.
fn protected(categories: &[Category]) -> Sensitivity {
    match categories.is_empty() {
        true => Sensitivity::Phi,
        false => Sensitivity::Sensitive,
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
fn source_of<'c>(scanned: &ScanPart<'_>, content: &'c PartContent) -> Option<Source<'c>> {
    let (PartContent::Text(text), None) = (content, scanned.side()) else {
        return None;
    };
    let (part, media_type) = (scanned.part(), scanned.media_type());
    let shown = matches!(media_type, "text/plain" | "text/html") && !is_file(part);
    let read = !is_long(text) && (shown || !is_document(part, text.expose()));
    read.then(|| Source::new(part, media_type, text.expose()))
}

#[cfg(test)]
mod tests;
