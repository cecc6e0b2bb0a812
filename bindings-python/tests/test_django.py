"""The e-mail backend, in the project of examples/python/django_app."""

from __future__ import annotations

import json
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import CANARY, Host, parts

import mailseal

django = pytest.importorskip("django")
PROJECT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "python" / "django_app"
TEXT = f"MRN 44871023, your potassium was high. {CANARY}"
FOLDER: dict[str, Any] = {}


def make() -> mailseal.Client:
    """What ``MAILSEAL`` names by its dotted path."""
    return mailseal.Client(**FOLDER)


@pytest.fixture(scope="module")
def project() -> None:
    sys.path.insert(0, str(PROJECT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
    django.setup()


@pytest.fixture
def web(
    project: None, host: Host, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    from django.conf import settings
    from django.test import Client

    import mailseal.django

    roots = tmp_path / "ca.pem"
    roots.write_bytes(host.roots)
    config = tmp_path / "mailseal.toml"
    config.write_text(
        f"""
        database = "mailseal.db"
        keys = "mailseal.key"
        [transport]
        relay = "{host.url}"
        onward = "authenticated"
        [network]
        roots = "ca.pem"
        """
    )
    monkeypatch.setattr(settings, "MAILSEAL", str(config))
    # The test runner of Django would replace it; pytest does not.
    assert settings.EMAIL_BACKEND == "mailseal.django.EmailBackend"
    yield Client()
    mailseal.django.close()


@pytest.mark.skipif(
    not pathlib.Path("/etc/resolv.conf").exists(), reason="the network table asks the system"
)
def test_a_view_mails_a_result(web: Any, host: Host, tmp_path: pathlib.Path) -> None:
    # A network table makes the client resolve by DNS, which has no `localhost`
    # on every machine: the relay is named by the client that a function makes.
    FOLDER.clear()
    FOLDER.update(parts(host))
    from django.conf import settings

    settings.MAILSEAL = "test_django.make"
    answer = web.post("/results/", {"email": "pat@mail.example", "text": TEXT})
    assert (answer.status_code, answer.json()) == (200, {"status": "sent"})
    [taken] = host.taken
    assert taken.tls and taken.recipients == ["pat@mail.example"]
    assert b"X-Mailseal" not in taken.content and CANARY.encode() in taken.content


@pytest.fixture
def mail(web: Any, host: Host) -> Any:
    from django.conf import settings
    from django.core import mail

    FOLDER.clear()
    FOLDER.update(parts(host))
    settings.MAILSEAL = make
    return mail


def test_send_mail_and_all_kinds_of_recipients(mail: Any, host: Host) -> None:
    message = mail.EmailMultiAlternatives(
        "Visit", TEXT, None, ["pat@mail.example"], ["blind@mail.example"], cc=["kim@mail.example"]
    )
    message.attach_alternative(f"<p>{TEXT}</p>", "text/html")
    message.attach("list.csv", "a,b\r\n", "text/csv")
    assert message.send() == 1
    assert message.mailseal_receipt.outcomes[0].status is mailseal.Status.DELIVERED
    assert sorted(t.recipients[0] for t in host.taken) == [
        "blind@mail.example", "kim@mail.example", "pat@mail.example",
    ]  # fmt: skip
    assert not any(b"blind@" in t.content for t in host.taken)
    assert mail.send_mail("x", TEXT, None, []) == 0
    assert mail.send_mass_mail([("x", TEXT, None, [f"p{n}@mail.example"]) for n in range(3)]) == 3


def test_a_refusal_is_an_exception_or_counts(mail: Any, host: Host) -> None:
    FOLDER["transport"] = host.transport("opportunistic")
    with pytest.raises(mailseal.PolicyError) as caught:
        mail.send_mail("Visit", TEXT, None, ["pat@mail.example"])
    assert caught.value.code == "plan.refused"
    assert mail.send_mail("Visit", TEXT, None, ["pat@mail.example"], fail_silently=True) == 0
    assert host.taken == []


def test_a_rejection_is_an_exception(mail: Any, host: Host) -> None:
    host.answers["pat@mail.example"] = "550 5.1.1 unknown"
    with pytest.raises(mailseal.PolicyError) as caught:
        mail.send_mail("Visit", TEXT, None, ["pat@mail.example"])
    assert caught.value.code == "django.rejected"
    assert caught.value.receipt is not None


def test_headers_that_never_leave(mail: Any, host: Host) -> None:
    headers = {"X-Mailseal-Declare": "sensitive"}
    message = mail.EmailMessage("Visit", "Hello", None, ["pat@mail.example"], headers=headers)
    with pytest.raises(mailseal.PolicyError):
        message.send()
    headers = {"X-Mailseal-Idempotency-Key": "once"}
    for _ in range(2):
        mail.EmailMessage("Visit", "Hello", None, ["pat@mail.example"], headers=headers).send()
    assert len(host.taken) == 1
    assert b"X-Mailseal" not in host.taken[0].content


def test_settings_as_a_file_and_as_a_dictionary(web: Any, tmp_path: pathlib.Path) -> None:
    from django.conf import settings

    import mailseal.django

    with mailseal.django._make() as client:
        assert not client.closed
    settings.MAILSEAL = {
        "database": str(tmp_path / "other.db"),
        "keys": str(tmp_path / "other.key"),
        "transport": {"relay": "smtp://relay.invalid"},
    }
    with mailseal.django._make() as client:
        assert (tmp_path / "other.db").exists()
    settings.MAILSEAL = {"database": "x", "surprise": 1}
    with pytest.raises(mailseal.ConfigError) as caught:
        mailseal.django._make()
    assert caught.value.code == "config.form"


def test_a_process_has_a_client_of_its_own(mail: Any, host: Host) -> None:
    import signal
    import warnings

    import mailseal.django

    mail.send_mail("x", TEXT, None, ["pat@mail.example"])
    mine = mailseal.django.client()
    assert mailseal.django.client() is mine
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(60)
            code = 2 - mail.send_mail("x", TEXT, None, ["kim@mail.example"])
            code = 0 if code == 1 and mailseal.django.client() is not mine else 3
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(host.taken) == 2


def test_deferred_mail_is_tried_by_the_command(
    mail: Any, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.core.management import call_command

    host.answers["pat@mail.example"] = "450 4.2.0 later"
    assert mail.send_mail("x", TEXT, None, ["pat@mail.example"]) == 1
    call_command("deliver_due")
    assert "0 could not be read" in capsys.readouterr().out
    assert json.dumps([t.recipients for t in host.taken]) == "[]"
