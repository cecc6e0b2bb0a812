use super::run::source_of;
use super::*;
use crate::base::Recipient;
use crate::compose::{Attachment, Builder, HasRecipient, HasSender};
use crate::dlp::token::hash;

type Letter = Builder<HasSender, HasRecipient>;

fn scan(text: &str) {
    let message = Message::builder()
        .from("clinic@harbor.example".parse().unwrap())
        .to("pat@mail.example".parse::<Address>().unwrap())
        .subject("Your visit")
        .text(text)
        .build()
        .unwrap();
    assert!(!PhiScanner::new().scan(&message).items.is_empty());
}

#[test]
fn no_word_of_a_message_stays_in_the_room_that_is_kept() {
    let text = "Dear Ms. Lindqvist, your metformin is ready. MRN: 00482913.\n";
    // Another scan of the thread first, so that room is used again.
    scan("SSN 281-15-9804");
    scan(text);
    let room = ROOM.take();
    assert!(!room.is_empty());
    for word in ["lindqvist", "metformin", "00482913", "281", "dear"] {
        let hash = hash(word.as_bytes());
        assert!(room.iter().all(|room| !room.holds(hash)), "{word}");
    }
    // Of a long text nothing is kept.
    scan(&text.repeat(400));
    assert!(ROOM.take().iter().all(Buffers::is_small));
}

/// What the models ask of a message is learned where a code may be found, and
/// only there.
#[test]
fn a_message_is_learned_where_some_text_of_it_asks() {
    let learns = |change: &dyn Fn(Letter) -> Letter| {
        let message = Message::builder()
            .from("clinic@harbor.example".parse().unwrap())
            .to("pat@mail.example".parse::<Address>().unwrap())
            .subject("Your visit")
            .text("Dear Pat, your metformin is ready.\nSee you.");
        let message = change(message).build().unwrap();
        let scanner = PhiScanner::new().without_names();
        let mut scan = Scan::new(&scanner);
        scan.run(&message);
        scan.learned
    };
    let file = |name: &str, text: &str| {
        let (name, text) = (name.to_owned(), text.as_bytes().to_vec());
        Attachment::new(name, "text/plain", text)
    };
    let named = |name: &str| {
        let to = "jo@mail.example".parse::<Address>().unwrap();
        Recipient::new(to).name(name.to_owned())
    };
    assert!(!learns(&|m| m));
    assert!(!learns(&|m| m.html("<p>Dear Pat,<p>see you.")));
    assert!(!learns(&|m| m.attachment(file("plan.txt", "Nothing yet."))));
    assert!(!learns(&|m| m.to(named("Jo Berg"))));
    assert!(!learns(&|m| m.text("begin with the end in mind\nyes")));

    assert!(learns(&|m| m.subject("MRN 00482913")));
    assert!(learns(&|m| m.text("Call 555-0134-221.")));
    assert!(learns(&|m| m.html("<p>Dear Pat<img alt='MRN 00482913'>")));
    assert!(learns(&|m| m.attachment(file("a.txt", "MRN 00482913"))));
    assert!(learns(&|m| m.attachment(file("00482913.txt", "Nothing."))));
    assert!(learns(&|m| m.to(named("Jo Berg MRN 00482913"))));
    let encoded = "Here:\nbegin 644 a.txt\n,35).(#`P-#@R.3$S\n`\nend\n";
    assert!(learns(&|m| m.text(encoded)));
    // Of letters alone, so that nothing of it asks as it stands.
    let pasted = "TVJOIDAwNDgxNTcyIGlzIGFs";
    assert!(learns(&|m| m.to(named(pasted))));
    assert!(learns(&|m| m.text(pasted)));
    assert!(learns(&|m| m.html(format!("<p>{pasted}</p>"))));
    assert!(learns(&|m| m.text("see you soon ".repeat(8_000))));
    // A document may bring anything.
    let brings = |text: &str| {
        let message = Message::from_text(text).unwrap();
        let scanner = PhiScanner::new().without_names();
        let mut scan = Scan::new(&scanner);
        let parts = message.parts();
        let mut parts = parts.iter();
        parts.any(|part| scan.brings_more(part, Some(&part.content()), &None))
    };
    assert!(!brings("see you") && brings(r"{\rtf1 see you}") && brings("%PDF-"));
    // With the model for words always.
    let message = Message::from_text("see you").unwrap();
    let scanner = PhiScanner::new();
    let mut scan = Scan::new(&scanner);
    scan.run(&message);
    assert!(scan.learned);
}

/// The prior of a message, with all words that it has kept.
fn prior_of(scan: &Scan<'_>, message: &Message) -> u8 {
    let mut words = Summary::default();
    for part in &message.parts() {
        let content = part.content();
        let source = source_of(part, part.media_type(), &content).unwrap();
        let (end, region) = source.next(0);
        words.read(&Passage::read(&source.view.text, 0, end, region), None);
    }
    let all = features(&words, &scan.context, &scan.envelope);
    let mut sums = Words::default();
    Verdict::get().read(&all, &mut sums);
    Verdict::get().step(&all, &sums)
}

/// Whether words are few enough to keep only those with a weight is told by
/// how many there are: what stands behind the most that are kept says nothing.
#[test]
fn the_prior_is_that_of_the_words_that_are_kept() {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    // Words of no list, with other units between them.
    let word = |n: usize| format!("q{}{}{}xx", letter(n), letter(n / 26), letter(n / 676));
    // Words of weight that no list counts.
    let health = "doctor, surgery, clinic, kidney, biopsy, tumor, chemo, bloodwork, mammogram, \
                  scan, specimen, symptoms, dosage, knee, x-ray, results";
    let mut differ = 0;
    for count in [10, 1_000, 2_020, 2_030, 2_040, 2_046, 2_050, 2_100, 4_000] {
        let fill: Vec<String> = (0..count).map(word).collect();
        let text = format!("{}\n{health}. MRN 00482913", fill.join(", "));
        let message = Message::from_text(text.as_str()).unwrap();
        let scanner = PhiScanner::new().without_names();
        let mut scan = Scan::new(&scanner);
        scan.run(&message);
        assert_eq!(scan.context.prior, prior_of(&scan, &message), "{count}");
        let only = Message::from_text(format!("{}. MRN 00482913", fill.join(", "))).unwrap();
        differ += u32::from(scan.context.prior != prior_of(&scan, &only));
    }
    // The words at the end tell, where they are kept.
    assert!((2..9).contains(&differ), "{differ}");
}
