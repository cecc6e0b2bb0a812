use super::*;
use crate::dlp::token::hash;

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
