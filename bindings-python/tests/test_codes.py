"""The code channel: a function of the host's, called from the crate."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from conftest import CANARY, Host, MakeClient, message

import mailseal

PHONE = "+1 555 0100"


def send(make_client: MakeClient, host: Host, channel: Callable[..., Any] | None) -> mailseal.Outcome:
    client = make_client(
        transport=host.transport("opportunistic"),
        escrow=mailseal.Escrow("https://pickup.harbor.example", "Harbor Clinic"),
        code_channel=channel,
    )
    plan = client.plan(
        message(), recipients=[mailseal.Recipient("pat@mail.example", phone=PHONE)]
    )
    decision = plan.recipients[0].decision
    assert decision.route is mailseal.Route.ESCROW
    assert decision.factor_floor is mailseal.FactorLevel.P2
    outcome = client.send(plan).outcomes[0]
    assert outcome.status is mailseal.Status.DELIVERED
    assert outcome.grant is not None
    return outcome


def test_the_function_gets_number_and_code(make_client: MakeClient, host: Host) -> None:
    calls: list[tuple[mailseal.Phi, mailseal.Secret]] = []
    outcome = send(make_client, host, lambda phone, code: calls.append((phone, code)))
    [(phone, code)] = calls
    assert phone.expose() == PHONE
    assert len(code.expose()) >= 8 and code.expose() not in repr(code)
    # Who got the code by telephone is not told it a second time.
    assert outcome.passcode is None
    assert CANARY.encode() not in host.taken[0].content


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_it_gives_the_code_to_the_sender(
    make_client: MakeClient,
    host: Host,
    failure: type[BaseException],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    def channel(phone: mailseal.Phi, code: mailseal.Secret) -> None:
        raise failure(f"{phone.expose()} {code.expose()}")

    outcome = send(make_client, host, channel)
    assert outcome.passcode is not None
    [line] = [r.getMessage() for r in caplog.records if r.name == "mailseal.codes"]
    assert f"exception={failure.__name__}" in line
    for record in caplog.records:
        assert PHONE not in record.getMessage()
        assert outcome.passcode.expose() not in record.getMessage()


def test_without_one_the_sender_has_the_code(make_client: MakeClient, host: Host) -> None:
    outcome = send(make_client, host, None)
    assert outcome.passcode is not None
    assert outcome.passcode.expose() not in repr(outcome)
    assert outcome.passcode.expose().encode() not in host.taken[0].content


def test_it_may_call_the_client(make_client: MakeClient, host: Host) -> None:
    """It runs on a thread that the client does not wait on with a lock."""
    seen: list[int] = []
    client: mailseal.Client | None = None

    def channel(phone: mailseal.Phi, code: mailseal.Secret) -> None:
        assert client is not None
        seen.append(len(client.unresolved()))

    client = make_client(
        transport=host.transport("opportunistic"),
        escrow=mailseal.Escrow("https://pickup.harbor.example", "Harbor Clinic"),
        code_channel=channel,
    )
    who = [mailseal.Recipient("pat@mail.example", phone=PHONE)]
    client.send(client.plan(message(), recipients=who))
    assert len(seen) == 1
