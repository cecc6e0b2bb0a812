"""Protected text shows in no repr, exception, log line or pickle."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from conftest import CANARY, Host, MakeClient, message

import mailseal

MESSAGE = dict(
    text=f"Dear Pat {CANARY}, MRN {CANARY}99, your SSN is 219-09-9998. HbA1c 9.1",
    subject=f"About {CANARY}",
    to=f"{CANARY}@{CANARY}.example",
)


def clean(*texts: str) -> None:
    for text in texts:
        assert CANARY.lower() not in text.lower()
        assert "219-09" not in text and "****" not in text


def everything(value: object, seen: set[int] | None = None) -> list[object]:
    """A value and all that it holds."""
    seen = set() if seen is None else seen
    if id(value) in seen or isinstance(value, (str, bytes, int)):
        return []
    seen.add(id(value))
    found = [value]
    inner: list[Any] = list(value) if isinstance(value, (tuple, list)) else []
    for name in dir(value):
        if not name.startswith("_") and not callable(getattr(type(value), name, None)):
            inner.append(getattr(value, name))
    for one in inner:
        found += everything(one, seen)
    return found


def test_no_repr_shows_it(client: mailseal.Client) -> None:
    plan = client.plan(
        message(**MESSAGE),
        recipients=[mailseal.Recipient(MESSAGE["to"], name=CANARY, phone=CANARY)],
    )
    receipt = client.send(plan)
    values = [
        client,
        mailseal.Message.parse(message(**MESSAGE).as_bytes()),
        *everything(plan),
        *everything(receipt),
        *everything(mailseal.scan(f"MRN {CANARY}99")),
        mailseal.Recipient(CANARY, CANARY, CANARY, CANARY),
        mailseal.Attachment(CANARY, "text/plain", CANARY.encode()),
        mailseal.Patient(1, names=[(CANARY, CANARY)], ssn=[CANARY]),
        mailseal.Phi(CANARY),
        mailseal.Secret(CANARY),
        mailseal.Keys.from_bytes(CANARY.ljust(32).encode()),
        mailseal.Smtp.relay("smtp://a@relay.example", password=CANARY),
        mailseal.Scanner(host=f'[[allow]]\nvalues = ["{CANARY}"]'),
    ]
    assert len(values) > 25
    for value in values:
        clean(repr(value), str(value), f"{value}")
    assert CANARY.lower() in plan.recipients[0].address.expose().lower()
    assert any(CANARY in found.expose() for found in plan.findings.items)


def test_what_holds_it_is_not_pickled(client: mailseal.Client) -> None:
    plan = client.plan(message(**MESSAGE))
    receipt = client.send(plan)
    for value in (
        plan,
        plan.findings,
        plan.findings.items[0],
        plan.recipients[0],
        receipt,
        mailseal.Message.parse(message(**MESSAGE).as_bytes()),
        mailseal.Phi(CANARY),
        mailseal.Secret(CANARY),
        mailseal.Keys.ephemeral(),
        mailseal.Smtp.relay("smtp://a@relay.example", password=CANARY),
        client,
    ):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(value)
        clean(str(caught.value))
    assert copy.deepcopy(receipt) == receipt
    clean(str(dataclasses.asdict(receipt)))
    reasons = plan.recipients[0].decision.reasons
    assert pickle.loads(pickle.dumps(reasons)) == reasons


def failures(client: mailseal.Client) -> list[Callable[[], object]]:
    head = "From: clinic@harbor.example\r\n"
    return [
        lambda: client.plan(f"{head}To: {CANARY}@@x\r\n\r\nx\r\n".encode()),
        lambda: client.plan(f"{head}To: a@b.example\r\n{CANARY}\r\n\r\nx\r\n".encode()),
        lambda: client.plan(f"From: {CANARY}\r\n\r\n".encode()),
        lambda: mailseal.compose(sender=CANARY, to=["a@b.example"]),
        lambda: mailseal.compose(
            sender="a@b.example", to=["a@b.example"], subject=f"{CANARY}\r\nBcc: x"
        ),
        lambda: mailseal.compose(
            sender="a@b.example",
            to=["a@b.example"],
            attachments=[mailseal.Attachment(CANARY + "\n", CANARY, b"")],
        ),
        lambda: client.plan(message(), confirm={f"{CANARY}@b.example": "why"}),
        lambda: client.plan(message(), recipients=[mailseal.Recipient(CANARY)]),
        lambda: mailseal.Smtp.relay(f"smtp://{CANARY}:{CANARY}@relay.example"),
        lambda: mailseal.Smtp.relay(f"smtp://relay.example/{CANARY}"),
        lambda: mailseal.Policy.from_toml(f'preset = "hipaa"\n"{CANARY} x" = 1'),
        lambda: mailseal.Policy.from_toml(f'preset = "{CANARY}"'),
        lambda: mailseal.Scanner(host=f'[[allow]]\nkinds = ["{CANARY}"]\nvalues = []'),
        lambda: mailseal.Discovery.fixed({CANARY + " ": {}}),
        lambda: mailseal.Discovery.live(f"{CANARY} {CANARY}"),
        lambda: mailseal.Keys.file(f"/nowhere/{CANARY}"),
    ]


def test_no_exception_shows_it(client: mailseal.Client) -> None:
    for fail in failures(client):
        with pytest.raises(mailseal.Error) as caught:
            fail()
        error = caught.value
        clean(str(error), repr(error), repr(error.args), repr(vars(error)), error.code)
        # What a log of a web framework shows, without the source's lines.
        clean("".join(traceback.format_exception_only(error)))
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert (again.code, again.kind, str(again)) == (error.code, error.kind, str(error))


def test_no_log_line_shows_it(
    make_client: MakeClient, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    to = f"{CANARY}@{CANARY}.example"
    for answer in (None, f"450 4.2.0 {CANARY}", f"550 5.1.1 {CANARY}"):
        with make_client() as client:
            if answer:
                host.answers[to] = host.answers[to.lower()] = answer
                host.answers[f"{CANARY}@{CANARY.lower()}.example"] = answer
            client.send(client.plan(message(**MESSAGE)))
            client.deliver_due()
    ours = [record for record in caplog.records if record.name.startswith("mailseal")]
    assert any(record.name == "mailseal.client.engine" for record in ours)
    assert any("attempt" in record.getMessage() for record in ours)
    for record in ours:
        clean(record.getMessage(), repr(record.__dict__))
    others = {r.name.partition(".")[0] for r in caplog.records} - {"mailseal", "mail", "asyncio"}
    assert others == set()


def test_json_of_the_command_line_masks(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    from mailseal.cli import main

    file = tmp_path / "mail.eml"
    file.write_bytes(message(**MESSAGE).as_bytes())
    main(["scan", "--json", str(file)])
    out = capsys.readouterr().out
    clean(out)
    assert json.loads(out)["files"][0]["findings"]
