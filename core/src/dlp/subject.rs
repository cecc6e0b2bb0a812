//! Subjects that tell nothing.

use std::sync::LazyLock;

use super::Finding;
use super::lexicon::{Flag, Flags, Lexicon, PROTECTED, SPECIALITIES};
use super::token::tokens;
use super::view::fold;

/// What stands where nothing else can be said.
const NEUTRAL: &str = "A secure message";

/// Longer names are none.
const MAX_NAME: usize = 60;

/// Beginnings of words that show care, in the languages of most senders, beside
/// what the scanner's lists know. A name that merely begins alike costs nothing
/// but the name in the subject. All is compared as [`folded`].
const CARE: &str = "
    aa abort abuse addict aids alcohol allerg alzheim ambul anesth anonymous anxi apothe arthr arzt asthma
    assault autism bariat battered behavio bipolar birth blood bone brain breast cancer cancro cardio care chemo chiro chirurg cirug
    clinic clinique counsel crisis dds dement dental depress dentist dermato detox diabet diagno dialy dmd doctor
    disorder donor dr drs drug eating emergency endocrin enferm epilep eye fertil foot gastro gender genetic genom geriat
    gesund ginec gyn gynec gynako gynek heal health heart heilkunde hemato hepat hiv hopital hosp hospi
    hygien icu imaging immun infect infusion ivf kidney klinik krank lab labor leuk lpn lung lupus lvn lymphom
    mammo matern md medic medizin melanom memory mental methad midwi migrain mri narcot natal nefro neonat
    nephro neuro np nurs nurse nursing nutri obgyn obstet oncol onko ophthal opioid optic optom oral
    orthop osteo pa pain palliat parenthood parkinson patholog patient pediat pharma physic physio podiat
    praxis pregn prenatal prep prosth psiq psych pulmo radio rape recover rehab renal reprod respir retina
    rheum rn rx salud sante saude scan schizo sexual shelter sickle sight skin sleep smile sober spine
    spital std sti stroke suboxon substance suicid surger surgic testing therap thorac thyroid tooth
    transplant trauma treatment tumor tumour urgenc urgent urolog vaccin vascul vasect vein vet veterin victim violen vision
    wellness women wound zahn
";

/// A subject that says that there is a message, and where its name shows no
/// care, from whom. "Harbor Kidney Center" tells a reader over the shoulder
/// that somebody has dialysis; a person's name or a bank's does not.
///
/// The same name gives the same subject.
///
/// ```
/// use mailseal::dlp::subject::neutral;
/// assert_eq!(neutral(Some("Harbor Office")), "A message from Harbor Office");
/// assert_eq!(neutral(Some("Harbor Kidney Center")), "A secure message");
/// assert_eq!(neutral(None), "A secure message");
/// ```
pub fn neutral(sender_name: Option<&str>) -> String {
    match sender_name.map(str::trim) {
        Some(name) if shows_nothing(name) => format!("A message from {name}"),
        _ => NEUTRAL.to_owned(),
    }
}

/// Flags of words and terms that speak of care, or of a protected category.
const TELLING: Flags = SPECIALITIES.union(PROTECTED).union(Flags::of(&[
    Flag::SaysMentalHealth,
    Flag::SaysSubstanceUse,
    Flag::SaysStiHiv,
    Flag::SaysReproductive,
    Flag::SaysGenetic,
    Flag::SaysAbuse,
]));

/// Whether a name is short, made of words, and none of them shows care.
fn shows_nothing(name: &str) -> bool {
    let plain =
        |c: char| c.is_alphabetic() || matches!(c, ' ' | '.' | ',' | '\'' | '’' | '&' | '-');
    let bare: String = name.chars().filter(|c| c.is_alphabetic()).collect();
    !bare.is_empty()
        && name.chars().count() <= MAX_NAME
        && name.chars().all(plain)
        && !shows_care(name)
}

/// Whether a name shows that whoever is called so cares for somebody's health,
/// or what for.
fn shows_care(name: &str) -> bool {
    let word = |word: &str| {
        let word = folded(word);
        STEMS.iter().any(|stem| shows(&word, stem))
    };
    // "M.D." and "O-B-G-Y-N" are words too.
    name.split([' ', ',', '&']).map(letters).any(|w| word(&w))
        || name.split(|c: char| !c.is_alphabetic()).any(word)
        || is_listed(&name.to_lowercase())
        || is_listed(&folded(name))
}

/// Whether the scanner's lists know a word or a term of it as one of health or
/// of care.
fn is_listed(text: &str) -> bool {
    let text: Vec<u8> = text.chars().filter_map(fold).collect();
    let mut all = Vec::new();
    tokens(&text, 0, text.len(), &mut all);
    let lexicon = Lexicon::get();
    (0..all.len()).any(|at| {
        let rest = all.get(at..).unwrap_or_default();
        let word = rest.first().map(|token| lexicon.class(token.hash));
        let term = lexicon.phrase(&text, rest).map(|(_, class)| class);
        [word, term].into_iter().flatten().any(|class| {
            let flags = lexicon.flags(class);
            lexicon.marks(class).listed() || flags.any(TELLING)
        })
    })
}

impl Finding {
    /// Whether what was found shows by its name that it is of care.
    pub(crate) fn shows_care(&self) -> bool {
        shows_care(self.expose().expose())
    }
}

static STEMS: LazyLock<Vec<String>> =
    LazyLock::new(|| CARE.split_whitespace().map(folded).collect());

/// In small letters without accents; `ae` and `oe` are `e`, as on the other side
/// of the Atlantic.
fn folded(text: &str) -> String {
    let plain = |c: char| match fold(c) {
        Some(b) if b.is_ascii() => Some(char::from(b)),
        Some(_) => Some(c),
        None => None,
    };
    let text = text.to_lowercase().replace(['æ', 'œ'], "e");
    let text: String = text.chars().filter_map(plain).collect();
    text.to_lowercase().replace("ae", "e").replace("oe", "e")
}

/// Short stems are whole words; longer ones begin or end a word, and the
/// longest stand anywhere in it, for compounds.
fn shows(word: &str, stem: &str) -> bool {
    match stem.chars().count() {
        0..=3 => word == stem || word.strip_suffix('s') == Some(stem),
        4 => word.starts_with(stem) || word.ends_with(stem),
        _ => word.contains(stem),
    }
}

fn letters(word: &str) -> String {
    word.chars().filter(|c| c.is_alphabetic()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_shows_no_care_stands_in_it() {
        for name in [
            "Harbor Office",
            "Pat O’Neil-Lindqvist",
            "Müller & Söhne",
            "Michael Caesar Noel",
            "José Ibáñez",
            "Main Street Bank",
        ] {
            assert_eq!(neutral(Some(name)), format!("A message from {name}"));
        }
        assert_eq!(neutral(Some("  Ann Lee ")), "A message from Ann Lee");
    }

    #[test]
    fn a_name_that_shows_care_or_anything_but_words_does_not() {
        for name in [
            "",
            " ",
            "-",
            "Harbor Kidney Center",
            "HARBOR DIALYSIS",
            "Ann Lee, M.D.",
            "Ann Lee, RN",
            "Dr. Lee",
            "Drs. Lee & Lee",
            "St. Mary Hospital",
            "Zahnarzt Müller",
            "Universitätsklinikum",
            "Clínica del Puerto",
            "Frauenheilkunde",
            "Rape Crisis Center",
            "Domestic Abuse Services",
            "Planned Parenthood",
            "Family Planning Harbor",
            "IVF Partners",
            "Harbor Vasectomy",
            "Narcotics Anonymous",
            "Opioid Program",
            "Anxiety & Depression Associates",
            "Bipolar Support Group",
            "Schizophrenia Society",
            "Eating Disorder Institute",
            "PrEP Harbor",
            "Infectious Disease Associates",
            "Gender Identity Services",
            "Sickle Cell Program",
            "Harbor Dementia Unit",
            "Bariatric Associates",
            "Harbor ICU",
            "Gynaecology Harbor",
            "Gynaekologie Harbor",
            "Haematology Associates",
            "Harbor Tumour Centre",
            "HÆMATOLOGY HARBOR",
            "Ginecología del Puerto",
            "Psiquiatría del Puerto",
            // Only the scanner's lists know them.
            "Metformin Friends",
            "Harbor Hemodialysis",
            "Sarcoidosis Circle",
            "Room 4",
            "a@b.example",
            "Harbor\r\nBcc: x",
            "Harbor (Ward 7)",
        ] {
            assert_eq!(neutral(Some(name)), NEUTRAL, "{name}");
        }
        let long = "ab ".repeat(21);
        assert_eq!(neutral(Some(&long)), NEUTRAL);
    }
}
