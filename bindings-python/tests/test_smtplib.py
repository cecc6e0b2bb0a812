"""The drop-in for smtplib."""

from __future__ import annotations

import inspect
import smtplib as standard
from email.mime.text import MIMEText

import pytest
from conftest import CANARY, Host, MakeClient, message

import mailseal
from mailseal import smtplib


def test_it_has_the_shape_of_the_standard_library() -> None:
    for name in ("sendmail", "send_message"):
        ours = list(inspect.signature(getattr(smtplib.SMTP, name)).parameters)
        theirs = list(inspect.signature(getattr(standard.SMTP, name)).parameters)
        assert ours == theirs
    for name in ("login", "starttls", "ehlo", "helo", "noop", "quit", "close"):
        assert callable(getattr(smtplib.SMTP, name))


def test_send_message(client: mailseal.Client, host: Host) -> None:
    with smtplib.SMTP(client) as smtp:
        smtp.starttls()
        smtp.login("clinic", "password")
        assert smtp.send_message(message(Bcc="chief@mail.example")) == {}
        assert smtp.last_receipt is not None
    assert sorted(t.recipients[0] for t in host.taken) == ["chief@mail.example", "pat@mail.example"]
    assert all(t.tls and b"Bcc" not in t.content for t in host.taken)
    assert not client.closed


def test_sendmail_goes_by_the_envelope(client: mailseal.Client, host: Host) -> None:
    text = (
        "From: clinic@harbor.example\nTo: pat@mail.example, kim@mail.example\n"
        f"Subject: Visit\n\nMRN 44871023 {CANARY}\n"
    )
    to = ["Pat <pat@MAIL.example>", "blind@mail.example"]
    assert smtplib.SMTP(client).sendmail("other@harbor.example", to, text) == {}
    assert sorted(t.recipients[0] for t in host.taken) == ["blind@mail.example", "pat@mail.example"]
    assert not any(b"blind@" in t.content for t in host.taken)


def test_an_old_message_with_another_policy(client: mailseal.Client, host: Host) -> None:
    old = MIMEText("Grüße\nFrom here on. MRN 44871023", _charset="utf-8")
    old["From"], old["To"], old["Subject"] = "a@harbor.example", "pat@mail.example", "Hello"
    assert smtplib.SMTP(client).send_message(old) == {}
    assert len(host.taken) == 1


def test_who_is_refused_is_told_as_by_a_server(make_client: MakeClient, host: Host) -> None:
    rule = 'preset = "hipaa"\n[[rule]]\nrecipient = ["kim@mail.example"]\naction = "refuse"\n'
    client = make_client(policy=mailseal.Policy.from_toml(rule))
    smtp = smtplib.SMTP(client)
    refused = smtp.send_message(message(to="pat@mail.example, kim@mail.example"))
    assert list(refused) == ["kim@mail.example"]
    code, text = refused["kim@mail.example"]
    assert code == 550 and b"policy.rule_refused" in text
    assert [t.recipients for t in host.taken] == [["pat@mail.example"]]
    with pytest.raises(standard.SMTPRecipientsRefused) as caught:
        smtp.send_message(message(to="kim@mail.example"))
    assert list(caught.value.recipients) == ["kim@mail.example"]


def test_who_is_rejected_by_the_host_is_told(client: mailseal.Client, host: Host) -> None:
    host.answers["pat@mail.example"] = "550 5.1.1 unknown"
    with pytest.raises(standard.SMTPRecipientsRefused) as caught:
        smtplib.SMTP(client).send_message(message())
    assert caught.value.recipients == {"pat@mail.example": (550, b"5.1.1 permanent_reply")}


def test_blind_copies_cannot_smuggle_fields() -> None:
    raw = message().as_bytes().replace(b"\n", b"\r\n")
    for bad in ("a@b.example\r\nX: y", "a@b.example, c@d.example", "<a@b.example>"):
        with pytest.raises(ValueError):
            smtplib.with_blind_copies(raw, [bad])
    joined = smtplib.with_blind_copies(
        b"From: a@b.example\r\nBcc: x@b.example,\r\n y@b.example\r\nTo: t@b.example\r\n\r\nhi",
        ["t@b.example", "z@b.example"],
    )
    head, _, body = joined.partition(b"\r\n\r\n")
    assert body == b"hi" and head.count(b"Bcc:") == 1
    found = mailseal.Message.parse(joined + b"\r\n").recipients
    assert {r.expose().partition("@")[0] for r in found} == {"t", "x", "y", "z"}
