//! Links as mail programs and people hand them on.

use mailseal::base::{FactorLevel, GrantId};
use mailseal::escrow::{Factor, Link};
use proptest::prelude::*;

use crate::house::*;

#[tokio::test]
async fn a_link_that_mail_programs_mangled_still_opens() {
    let house = House::new();
    let given = house.put_one(grant(0, FactorLevel::P0)).await;
    let url = given.link.url();
    let url = url.expose();
    let (head, tail) = url.split_at(70);
    for text in [
        url.to_lowercase(),
        url.replace('#', "%23"),
        url.replace('#', "%2523"),
        format!("{head}\r\n {tail}"),
        format!("<{head}=\n{tail}>"),
    ] {
        let link = Link::parse(&text).unwrap();
        house.escrow.open(&link, &Factor::None, None).await.unwrap();
    }
    let id = given.grant.to_string().to_uppercase();
    let typed = given.link.code().expose().to_lowercase().replace('-', " ");
    let link = Link::from_typed(BASE, &id, &typed).unwrap();
    house.escrow.open(&link, &Factor::None, None).await.unwrap();
}

proptest! {
    #[test]
    fn parsing_any_text_ends_without_panic(text in "\\PC*") {
        let _ = Link::parse(&text);
        let _ = Link::from_typed(BASE, &text, &text);
    }

    #[test]
    fn parsing_almost_links_ends_without_panic(
        head in "(https?://)?[a-zé.:@/?#%]{0,20}",
        id in "[0-9a-fA-Fé]{30,34}",
        mark in "#|%23|%2523|%25|%|/|\\?x=1#",
        code in "[0-9A-Za-z=\r\n \u{ad}é-]{0,45}",
    ) {
        if let Ok(link) = Link::parse(&format!("{head}/p/{id}{mark}{code}")) {
            let again = Link::parse(link.url().expose()).unwrap();
            prop_assert!(again.url().expose() == link.url().expose());
        }
    }

    #[test]
    fn a_link_round_trips(
        id in any::<[u8; 16]>(),
        code in "[0-9A-HJKMNP-TV-Z]{32}",
        base in "https://[a-z]{1,9}\\.example(/[a-z]{1,5}){0,2}",
        cuts in proptest::collection::vec(0usize..60, 0..4),
        lower in any::<bool>(),
    ) {
        let id = GrantId::from_bytes(id);
        let url = format!("{base}/p/{id}#{code}");
        let mut text = if lower { url.to_lowercase() } else { url.clone() };
        for cut in cuts {
            text.insert_str(cut.min(text.len()), "\r\n ");
        }
        let link = Link::parse(&text).unwrap();
        prop_assert!(*link.url().expose() == url);
        prop_assert_eq!(link.grant(), id);
        let code = link.code();
        let typed = Link::from_typed(link.base_url(), &id.to_string(), code.expose()).unwrap();
        prop_assert!(*typed.url().expose() == url);
    }
}
