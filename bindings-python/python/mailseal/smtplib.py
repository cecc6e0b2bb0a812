"""A drop-in for ``smtplib.SMTP`` that plans and sends through a client.

::

    from mailseal import smtplib

    with smtplib.SMTP(client) as smtp:
        smtp.send_message(message)

What differs from the standard library: there is no connection to open, log in or
encrypt, since the client's transport and policy say how messages travel; so
``login``, ``starttls``, ``ehlo`` and ``helo`` do nothing. A recipient whom the
policy refuses is told as a server's refusal: code 550 with the reasons' codes,
in the dictionary that is returned, or in ``SMTPRecipientsRefused`` where nobody
is left. A copy that is kept and tried again counts as taken, as with any relay;
``last_receipt`` has it.
"""

from __future__ import annotations

import email.message
import smtplib
from collections.abc import Iterable, Sequence
from email.parser import BytesHeaderParser
from email.policy import SMTP as SMTP_POLICY
from email.utils import getaddresses
from types import TracebackType

from ._client import Client
from ._message import to_bytes
from ._native import Message
from ._types import Receipt
from ._words import Status

Refused = dict[str, tuple[int, bytes]]
"""Recipients that were refused, with a reply code and text."""

_REFUSED = {Status.REJECTED, Status.GIVEN_UP}


def _same(address: str) -> str:
    """An address to compare: domains know no case (RFC 5321 section 2.4)."""
    local, at, domain = address.rpartition("@")
    return local + at + domain.lower()


class SMTP:
    """What ``smtplib.SMTP`` is to most programs, over a client."""

    def __init__(self, client: Client) -> None:
        """Sends through ``client``, which stays the caller's to close."""
        self.client = client
        self.last_receipt: Receipt | None = None
        """The receipt of the last message that was sent."""

    def sendmail(
        self,
        from_addr: str,
        to_addrs: str | Sequence[str],
        msg: bytes | str,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> Refused:
        """Sends a message to ``to_addrs``, whoever its header names.

        A recipient that no header names gets a blind copy; one that is named and
        not in ``to_addrs`` gets nothing. ``from_addr`` is not used: the envelope's
        sender is the message's ``From:``.
        """
        raw = msg.encode("ascii") if isinstance(msg, str) else bytes(msg)
        raw = b"\r\n".join(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
        wanted = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
        wanted = [address for _, address in getaddresses(wanted)]
        return self._send(raw, wanted)

    def send_message(
        self,
        msg: email.message.Message,
        from_addr: str | None = None,
        to_addrs: str | Sequence[str] | None = None,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> Refused:
        """Sends a message of the package ``email`` to those whom it names, or to
        ``to_addrs``."""
        if to_addrs is None:
            fields = [str(f) for name in ("To", "Cc", "Bcc") for f in msg.get_all(name, [])]
            to_addrs = [address for _, address in getaddresses(fields)]
        return self.sendmail(from_addr or "", to_addrs, to_bytes(msg))

    def _send(self, raw: bytes, wanted: Sequence[str]) -> Refused:
        message = Message.parse(with_blind_copies(raw, wanted))
        plan = self.client.plan(message)
        keep = {_same(address) for address in wanted}
        refused: Refused = {}
        left = 0
        for planned in plan.recipients:
            address = planned.address.expose()
            if _same(address) not in keep:
                plan.drop_recipient(planned.id)
            elif planned.id in plan.refused:
                codes = " ".join(reason.code for reason in planned.decision.reasons)
                refused[address] = (550, f"5.7.1 {codes}".encode("ascii"))
                plan.drop_recipient(planned.id)
            else:
                left += 1
        if not left:
            raise smtplib.SMTPRecipientsRefused(refused)
        self.last_receipt = self.client.send(plan)
        for outcome in self.last_receipt.outcomes:
            if outcome.status in _REFUSED:
                address = plan.recipients[outcome.recipient].address.expose()
                code = outcome.code or 550
                refused[address] = (code, f"{outcome.enhanced or '5.0.0'} {outcome.cause}".encode())
                left -= 1
        if not left:
            raise smtplib.SMTPRecipientsRefused(refused)
        return refused

    def login(self, user: str, password: str, **_: object) -> tuple[int, bytes]:
        """Nothing: the client's transport knows its user."""
        return (235, b"2.7.0 the client's transport authenticates")

    def starttls(self, **_: object) -> tuple[int, bytes]:
        """Nothing: the policy says what the connection must be."""
        return (220, b"2.0.0 the policy asks for TLS")

    def ehlo(self, name: str = "") -> tuple[int, bytes]:
        """Nothing."""
        return (250, b"mailseal")

    def helo(self, name: str = "") -> tuple[int, bytes]:
        """Nothing."""
        return (250, b"mailseal")

    def noop(self) -> tuple[int, bytes]:
        """Nothing."""
        return (250, b"2.0.0 OK")

    def quit(self) -> tuple[int, bytes]:
        """Nothing: the client stays open."""
        return (221, b"2.0.0 Bye")

    def close(self) -> None:
        """Nothing: the client stays open."""

    def __enter__(self) -> SMTP:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing: the client stays open."""


def with_blind_copies(raw: bytes, wanted: Iterable[str]) -> bytes:
    """The message with a ``Bcc`` field for the recipients whom no header names.

    Fields of its own are not touched; a ``Bcc`` field that is there is joined.
    """
    head, separator, body = raw.partition(b"\r\n\r\n")
    parsed = BytesHeaderParser(policy=SMTP_POLICY.clone(utf8=True)).parsebytes(head + b"\r\n\r\n")
    fields = [str(f) for name in ("To", "Cc", "Bcc") for f in parsed.get_all(name, [])]
    named = {_same(address) for _, address in getaddresses(fields)}
    blind = [address for address in wanted if _same(address) not in named]
    if not blind:
        return raw
    for address in blind:
        if any(c in address for c in "\r\n,<>"):
            raise ValueError("a recipient's address holds a line break or a separator")
    lines = head.split(b"\r\n")
    kept: list[bytes] = []
    inside = False
    for line in lines:
        if not line[:1] in (b" ", b"\t"):
            inside = line.lower().startswith(b"bcc:")
        if not inside:
            kept.append(line)
    old = [address for _, address in getaddresses([str(f) for f in parsed.get_all("Bcc", [])])]
    bcc = ("Bcc: " + ",\r\n ".join([*old, *blind])).encode("utf-8")
    return b"\r\n".join([*kept, bcc]) + separator + body


__all__ = ["SMTP", "Refused", "with_blind_copies"]
