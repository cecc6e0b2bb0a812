//! What the program that makes the scanner's word lists and models needs.
//!
//! Not for hosts, and not stable: the files that it writes are read by the
//! same version of this crate only.

use std::ops::Range;

use super::envelope::envelope_of;
use super::lexicon::build::Builder;
use super::lexicon::{Flag, Flags, GIVEN, Lexicon, SURNAME};
use super::passage::{Passage, Region};
use super::phi::telling::may_tell;
use super::risk::features::{Envelope, Feature, features};
use super::risk::summary::Summary;
use super::risk::train as risk;
use super::risk::{LINE, LINE_OF_SENTENCES, OUTPUTS, Weights};
use super::sentence::Piece;
use super::source::hints_of;
use super::tagger::codes::Codes;
use super::tagger::context::Context;
use super::tagger::model::Model;
use super::tagger::score::Memos;
use super::tagger::{Tag, tag, train as tagger};
use super::token::hash;
use super::{Category, FindingClass, FindingKind, records, roles, rules};
use crate::base::Sensitivity;

/// Where a text of a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The subject.
    Subject,
    /// The body.
    Body,
    /// An attachment's content.
    Attachment,
    /// An attachment's name.
    FileName,
}

/// A text with its truth.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Text {
    /// Where it stands.
    pub place: Place,
    /// The text.
    pub text: String,
    /// Bytes and kinds.
    pub spans: Vec<(Range<usize>, FindingKind)>,
}

impl Text {
    /// A text with its truth.
    pub fn new(place: Place, text: String, spans: Vec<(Range<usize>, FindingKind)>) -> Self {
        Self { place, text, spans }
    }
}

/// A mail with its truth.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Mail {
    /// Variants of one mail share it.
    pub id: u32,
    /// Whether its health terms were exchanged, so that its verdict may be wrong.
    pub shuffled: bool,
    /// The From field.
    pub from: String,
    /// The addresses of the recipients.
    pub to: Vec<String>,
    /// The audience.
    pub audience: Option<String>,
    /// All texts.
    pub texts: Vec<Text>,
    /// The verdict.
    pub sensitivity: Sensitivity,
    /// The protected categories.
    pub categories: Vec<Category>,
}

impl Mail {
    /// A mail without texts.
    pub fn new(id: u32, from: String, to: Vec<String>, sensitivity: Sensitivity) -> Self {
        Self {
            id,
            shuffled: false,
            from,
            to,
            audience: None,
            texts: Vec::new(),
            sensitivity,
            categories: Vec::new(),
        }
    }
}

/// Word lists on their way into `lexicon.bin`.
#[derive(Default)]
pub struct LexiconBuilder(Builder);

impl std::fmt::Debug for LexiconBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LexiconBuilder").finish_non_exhaustive()
    }
}

impl LexiconBuilder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a term under flags named as in `lexicon.rs`.
    ///
    /// # Panics
    /// Where there is no such flag.
    #[expect(clippy::panic, reason = "a mistake in the calling program")]
    pub fn term(&mut self, term: &str, flags: &[&str]) {
        let flags = flags.iter().fold(Flags::default(), |all, name| {
            let Some((_, flag)) = Flag::ALL.iter().find(|(n, _)| n == name) else {
                panic!("no flag {name}");
            };
            all.union(Flags::of(&[*flag]))
        });
        self.0.term(term, flags);
    }

    /// Adds a word to the commonest, behind those that are there.
    pub fn common(&mut self, word: &str) {
        self.0.common(word);
    }

    /// Adds the near misses of a drug's name.
    pub fn near_medication(&mut self, word: &str) {
        self.0.near(word);
    }

    /// Adds an ICD-10-CM code without its point.
    pub fn icd10(&mut self, code: &str) {
        self.0.icd10(code);
    }

    /// Adds a HCPCS code.
    pub fn hcpcs(&mut self, code: &str) {
        self.0.hcpcs(code);
    }

    /// The file.
    pub fn write(&self) -> Vec<u8> {
        self.0.write()
    }
}

/// Whether the compiled-in lists know a word as (a given name, a family name,
/// a word of a facility's name, an English word).
pub fn known(word: &str) -> (bool, bool, bool, bool) {
    let flags = Lexicon::get().word(hash(word.as_bytes()));
    let any = |of: &[Flag]| flags.any(Flags::of(of));
    (
        flags.any(GIVEN),
        flags.any(SURNAME),
        any(&[Flag::FacilityPrefix]),
        any(&[Flag::English]),
    )
}

fn region(place: Place) -> Region {
    match place {
        Place::Subject => Region::Subject,
        Place::Body => Region::Body,
        Place::Attachment => Region::Attachment,
        Place::FileName => Region::FileName,
    }
}

/// What is known of a mail before its units are labelled, and the features of
/// its first verdict.
fn context(mail: &Mail, views: &[super::view::View<'_>]) -> (Context, Vec<Feature>, Envelope) {
    let mut context = Context::new(
        &mail.from,
        mail.to.iter().map(String::as_str),
        mail.audience.as_deref(),
    );
    let mut words = Summary::default();
    for (text, view) in mail.texts.iter().zip(views) {
        words.read(
            &Passage::read(&view.text, 0, view.text.len(), region(text.place)),
            None,
        );
    }
    let to: Vec<&str> = mail.to.iter().map(String::as_str).collect();
    let address = mail
        .from
        .rsplit_once('<')
        .map_or(mail.from.as_str(), |(_, a)| a.trim_end_matches('>'));
    let audience = mail.audience.as_deref().unwrap_or_default();
    let envelope = envelope_of(address, &to, audience);
    context.speech = words.speech();
    context.personal = envelope.personal;
    context.internal = envelope.internal;
    words.sort();
    let first = features(&words, &context, &envelope).list();
    (context, first, envelope)
}

fn views(mail: &Mail) -> Vec<super::view::View<'_>> {
    mail.texts
        .iter()
        .map(|t| super::view::View::plain(&t.text))
        .collect()
}

fn truth(mail: &Mail) -> [bool; OUTPUTS] {
    let mut truth = [false; OUTPUTS];
    truth[0] = mail.sensitivity > Sensitivity::None;
    for (slot, category) in truth[1..].iter_mut().zip(Category::ALL) {
        *slot = mail.categories.contains(category);
    }
    truth
}

/// Folds of the mails.
pub const FOLDS: u32 = risk::FOLDS;

/// The fold of a mail.
pub fn fold_of(mail: u32) -> u32 {
    mail % FOLDS
}

/// The models of the verdict before anything is found: the one learnt from all
/// mails, and for each fold one whose weights were not learnt from its mails.
pub fn train_prior(mails: &[&Mail]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let examples: Vec<risk::Example> = mails
        .iter()
        .map(|mail| risk::Example {
            features: context(mail, &views(mail)).1,
            truth: truth(mail),
            mail: mail.id,
        })
        .collect();
    // Its line moves what the taggers find; that of the verdict does not.
    let options = risk::Options {
        recall: 965,
        // What is learnt from its scores is to meet such scores in use.
        times_of_folds: risk::Options::default().times,
        categories: false,
        ..risk::Options::default()
    };
    let learnt = risk::train(&examples, &options, fold_of);
    (learnt.all::<1>(), learnt.without::<1>())
}

/// Mails, and the first verdict's model that has not seen them.
pub type Fold<'m> = (Vec<u8>, Vec<&'m Mail>);

/// The model of words and codes, as the mean of what is learnt in so many
/// orders.
pub fn train_tagger(folds: &[Fold<'_>], orders: u32, progress: impl Fn(&str) + Sync) -> Vec<u8> {
    // The weights of a fold are read once: they are large.
    type Viewed<'m> = (&'m Mail, Vec<super::view::View<'m>>);
    let all: Vec<(Weights<1>, Vec<Viewed<'_>>)> = folds
        .iter()
        .map(|(prior, mails)| {
            let mails = mails.iter().map(|m| (*m, views(m))).collect();
            (Weights::read(prior), mails)
        })
        .collect();
    let all = (all.iter()).flat_map(|(prior, mails)| mails.iter().map(move |m| (prior, m)));
    let mut examples = Vec::new();
    for (prior, (mail, views)) in all {
        let (mut context, first, ..) = context(mail, views);
        context.prior = prior.step(first);
        for (text, view) in mail.texts.iter().zip(views) {
            // Spans are of the text; the passage's units are of the view.
            let spans = text
                .spans
                .iter()
                .map(|(span, kind)| (view.back(span.clone()), *kind))
                .collect();
            examples.push(tagger::Example {
                passage: Passage::read(&view.text, 0, view.text.len(), region(text.place)),
                context: context.clone(),
                mail: mail.id,
                spans,
            });
        }
    }
    tagger::train(&examples, &tagger::Options::default(), orders, progress)
}

/// A text's units with the labels of `model`, of its format and of rules, and whether it
/// is a patient's record.
fn labelled<'v>(
    text: &Text,
    view: &'v super::view::View<'_>,
    context: &Context,
    model: &Model,
    (memos, codes): &mut (Memos, Codes),
) -> (Passage<'v>, Vec<Tag>, bool) {
    let passage = Passage::read(&view.text, 0, view.text.len(), region(text.place));
    let mut tags = tag(&passage, context, model, Some(memos), codes);
    let record = records::read(&text.text, "text/plain");
    if let Some(record) = &record {
        rules::hinted(&passage, &mut tags, &hints_of(view, &record.hints));
    }
    rules::apply(&passage, &mut tags, true);
    let is_record = record.is_some_and(|record| record.patient_record);
    (passage, tags, is_record)
}

/// The features of a mail's verdict, with labels by `model`.
fn verdict(
    mail: &Mail,
    prior: &Weights<1>,
    model: &Model,
    memos: &mut (Memos, Codes),
) -> risk::Example {
    let views = views(mail);
    let (mut context, first, envelope) = context(mail, &views);
    context.prior = prior.step(first);
    let mut summary = Summary::default();
    for (text, view) in mail.texts.iter().zip(&views) {
        let (passage, tags, record) = labelled(text, view, &context, model, memos);
        summary.records += u32::from(record);
        summary.read(&passage, None);
        summary.add(&passage, &tags, &context, None);
        summary.attachments += u32::from(text.place == Place::Attachment);
    }
    summary.sort();
    risk::Example {
        features: features(&summary, &context, &envelope).list(),
        truth: truth(mail),
        mail: mail.id,
    }
}

/// The features of the sentences of a mail that may tell of somebody, each as a scan judges
/// one alone, and whether what is marked in it says whose it is and what.
fn sentences(
    mail: &Mail,
    prior: &Weights<1>,
    model: &Model,
    (memos, codes): &mut (Memos, Codes),
) -> Vec<(bool, risk::Example)> {
    let views = views(mail);
    let (mut context, first, envelope) = context(mail, &views);
    context.prior = prior.step(first);
    let mut out = Vec::new();
    for (text, view) in mail.texts.iter().zip(&views) {
        if !matches!(text.place, Place::Body | Place::Attachment) {
            continue;
        }
        let passage = Passage::read(&view.text, 0, view.text.len(), region(text.place));
        let mut tags = tag(&passage, &context, model, Some(memos), codes);
        rules::apply(&passage, &mut tags, true);
        let mut rest: &[Tag] = &tags;
        while let Some((units, here, more)) = Piece::Sentence.first(&passage, rest) {
            rest = more;
            let stretch = passage.bytes_of(units.clone());
            let from = (passage.spans.get(units.start)).map_or(0, |span| span.start as usize);
            let told = |(span, kind): &(Range<usize>, FindingKind)| {
                let span = view.back(span.clone());
                (span.start < from + stretch.len() && span.end > from).then_some(*kind)
            };
            let told: Vec<FindingKind> = text.spans.iter().filter_map(told).collect();
            let tells =
                told.iter().any(|k| is_of_person(*k)) && told.iter().any(|k| is_of_care(*k));
            if may_tell(here) {
                let mut alone = context.clone();
                let stretch = Passage::read(stretch, 0, stretch.len(), Region::Body);
                let mut summary = Summary::default();
                summary.read(&stretch, None);
                alone.speech = summary.speech();
                alone.prior = prior.step(features(&summary, &alone, &envelope).list());
                let mut tags = tag(&stretch, &alone, model, Some(memos), codes);
                rules::apply(&stretch, &mut tags, true);
                summary.add(&stretch, &tags, &alone, None);
                summary.sort();
                let (nobody, nowhere) = (Context::default(), Envelope::default());
                let example = risk::Example {
                    features: features(&summary, &nobody, &nowhere).list(),
                    truth: truth(mail),
                    mail: mail.id,
                };
                out.push((tells, example));
            }
        }
    }
    out
}

/// The features of the people in a mail, and whether they are private persons.
fn people(
    mail: &Mail,
    prior: &Weights<1>,
    model: &Model,
    memos: &mut (Memos, Codes),
) -> Vec<risk::Example> {
    let views = views(mail);
    let (mut context, first, ..) = context(mail, &views);
    context.prior = prior.step(first);
    let mut out = Vec::new();
    for (text, view) in mail.texts.iter().zip(&views) {
        let (passage, mut tags, _) = labelled(text, view, &context, model, memos);
        rules::people(&passage, &mut tags);
        if !roles::is_told(passage.region) || !tags.iter().any(rules::is_person) {
            continue;
        }
        let people = roles::People::new(&passage, &tags, &context);
        for person in &people.all {
            let tag = tags.get(person.tag).filter(|tag| rules::is_person(tag));
            let units = tag.and_then(|tag| passage.spans.get(tag.first..tag.last));
            let (Some(first), Some(last)) = (
                units.and_then(|units| units.first()),
                units.and_then(|units| units.last()),
            ) else {
                continue;
            };
            let (first, last) = (first.start as usize, last.end as usize);
            let truth = (text.spans.iter())
                .map(|(span, kind)| (view.back(span.clone()), *kind))
                .filter(|(span, _)| span.start < last && span.end > first)
                .find(|(_, kind)| matches!(kind, FindingKind::Name | FindingKind::Provider));
            let Some((_, kind)) = truth else { continue };
            let mut truth = [false; OUTPUTS];
            truth[0] = kind == FindingKind::Name;
            out.push(risk::Example {
                features: people.features(person).map(Feature::of_hash).collect(),
                truth,
                mail: mail.id,
            });
        }
    }
    out
}

/// The model that tells private persons from staff. Each fold comes with a first verdict's
/// model and a tagger that have not seen its mails.
pub fn train_roles(folds: &[(Vec<u8>, Vec<u8>, Vec<&Mail>)]) -> Vec<u8> {
    let mut examples = Vec::new();
    for (prior, tagger, mails) in folds {
        let (prior, model) = (Weights::read(prior), Model::read(tagger));
        let mut memos = Default::default();
        for mail in mails {
            examples.extend(people(mail, &prior, &model, &mut memos));
        }
    }
    let options = risk::Options {
        epochs_of_phi: 10,
        times: 2,
        categories: false,
        recall: 0,
        least: 5,
        ..risk::Options::default()
    };
    risk::train(&examples, &options, fold_of).all::<1>()
}

/// Whether a kind says who somebody is.
fn is_of_person(kind: FindingKind) -> bool {
    use FindingKind as K;
    matches!(
        kind,
        K::Name | K::Mrn | K::Ssn | K::HealthPlanId | K::Account | K::OtherId
    )
}

/// Whether a kind says something of care.
fn is_of_care(kind: FindingKind) -> bool {
    use FindingKind as K;
    kind.class() == FindingClass::Health || matches!(kind, K::Facility | K::Provider | K::Date)
}

/// The models of the verdict: on all, and on a sentence alone. Their examples are
/// labelled by models that have not seen them, as new mails will be: a first
/// verdict's, a tagger's, the mails.
pub fn train_verdict(folds: &[(Vec<u8>, Vec<u8>, Vec<&Mail>)]) -> (Vec<u8>, Vec<u8>) {
    let mut whole = Vec::new();
    let mut alone = Vec::new();
    for (prior, tagger, mails) in folds {
        let (prior, model) = (Weights::read(prior), Model::read(tagger));
        let mut memos = Default::default();
        for mail in mails {
            whole.push(verdict(mail, &prior, &model, &mut memos));
            // Of PHI those that do not say it are left out.
            let phi = mail.sensitivity > Sensitivity::None;
            let told = sentences(mail, &prior, &model, &mut memos).into_iter();
            alone.extend(told.filter(|(tells, _)| *tells || !phi).map(|(_, e)| e));
        }
    }
    // Other folds than those that labelled the mails.
    let fold = |mail| fold_of(mail / FOLDS);
    let options = risk::Options::default();
    let of_sentences = risk::Options {
        categories: false,
        recall: 0,
        ..options.clone()
    };
    let alone = risk::train(&alone, &of_sentences, fold).all::<1>();
    (risk::train(&whole, &options, fold).all::<OUTPUTS>(), alone)
}

/// What a thread made.
pub fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The models' files.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "for one program")]
pub struct Made {
    /// `risk/prior.bin`
    pub prior: Vec<u8>,
    /// `tagger/model.bin`
    pub tagger: Vec<u8>,
    /// `roles/roles.bin`
    pub roles: Vec<u8>,
    /// `risk/risk.bin`
    pub verdict: Vec<u8>,
    /// `risk/sentence.bin`
    pub sentence: Vec<u8>,
}

/// How well a tagger and the verdicts, on all and on sentences, do on mails: right and
/// wrong of PHI and of each category as (true positives, false positives, false
/// negatives).
pub fn judge(mails: &[&Mail], made: &Made) -> [(u32, u32, u32); 7] {
    let model = Model::read(&made.tagger);
    let prior = Weights::read(&made.prior);
    let weights = Weights::<OUTPUTS>::read(&made.verdict);
    let sentence = Weights::<1>::read(&made.sentence);
    let mut memos = Default::default();
    let mut out = [(0, 0, 0); 7];
    for mail in mails {
        let example = verdict(mail, &prior, &model, &mut memos);
        let scores = weights.score(example.features.iter().copied());
        let alone = sentences(mail, &prior, &model, &mut memos);
        let tells = |e: &risk::Example| sentence.score(e.features.iter().copied())[0];
        let alone = alone.iter().any(|(_, e)| tells(e) > LINE_OF_SENTENCES);
        for (n, slot) in out.iter_mut().enumerate() {
            if n > 0 && !example.truth[0] {
                continue;
            }
            let found = match n {
                0 => scores[0] > LINE || alone,
                _ => scores[n] > 0,
            };
            match (example.truth[n], found) {
                (true, true) => slot.0 += 1,
                (false, true) => slot.1 += 1,
                (true, false) => slot.2 += 1,
                (false, false) => {}
            }
        }
    }
    out
}
