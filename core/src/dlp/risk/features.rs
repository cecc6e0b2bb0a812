//! What the verdict looks at.

use super::summary::{Summary, index_of};
use crate::dlp::lexicon::{Flag, SECTIONS};
use crate::dlp::tagger::context::Context;
use crate::dlp::token::{hash, join};
use crate::dlp::{FindingClass, FindingKind};

/// One feature that a message has: the hash of its weights, and what it is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) hash: u32,
    pub(crate) code: Code,
}

#[cfg(any(test, feature = "training"))]
impl Feature {
    /// One that another model knows by its hash alone.
    pub(crate) fn of_hash(hash: u32) -> Self {
        let code = const { Code::of("words") };
        Self { hash, code }
    }
}

/// What a feature is of: its place among [`CODES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(u8);

/// How many there are.
pub(super) const MANY: usize = 64;

/// The words that stand for features among the reasons, in their order.
const CODES: [&str; MANY] = [
    "addressed_to_person",
    "against",
    "aggregate",
    "attachments",
    "audience",
    "audience_and_sender",
    "audience_and_you",
    "audience_words",
    "care_event",
    "case",
    "case_against",
    "category_mentions",
    "category_of_recipients",
    "category_of_sender_or_audience",
    "category_terms",
    "category_told",
    "date_and_sender",
    "dates",
    "density",
    "dummy_data",
    "finding",
    "findings",
    "findings_among_words",
    "first_person",
    "first_person_to_care",
    "health_and_sender",
    "health_content",
    "identifier_and_health",
    "identifiers",
    "internal",
    "internal_and_sender",
    "kinds_together",
    "length",
    "marketing",
    "medical_identifier_and_name",
    "medical_identifiers",
    "name_and_account",
    "name_and_health",
    "name_and_place",
    "name_and_sender",
    "name_of_other",
    "name_of_recipient",
    "names",
    "pairs_of_words",
    "patient_record",
    "patient_speech",
    "people",
    "person_and_health_together",
    "recipient_and_sender",
    "recipient_care",
    "recipient_care_and_person",
    "recipient_words",
    "recipients",
    "sender_speciality",
    "sender_words",
    "software",
    "staff",
    "starts_of_words",
    "subject",
    "trade",
    "veterinary",
    "without_care",
    "words",
    "you_and_health",
];

/// Their hashes, from which those of the features are made.
const HASHES: [u32; MANY] = {
    let mut hashes = [0; MANY];
    let mut n = 0;
    while n < MANY {
        hashes[n] = hash(CODES[n].as_bytes());
        n += 1;
    }
    hashes
};

impl Code {
    /// The code of a word that is known when this is compiled.
    const fn of(word: &str) -> Self {
        let wanted = hash(word.as_bytes());
        let mut n = 0;
        while HASHES[n] != wanted {
            n += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "there are fewer")]
        Self(n as u8)
    }

    pub(crate) fn word(self) -> &'static str {
        CODES.get(self.place()).copied().unwrap_or_default()
    }

    pub(super) fn place(self) -> usize {
        self.0.into()
    }

    /// The feature with a value.
    #[inline]
    pub(super) fn feature(self, value: u32) -> Feature {
        let hash = HASHES.get(self.place()).copied().unwrap_or_default();
        Feature {
            hash: join(hash, value),
            code: self,
        }
    }

    /// The code of a place among them.
    pub(super) fn at(place: usize) -> Self {
        Self(u8::try_from(place).unwrap_or(0))
    }
}

/// 0, 1, 2–3, 4–7, 8 and more.
fn bucket(n: u32) -> u32 {
    // A look and not a choice, which would be guessed.
    const BUCKETS: [u8; 9] = [0, 1, 2, 2, 3, 3, 3, 3, 4];
    BUCKETS[n.min(8) as usize].into()
}

/// The hashes of the words of kinds, in the order of [`FindingKind::ALL`].
const KIND_HASHES: [u32; FindingKind::ALL.len()] = {
    let mut hashes = [0; FindingKind::ALL.len()];
    let mut n = 0;
    while n < hashes.len() {
        hashes[n] = hash(FindingKind::ALL[n].word().as_bytes());
        n += 1;
    }
    hashes
};

/// What is known of a message besides its text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    /// 0: none looks like a person's; 1: all do; 2: some.
    pub(crate) personal: u8,
    pub(crate) recipients: u8,
    /// The sender looks like a person.
    pub(crate) from_person: bool,
    /// Sender and all recipients are of one domain.
    pub(crate) internal: bool,
    /// Hashes of the words in the recipients' addresses that are no names, and
    /// of those that tell of the audience.
    pub(crate) recipient_words: Vec<u32>,
    pub(crate) audience_words: Vec<u32>,
}

const SECTION_CODES: [Code; SECTIONS] = [
    Code::of("patient_speech"),
    Code::of("care_event"),
    Code::of("aggregate"),
    Code::of("dummy_data"),
    Code::of("software"),
    Code::of("marketing"),
    Code::of("veterinary"),
    Code::of("staff"),
];

/// Of each category that something speaks of: a finding, a term, the sender.
pub(super) const CATEGORY_TOLD: Code = Code::of("category_told");

/// The feature of a word.
pub(crate) fn word_feature(word: u32) -> u32 {
    const HASH: u32 = hash(b"words");
    join(HASH, word)
}

/// The feature of two neighbouring words.
pub(crate) fn pair_feature(pair: u32) -> u32 {
    const HASH: u32 = hash(b"pairs_of_words");
    join(HASH, pair)
}

/// The feature of how a word starts.
pub(crate) fn start_feature(start: u32) -> u32 {
    const HASH: u32 = hash(b"starts_of_words");
    join(HASH, start)
}

/// The feature of what stands around a finding.
pub(crate) fn around_feature(around: u32) -> u32 {
    const HASH: u32 = hash(b"findings_among_words");
    join(HASH, around)
}

/// How many codes words stand under.
pub(super) const WORDS: usize = 7;

/// All features of a message.
pub(crate) struct Features<'s> {
    pub(super) counted: Vec<Feature>,
    /// Words, with the code that they stand under.
    pub(super) words: [(Code, &'s [u32]); WORDS],
}

/// All features of a message.
pub(crate) fn features<'s>(
    summary: &'s Summary,
    context: &'s Context,
    envelope: &'s Envelope,
) -> Features<'s> {
    Features {
        counted: counted(summary, context, envelope),
        words: [
            (const { Code::of("words") }, summary.words.list()),
            (const { Code::of("pairs_of_words") }, summary.pairs.list()),
            (const { Code::of("starts_of_words") }, summary.starts.list()),
            (
                const { Code::of("findings_among_words") },
                summary.around.list(),
            ),
            (const { Code::of("sender_words") }, context.senders()),
            (
                const { Code::of("recipient_words") },
                &envelope.recipient_words,
            ),
            (
                const { Code::of("audience_words") },
                &envelope.audience_words,
            ),
        ],
    }
}

impl Features<'_> {
    /// All, one by one.
    pub(super) fn all(&self) -> impl Iterator<Item = Feature> {
        let words = (self.words.iter())
            .flat_map(|(code, words)| words.iter().map(|word| code.feature(*word)));
        self.counted.iter().copied().chain(words)
    }

    #[cfg(any(test, feature = "training"))]
    pub(crate) fn list(&self) -> Vec<Feature> {
        self.all().collect()
    }
}

/// Features as they come.
struct Counted(Vec<Feature>);

impl Counted {
    /// Not inlined, for the many places that it is asked from.
    #[inline(never)]
    fn add(&mut self, code: Code, value: u32) {
        self.0.push(code.feature(value));
    }
}

/// The features of a message that are not words.
fn counted(summary: &Summary, context: &Context, envelope: &Envelope) -> Vec<Feature> {
    let mut out = Counted(Vec::with_capacity(128));
    macro_rules! add {
        ($code:literal, $value:expr $(,)?) => {
            out.add(const { Code::of($code) }, $value)
        };
    }
    let of = |kind| summary.kinds[index_of(kind)];
    let (mut health, mut identifiers) = (0, 0);
    for (kind, count) in FindingKind::ALL.iter().zip(summary.kinds) {
        match kind.class() {
            _ if count == 0 => {}
            FindingClass::Health => health += count,
            FindingClass::Identifier if !matches!(kind, FindingKind::Date | FindingKind::Name) => {
                identifiers += count;
            }
            _ => {}
        }
    }
    // Numbers that only care and its payment give out.
    let medical_ids: u32 = [
        FindingKind::Mrn,
        FindingKind::HealthPlanId,
        FindingKind::OtherId,
        FindingKind::Device,
        FindingKind::Account,
        FindingKind::Biometric,
    ]
    .into_iter()
    .map(of)
    .sum();
    let names = of(FindingKind::Name);
    let dates = of(FindingKind::Date);
    let care = u32::from(context.sender_care);
    let audience_care = u32::from(context.audience_care);
    let personal = u32::from(envelope.personal);
    for (kind, count) in KIND_HASHES.into_iter().zip(summary.kinds) {
        let count = bucket(count);
        if count > 0 {
            add!("finding", join(kind, 1));
            add!("findings", join(kind, count));
        }
    }
    // A person is identified: by a name or a number, or as the recipient.
    let person = u32::from(names + medical_ids + of(FindingKind::Ssn) > 0);
    let spoken_to = u32::from(personal == 1 && summary.you > 0);
    let cared_for = u32::from(health > 0);
    let sender_cares = u32::from(care >= 2);
    let audience_cares = u32::from((1..=3).contains(&audience_care));
    let against = u32::from(summary.sections[2] > 0)
        | u32::from(summary.sections[3] > 0) << 1
        | u32::from(summary.sections[4] > 1) << 2
        | u32::from(summary.sections[5] > 0) << 3
        | u32::from(summary.sections[6] > 0) << 4
        | u32::from(summary.sections[7] > 1) << 5;
    let case = person | spoken_to << 1 | cared_for << 2 | sender_cares << 3 | audience_cares << 4;
    let for_it = u32::from(summary.sections[0] + summary.sections[1] > 0);
    add!("case", case);
    add!("case", join(case, for_it));
    for n in 0..6 {
        if against >> n & 1 != 0 {
            add!("case_against", join(person | cared_for << 1, n));
        }
    }
    add!("against", against.count_ones());
    let dense = health + identifiers + names;
    add!(
        "density",
        bucket((100 * dense).checked_div(summary.units).unwrap_or(0) / 3),
    );
    add!("names", bucket(names));
    add!(
        "people",
        bucket(u32::try_from(summary.people.len()).unwrap_or(9)),
    );
    add!("identifiers", bucket(identifiers));
    add!("medical_identifiers", bucket(medical_ids));
    add!("health_content", bucket(health));
    add!("dates", bucket(dates));
    add!(
        "name_and_health",
        join(bucket(names).min(2), bucket(health).min(3)),
    );
    let places = of(FindingKind::Facility);
    add!(
        "name_and_place",
        join(
            bucket(names).min(2),
            join(bucket(places).min(2), bucket(dates).min(2)),
        ),
    );
    let numbers = of(FindingKind::Account) + of(FindingKind::HealthPlanId);
    add!(
        "name_and_account",
        join(
            bucket(names).min(2),
            join(bucket(numbers).min(2), bucket(places).min(1)),
        ),
    );
    add!(
        "identifier_and_health",
        join(bucket(identifiers).min(2), bucket(health).min(3)),
    );
    add!("person_and_health_together", bucket(summary.together));
    summary.near.each(|pair| add!("kinds_together", pair));
    add!(
        "medical_identifier_and_name",
        join(bucket(medical_ids).min(2), bucket(names).min(2)),
    );
    add!(
        "name_and_sender",
        join(bucket(names).min(2), join(care, personal)),
    );
    add!(
        "health_and_sender",
        join(bucket(health).min(3), join(care, personal)),
    );
    add!(
        "date_and_sender",
        join(bucket(dates).min(2), join(care, personal)),
    );
    add!(
        "name_of_recipient",
        join(bucket(summary.own_names).min(2), bucket(health).min(2)),
    );
    add!(
        "recipient_and_sender",
        join(bucket(summary.own_names).min(1), care),
    );
    add!(
        "name_of_other",
        join(bucket(summary.other_names).min(2), bucket(health).min(2)),
    );
    add!(
        "subject",
        join(summary.subject_names.min(2), summary.subject_health.min(2)),
    );
    add!("sender_speciality", care);
    // A patient, or who cares for one, writes to a practice.
    let cares = u32::from(context.recipient_care);
    let from = join(u32::from(envelope.from_person), care);
    if cares > 0 {
        add!("recipient_care", join(cares, from));
        add!(
            "recipient_care_and_person",
            join(cares, join(from, join(person, cared_for))),
        );
        add!(
            "first_person_to_care",
            join(cares, join(from, bucket(summary.me).min(2))),
        );
    }
    // Neither of them cares for anybody: a tradesman, a bank, a school.
    if care + cares + audience_cares == 0 {
        let told = cared_for | u32::from(places > 0) << 1 | u32::from(medical_ids > 0) << 2;
        add!(
            "without_care",
            join(
                u32::from(envelope.from_person),
                join(personal, join(told, person))
            ),
        );
    }
    if context.trades > 0 {
        let who = u32::from(context.trades);
        let told = cared_for | u32::from(places > 0) << 1 | u32::from(medical_ids > 0) << 2;
        add!("trade", join(who, told));
        add!("trade", join(who, join(personal, join(person, care + 81))));
    }
    if audience_care > 0 {
        add!("audience", audience_care);
        add!("audience_and_sender", join(audience_care, care));
        add!(
            "audience_and_you",
            join(audience_care, bucket(summary.you).min(2)),
        );
    }
    add!(
        "recipients",
        join(personal, u32::from(envelope.recipients.min(3))),
    );
    add!("internal", u32::from(envelope.internal));
    add!(
        "internal_and_sender",
        join(u32::from(envelope.internal), join(care, personal)),
    );
    add!(
        "addressed_to_person",
        join(bucket(summary.you), join(personal, care)),
    );
    add!(
        "first_person",
        join(bucket(summary.me), bucket(health).min(2)),
    );
    add!(
        "you_and_health",
        join(bucket(summary.you).min(2), bucket(health).min(2)),
    );
    add!("length", bucket(summary.units / 24));
    if summary.records > 0 {
        add!("patient_record", 1);
    }
    if summary.attachments > 0 {
        add!("attachments", 1);
    }
    for (code, count) in SECTION_CODES.into_iter().zip(summary.sections) {
        let count = bucket(count);
        for step in 1..=count {
            out.add(code, step);
        }
        if count > 0 {
            let what = join(bucket(names).min(1), join(bucket(health).min(1), 77));
            out.add(code, what);
            out.add(code, join(care, join(personal, 78)));
        }
    }
    if context.animals > 0 {
        let who = u32::from(context.animals);
        add!("veterinary", join(who, 79));
        add!("veterinary", join(bucket(health).min(2), join(person, 80)));
    }
    let counts = summary.categories.iter().zip(&summary.mentions);
    for (n, (found, mentioned)) in (0..).zip(counts) {
        for step in 1..=bucket(*found) {
            add!("category_terms", join(n, step));
        }
        for step in 1..=bucket(*mentioned) {
            add!("category_mentions", join(n, step));
        }
        let bit = Flag::MentalHealth as u32 + n;
        let of_sender = context.speciality.0 >> bit & 1 != 0;
        if of_sender {
            add!("category_of_sender_or_audience", n);
        }
        let of_recipients = context.recipient_speciality.0 >> bit & 1 != 0;
        if of_recipients {
            add!(
                "category_of_recipients",
                join(n, join(u32::from(envelope.from_person), care)),
            );
        }
        if of_sender || of_recipients || *found > 0 || *mentioned > 0 {
            out.add(CATEGORY_TOLD, n);
        }
    }
    out.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_that_are_told() {
        for n in (0..40).chain([u32::MAX]) {
            let wanted = match n {
                0 | 1 => n,
                2..=3 => 2,
                4..=7 => 3,
                _ => 4,
            };
            assert_eq!(bucket(n), wanted, "{n}");
        }
    }

    #[test]
    fn each_code_has_a_hash_and_a_place_of_its_own() {
        assert!(CODES.is_sorted());
        for (n, word) in CODES.iter().enumerate() {
            assert_eq!(Code::of(word), Code::at(n));
            assert_eq!(Code::at(n).word(), *word);
        }
    }
}
