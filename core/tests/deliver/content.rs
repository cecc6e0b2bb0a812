//! Content.

use mailseal::base::{Address, AddressError, Domain};
use mailseal::deliver::{DeliverError, Smtp};

use super::scene::{Scene, faults, tls};

fn sends(message: &str) -> Scene {
    Scene::of(tls()).message(message)
}

/// Refused before a connection is opened.
fn refused(message: &str) -> Scene {
    sends(message).connections(0)
}

/// Dots on both sides of every edge of the blocks that are written at once.
fn dots_at_edges() -> Vec<u8> {
    let mut message = b"A: b\r\n\r\n".to_vec();
    for offset in 0..6 {
        let edge = (message.len() / 32_768 + 1) * 32_768;
        while message.len() + 80 < edge {
            message.extend_from_slice(&[b'x'; 60]);
            message.extend_from_slice(b"\r\n");
        }
        while message.len() + 2 + offset < edge {
            message.push(b'y');
        }
        message.extend_from_slice(b"\r\n.\r\n..\r\n.z\r\n");
    }
    message
}

faults! { "Content":
    bare_lf, "bare LF" => "rejected content @data", refused("A: b\r\n\r\na\nb\r\n");
    bare_cr, "bare CR" => "rejected content @data", refused("A: b\r\n\r\na\rb\r\n");
    smuggling_lf, "smuggling: LF . LF" => "rejected content @data",
        refused("A: b\r\n\r\na\n.\nMAIL FROM:<x@y.example>\r\n");
    smuggling_crlf_lf, "smuggling: CRLF . LF" => "rejected content @data",
        refused("A: b\r\n\r\na\r\n.\nMAIL FROM:<x@y.example>\r\n");
    smuggling_lf_crlf, "smuggling: LF . CRLF" => "rejected content @data",
        refused("A: b\r\n\r\na\n.\r\nMAIL FROM:<x@y.example>\r\n");
    smuggling_cr, "smuggling: CR . CR" => "rejected content @data",
        refused("A: b\r\n\r\na\r.\rMAIL FROM:<x@y.example>\r\n");
    final_dot_inside, "CRLF . CRLF in the content is content" => "accepted over TLSv1.3 web_pki",
        sends("A: b\r\n\r\na\r\n.\r\nMAIL FROM:<x@y.example>\r\n")
            .arrives("A: b\r\n\r\na\r\n.\r\nMAIL FROM:<x@y.example>\r\n");
    nul, "NUL" => "rejected content @data", refused("A: b\r\n\r\na\0b\r\n");
    dots, "dot-stuffing across buffer edges" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls()).message(dots_at_edges()).arrives(dots_at_edges());
    long_line, "line of 999 octets" => "rejected content @data",
        refused(&format!("A: b\r\n\r\n{}\r\n", "x".repeat(999)));
    longest_line, "line of 998 octets" => "accepted over TLSv1.3 web_pki",
        sends(&format!("A: b\r\n\r\n{}\r\n", "x".repeat(998)));
    no_final_crlf, "no final CRLF: one is added" => "accepted over TLSv1.3 web_pki",
        sends("A: b\r\n\r\nthe end").arrives("A: b\r\n\r\nthe end\r\n");
    empty, "nothing at all" => "accepted over TLSv1.3 web_pki", sends("").arrives("");
    only_a_dot, "a dot and no more" => "accepted over TLSv1.3 web_pki",
        sends(".").arrives(".\r\n");
    eight_bit, "8-bit content" => "accepted over TLSv1.3 web_pki",
        sends("A: b\r\n\r\nå\r\n").arrives("A: b\r\n\r\nå\r\n");
}

#[test]
fn crlf_cannot_stand_in_an_address() {
    for text in [
        "pat@clinic.example\r\nRCPT TO:<x@y.example>",
        "pat\r\n@clinic.example",
        "\"pat\r\n\"@clinic.example",
    ] {
        assert_eq!(text.parse::<Address>(), Err(AddressError::Control));
    }
}

#[test]
fn crlf_cannot_stand_in_the_ehlo_name_or_the_relays_user() {
    let name = "harbor.example\r\nMAIL FROM:<x@y.example>".parse::<Domain>();
    assert_eq!(name, Err(AddressError::Control));
    let relay = Smtp::relay("smtps://a%0d%0aMAIL@mail.harbor.example");
    assert_eq!(relay.err(), Some(DeliverError::User));
}
