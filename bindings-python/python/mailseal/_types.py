"""What calls give back, and what they are given: frozen values."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ._native import Phi, Secret
from ._words import (
    Category,
    Cause,
    Confidence,
    Evidence,
    FactorLevel,
    FindingKind,
    Identity,
    MisaddressedWhy,
    Refusal,
    Route,
    Sensitivity,
    Stage,
    Status,
    TlsAssurance,
)

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

CodeChannel = Callable[[Phi, Secret], object]
"""Sends a pickup code to a telephone: called with the number and the code, on
another thread. What it raises counts as not sent: the sender gets the code."""


def moment(unix_ms: int) -> datetime.datetime:
    """Milliseconds since 1970 as an aware ``datetime`` in UTC; what lies behind
    the year 9999 is its end."""
    try:
        return _EPOCH + datetime.timedelta(milliseconds=unix_ms)
    except OverflowError:
        return datetime.datetime.max.replace(tzinfo=datetime.timezone.utc)


def unix_ms(at: datetime.datetime) -> int:
    """An aware ``datetime`` as milliseconds since 1970."""
    if at.tzinfo is None:
        raise ValueError("the time has no time zone: use an aware datetime")
    return (at - _EPOCH) // datetime.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found. ``expose()`` gives the text; ``repr`` does not show it."""

    kind: FindingKind
    """What it is."""
    part: str
    """Where it is: ``subject``, ``text``, ``html``, ``attachment 0``, …"""
    start: int
    """Its first byte in the part's decoded text as UTF-8."""
    end: int
    """The byte behind its last."""
    confidence: Confidence
    """How sure it is."""
    category: Category | None
    """The specially protected category it belongs to."""
    evidence: tuple[Evidence, ...]
    """What led to it."""
    inside: Phi | None = field(repr=False)
    """The entry of a container that it stands in: a file in an archive."""
    text: Phi = field(repr=False)
    """The found text, protected."""

    def expose(self) -> str:
        """The text that was found."""
        return self.text.expose()


@dataclass(frozen=True, slots=True)
class Unscannable:
    """A part that could not be scanned: policies treat it as PHI."""

    part: str
    """The part."""
    why: str
    """A stable code: ``encrypted``, ``too_large``, ``malformed``, …"""


@dataclass(frozen=True, slots=True)
class RiskReason:
    """One reason for or against a message's being PHI."""

    code: str
    """A stable code."""
    weight: int
    """In hundredths of log-odds: above 0 for PHI, below 0 against it."""


@dataclass(frozen=True, slots=True)
class Risk:
    """What the message as a whole is."""

    sensitivity: Sensitivity
    """How sensitive it is."""
    categories: tuple[Category, ...]
    """The specially protected categories that it touches."""
    score: int
    """How surely it is PHI, in hundredths of log-odds: above 0 it is."""
    reasons: tuple[RiskReason, ...]
    """Why, the weightiest first."""


@dataclass(frozen=True, slots=True)
class Misaddressed:
    """A recipient that looks like the wrong one."""

    recipient: int
    """The recipient's id."""
    why: MisaddressedWhy
    """Why."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision is as it is. Names no address and no content."""

    code: str
    """A stable code: ``policy.transport_unmet``."""
    text: str
    """In words."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One acceptable way to send, with what must hold before anything leaves."""

    route: Route
    """How the message travels."""
    transport_floor: TlsAssurance
    """The least assurance of the connection."""
    factor_floor: FactorLevel | None
    """The least factor of the pickup; only for escrow."""
    proven: bool
    """Whether the facts already show that the floor will be met."""
    requiretls: bool
    """Whether the message must be handed over with REQUIRETLS."""
    end_to_end: bool
    """Whether only the recipient can open what travels."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send it by ``chosen``, else by the fallbacks in their order."""

    chosen: Rung
    """The first rung to try."""
    fallbacks: tuple[Rung, ...]
    """What may be tried after a failure before ``MAIL FROM``."""
    sensitivity: Sensitivity
    """What the message was taken for."""
    reasons: tuple[Reason, ...]
    """Why."""

    @property
    def route(self) -> Route:
        """The route of the chosen rung."""
        return self.chosen.route

    @property
    def transport_floor(self) -> TlsAssurance:
        """The least assurance of the chosen rung's connection."""
        return self.chosen.transport_floor

    @property
    def factor_floor(self) -> FactorLevel | None:
        """The least factor of the chosen rung's pickup."""
        return self.chosen.factor_floor


@dataclass(frozen=True, slots=True)
class Refuse:
    """Send nothing."""

    kind: Refusal
    """Whether it is dropped, held for review or refused."""
    sensitivity: Sensitivity
    """What the message was taken for."""
    reasons: tuple[Reason, ...]
    """Why."""

    @property
    def route(self) -> None:
        """None: nothing is sent."""
        return None

    @property
    def transport_floor(self) -> None:
        """None: nothing is sent."""
        return None

    @property
    def factor_floor(self) -> None:
        """None: nothing is sent."""
        return None


Decision = Send | Refuse
"""What is to be done with a message for one recipient."""


@dataclass(frozen=True, slots=True)
class PlannedRecipient:
    """One recipient's part of a plan."""

    id: int
    """The recipient's place in the message, from 0."""
    address: Phi = field(repr=False)
    """The address."""
    decision: Decision
    """What was decided, with the reasons."""
    dropped: bool
    """Whether the caller dropped the recipient."""


@dataclass(frozen=True, slots=True)
class TlsEvidence:
    """What a connection really was. Names no host."""

    version: str
    """``TLSv1.2`` or ``TLSv1.3``."""
    suite: str
    """The cipher suite, by its IANA name."""
    group: str | None
    """The key-exchange group, by its IANA name."""
    certificate_sha256: str
    """SHA-256 of the host's certificate, hexadecimal."""
    identity: Identity
    """How the host's identity was verified."""
    assurance: TlsAssurance
    """What that is worth."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recipient's copy so far, with the evidence."""

    recipient: int
    """The recipient's id; ``plan.address(id)`` gives the address."""
    status: Status
    """How the copy stands."""
    route: Route | None
    """The route of the last attempt."""
    transport_floor: TlsAssurance | None
    """The least assurance that was asked of the connection."""
    factor_floor: FactorLevel | None
    """What the recipient must show at pickup."""
    tls: TlsEvidence | None
    """What the connection really was."""
    stage: Stage | None
    """Where the last attempt stood."""
    cause: Cause | None
    """Why."""
    code: int | None
    """The SMTP reply code."""
    enhanced: str | None
    """The enhanced status code (RFC 3463)."""
    attempts: int
    """Attempts so far."""
    next_try: datetime.datetime | None
    """When the next attempt is due."""
    grant: str | None
    """The id of the pickup grant, where the route is escrow."""
    at: datetime.datetime
    """When this was recorded."""
    passcode: Secret | None = field(repr=False)
    """The pickup code that the sender tells the recipient by telephone or in
    person. Never send it by e-mail."""
    diagnostic: Phi = field(repr=False)
    """The receiving host's reply text. It may repeat the address or more."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one call of ``send`` or ``seal`` did."""

    id: str
    """Keep it to ask again with ``client.receipt(id)``."""
    message: str
    """The message as the audit log names it."""
    created: datetime.datetime
    """When the call was made."""
    outcomes: tuple[Outcome, ...]
    """One outcome a recipient, in the order of their ids."""

    def outcome(self, recipient: int) -> Outcome | None:
        """The outcome for one recipient."""
        return next((o for o in self.outcomes if o.recipient == recipient), None)


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """A sealed message with its envelope, for a mailer of the host's own."""

    recipient: int
    """The recipient's id."""
    sender: Phi | None = field(repr=False)
    """The envelope's sender; ``None`` is the empty path."""
    recipients: tuple[Phi, ...] = field(repr=False)
    """The envelope's recipients."""
    content: bytes = field(repr=False)
    """The message, RFC 5322. Under the route ``tls`` it is in clear."""
    transport_floor: TlsAssurance
    """What the mailer must guarantee for the whole way."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A copy that is not at its end."""

    receipt: str
    """The id of the call of ``send``."""
    recipient: int
    """The recipient's id."""
    status: Status
    """Deferred, pending or unknown."""
    attempts: int
    """Attempts so far."""
    next: datetime.datetime | None
    """When something will be done about it."""


@dataclass(frozen=True, slots=True)
class DueReport:
    """What one call of ``deliver_due`` did."""

    outcomes: tuple[tuple[str, Outcome], ...]
    """The copies that were tried, by their receipts' ids."""
    failed: int
    """Copies that could not be read or recorded; they stay where they are."""
    expired: int
    """Escrow grants that expired."""


@dataclass(frozen=True, slots=True)
class Verified:
    """An audit log that verifies."""

    covered: int
    """Entries that are as they were when the checkpoint was made."""
    beyond: int
    """Entries that came after it."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the host knows of a recipient beside the message."""

    address: str = field(repr=False)
    """The address, as the message has it."""
    name: str | Phi | None = field(default=None, repr=False)
    """The display name."""
    phone: str | Phi | None = field(default=None, repr=False)
    """A telephone number that the sender got from the recipient."""
    passphrase: str | Secret | None = field(default=None, repr=False)
    """A passphrase agreed with the recipient."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A patient was warned of the risk of plain e-mail and prefers it."""

    address: str = field(repr=False)
    """The address it was given for."""
    patient: str | Phi = field(repr=False)
    """The host's reference for the patient."""
    given: datetime.datetime
    """When the patient agreed, with a time zone."""
    expires: datetime.datetime
    """From when on it no longer counts, with a time zone."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str = field(repr=False)
    """Its name, which should hold no PHI."""
    media_type: str
    """``application/pdf``, ``text/csv; charset=utf-8``."""
    content: bytes = field(repr=False)
    """Its bytes."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where escrowed mail, audit log and deferred copies are kept."""

    path: str | None
    """The SQLite file; ``None`` keeps all in memory."""

    @classmethod
    def sqlite(cls, path: str | os.PathLike[str]) -> Storage:
        """One SQLite file; made where there is none."""
        return cls(os.fsdecode(path))

    @classmethod
    def memory(cls) -> Storage:
        """In memory: gone with the client. For tests and trials."""
        return cls(None)


@dataclass(frozen=True, slots=True)
class Escrow:
    """The escrow route: what notices say and where recipients pick up."""

    base_url: str
    """Where recipients pick up: ``https://mail.harbor.example``."""
    organisation: str
    """The organisation's name, as recipients know it."""
    notice_from: str | None = None
    """The notices' ``From:``; the message's sender where left out."""
    lifetime: datetime.timedelta = datetime.timedelta(days=30)
    """How long an item can be picked up."""


@dataclass(frozen=True, slots=True, repr=False)
class Patient:
    """A patient of the host's roster. ``repr`` shows nothing of it."""

    id: int
    """What the host calls the patient: a number that says nothing of them."""
    names: Iterable[tuple[str, str]] = ()
    """Pairs of given and family name."""
    birth_date: str | None = None
    """``1961-04-02``."""
    mrn: Iterable[str] = ()
    """Medical record numbers."""
    ssn: Iterable[str] = ()
    """Social security numbers."""
    plan_id: Iterable[str] = ()
    """Numbers of health plans."""
    phone: Iterable[str] = ()
    """Telephone numbers."""
    street: Iterable[str] = ()
    """Street lines of addresses."""
    emails: Iterable[str] = ()
    """The patient's own addresses."""
    proxies: Iterable[str] = ()
    """Addresses of those who may get the patient's mail."""

    def __repr__(self) -> str:
        """Nothing of the patient."""
        return "Patient(***)"


DomainFacts = Mapping[str, object]
"""What the host knows of a domain: ``hosts`` (a list of ``host``, ``preference``,
``tls``), ``sts`` (``mode``, ``mx``, ``max_age``), ``expires`` (milliseconds); each
may be ``"unknown"`` or ``"refuted"``."""
