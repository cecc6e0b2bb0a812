//! The scanner for all kinds, and its verdict.

mod audience;
mod file_name;
mod findings;
mod learn;
mod listed;
mod merge;
mod protected;
mod run;
mod script;
pub(super) mod telling;

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use self::audience::{are_patients, categories_named};
use self::findings::{bytes_of, finding, value};
use self::protected::unmistakable;
use self::telling::Telling;
use super::known::Known;
use super::lexicon::{CATEGORIES, Flag};
use super::passage::{Buffers, Passage, Region};
use super::risk::features::{Envelope, Features, features};
use super::risk::notice::{is_in, notices};
use super::risk::summary::{CATEGORY_FLAGS, Summary};
use super::risk::verdict::{Verdict, Words};
use super::risk::{Filter, LINE, protected};
use super::sentence::Piece;
use super::source::{Source, chunk_end, embeds, is_field_name};
use super::tagger::codes::Codes;
use super::tagger::context::Context;
use super::tagger::model::Model;
use super::tagger::score::Memos;
use super::tagger::{Tag, asks, tag};
use super::token::hash;
use super::{
    Category, Confidence, Evidence, Finding, FindingClass, FindingKind, Findings, HostKnowledge,
    Part, Risk, RiskReason, Roster, RosterHit, Scanner, Unscannable, roles, rules,
};
use crate::base::{Address, RecipientId, Sensitivity};
use crate::compose::Message;

/// Below this score so much speaks against PHI (a manual, a training, an
/// invoice) that a number alone does not decide.
const AGAINST: i32 = -130 - LINE;
/// More in one part than any message has that a person wrote.
const MAX_FINDINGS: usize = 10_000;
/// Places of a message behind so many that are read all the same, since they name what
/// is specially protected.
const MAX_PROTECTED: usize = 1_024;
/// More in a message with all that is packed into it: memory is bounded too.
const MAX_ALL: usize = 100_000;
/// Bytes on each side of a cut that are read again, and how far behind it the
/// labels before it reach.
const SEAM: usize = 512;
const LABELLED: usize = 48;

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
    telling: Telling,
    /// Whether some file is a patient's record, in a format for nothing else, and
    /// whether the message says of what it sends that it is made up.
    clinical_record: bool,
    /// Whether a heading, a label or an opening calls somebody a patient.
    lists_patients: bool,
    sent_as_test: bool,
    /// Behind too many findings: places that may still be read, the categories that
    /// need no more of them, and how many findings were asked for these.
    protected_left: usize,
    protected_told: Vec<Category>,
    protected_asked: usize,
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
            telling: Telling::default(),
            clinical_record: false,
            lists_patients: false,
            sent_as_test: false,
            protected_left: MAX_PROTECTED,
            protected_told: Vec::new(),
            protected_asked: 0,
            told_by_name: None,
        }
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
            self.done(first);
            self.protected_behind(source, 0, before);
            return;
        }
        if source.view.markup && embeds(source.text, self.known.host) {
            self.unscannable(source.part, "unsupported_type");
        }
        if let Some(why) = source.unread {
            self.unscannable(source.part, why);
        }
        let name = matches!(source.part, Part::AttachmentName(_));
        if !name && script::is_unknown(source.text, source.view.markup) {
            self.unscannable(source.part, "unknown_script");
        }
        if source.view.turned || script::is_turned(source.text, source.view.markup) {
            self.unscannable(source.part, "turned_text");
        }
        let (mut at, _) = source.next(0);
        self.summary.records += u32::from(source.patient_record);
        self.clinical_record |= source.clinical;
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
                self.protected_behind(source, at, before + MAX_FINDINGS);
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

    /// Reads behind a place no more than what stands around words that the law protects:
    /// by these a mail may be sensitive. Of the findings behind so many only those are
    /// kept that are of a category. What others say uses up nothing: a category is
    /// looked for until something says it beyond doubt.
    fn protected_behind(&mut self, source: &Source<'_>, mut at: usize, kept: usize) {
        self.unscannable(source.part, "too_many_findings");
        self.keep_protected(kept);
        let text = &source.view.text;
        let all = CATEGORY_FLAGS.len();
        while at < text.len() && self.protected_left > 0 && self.protected_told.len() < all {
            let (end, region) = source.next(at);
            let passage = self.read(text, at, end, region);
            for (item, span) in passage.items.iter().zip(&passage.spans) {
                let (flags, start) = (item.flags(), span.start as usize);
                let mut named = CATEGORY_FLAGS.iter().filter(|(flag, _)| flags.has(*flag));
                let asks = named.any(|(_, category)| !self.protected_told.contains(category));
                if self.protected_left == 0 || start < at || !asks {
                    continue;
                }
                self.protected_left -= 1;
                let from = near(text, start).max(at);
                let to = end.min(chunk_end(text, start, end.min(start + SEAM)));
                let before = self.found.items.len();
                let around = self.read(text, from, to, region);
                self.passage(source, &around, false);
                self.done(around);
                self.keep_protected(before);
                at = to;
            }
            self.done(passage);
            at = end;
        }
    }

    /// Keeps of the findings behind so many only those that are of a category, and
    /// notes the categories that are beyond doubt.
    fn keep_protected(&mut self, kept: usize) {
        let items = &mut self.found.items;
        let mut more = items.split_off(kept.min(items.len()));
        more.retain(|finding| finding.category.is_some());
        items.append(&mut more);
        let new = items.get(self.protected_asked..).unwrap_or_default();
        self.protected_told.extend(unmistakable(new));
        self.protected_told.sort_unstable();
        self.protected_told.dedup();
        self.protected_asked = items.len();
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
        self.known_in(source, view.code..view.style);
        self.known_in(source, view.style..view.text.len());
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
            let (range, span) = source.view.place(range);
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
        let view = &source.view;
        let text = &view.text;
        if [view.hidden, view.code, view.style].contains(&cut) {
            return;
        }
        let from = near(text, cut);
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
        if self.scanner.names && !counted && !source.fields && !source.aside && speaks(passage) {
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
        rules::references(passage, &mut tags);
        rules::wrapped(passage, &mut tags);
        if passage.region == Region::Header {
            tags.retain(|tag| {
                let (start, end) = bytes_of(passage, tag);
                !is_field_name(passage.text, start..end)
            });
        }
        self.drop_allowed(passage, &mut tags);
        tags
    }

    /// Drops what the host allows: of people the name, with titles or without.
    fn drop_allowed(&self, passage: &Passage<'_>, tags: &mut Vec<Tag>) {
        if self.known.knows_nothing() {
            return;
        }
        let is_allowed = |tag: &Tag| {
            let (start, end) = bytes_of(passage, tag);
            let value = passage.text.get(start..end).unwrap_or_default();
            self.known.allows(tag.kind, value)
        };
        tags.retain(|tag| {
            let person = matches!(tag.kind, FindingKind::Name | FindingKind::Provider);
            !(is_allowed(tag) || person && is_allowed(&rules::bare(passage, tag)))
        });
    }

    pub(super) fn found_in(
        &mut self,
        source: &Source<'_>,
        passage: &Passage<'_>,
        mut tags: Vec<Tag>,
    ) {
        if self.scanner.names && !source.aside && speaks(passage) {
            let summary = match source.part {
                Part::Html => &mut self.html,
                _ => &mut self.summary,
            };
            summary.add(passage, &tags, &self.context, Some(Verdict::get().filter()));
            self.note_telling(source, passage, &tags);
        }
        // The verdict is learned from what the models say: what they should not
        // have said is left out of the findings alone.
        rules::own(passage, &mut tags, &source.own);
        rules::people(passage, &mut tags);
        roles::tell(passage, &mut tags, &self.context);
        if listed::tell(passage, &mut tags) && !source.aside && speaks(passage) {
            self.lists_patients = true;
        }
        self.drop_allowed(passage, &mut tags);
        rules::amend(passage, &mut tags);
        let mut listed = None;
        let findings = tags.iter().map(|tag| {
            let mut finding = finding(source, passage, tag);
            if finding.category.is_some() {
                // A notice names all that the law protects, but nobody's.
                let notices = listed.get_or_insert_with(|| notices(passage));
                let at = passage.spans.get(tag.first).map_or(0, |span| span.start);
                let names = || !is_in(notices, at) || speaks_of_one(passage, tag);
                finding.category = finding.category.filter(|_| names());
            }
            finding
        });
        self.found.items.extend(findings);
    }

    fn unscannable(&mut self, part: Part, why: &'static str) {
        let unread = Unscannable::new(part, why);
        if self.found.unscannable.last() != Some(&unread) {
            self.found.unscannable.push(unread);
        }
    }

    fn finish(mut self, message: &Message) -> Findings {
        let certain = |hit: &&RosterHit| hit.confidence >= Confidence::Medium;
        let patients = self.patients.iter().filter(certain).count();
        if self.scanner.names {
            let mut words = self.words;
            let features = self.features();
            Verdict::get().read(&features, &mut words);
            let mut risk = Verdict::get().judge(&features, &words);
            let score = risk.score;
            let whole = risk.sensitivity;
            // What is PHI as a whole may touch more than all of it together says.
            let asks = match whole {
                Sensitivity::None => true,
                _ => risk.categories.is_empty() && self.summary.categories != [0; CATEGORIES],
            };
            if asks
                && let Some(told) = self.telling(whole)
                && told.sensitivity > whole
            {
                if whole == Sensitivity::None {
                    risk.score = told.score;
                }
                make_phi(&mut risk, &told.categories, "paragraph");
            }
            if let Some(code) = self.beyond_doubt(score) {
                if risk.sensitivity == Sensitivity::None {
                    risk.categories = self.categories();
                    risk.sensitivity = protected(&risk.categories);
                }
                risk.reasons
                    .insert(0, RiskReason::new(code, RiskReason::CERTAIN));
            }
            let audience = message.audience().unwrap_or_default();
            let to_patients = self.context.animals == 0 && are_patients(audience);
            if to_patients {
                make_phi(
                    &mut risk,
                    &categories_named(audience),
                    "audience_of_patients",
                );
            }
            if risk.sensitivity >= Sensitivity::Phi {
                // A bill or an order often says it by a code alone.
                let told = self.categories_by_code();
                if told.iter().any(|told| !risk.categories.contains(told)) {
                    make_phi(&mut risk, &told, "protected_code");
                }
            }
            if let Some(categories) = &self.told_by_name {
                make_phi(&mut risk, categories, "display_name");
            }
            if patients > 0 {
                // Whatever else it says.
                make_phi(&mut risk, &[], "roster");
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
            let sender = Some(message.sender());
            self.found.misaddressed = roster.misaddressed_from(sender, &recipients, &self.patients);
        }
        merge::merge(&mut self.found.items);
        if let Some(memos) = self.memos.take() {
            MEMOS.set(Some(memos));
        }
        CODES.set(Some(self.codes));
        self.room.retain(Buffers::is_small);
        ROOM.set(std::mem::take(&mut self.room));
        self.found
    }

    /// What makes a mail PHI whatever else it says: a case in one paragraph (a
    /// person with health and a number that only care gives out, two with two of
    /// these, a record's head), and a patient's record in a format of care, unless it
    /// speaks of made-up data (of a record: its subject or body does) and much speaks
    /// against it. And where no two words speak of animals, or of software and made-up data
    /// (who reports a fault often has a real patient before them), what makes it PHI
    /// unless much speaks against it: a patient's record in a table or the like, or such a
    /// number, which its label, its check digit or the host's own pattern proves, beside
    /// a place of care or health content. Medicare's own does so by itself, as a case
    /// does. And so does who is called a patient, or has the number of a record right beside
    /// their name, unless much speaks against it and one word does of software, made-up data
    /// or an animal.
    fn beyond_doubt(&self, score: i32) -> Option<&'static str> {
        let count = |flag| self.summary.count(flag);
        let speaks_against = score <= AGAINST;
        // One word of it may be chance: `before the demo`, Ms. Demo.
        let is_test = count(Flag::Dummy) > 1;
        if self.summary.cases > 0 && !(speaks_against && is_test) {
            return Some("patient_case");
        }
        if self.clinical_record && !(speaks_against && self.sent_as_test) {
            return Some("patient_record");
        }
        let of_animals = count(Flag::Veterinary) > 1;
        if of_animals || is_test && count(Flag::Software) > 0 {
            return None;
        }
        if self.summary.records > 0 && !speaks_against {
            return Some("patient_record");
        }
        let made_up = [Flag::Dummy, Flag::Software, Flag::Veterinary];
        let any_made_up = made_up.iter().any(|flag| count(*flag) > 0);
        if self.lists_patients && !(speaks_against && any_made_up) {
            return Some("listed_patients");
        }
        if self.tells_number_of_one() && !(speaks_against && any_made_up) {
            return Some("labelled_number");
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
        let told = |f: &Finding| match speaks_against {
            true => number(f) && is_medicare(f) && !is_test,
            false => number(f) && (health || care || f.is_encoded() || is_medicare(f)),
        };
        let any = self.found.items.iter().any(told);
        any.then_some("labelled_number")
    }

    /// Whether the number of a record, which its label or the host's own pattern proves,
    /// stands right beside a person's name: only who cares for somebody gives one out.
    fn tells_number_of_one(&self) -> bool {
        const NEAR: usize = 64;
        // Where the first ones have nobody beside them the others hardly do.
        const NUMBERS: usize = 64;
        let is_number = |f: &&Finding| {
            let proofs = [Evidence::Label, Evidence::Host];
            f.kind == FindingKind::Mrn
                && f.confidence == Confidence::High
                && f.evidence.iter().any(|e| proofs.contains(e))
        };
        let items = &self.found.items;
        let mut numbers = items.iter().filter(is_number).take(NUMBERS);
        numbers.any(|number| {
            let near = number.span.start.saturating_sub(NEAR)..number.span.end + NEAR;
            items.iter().any(|f| {
                f.kind == FindingKind::Name
                    && f.part == number.part
                    && f.span.start < near.end
                    && f.span.end > near.start
            })
        })
    }

    fn features(&mut self) -> Features<'_> {
        self.summary.join(&self.html);
        features(&self.summary, &self.context, &self.envelope)
    }
}

/// Where a word begins not far before a place.
fn near(text: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(SEAM);
    let before = text.get(from..at).unwrap_or_default();
    let blank = before.iter().position(u8::is_ascii_whitespace);
    from + blank.map_or(0, |n| n + 1)
}

/// Whether a number is Medicare's, by its form and its label or the signs between
/// its groups: it is given out for care alone.
fn is_medicare(finding: &Finding) -> bool {
    let grouped = || {
        let mut value = finding.expose().expose().chars();
        value.any(|c| !c.is_alphanumeric())
    };
    let written = finding.evidence.contains(&Evidence::Label) || grouped();
    // No other plan's numbers are checked.
    let checked = finding.evidence.contains(&Evidence::Checksum);
    finding.kind == FindingKind::HealthPlanId && checked && written
}

/// Whether the sentence of a tag says whose it is.
fn speaks_of_one(passage: &Passage<'_>, tag: &Tag) -> bool {
    const WHOSE: [u32; 4] = [hash(b"your"), hash(b"my"), hash(b"his"), hash(b"her")];
    let sentence = Piece::Sentence.first(passage, std::slice::from_ref(tag));
    let items = sentence.and_then(|(units, ..)| passage.items.get(units));
    (items.unwrap_or_default().iter()).any(|item| WHOSE.contains(&item.hash))
}

/// Whether a passage may say what the message is about.
fn speaks(passage: &Passage<'_>) -> bool {
    passage.region != Region::Style
}

/// Makes a verdict PHI, of these categories too, for a reason that leaves no doubt.
fn make_phi(risk: &mut Risk, categories: &[Category], code: &'static str) {
    risk.sensitivity = risk.sensitivity.max(protected(categories));
    risk.categories.extend(categories);
    risk.categories.sort_unstable();
    risk.categories.dedup();
    risk.reasons
        .insert(0, RiskReason::new(code, RiskReason::CERTAIN));
}

#[cfg(test)]
mod tests;
