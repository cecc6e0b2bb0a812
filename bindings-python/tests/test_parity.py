"""The cases that every language runs; see core/tests/parity/README.md."""

from __future__ import annotations

import base64
import datetime
import json
import pathlib
from typing import Any

import pytest

import mailseal

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "core" / "tests" / "parity"
CASES = [
    case for file in sorted(FOLDER.glob("*.json")) for case in json.loads(file.read_text("utf-8"))
]
CASE = {
    "name", "about", "call", "policy", "message", "scanner", "facts", "next_hop", "options",
    "expect",
}  # fmt: skip
FIELDS = {
    "from", "sender_name", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "headers",
    "attachments",
}  # fmt: skip
MARKS = {
    "declare", "assert_no_phi", "audience", "secure", "disclosure", "confirm", "recipients",
    "patient", "waivers", "names_patient_only", "approved",
}  # fmt: skip


def known(given: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """A runner that does not know a field fails."""
    assert set(given) <= names, f"unknown fields: {sorted(set(given) - names)}"
    return given


def read_message(given: dict[str, Any]) -> mailseal.Message:
    if "raw" in given:
        return mailseal.Message.parse(known(given, {"raw"})["raw"].encode("utf-8"))
    fields = dict(known(given, FIELDS))
    attachments = []
    for file in fields.pop("attachments", []):
        known(file, {"name", "media_type", "text", "base64"})
        content = file["text"].encode() if "text" in file else base64.b64decode(file["base64"])
        attachments.append(mailseal.Attachment(file["name"], file["media_type"], content))
    headers = [tuple(pair) for pair in fields.pop("headers", [])]
    return mailseal.compose(
        sender=fields.pop("from"), attachments=attachments, headers=headers, **fields
    )


def at(unix_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(unix_ms / 1000, datetime.timezone.utc)


def plan_options(options: dict[str, Any]) -> dict[str, Any]:
    given = dict(options)
    given["recipients"] = [mailseal.Recipient(**r) for r in given.get("recipients", [])]
    given["waivers"] = [
        mailseal.Waiver(w["address"], w["patient"], at(w["given"]), at(w["expires"]))
        for w in given.get("waivers", [])
    ]
    return given


def scanner(case: dict[str, Any]) -> mailseal.Scanner:
    given = known(case.get("scanner", {}), {"names", "host"})
    return mailseal.Scanner(host=given.get("host"), names=given.get("names", True))


def policy(given: str | dict[str, str]) -> mailseal.Policy:
    if isinstance(given, dict):
        return mailseal.Policy.from_toml(known(given, {"toml"})["toml"])
    presets = {
        "hipaa": mailseal.Policy.hipaa,
        "strict": mailseal.Policy.strict,
        "tls_exclusive": mailseal.Policy.tls_exclusive,
    }
    return presets[given]()


def transport(next_hop: str | dict[str, Any]) -> mailseal.Smtp:
    if next_hop == "mx":
        # Nothing is asked of it: no case delivers.
        network = mailseal.Network(resolver="127.0.0.1:9")
        return mailseal.Smtp.direct("client.example", network=network)
    assert isinstance(next_hop, dict)
    relay = known(known(next_hop, {"relay"})["relay"], {"onward", "requiretls"})
    return mailseal.Smtp.relay("smtp://relay.invalid", **relay)


def found(findings: mailseal.Findings) -> dict[str, Any]:
    return {
        "findings": [
            {"kind": str(f.kind), "part": f.part, "start": f.start, "end": f.end}
            for f in findings.items
        ],
        "unscannable": [{"part": u.part, "why": u.why} for u in findings.unscannable],
    }


def planned(entry: mailseal.PlannedRecipient) -> dict[str, Any]:
    codes = [reason.code for reason in entry.decision.reasons]
    match entry.decision:
        case mailseal.Send(chosen, fallbacks):
            factor = chosen.factor_floor
            return {
                "recipient": entry.id,
                "route": str(chosen.route),
                "transport_floor": str(chosen.transport_floor),
                "factor_floor": None if factor is None else str(factor),
                "proven": chosen.proven,
                "fallbacks": [str(rung.route) for rung in fallbacks],
                "reasons": codes,
            }
        case mailseal.Refuse(kind):
            return {"recipient": entry.id, "refused": str(kind), "reasons": codes}


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    known(case, CASE)
    options = dict(known(case.get("options", {}), MARKS | {"escrow", "drop", "assurance"}))
    escrow = options.pop("escrow", False)
    drops = options.pop("drop", [])
    assurance = options.pop("assurance", None)
    message = read_message(case["message"])
    if case["call"] == "scan":
        if options:
            # A scan has no plan to say it to: the crate's message carries it.
            return scan_with(case, message, options)
        findings = scanner(case).scan(message)
        verdict = findings.sensitivity
        return {**found(findings), "sensitivity": None if verdict is None else str(verdict)}
    with mailseal.Client(
        policy=policy(case["policy"]),
        storage=mailseal.Storage.memory(),
        keys=mailseal.Keys.ephemeral(),
        transport=transport(case.get("next_hop", "mx")),
        discovery=mailseal.Discovery.fixed(case.get("facts", {})),
        scanner=scanner(case),
        escrow=mailseal.Escrow("https://pickup.harbor.example", "Harbor Clinic")
        if escrow
        else None,
    ) as client:
        plan = client.plan(message, **plan_options(options))
        for id in drops:
            assert plan.drop_recipient(id)
        out = {
            **found(plan.findings),
            "sensitivity": str(plan.sensitivity),
            "plan": [planned(entry) for entry in plan.recipients],
            "refused": list(plan.refused),
        }
        if case["call"] == "plan":
            return out
        receipt = client.seal(plan, assurance)[0] if case["call"] == "seal" else client.send(plan)
        out["outcomes"] = [
            {"recipient": o.recipient, "status": str(o.status)} for o in receipt.outcomes
        ]
        return out


def scan_with(
    case: dict[str, Any], message: mailseal.Message, options: dict[str, Any]
) -> dict[str, Any]:
    given = plan_options(options)
    given.pop("waivers")
    findings = scanner(case).scan(mailseal.mark(message, **given))
    verdict = findings.sensitivity
    return {**found(findings), "sensitivity": None if verdict is None else str(verdict)}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    try:
        got = outcome(case)
    except mailseal.Error as error:
        got = {
            "error": {
                "code": error.code,
                "kind": str(error.kind),
                "retryable": error.retryable,
            }
        }
    assert got == case["expect"]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40


def test_an_unknown_field_fails() -> None:
    with pytest.raises(AssertionError, match="unknown fields"):
        outcome({**CASES[0], "surprise": 1})
