//! Mail text, invented: the same in each run.

/// A small generator of numbers (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ z >> 31) % n as u64).unwrap()
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const GIVEN: &[&str] = &[
    "Maria", "James", "Esther", "Pat", "Ngozi", "Tom", "Ana", "Luis", "Ingrid", "Wei",
];
const FAMILY: &[&str] = &[
    "Lindqvist",
    "Okafor",
    "Ruiz",
    "Bennett",
    "Tamm",
    "Nguyen",
    "Orsolo",
    "Garcia",
    "Keller",
    "Osei",
];
/// What most of a mail is.
const ORDINARY: &[&str] = &[
    "Thank you for your message; I have passed it on to the front desk and someone will come back to you.",
    "Please find the updated agenda below, and let me know if the room still works for everybody.",
    "The parking garage on the north side will be closed until the end of the month.",
    "We moved the weekly call to the afternoon because two of us are travelling.",
    "If the form does not open, try another browser, or print it and bring it with you.",
    "Our office is open on weekdays, and the answering service takes calls at night.",
    "I attached the invoice from the supplier; the second line looks wrong to me.",
    "Could you check whether the new printer is set up on the third floor?",
    "The build failed again after the last change to the import job, see the log for version 4.12.",
    "Remember to bring your insurance card and a list of everything that you take.",
];

/// Mail text of `size` bytes: some eighty bytes a line, and something about a
/// person in one line of `one_in`.
pub(crate) fn text(size: usize, one_in: usize) -> String {
    let mut chance = Chance(size as u64);
    let mut out = String::with_capacity(size + 256);
    while out.len() < size {
        let line = match chance.below(one_in) {
            0 => personal(&mut chance),
            _ => chance.pick(ORDINARY).to_owned(),
        };
        out.push_str(&line);
        out.push_str(match chance.below(5) {
            0 => "\n\n",
            _ => "\n",
        });
    }
    out.truncate(size);
    out
}

fn personal(chance: &mut Chance) -> String {
    let (given, family) = (chance.pick(GIVEN), chance.pick(FAMILY));
    let number = 10_000_000 + chance.below(89_000_000);
    let (month, day, year) = (
        1 + chance.below(12),
        1 + chance.below(28),
        1935 + chance.below(70),
    );
    match chance.below(8) {
        0 => format!("Patient: {given} {family}, DOB {month:02}/{day:02}/{year}, MRN {number}."),
        1 => format!(
            "Hi {given}, your appointment with Dr. {family} is on {month}/{day}/2026 at 10:30."
        ),
        2 => format!("SSN 281-15-{:04}, member ID HKP{number}.", number % 10_000),
        3 => format!(
            "Call me at (270) 555-{:04} or write to {}@mail.example.",
            number % 10_000,
            family.to_lowercase()
        ),
        4 => format!(
            "{given}'s HbA1c was 9.{}, so we start metformin 500 mg twice a day.",
            day % 10
        ),
        5 => format!(
            "Dx E11.9, I10; CPT 99213; rendering provider {given} {family}, MD, NPI 1234567893."
        ),
        6 => format!(
            "She lives at {} Elm Street, Dayton, OH 45402.",
            1 + number % 900
        ),
        _ => format!(
            "Mr. {family} was admitted on {month:02}/{day:02}/2025 with chest pain and shortness of breath."
        ),
    }
}
