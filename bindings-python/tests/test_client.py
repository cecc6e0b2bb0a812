"""The blocking client: what it sends, and what it says when it is used wrongly."""

from __future__ import annotations

import concurrent.futures
import datetime
import pathlib
import threading
from typing import Any

import pytest
from conftest import CANARY, PHI, Host, MakeClient, message, parts

import mailseal


def test_a_message_goes_over_starttls(client: mailseal.Client, host: Host) -> None:
    plan = client.plan(message())
    assert plan.sensitivity is mailseal.Sensitivity.PHI
    assert plan.recipients[0].decision.route is mailseal.Route.TLS
    assert plan.address(0) == mailseal.Phi("pat@mail.example")
    receipt = client.send(plan)
    outcome = receipt.outcomes[0]
    assert outcome.status is mailseal.Status.DELIVERED
    assert outcome.tls is not None
    assert outcome.tls.assurance is mailseal.TlsAssurance.AUTHENTICATED
    assert outcome.at.tzinfo is datetime.timezone.utc
    [taken] = host.taken
    assert taken.tls and taken.recipients == ["pat@mail.example"]
    assert CANARY.encode() in taken.content
    assert client.receipt(receipt.id) == receipt
    assert client.receipt("0" * 32) is None
    assert client.unresolved() == ()


def test_bytes_and_messages_are_taken(offline: mailseal.Client) -> None:
    raw = message().as_bytes().replace(b"\n", b"\r\n")
    for given in (raw, bytearray(raw), mailseal.Message.parse(raw)):
        assert offline.plan(given).sensitivity is mailseal.Sensitivity.PHI
    with pytest.raises(TypeError, match="not str"):
        offline.plan("text")  # type: ignore[arg-type]


def test_a_plan_can_be_matched(offline: mailseal.Client) -> None:
    plan = offline.plan(message())
    match plan.recipients[0].decision:
        case mailseal.Send(chosen=mailseal.Rung(route=mailseal.Route.TLS), sensitivity=found):
            assert found is mailseal.Sensitivity.PHI
        case other:
            pytest.fail(f"{other}")
    match plan.findings:
        case mailseal.Findings(mailseal.Sensitivity.PHI, items):
            assert {str(item.kind) for item in items} >= {"health_plan_id"}
        case unjudged:
            pytest.fail(f"{unjudged}")


def test_results_are_frozen_equal_and_hashable(offline: mailseal.Client) -> None:
    one, two = offline.plan(message()), offline.plan(message())
    assert one.recipients == two.recipients
    assert hash(one.recipients[0]) == hash(two.recipients[0])
    assert one.findings == two.findings
    assert one.findings != mailseal.scan("nothing")
    with pytest.raises(AttributeError):
        one.recipients[0].dropped = True  # type: ignore[misc]
    with pytest.raises(AttributeError):
        one.sensitivity = mailseal.Sensitivity.NONE  # type: ignore[misc]
    assert mailseal.Reason.__match_args__ == ("code", "text")


def test_explain_shows_what_is_asked_for(offline: mailseal.Client) -> None:
    plan = offline.plan(message())
    assert "pat@" not in plan.explain()
    assert "p***@m***" in plan.explain(mailseal.Show.MASKED)
    assert "pat@mail.example" in plan.explain("clear")
    with pytest.raises(ValueError):
        plan.explain("all")


def test_a_plan_is_used_once(client: mailseal.Client, host: Host) -> None:
    plan = client.plan(message())
    assert not plan.used
    client.send(plan)
    assert plan.used and plan.recipients
    for again in (lambda: client.send(plan), lambda: client.seal(plan)):
        with pytest.raises(mailseal.ConflictError) as caught:
            again()
        assert caught.value.code == "plan.already_used"
        assert not caught.value.retryable
    with pytest.raises(mailseal.ConflictError):
        plan.drop_recipient(0)
    assert len(host.taken) == 1


def test_a_refusal_names_recipients_by_id(make_client: MakeClient, host: Host) -> None:
    client = make_client(transport=host.transport("opportunistic"))
    plan = client.plan(message(to="pat@mail.example, kim@mail.example"))
    assert plan.refused == (0, 1)
    with pytest.raises(mailseal.PolicyError) as caught:
        client.send(plan)
    assert caught.value.code == "plan.refused"
    assert caught.value.recipients == (0, 1)
    assert host.taken == []


def test_a_dropped_recipient_gets_nothing(client: mailseal.Client, host: Host) -> None:
    plan = client.plan(message(to="pat@mail.example, kim@mail.example"))
    assert plan.drop_recipient(1)
    assert not plan.drop_recipient(7)
    receipt = client.send(plan)
    assert [o.status for o in receipt.outcomes] == [
        mailseal.Status.DELIVERED,
        mailseal.Status.REFUSED,
    ]
    assert [t.recipients for t in host.taken] == [["pat@mail.example"]]
    assert receipt.outcome(1) == receipt.outcomes[1]


def test_a_rejection_is_an_outcome(client: mailseal.Client, host: Host) -> None:
    host.answers["pat@mail.example"] = f"550 5.1.1 no such {CANARY}"
    outcome = client.send(client.plan(message())).outcomes[0]
    assert outcome.status is mailseal.Status.REJECTED
    assert (outcome.code, outcome.enhanced) == (550, "5.1.1")
    assert CANARY in outcome.diagnostic.expose()
    assert CANARY not in repr(outcome)


def test_a_deferred_copy_survives_a_restart(
    host: Host, tmp_path: pathlib.Path, make_client: MakeClient
) -> None:
    host.answers["pat@mail.example"] = "450 4.2.0 later"
    keys = mailseal.Keys.file(tmp_path / "key")
    storage = mailseal.Storage.sqlite(tmp_path / "db")
    with make_client(storage=storage, keys=keys) as first:
        receipt = first.send(first.plan(message()))
        assert receipt.outcomes[0].status is mailseal.Status.DEFERRED
        assert receipt.outcomes[0].next_try is not None
    second = make_client(storage=tmp_path / "db", keys=keys)
    [left] = second.unresolved()
    assert (left.receipt, left.recipient) == (receipt.id, 0)
    report = second.deliver_due()
    assert report.failed == 0
    with pytest.raises(mailseal.ConfigError) as caught:
        make_client(storage=storage, keys=mailseal.Keys.ephemeral())
    assert caught.value.code == "keys.mismatch"


def test_an_idempotency_key_answers_with_the_first_receipt(
    client: mailseal.Client, host: Host
) -> None:
    first = client.send(client.plan(message(), idempotency_key="a"))
    assert client.send(client.plan(message(), idempotency_key="a")).id == first.id
    assert len(host.taken) == 1
    with pytest.raises(mailseal.ConflictError) as caught:
        client.send(client.plan(message("other"), idempotency_key="a"))
    assert caught.value.code == "plan.idempotency_conflict"
    assert caught.value.receipt == first.id


def test_sealed_messages_are_for_the_hosts_own_mailer(offline: mailseal.Client) -> None:
    receipt, [sealed] = offline.seal(offline.plan(message()), mailseal.TlsAssurance.AUTHENTICATED)
    assert receipt.outcomes[0].status is mailseal.Status.HANDED_OVER
    assert sealed.recipients == (mailseal.Phi("pat@mail.example"),)
    assert CANARY.encode() in sealed.content and CANARY not in repr(sealed)


def test_the_audit_log_verifies(client: mailseal.Client, tmp_path: pathlib.Path) -> None:
    client.send(client.plan(message()))
    checkpoint = client.checkpoint()
    verified = client.verify(checkpoint)
    assert verified.covered > 0 and verified.beyond == 0
    with pytest.raises(mailseal.AuditError):
        client.verify("not a checkpoint")
    assert client.export(tmp_path / "log") == verified.covered
    assert CANARY not in (tmp_path / "log").read_text()
    with pytest.raises(FileExistsError):
        client.export(tmp_path / "log")
    with pytest.raises(ValueError):
        client.resolve_unknown("nonsense", 0, "delivered")
    with pytest.raises(mailseal.ConflictError):
        client.resolve_unknown("0" * 32, 0, mailseal.Resolution.DELIVERED)


def uses(client: mailseal.Client) -> list[Any]:
    return [
        lambda: client.plan(message()),
        client.unresolved,
        client.deliver_due,
        client.checkpoint,
        lambda: client.receipt("0" * 32),
        lambda: client.verifier_key,
    ]


def test_closed_twice_is_fine_and_used_after_close_is_an_error(host: Host) -> None:
    client = mailseal.Client(**parts(host))
    plan = client.plan(message())
    assert repr(client) == "Client(open)"
    client.close()
    client.close()
    assert client.closed and repr(client) == "Client(closed)"
    for use in [*uses(client), lambda: client.send(plan)]:
        with pytest.raises(mailseal.ConflictError) as caught:
            use()
        assert caught.value.code == "client.closed"
    # The plan was not used up by a client that could not take it.
    assert not plan.used


def test_two_threads_share_a_client(client: mailseal.Client, host: Host) -> None:
    def work(n: int) -> mailseal.Status:
        sent = client.send(client.plan(message(to=f"p{n}@mail.example")))
        return sent.outcomes[0].status

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(work, range(20)))
    assert statuses == [mailseal.Status.DELIVERED] * 20
    assert len(host.taken) == 20


def test_one_plan_in_two_threads_is_sent_once(client: mailseal.Client, host: Host) -> None:
    plan = client.plan(message())
    barrier = threading.Barrier(2)

    def work(_: int) -> str:
        barrier.wait()
        try:
            return str(client.send(plan).outcomes[0].status)
        except mailseal.ConflictError as error:
            return error.code

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, range(2))) == ["delivered", "plan.already_used"]
    assert len(host.taken) == 1


def test_close_waits_for_what_is_on_its_way(host: Host) -> None:
    host.gate = threading.Event()
    client = mailseal.Client(**parts(host))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        sending = pool.submit(client.send, client.plan(message()))
        assert host.arrived.wait(10)
        closing = pool.submit(client.close)
        host.gate.set()
        closing.result(20)
        assert sending.result(20).outcomes[0].status is mailseal.Status.DELIVERED


def test_close_gives_up_when_its_time_is_over(host: Host) -> None:
    host.gate = threading.Event()
    client = mailseal.Client(**parts(host))
    plan = client.plan(message())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.send, plan)
        assert host.arrived.wait(10)
        client.close(timeout=0.0)
        with pytest.raises(mailseal.StorageError) as caught:
            sending.result(20)
        assert caught.value.code == "client.shutdown" and caught.value.retryable
        host.gate.set()


def test_a_client_that_nobody_closed_goes_quietly(host: Host) -> None:
    client = mailseal.Client(**parts(host))
    client.send(client.plan(message()))
    del client


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: mailseal.Smtp.relay("http://relay.example"), "deliver.relay_scheme"),
        (lambda: mailseal.Smtp.relay("smtp://u:p@relay.example"), "deliver.relay_password_in_url"),
        (lambda: mailseal.Policy.from_toml('preset = "hipaa"\nwaiver = 1'), "policy.unknown_key"),
        (lambda: mailseal.Smtp.relay("smtp://relay.example", roots=b"none"), "roots.empty"),
        (lambda: mailseal.Scanner(roster=b"x", keys=mailseal.Keys.ephemeral()), "roster.not_a_roster"),
        (lambda: mailseal.Scanner(roster=b"x"), "client.config"),
        (lambda: mailseal.Discovery.fixed({"a.example": {"host": []}}), "fixed.form"),
    ],
)
def test_wrong_configuration_is_told_at_once(make: Any, code: str) -> None:
    with pytest.raises(mailseal.ConfigError) as caught:
        make()
    assert caught.value.code == code
    assert caught.value.kind is mailseal.ErrorKind.CONFIG


def test_direct_delivery_needs_a_discovery(host: Host) -> None:
    with pytest.raises(mailseal.ConfigError) as caught:
        mailseal.Client(
            **parts(
                host,
                transport=mailseal.Smtp.direct(
                    "client.example", network=mailseal.Network(resolver="127.0.0.1:9")
                ),
            )
        )
    assert caught.value.code == "client.config"


def test_waivers_need_a_time_zone(offline: mailseal.Client) -> None:
    day = datetime.datetime(2026, 1, 1)
    waiver = mailseal.Waiver("pat@mail.example", "p-1", day, day)
    with pytest.raises(ValueError, match="time zone"):
        offline.plan(message(), waivers=[waiver], patient="p-1")


def test_a_roster_finds_its_patients() -> None:
    keys = mailseal.Keys.from_bytes(bytes(range(32)))
    roster = mailseal.Scanner.build_roster(
        [
            mailseal.Patient(1, names=[("Pat", "Lindqvist")], mrn=["44871023"], emails=["pat@mail.example"]),
            mailseal.Patient(2, names=[("Kim", "Sund")], mrn=["55120983"], emails=["kim@mail.example"]),
        ],
        keys,
    )
    assert b"Lindqvist" not in roster
    scanner = mailseal.Scanner(roster=roster, keys=keys)
    found = scanner.scan(message("About Kim Sund, MRN 55120983.", to="pat@mail.example"))
    assert [m.why for m in found.misaddressed] == [mailseal.MisaddressedWhy.OTHER_PATIENT]
    assert PHI and mailseal.Evidence.ROSTER in {e for item in found.items for e in item.evidence}
