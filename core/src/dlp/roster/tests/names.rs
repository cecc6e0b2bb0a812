use super::*;

/// A small practice, whose names meet in many ways.
fn practice() -> Roster {
    let names = [
        ("Anna", "Berg"),
        ("Anna", "Patterson"),
        ("Kim", "Patterson"),
        ("Anna", "Holm"),
        ("Peter", "Holm"),
        ("Al", "Green"),
        ("Mary", "Gray"),
        ("Scott", "Allen"),
        ("A", "Young"),
    ];
    let records: Vec<_> = (1..)
        .zip(names)
        .map(|(id, (given, family))| {
            PatientRecord::new(PatientId(id))
                .name(given, family)
                .birth_date(&format!("{}-02-02", 1957 + id))
        })
        .collect();
    roster(&records)
}

#[track_caller]
fn names(text: &str, expected: &[(&str, u64)]) {
    let all = found(&practice(), text);
    let all: Vec<_> = all.iter().map(|h| (h.0.as_str(), h.2[0])).collect();
    assert_eq!(all, expected, "{text}");
}

#[test]
fn rows_of_a_table_are_not_joined() {
    for text in [
        "Kim,Berg\nAnna,Patterson",
        "Kim\tBerg\nAnna\tPatterson",
        "| Kim | Berg |\n| Anna | Patterson |",
        "\"Kim\",\"Berg\"\n\"Anna\",\"Patterson\"",
        "Kim,Berg,nurse\nAnna,Patterson,patient",
    ] {
        let all = found(&practice(), text);
        let ids: Vec<_> = all.iter().map(|h| h.2.as_slice()).collect();
        assert_eq!(ids, [[2]], "{text}");
    }
    names("Kim,,\nPatterson,Lee", &[]);
    names("Kim,Rose,Patterson", &[]);
    names("Kim,R.,Patterson", &[("Kim,R.,Patterson", 3)]);
    names("Kim,,Patterson", &[("Kim,,Patterson", 3)]);
    names("Kim,,Anna Berg", &[("Anna Berg", 1)]);
    names("Anna,R,Scott Allen", &[("Scott Allen", 8)]);
    // The roster has the middle name.
    let record = PatientRecord::new(PatientId(1)).name("Pat Rose", "Lindqvist");
    let roster = roster(&[record]);
    for text in ["Pat\tRose\tLindqvist", "Pat,Rose,Lindqvist"] {
        assert_eq!(found(&roster, text).len(), 1, "{text}");
    }
}

#[test]
fn a_name_that_is_there_as_it_is_goes_before_a_guess() {
    names(
        "Anna Berg Peter Holm",
        &[("Anna Berg", 1), ("Peter Holm", 5)],
    );
    names("Anna Berg Lee Patterson", &[("Anna Berg", 1)]);
    // Two middle names, or another name that is whole.
    names("Anna Rose Peter Holm", &[("Peter Holm", 5)]);
    names("Anna Rose Lee Holm", &[("Anna Rose Lee Holm", 4)]);
    // One may be a middle name: neither is lost.
    names(
        "Anna Kim Patterson",
        &[("Anna Kim Patterson", 2), ("Kim Patterson", 3)],
    );
    for text in ["Anna Dr. Holm", "Anna and Mr Holm", "Anna MD Holm"] {
        names(text, &[]);
    }
}

#[test]
fn labels_of_two_people_make_no_name() {
    let json = "[{\"firstName\":\"Kim\",\"lastName\":\"Berg\"},\
                {\"firstName\":\"Anna\",\"lastName\":\"Patterson\"}]";
    names(json, &[("Anna\",\"lastName\":\"Patterson", 2)]);
    let lines = "First name: Kim\nLast name: Berg\nFirst name: Anna\nLast name: Patterson";
    names(lines, &[("Anna\nLast name: Patterson", 2)]);
    let lines = "Family: Lee\nGiven: Kim\nFamily: Berg\nGiven: Anna";
    names(lines, &[("Berg\nGiven: Anna", 1)]);
    for text in [
        "Name: Scott\nName: Allen",
        "First name: Scott\nFirst name: Allen",
        "Middle name: Scott\nLast name: Allen",
        "Last name: Scott\nFirst name: Allen",
        "Scott\nLast name: Allen",
        "{\"last\":\"Berg\"},{\"first\":\"Anna\"}",
        "First name: Scott\n\nLast name: Allen",
    ] {
        names(text, &[]);
    }
    let three = "First: Scott, Middle: Lee, Last: Allen";
    names(three, &[("Scott, Middle: Lee, Last: Allen", 8)]);
    // Who is called as a label is called.
    let record = PatientRecord::new(PatientId(1)).name("Pat", "Given");
    assert_eq!(found(&roster(&[record]), "Pat Given: results").len(), 1);
}

#[test]
fn a_family_name_stands_first_in_capitals_before_one_that_is_not() {
    names("ALLEN SCOTT, the nurse", &[]);
    names("SCOTT ALLEN", &[("SCOTT ALLEN", 8)]);
    names("ALLEN Scott", &[("ALLEN Scott", 8)]);
}

#[test]
fn a_letter_is_a_part_of_a_name_where_it_can_be_one() {
    for text in [
        "Mary G. Ray, MD",
        "Mary G Ray",
        "A Young woman came",
        "A. Young, 2019",
        "Kim P. Atterson",
    ] {
        names(text, &[]);
    }
    names("Young, A", &[("Young, A", 9)]);
    names("A Young, 2/2/1966", &[("A Young", 9), ("2/2/1966", 9)]);
    let record = PatientRecord::new(PatientId(1)).name("Nora", "O'Connor");
    let roster = roster(&[record]);
    for (text, count) in [
        ("Nora O Connor", 1),
        ("O Connor, Nora", 1),
        ("Nora B. O Connor", 1),
        ("Nora O. Connor", 0),
    ] {
        assert_eq!(found(&roster, text).len(), count, "{text}");
    }
}

#[test]
fn a_small_word_begins_a_family_name_alone() {
    names("Berg et al. Green", &[]);
    names("Berg et al Green said", &[]);
    names("Al Green", &[("Al Green", 6)]);
    names("al green, 2/2/1963", &[("al green", 6), ("2/2/1963", 6)]);
}

#[test]
fn a_domain_is_no_name_and_only_a_sign_of_mail_makes_an_address() {
    names("x@mail.anna.berg.example", &[]);
    names("x@Mail.Anna.Berg.example", &[]);
    names("anna.berg%40other.example", &[]);
    names("anna.berg%20biopsy.pdf", &[("anna.berg", 1)]);
    names("anna_berg.pdf", &[("anna_berg", 1)]);
}
