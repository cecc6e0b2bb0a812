"""``python -m mailseal``: scan, plan, send, verify."""

from __future__ import annotations

import argparse
import json
import mimetypes
import os
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import _native
from .config import SAMPLE, Settings
from ._errors import Error, InputError
from ._message import compose
from ._native import Findings, Message, Plan
from ._scanner import Scanner
from ._types import Attachment, Outcome, Refuse
from ._words import ErrorKind, Show, Status

SCAN_HELP = """\
A mail (by its header, whatever its name) is scanned as it is; any other file as
the attachment of an empty mail. Folders are read with all that is in them,
sorted; symbolic links in them are not followed. `-` is standard input. Values
are masked (first and last character) unless --show-values is given.

exit codes:
   0  none         nothing that is PHI was found
  10  phi          some file is PHI
  11  sensitive    some file is PHI of a specially protected kind
  12  unscannable  some file could not be read in full, and none is PHI;
                   never take it for clean
   1  error        2  wrong usage
"""
SEND_HELP = """\
exit codes:
  0 delivered to all   1 error   2 wrong usage
  3 refused by the policy for somebody (nothing was sent)
  4 deferred or unknown for somebody   5 rejected by a mail host for somebody

What the configuration file holds:

""" + SAMPLE
VERIFY_HELP = """\
Keep checkpoints outside the database (in a ticket, on paper, with another
organisation): this then finds any edit, removal, reorder or truncation. With
--export and --key an exported log is checked, and no configuration is needed.

exit codes: 0 fine, 1 error or a log that does not verify, 2 wrong usage
"""


def _read(path: str) -> bytes:
    return sys.stdin.buffer.read() if path == "-" else pathlib.Path(path).read_bytes()


def _files(paths: Sequence[str]) -> Iterator[str]:
    for path in paths:
        if path != "-" and os.path.isdir(path):
            for folder, folders, names in os.walk(path):
                folders.sort()
                for name in sorted(names):
                    file = os.path.join(folder, name)
                    if os.path.isfile(file) and not os.path.islink(file):
                        yield file
        else:
            yield path


def _as_message(name: str, content: bytes) -> Message:
    """A mail as it is; anything else as the attachment of an empty one."""
    try:
        return Message.parse(content)
    except Error:
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = Attachment(os.path.basename(name), guessed, content)
        return compose(
            sender="sender@from.invalid", to=["recipient@to.invalid"], attachments=[file]
        )


def _masked(text: str) -> str:
    return f"{text[:1]}***{text[-1:]}" if len(text) > 2 else "***"


def _verdict(found: Findings) -> str:
    verdict = found.sensitivity
    if found.unscannable and (verdict is None or not found.items):
        return "unscannable"
    return "unjudged" if verdict is None else str(verdict)


def _finding(item: Any, clear: bool) -> dict[str, Any]:
    return {
        "kind": str(item.kind),
        "part": item.part,
        "start": item.start,
        "end": item.end,
        "confidence": str(item.confidence),
        "category": None if item.category is None else str(item.category),
        "evidence": [str(e) for e in item.evidence],
        "value": item.expose() if clear else _masked(item.expose()),
    }


def scan(arguments: argparse.Namespace) -> int:
    """Scans files."""
    scanner = Scanner(names=not arguments.without_names)
    files: list[dict[str, Any]] = []
    seen: set[str] = set()
    for path in _files(arguments.paths):
        found = scanner.scan(_as_message(path, _read(path)))
        verdict = _verdict(found)
        seen.add(verdict)
        items = [_finding(item, arguments.show_values) for item in found.items]
        if arguments.json:
            unread = [{"part": u.part, "why": u.why} for u in found.unscannable]
            files.append(
                {"file": path, "verdict": verdict, "findings": items, "unscannable": unread}
            )
            continue
        print(f"{path}: {verdict}")
        for item in items:
            place = f"{item['part']} {item['start']}-{item['end']}"
            print(f"  {item['kind']:<15} {place:<28} {item['confidence']:<7} {item['value']}")
        for part in found.unscannable:
            print(f"  not scanned     {part.part}: {part.why}")
    if arguments.json:
        print(json.dumps({"files": files}, indent=2))
    for verdict, code in (("sensitive", 11), ("phi", 10), ("unscannable", 12)):
        if verdict in seen:
            return code
    return 0


def _plan_json(plan: Plan, show: str) -> dict[str, Any]:
    def one(planned: Any) -> dict[str, Any]:
        decision = planned.decision
        common = {
            "recipient": planned.id,
            "dropped": planned.dropped,
            "sensitivity": str(decision.sensitivity),
            "reasons": [{"code": r.code, "text": r.text} for r in decision.reasons],
        }
        if show == str(Show.CLEAR):
            common["address"] = planned.address.expose()
        if isinstance(decision, Refuse):
            return {**common, "decision": str(decision.kind)}
        factor = decision.factor_floor
        return {
            **common,
            "decision": "send",
            "route": str(decision.route),
            "transport_floor": str(decision.transport_floor),
            "factor_floor": None if factor is None else str(factor),
            "fallbacks": [str(rung.route) for rung in decision.fallbacks],
        }

    return {
        "message": plan.id,
        "expires": plan.expires.isoformat(),
        "sensitivity": str(plan.sensitivity),
        "recipients": [one(planned) for planned in plan.recipients],
    }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    def word(value: object) -> str | None:
        return None if value is None else str(value)

    return {
        "recipient": outcome.recipient,
        "status": str(outcome.status),
        "route": word(outcome.route),
        "cause": word(outcome.cause),
        "stage": word(outcome.stage),
        "code": outcome.code,
        "attempts": outcome.attempts,
        "next_try": None if outcome.next_try is None else outcome.next_try.isoformat(),
        "tls": None if outcome.tls is None else str(outcome.tls.assurance),
    }


def _ids(words: Sequence[str]) -> list[int]:
    return [int(word.removeprefix("r")) for word in words]


def plan(arguments: argparse.Namespace) -> int:
    """Plans, explains, sends nothing."""
    return send(arguments, really=False)


def send(arguments: argparse.Namespace, really: bool = True) -> int:
    """Plans, explains, delivers, and prints the receipt."""
    message = Message.parse(_read(arguments.message))
    show = arguments.show
    with Settings.read(arguments.config).client() as client:
        planned = client.plan(message)
        for id in arguments.drop:
            if not planned.drop_recipient(id):
                raise InputError(
                    f"the message has no recipient r{id}", kind=ErrorKind.INPUT, code="send.drop"
                )
        if not arguments.json:
            print(planned.explain(show), end="")
        if planned.refused or not really:
            if arguments.json:
                print(json.dumps({"plan": _plan_json(planned, show), "receipt": None}, indent=2))
            else:
                print("Nothing was sent.")
            return 3 if planned.refused else 0
        described = _plan_json(planned, show)
        receipt = client.send(planned)
        if arguments.json:
            outcomes = [_outcome_json(o) for o in receipt.outcomes]
            sent = {"id": receipt.id, "message": receipt.message, "outcomes": outcomes}
            print(json.dumps({"plan": described, "receipt": sent}, indent=2))
        else:
            print(f"receipt {receipt.id}")
            for outcome in receipt.outcomes:
                cause = f" ({outcome.cause})" if outcome.cause else ""
                print(f"  r{outcome.recipient} {outcome.status}{cause}")
                if outcome.passcode is not None:
                    print(f"     pickup code, to be told by telephone: {outcome.passcode.expose()}")
        statuses = {outcome.status for outcome in receipt.outcomes}
    if statuses & {Status.REJECTED, Status.GIVEN_UP}:
        return 5
    if statuses & {Status.PENDING, Status.DEFERRED, Status.UNKNOWN}:
        return 4
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Checks the audit log, or an export of it."""
    checkpoint = _read(arguments.checkpoint).decode("utf-8")
    if arguments.export is not None:
        covered, beyond = _native.verify_export(arguments.export, checkpoint, arguments.key)
    else:
        with Settings.read(arguments.config).client(reader=True) as client:
            verified = client.verify(checkpoint)
            covered, beyond = verified.covered, verified.beyond
    if arguments.json:
        print(json.dumps({"verified": True, "covered": covered, "beyond": beyond}))
    else:
        print(
            f"verified {covered} entries are as they were when the checkpoint was made; "
            f"{beyond} came after it"
        )
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m mailseal",
        description="Secure e-mail for software that handles health information.",
    )
    top.add_argument("--version", action="version", version=_native.__version__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, work: Callable[[argparse.Namespace], int], help: str, epilog: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=help,
            description=help,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.add_argument("--json", action="store_true", help="print one JSON document")
        made.set_defaults(work=work)
        return made

    scanning = command("scan", scan, "Scan mails, files and folders for PHI.", SCAN_HELP)
    scanning.add_argument("paths", nargs="+", metavar="PATH", help="mails, files, folders, or -")
    scanning.add_argument(
        "--show-values", action="store_true", help="show what was found in clear"
    )
    scanning.add_argument(
        "--without-names",
        action="store_true",
        help="leave the model for names out: faster, and without a verdict",
    )
    for name, work, help in (
        ("plan", plan, "Plan a message and say why; send nothing."),
        ("send", send, "Send a message as the policy asks."),
    ):
        made = command(name, work, help, SEND_HELP)
        made.add_argument("message", metavar="MESSAGE", help="an RFC 5322 file, or -")
        made.add_argument(
            "--config", default="mailseal.toml", metavar="FILE", help="the configuration file"
        )
        made.add_argument(
            "--show",
            default="masked",
            choices=[str(show) for show in Show],
            help="how addresses are shown",
        )
        made.add_argument(
            "--drop",
            action="append",
            default=[],
            type=lambda word: _ids([word])[0],
            metavar="ID",
            help="leave a recipient out (r0, r1, …); may be repeated",
        )
    verifying = command("verify", verify, "Check the audit log.", VERIFY_HELP)
    verifying.add_argument("checkpoint", metavar="CHECKPOINT", help="the kept checkpoint, or -")
    verifying.add_argument(
        "--config", default="mailseal.toml", metavar="FILE", help="the configuration file"
    )
    verifying.add_argument("--export", metavar="FILE", help="an exported log to check instead")
    verifying.add_argument("--key", metavar="KEY", help="the log's public key, for --export")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; returns its exit code."""
    top = parser()
    given = top.parse_args(arguments)
    if given.command == "verify" and (given.export is None) != (given.key is None):
        top.error("--export and --key belong together")
    try:
        return int(given.work(given))
    except (Error, OSError, UnicodeDecodeError) as error:
        code = getattr(error, "code", "io")
        text = error.args[0] if isinstance(error, Error) else str(error)
        if given.json:
            print(json.dumps({"error": {"code": code, "message": text}}))
        else:
            print(f"mailseal: {text} [{code}]", file=sys.stderr)
        return 1


__all__ = ["main", "parser", "plan", "scan", "send", "verify"]
