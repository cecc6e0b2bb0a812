//! Protocol.

use std::time::Duration;

use mailseal::base::TlsAssurance;
use mailseal::testing::smtp::{Act, PeerBuilder, When};
use mailseal::wire::guard::Guard;

use super::scene::{Scene, clear, faults, long_message, tls};

fn on(when: When, text: &str) -> Scene {
    Scene::of(tls().on(when, vec![Act::say(text)]))
}

fn greets(script: Vec<Act>) -> Scene {
    Scene::of(tls().on(When::Connect, script))
}

fn ehlo(text: &str) -> Scene {
    on(When::TlsCommand("EHLO"), text)
}

fn three() -> [&'static str; 3] {
    [
        "pat@clinic.example",
        "bo@clinic.example",
        "cy@clinic.example",
    ]
}

/// Loses what was said together with `MAIL`.
fn broken_pipelining() -> PeerBuilder {
    tls().on(When::Command("MAIL"), vec![Act::Forget, Act::Behave])
}

const ENCRYPTED: TlsAssurance = TlsAssurance::Encrypted;

faults! { "Protocol":
    greeting_4xx, "greeting 421" => "deferred transient_reply @greeting 421",
        greets(vec![Act::say("421 4.3.2 busy\r\n")]);
    greeting_5xx, "greeting 554: this host speaks for itself" => "deferred permanent_reply @greeting 554",
        greets(vec![Act::say("554 no SMTP here\r\n")]);
    greeting_5xx_next, "greeting 554, next host takes it" => "accepted over TLSv1.3 unverified",
        greets(vec![Act::say("554 no SMTP here\r\n")]).and(tls());
    greeting_late, "greeting delayed past its deadline" => "deferred timeout @greeting",
        greets(vec![Act::Silence]).hurry(|t, d| t.greeting = d);
    greeting_drop, "dropped before the greeting" => "deferred disconnected @greeting",
        greets(vec![Act::Close]);
    greeting_wrong, "greeting 250" => "deferred protocol @greeting 250",
        greets(vec![Act::say("250 hi\r\n")]);
    greylisting, "greylisting: first try" => "deferred transient_reply @rcpt_to 450",
        Scene::of(tls().greylist());
    greylisting_again, "greylisting: second try" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls().greylist()).before(ENCRYPTED).connections(1);
    shutdown_ehlo, "421 to EHLO" => "deferred transient_reply @ehlo 421",
        on(When::Command("EHLO"), "421 4.3.2 bye\r\n");
    shutdown_starttls, "421 to STARTTLS" => "deferred transient_reply @tls 421",
        on(When::Command("STARTTLS"), "421 4.3.2 bye\r\n");
    shutdown_mail, "421 to MAIL" => "deferred transient_reply @mail_from 421",
        on(When::Command("MAIL"), "421 4.3.2 bye\r\n");
    shutdown_rcpt, "421 to RCPT" => "deferred transient_reply @rcpt_to 421",
        on(When::Command("RCPT"), "421 4.3.2 bye\r\n");
    shutdown_data, "421 to DATA" => "deferred transient_reply @data 421",
        on(When::Command("DATA"), "421 4.3.2 bye\r\n");
    shutdown_mid_data, "421 mid-DATA" => "deferred transient_reply @data 421",
        Scene::of(tls().on(When::MidData(100_000), vec![Act::say("421 4.3.2 bye\r\n"), Act::Stall]))
            .message(long_message(24_000_000)).hurry_a_little(|t, d| t.block = d);
    shutdown_final, "421 to the final dot" => "deferred transient_reply @final 421",
        on(When::FinalDot, "421 4.3.2 bye\r\n");
    ehlo_5xx, "502 to EHLO, floor encrypted" => "deferred permanent_reply @ehlo 502",
        on(When::Command("EHLO"), "502 5.5.1 what\r\n");
    helo, "502 to EHLO, floor opportunistic: HELO" => "accepted in clear",
        Scene::of(clear().on(When::Command("EHLO"), vec![Act::say("502 5.5.1 what\r\n")])).opportunistic();
    size_552, "552 to the final dot" => "rejected permanent_reply @final 552",
        on(When::FinalDot, "552 5.3.4 too big\r\n");
    size, "larger than SIZE" => "rejected too_large @mail_from",
        Scene::of(tls().withhold("SIZE").offer("SIZE 20"));
    too_many, "452 too many recipients: split" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls().max_recipients(1)).to(&three()).connections(1);
    too_many_552, "552 to RCPT is an old 452" => "deferred transient_reply @rcpt_to 552",
        on(When::Command("RCPT"), "552 too many\r\n");
    mixed, "mixed RCPT results" => "accepted over TLSv1.3 web_pki; rejected permanent_reply @rcpt_to 550; deferred transient_reply @rcpt_to 451",
        Scene::of(tls()
            .on(When::Command("RCPT TO:<bo@"), vec![Act::say("550 5.1.1 unknown\r\n")])
            .on(When::Command("RCPT TO:<cy@"), vec![Act::say("451 4.3.0 later\r\n")])).to(&three());
    mixed_one_by_one, "mixed RCPT results without PIPELINING" => "accepted over TLSv1.3 web_pki; rejected permanent_reply @rcpt_to 550; deferred transient_reply @rcpt_to 451",
        Scene::of(tls().withhold("PIPELINING")
            .on(When::Command("RCPT TO:<bo@"), vec![Act::say("550 5.1.1 unknown\r\n")])
            .on(When::Command("RCPT TO:<cy@"), vec![Act::say("451 4.3.0 later\r\n")])).to(&three());
    mail_refused, "5xx to MAIL" => "rejected permanent_reply @mail_from 550",
        on(When::Command("MAIL"), "550 5.7.1 not you\r\n");
    all_fail_354, "all RCPT fail with 354 sent" => "rejected permanent_reply @rcpt_to 550",
        Scene::of(tls().on(When::Command("RCPT"), vec![Act::say("550 5.1.1 unknown\r\n")])
            .on(When::Command("DATA"), vec![Act::say("354 go\r\n"), Act::Content]));
    data_refused, "DATA refused for now after pipelining" => "deferred transient_reply @data 451",
        on(When::Command("DATA"), "451 4.3.0 later\r\n");
    data_refused_for_good, "DATA refused for good after pipelining" => "rejected permanent_reply @data 554",
        on(When::Command("DATA"), "554 5.6.0 no\r\n");
    data_250, "DATA answered 250" => "deferred protocol @data 250",
        on(When::Command("DATA"), "250 2.0.0 ok\r\n");
    drop_after_dot, "drop after the final dot" => "unknown disconnected @final",
        Scene::of(tls().on(When::FinalDot, vec![Act::Close]));
    garbage_after_dot, "garbage after the final dot" => "unknown protocol @final",
        on(When::FinalDot, "yes, fine\r\n");
    drop_mid_data, "drop mid-DATA" => "deferred disconnected @data",
        Scene::of(tls().on(When::MidData(1000), vec![Act::Close])).message(long_message(8_000_000));
    late_250, "late 250" => "unknown timeout @final",
        Scene::of(tls().on(When::FinalDot, vec![Act::Silence])).hurry(|t, d| t.final_reply = d);
    early_250, "early 250, with the 354" => "deferred protocol @data",
        on(When::Command("DATA"), "354 go\r\n250 2.0.0 ok\r\n");
    early_250_mid_data, "early 250, mid-DATA" => "deferred protocol @data 250",
        Scene::of(tls().on(When::MidData(100_000), vec![Act::say("250 2.0.0 ok\r\n"), Act::Stall]))
            .message(long_message(24_000_000)).hurry_a_little(|t, d| t.block = d);
    barrier, "the point of no return cannot be recorded" => "deferred barrier @data",
        Scene::of(tls()).barrier_fails();
    inconsistent, "inconsistent multiline code" => "deferred protocol @ehlo",
        ehlo("250-mx\r\n550 no\r\n");
    endless, "endless multiline" => "deferred protocol @ehlo",
        Scene::of(tls().on(When::Command("EHLO"), vec![Act::Repeat(b"250-x\r\n".repeat(50), Duration::ZERO)]));
    huge_line, "huge line" => "deferred protocol @ehlo",
        ehlo(&format!("250 {}\r\n", "x".repeat(100_000)));
    nul, "NUL in a reply" => "deferred protocol @ehlo",
        ehlo("250 a\0b\r\n");
    eight_bit_reply, "8-bit text in a reply" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls().on(When::FinalDot, vec![Act::Behave]).on(When::Connect,
            vec![Act::Say(b"220 caf\xe9 ready\r\n".to_vec())]));
    bare_lf, "bare LF in a reply" => "deferred protocol @ehlo",
        ehlo("250-mx\n250 SIZE\r\n");
    byte_by_byte, "an octet now and then: the stage's deadline" => "deferred timeout @greeting",
        greets(vec![Act::Repeat(b"2".to_vec(), Duration::from_millis(20))]).hurry(|t, d| t.greeting = d);
    total_deadline, "an octet now and then: the total deadline" => "deferred timeout @greeting",
        greets(vec![Act::Repeat(b"2".to_vec(), Duration::from_millis(20))]).hurry(|t, d| t.total = d);
    zero_window, "zero window" => "deferred timeout @data",
        Scene::of(tls().on(When::MidData(1), vec![Act::Stall])).message(long_message(24_000_000)).hurry(|t, d| t.block = d);
    unsolicited, "unsolicited reply with the greeting" => "deferred protocol @greeting",
        greets(vec![Act::say("220 hi\r\n250 and more\r\n")]);
    unsolicited_ehlo, "unsolicited reply after EHLO" => "deferred protocol @ehlo",
        ehlo("250 mx\r\n250 2.1.0 sender ok\r\n");
    split_replies, "split replies" => "accepted over TLSv1.3 web_pki",
        greets(vec![Act::say("22"), Act::say("0-hi\r"), Act::say("\n220"), Act::say(" there\r\n")]);
    coalesced, "coalesced replies to pipelined commands" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls()
            .on(When::Command("MAIL"), vec![])
            .on(When::Command("RCPT"), vec![])
            .on(When::Command("DATA"), vec![Act::say("250 a\r\n250 b\r\n354 c\r\n"), Act::Content]));
    pipelining_broken, "PIPELINING that is broken: first try" => "deferred timeout @rcpt_to",
        Scene::of(broken_pipelining()).hurry_a_little(|t, d| t.command = d);
    pipelining_mended, "PIPELINING that is broken: next try goes one by one" => "accepted over TLSv1.3 web_pki",
        Scene::of(broken_pipelining()).before(ENCRYPTED).hurry_a_little(|t, d| t.command = d);
    eight_bit_missing, "8BITMIME missing, 8-bit content" => "rejected extension_missing @mail_from",
        Scene::of(tls().withhold("8BITMIME")).message("A: b\r\n\r\nå\r\n");
    utf8_missing, "non-ASCII local part without SMTPUTF8" => "rejected extension_missing @mail_from",
        Scene::of(tls().withhold("SMTPUTF8")).to(&["påt@clinic.example"]);
    utf8, "non-ASCII local part with SMTPUTF8" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls()).to(&["påt@clinic.example"]);
    idle_closed, "idle pooled connection closed" => "accepted over TLSv1.3 web_pki",
        Scene::of(tls().on(When::FinalDot, vec![Act::Behave, Act::Close])).before(ENCRYPTED).connections(2);
    throttle, "5xx whose text means throttle" => "deferred transient_reply @mail_from 550",
        on(When::Command("MAIL"), "550 5.7.1 rate limit exceeded\r\n");
    internal_target, "MX on loopback, not allowed" => "deferred target_forbidden @resolve",
        Scene::of(tls()).guard(Guard::public_only()).connections(0);
}
