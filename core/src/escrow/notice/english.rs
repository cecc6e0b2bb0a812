//! English.

use super::words::{Moment, Words};
use crate::escrow::Method;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WORDS: Words = Words {
    lang: "en",
    also_here: "Do you prefer English? The page is also available in English.",
    date,

    subject: "A secure message is waiting for you",
    intro: "{organisation} has a message for you. To protect your privacy, it is not in this email.",
    read: "Read the message",
    asks: "What you will need",
    asks_nothing: "You need this link only: the page will ask for nothing else.",
    asks_this: "The page will ask you for this:",
    asks_one_of: "The page will ask you for one of these. Choose the one that suits you:",
    asks_also: "It will also ask you for this:",
    methods,
    no_password: "Neither this email nor the page will ever ask for a password, whether for your email or for any other account.",
    no_mail_password: "Neither this email nor the page will ever ask for the password of your email account.",
    fallback: "If the link does not work",
    open_page: "Open this page in your browser:",
    type_code: "Then type this code:",
    typing: "You can type it in capital or small letters, with or without the hyphens.",
    reference: "Reference:",
    same_reference: "The page shows the same reference. If it shows another one, close it.",
    until: "You can read the message until {date} (time zone: UTC).",
    safety: "For your safety",
    no_reply: "Please do not reply to this email: your reply would not be protected. You can answer on the page.",
    no_forward: "Do not forward this email: it is meant for you alone.",
    ask_contact: "If you did not expect this message, or if you have a question, contact {organisation}: {contact}",
    ask_otherwise: "If you did not expect this message, or if you have a question, contact {organisation} in a way that you already know, not by a number or link from an email.",

    code_subject: "Your code for reading a secure message",
    code_intro: "You asked for a code to read your message from {organisation}.",
    code_is: "Your code is",
    code_valid: "It is valid for 10 minutes. Type it on the page where you asked for it, and nowhere else.",
    code_secret: "Do not give this code to anybody, not even to someone who says they are calling from {organisation}.",
    code_not_asked_contact: "If you did not ask for a code, somebody may be trying to read your message. Contact {organisation}: {contact}",
    code_not_asked: "If you did not ask for a code, somebody may be trying to read your message. Contact {organisation} in a way that you already know.",
    code_no_reply: "Please do not reply to this email.",
};

fn methods(method: Method) -> &'static str {
    match method {
        Method::EmailCode => "A code by email: the page sends it to this email address.",
        Method::Passcode => {
            "A passcode: {organisation} gives it to you by phone, by text message or in person, never by email."
        }
        Method::Passphrase => "Your passphrase: the one that you agreed on with {organisation}.",
        Method::SmsCode => "A code by text message: the page sends it to your cell phone.",
        Method::Totp => {
            "A code from your authenticator app: open the app and type the code that it shows."
        }
        Method::SingleSignOn => "Your account with {organisation}: sign in the way you always do.",
        Method::Passkey => {
            "Your passkey: your device asks for your fingerprint, your face or its screen lock."
        }
    }
}

fn date(at: &Moment) -> String {
    let month = MONTHS.get(at.month).copied().unwrap_or_default();
    let (hour, morning) = at.twelve();
    let half = if morning { "AM" } else { "PM" };
    let (year, day, minute) = (at.year, at.day, at.minute);
    format!("{month} {day}, {year}, {hour}:{minute:02} {half}")
}
