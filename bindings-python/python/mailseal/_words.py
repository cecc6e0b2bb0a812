"""The words of the decision, as enums.

The members and their order are those of the crate; a test holds them together.
Each may be written as its word where a function takes one: ``"encrypted"`` for
``TlsAssurance.ENCRYPTED``.
"""

from __future__ import annotations

import enum
from typing import Any, TypeVar

_E = TypeVar("_E", bound="Word")


class Word(enum.Enum):
    """An enum whose values are words; ``str()`` gives the word."""

    _value_: str

    def __str__(self) -> str:
        """The word, as configuration, logs and JSON have it."""
        return self._value_


class Scale(Word):
    """An enum that goes from weak to strong: ``min``, ``max`` and ``<=`` work."""

    @property
    def _rank(self) -> int:
        return list(type(self)).index(self)

    def __lt__(self, other: object) -> bool:
        """Whether it is weaker than another of its scale."""
        if isinstance(other, Scale) and type(other) is type(self):
            return self._rank < other._rank
        return NotImplemented

    def __le__(self, other: object) -> bool:
        """Whether it is no stronger than another of its scale."""
        if isinstance(other, Scale) and type(other) is type(self):
            return self._rank <= other._rank
        return NotImplemented

    def __gt__(self, other: object) -> bool:
        """Whether it is stronger than another of its scale."""
        if isinstance(other, Scale) and type(other) is type(self):
            return self._rank > other._rank
        return NotImplemented

    def __ge__(self, other: object) -> bool:
        """Whether it is no weaker than another of its scale."""
        if isinstance(other, Scale) and type(other) is type(self):
            return self._rank >= other._rank
        return NotImplemented


class Sensitivity(Scale):
    """What a message holds."""

    NONE = "none"
    PHI = "phi"
    SENSITIVE = "sensitive"


class Route(Word):
    """A rung of the ladder: how a message travels."""

    TLS = "tls"
    PGP = "pgp"
    SMIME = "smime"
    ESCROW = "escrow"


class TlsAssurance(Scale):
    """How well the connection to the next mail host is protected."""

    OPPORTUNISTIC = "opportunistic"
    ENCRYPTED = "encrypted"
    AUTHENTICATED = "authenticated"
    ANCHORED = "anchored"


class KeyTrust(Scale):
    """How far a recipient's key is known to be theirs."""

    DISCOVERED = "discovered"
    VERIFIED = "verified"
    PINNED = "pinned"


class FactorLevel(Scale):
    """What a recipient must show to pick up an escrowed message."""

    P0 = "p0"
    P1 = "p1"
    P2 = "p2"
    P3 = "p3"
    P4 = "p4"


class Disclosure(Word):
    """Who sees whom in a message to several people."""

    INDIVIDUAL = "individual"
    SHARED = "shared"


class Show(Word):
    """How an explanation names recipients."""

    INDEX = "index"
    MASKED = "masked"
    CLEAR = "clear"


class Refusal(Word):
    """How a message is not sent."""

    DROPPED = "dropped"
    HELD = "held"
    REFUSED = "refused"


class Status(Word):
    """How one recipient's copy stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    GIVEN_UP = "given_up"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    HANDED_OVER = "handed_over"


class Resolution(Word):
    """What the host found out about a copy whose outcome was unknown."""

    DELIVERED = "delivered"
    SEND_AGAIN = "send_again"


class Stage(Word):
    """A stage of an SMTP session."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL_FROM = "mail_from"
    RCPT_TO = "rcpt_to"
    DATA = "data"
    FINAL = "final"


class Cause(Word):
    """Why an attempt ended as it did."""

    OK = "ok"
    NO_HOST = "no_host"
    STS_NO_MATCH = "sts_no_match"
    DNS = "dns"
    TARGET_FORBIDDEN = "target_forbidden"
    CONNECT = "connect"
    DISCONNECTED = "disconnected"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    NO_TLS = "no_tls"
    START_TLS_INJECTION = "start_tls_injection"
    TLS_HANDSHAKE = "tls_handshake"
    TLS_CERTIFICATE = "tls_certificate"
    BELOW_FLOOR = "below_floor"
    AUTH_UNAVAILABLE = "auth_unavailable"
    AUTH_REFUSED = "auth_refused"
    TRANSIENT_REPLY = "transient_reply"
    PERMANENT_REPLY = "permanent_reply"
    TOO_LARGE = "too_large"
    EXTENSION_MISSING = "extension_missing"
    CONTENT = "content"
    BARRIER = "barrier"
    KEY = "key"
    WAIVER_ENDED = "waiver_ended"


class Identity(Word):
    """How the identity of a mail host was verified."""

    UNVERIFIED = "unverified"
    WEB_PKI = "web_pki"
    MTA_STS = "mta_sts"
    PARTNER_PIN = "partner_pin"
    PARTNER_CA = "partner_ca"


class FindingKind(Word):
    """What a finding is."""

    NAME = "name"
    ADDRESS = "address"
    DATE = "date"
    AGE_OVER_89 = "age_over_89"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    SSN = "ssn"
    MRN = "mrn"
    HEALTH_PLAN_ID = "health_plan_id"
    ACCOUNT = "account"
    LICENSE = "license"
    VEHICLE = "vehicle"
    DEVICE = "device"
    URL = "url"
    IP = "ip"
    BIOMETRIC = "biometric"
    OTHER_ID = "other_id"
    CREDIT_CARD = "credit_card"
    BANK_ACCOUNT = "bank_account"
    PROVIDER = "provider"
    NPI = "npi"
    DEA = "dea"
    FACILITY = "facility"
    CONDITION = "condition"
    ICD10 = "icd10"
    MEDICATION = "medication"
    NDC = "ndc"
    PROCEDURE = "procedure"
    CPT = "cpt"
    LAB = "lab"
    LOINC = "loinc"


class Category(Word):
    """A specially protected kind of health content."""

    MENTAL_HEALTH = "mental_health"
    SUBSTANCE_USE = "substance_use"
    STI_HIV = "sti_hiv"
    REPRODUCTIVE = "reproductive"
    GENETIC = "genetic"
    ABUSE = "abuse"


class Confidence(Scale):
    """How sure a finding is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Evidence(Word):
    """What led to a finding."""

    SHAPE = "shape"
    CHECKSUM = "checksum"
    LABEL = "label"
    CUE = "cue"
    DICTIONARY = "dictionary"
    STRUCTURE = "structure"
    MODEL = "model"
    REPEATED = "repeated"
    ROSTER = "roster"
    HOST = "host"
    AGAINST = "against"
    OBFUSCATED = "obfuscated"


class MisaddressedWhy(Word):
    """Why a recipient looks like the wrong one."""

    OTHER_PATIENT = "other_patient"
    LOOK_ALIKE = "look_alike"


class ErrorKind(Word):
    """What an error is about."""

    INPUT = "input"
    CONFIG = "config"
    POLICY = "policy"
    STORAGE = "storage"
    PICKUP = "pickup"
    AUDIT = "audit"
    CONFLICT = "conflict"
    UNSUPPORTED = "unsupported"


ALL: tuple[type[Word], ...] = (
    Category,
    Cause,
    Confidence,
    Disclosure,
    ErrorKind,
    Evidence,
    FactorLevel,
    FindingKind,
    Identity,
    KeyTrust,
    MisaddressedWhy,
    Refusal,
    Resolution,
    Route,
    Sensitivity,
    Show,
    Stage,
    Status,
    TlsAssurance,
)

MEMBERS: dict[str, dict[str, Any]] = {
    kind.__name__: {str(member): member for member in kind} for kind in ALL
}
"""Every member by its class and its word, for the native part."""


def word(kind: type[_E], given: _E | str) -> str:
    """The word of a member, given as the member or as its word."""
    return str(given) if isinstance(given, kind) else str(kind(given))


def word_or_none(kind: type[_E], given: _E | str | None) -> str | None:
    """The same, where nothing need be given."""
    return None if given is None else word(kind, given)
