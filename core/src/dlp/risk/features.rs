//! What the verdict looks at.

use super::summary::{Summary, index_of};
use crate::dlp::lexicon::{Flag, SECTIONS};
use crate::dlp::tagger::context::Context;
use crate::dlp::token::{hash, join};
use crate::dlp::{FindingClass, FindingKind};

/// One feature that a message has: the hash of its weights, and the code that
/// stands for it among the reasons.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) hash: u32,
    pub(crate) code: &'static str,
}

/// 0, 1, 2–3, 4–7, 8 and more.
fn bucket(n: u32) -> u32 {
    match n {
        0 => 0,
        1 => 1,
        2..=3 => 2,
        4..=7 => 3,
        _ => 4,
    }
}

/// What is known of a message besides its text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Envelope {
    /// 0: none looks like a person's; 1: all do; 2: some.
    pub(crate) personal: u8,
    pub(crate) recipients: u8,
    /// Sender and all recipients are of one domain.
    pub(crate) internal: bool,
}

const SECTION_CODES: [(&str, u32); SECTIONS] = [
    coded("patient_speech"),
    coded("care_event"),
    coded("aggregate"),
    coded("dummy_data"),
    coded("software"),
    coded("marketing"),
    coded("veterinary"),
    coded("staff"),
];

/// A code with its hash.
const fn coded(code: &str) -> (&str, u32) {
    (code, hash(code.as_bytes()))
}

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

/// How many codes words stand under.
pub(super) const WORDS: usize = 4;

/// All features of a message.
pub(crate) struct Features<'s> {
    pub(super) counted: Vec<Feature>,
    /// Words, with the code that they stand under and its hash.
    pub(super) words: [(&'static str, u32, &'s [u32]); WORDS],
}

/// All features of a message.
pub(crate) fn features<'s>(
    summary: &'s Summary,
    context: &Context,
    envelope: Envelope,
    sender: &'s [u32],
    audience: &'s [u32],
) -> Features<'s> {
    let words = |code: &'static str, words| (code, hash(code.as_bytes()), words);
    Features {
        counted: counted(summary, context, envelope),
        words: [
            words("words", summary.words.list()),
            words("pairs_of_words", summary.pairs.list()),
            words("sender_words", sender),
            words("audience_words", audience),
        ],
    }
}

#[cfg(any(test, feature = "training"))]
impl Features<'_> {
    /// All, one by one.
    pub(crate) fn list(&self) -> Vec<Feature> {
        let words = self.words.iter().flat_map(|(code, of, words)| {
            words.iter().map(move |word| Feature {
                hash: join(*of, *word),
                code,
            })
        });
        self.counted.iter().copied().chain(words).collect()
    }
}

/// The features of a message that are not words.
fn counted(summary: &Summary, context: &Context, envelope: Envelope) -> Vec<Feature> {
    let mut out = Vec::with_capacity(128);
    // The hash of a code is known when this is compiled.
    macro_rules! add {
        ($code:literal, $value:expr $(,)?) => {{
            const HASH: u32 = hash($code.as_bytes());
            out.push(Feature {
                hash: join(HASH, $value),
                code: $code,
            });
        }};
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
    for (n, kind) in FindingKind::ALL.iter().enumerate() {
        let count = bucket(summary.kinds[n]);
        if count > 0 {
            let kind = hash(kind.word().as_bytes());
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
    add!(
        "identifier_and_health",
        join(bucket(identifiers).min(2), bucket(health).min(3)),
    );
    add!("person_and_health_together", bucket(summary.together));
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
    if summary.roster > 0 {
        add!("roster", bucket(summary.roster));
    }
    if summary.attachments > 0 {
        add!("attachments", 1);
    }
    for ((code, of), count) in SECTION_CODES.into_iter().zip(summary.sections) {
        let mut add = |value: u32| {
            let hash = join(of, value);
            out.push(Feature { hash, code });
        };
        let count = bucket(count);
        for step in 1..=count {
            add(step);
        }
        if count > 0 {
            let what = join(bucket(names).min(1), join(bucket(health).min(1), 77));
            add(what);
            add(join(care, join(personal, 78)));
        }
    }
    for (n, count) in summary.categories.iter().enumerate() {
        let n = u32::try_from(n).unwrap_or(0);
        for step in 1..=bucket(*count) {
            add!("category_terms", join(n, step));
        }
        let bit = Flag::MentalHealth as u32 + n;
        if context.speciality.0 >> bit & 1 != 0 {
            add!("category_of_sender_or_audience", n);
        }
    }
    out
}
