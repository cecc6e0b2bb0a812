//! Subjects that tell nothing.

/// What stands where nothing else can be said.
const NEUTRAL: &str = "A secure message";

/// Longer names are none.
const MAX_NAME: usize = 60;

/// Beginnings of words that show care, in the languages of most senders. A
/// name that merely begins alike costs nothing but the name in the subject.
const CARE: &str = "
    abort addict aids alcohol allerg alzheim ambul anaesth anesth apothe arthr arzt asthma
    autism behavio birth blood bone brain breast cancer cancro cardio care chemo chiro clinic
    clinique clínic counsel dds dental dentist dermato detox diabet diagno dialy dmd doctor
    donor dr drs drug emergency endocrin epilep eye fertil foot gastro genetic genom geriat
    gesund gyn gynec gynäko heal health heart heilkunde hemato hepat hiv hopital hosp hospi
    hygien hôpital imaging immun infusion kidney klinik krank lab labor leuk lpn lung lupus lvn
    mammo matern md medic medizin memory mental methad midwi migrain mri natal nefro neonat
    nephro neuro np nurs nurse nursing nutri obgyn obstet oncol onko ophthal optic optom oral
    orthop osteo pa paediat pain palliat patholog patient pediat pharma physic physio podiat
    praxis pregn prenatal prosth psych pulmo radio recover rehab renal reprod respir retina
    rheum rn rx salud sante santé saude saúde scan sexual sight skin sleep smile sober spine
    spital std sti stroke substance suicid surger surgic testing therap thorac thyroid tooth
    transplant trauma treatment tumor urgent urolog vaccin vascul vein vet veterin vision
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

/// Whether a name is short, made of words, and none of them shows care.
fn shows_nothing(name: &str) -> bool {
    let plain =
        |c: char| c.is_alphabetic() || matches!(c, ' ' | '.' | ',' | '\'' | '’' | '&' | '-');
    let bare: String = name.chars().filter(|c| c.is_alphabetic()).collect();
    let word = |word: &str| {
        let word = word.to_lowercase();
        !CARE.split_whitespace().any(|stem| shows(&word, stem))
    };
    !bare.is_empty()
        && name.chars().count() <= MAX_NAME
        && name.chars().all(plain)
        // "M.D." and "O-B-G-Y-N" are words too.
        && name.split([' ', ',', '&']).map(letters).all(|w| word(&w))
        && name.split(|c: char| !c.is_alphabetic()).all(word)
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
        for name in ["Harbor Office", "Pat O’Neil-Lindqvist", "Müller & Söhne"] {
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
