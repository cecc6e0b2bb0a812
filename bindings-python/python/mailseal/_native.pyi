import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from ._types import (
    DomainFacts,
    Finding,
    Misaddressed,
    PlannedRecipient,
    Risk,
    Unscannable,
)
from ._words import Sensitivity, Show, TlsAssurance

__version__: str
__all__ = [
    "Client",
    "Discovery",
    "Findings",
    "Keys",
    "Message",
    "Network",
    "Phi",
    "Plan",
    "Policy",
    "Scanner",
    "Sealer",
    "Secret",
    "Smtp",
    "Task",
    "__version__",
    "verify_export",
    "words",
]

_Done = Callable[[Any, BaseException | None], None] | None
_Source = Message | bytes | bytearray

def words() -> dict[str, tuple[str, ...]]: ...
def verify_export(
    path: str | os.PathLike[str], checkpoint: str, key: str
) -> tuple[int, int]: ...
@final
class Phi:
    def __new__(cls, text: str) -> Phi: ...
    def expose(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Phi: ...
    def __deepcopy__(self, _memo: object) -> Phi: ...

@final
class Secret:
    def __new__(cls, text: str) -> Secret: ...
    def expose(self) -> str: ...
    def __copy__(self) -> Secret: ...
    def __deepcopy__(self, _memo: object) -> Secret: ...

@final
class Findings:
    __match_args__: tuple[str, str]
    @property
    def sensitivity(self) -> Sensitivity | None: ...
    @property
    def items(self) -> tuple[Finding, ...]: ...
    @property
    def unscannable(self) -> tuple[Unscannable, ...]: ...
    @property
    def knows_names(self) -> bool: ...
    @property
    def risk(self) -> Risk | None: ...
    @property
    def misaddressed(self) -> tuple[Misaddressed, ...]: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class Message:
    @staticmethod
    def parse(raw: bytes | bytearray, *, max_bytes: int | None = None) -> Message: ...
    @staticmethod
    def from_text(text: str) -> Message: ...
    @staticmethod
    def marked(message: _Source, marks: dict[str, Any]) -> Message: ...
    @staticmethod
    def compose(
        *,
        sender: str,
        to: Sequence[str] = ...,
        cc: Sequence[str] = ...,
        bcc: Sequence[str] = ...,
        subject: str | None = None,
        text: str | None = None,
        html: str | None = None,
        attachments: Sequence[tuple[str, str, bytes]] = ...,
        headers: Sequence[tuple[str, str]] = ...,
        sender_name: str | None = None,
        reply_to: str | None = None,
        max_bytes: int | None = None,
    ) -> Message: ...
    @property
    def size(self) -> int: ...
    @property
    def sender(self) -> Phi: ...
    @property
    def recipients(self) -> tuple[Phi, ...]: ...
    @property
    def subject(self) -> Phi: ...

@final
class Policy:
    @staticmethod
    def hipaa() -> Policy: ...
    @staticmethod
    def strict() -> Policy: ...
    @staticmethod
    def tls_exclusive() -> Policy: ...
    @staticmethod
    def from_toml(text: str) -> Policy: ...

@final
class Keys:
    @staticmethod
    def file(path: str | os.PathLike[str]) -> Keys: ...
    @staticmethod
    def from_bytes(root: bytes) -> Keys: ...
    @staticmethod
    def ephemeral() -> Keys: ...

@final
class Network:
    def __new__(
        cls,
        *,
        resolver: str | None = None,
        smtp_port: int = 25,
        https_port: int = 443,
        roots: bytes | None = None,
        allow_internal: bool = False,
    ) -> Network: ...

@final
class Smtp:
    @staticmethod
    def relay(
        url: str,
        *,
        onward: TlsAssurance | str | None = None,
        requiretls: bool = False,
        password: str | Secret | None = None,
        token: str | Secret | None = None,
        roots: bytes | None = None,
        ehlo_name: str | None = None,
        network: Network | None = None,
    ) -> Smtp: ...
    @staticmethod
    def direct(ehlo_name: str, *, network: Network | None = None) -> Smtp: ...

@final
class Discovery:
    @staticmethod
    def live(
        ehlo_name: str,
        *,
        network: Network | None = None,
        cache: str | os.PathLike[str] | None = None,
    ) -> Discovery: ...
    @staticmethod
    def fixed(domains: Mapping[str, DomainFacts]) -> Discovery: ...

@final
class Scanner:
    def __new__(
        cls,
        *,
        host: str | None = None,
        roster: bytes | None = None,
        keys: Keys | None = None,
        names: bool = True,
    ) -> Scanner: ...
    @staticmethod
    def build_roster(
        patients: Sequence[
            tuple[
                int,
                Sequence[tuple[str, str]],
                str | None,
                Sequence[tuple[str, str]],
                Sequence[str],
                Sequence[str],
            ]
        ],
        keys: Keys,
    ) -> bytes: ...
    def scan(self, message: _Source) -> Findings: ...
    def scan_many(
        self, messages: Sequence[_Source], threads: int | None, return_errors: bool
    ) -> list[Any]: ...

_Identity = tuple[str, bytes, str | Secret]

@final
class Sealer:
    @staticmethod
    def pgp(
        certificates: str | os.PathLike[str], *, identities: Sequence[_Identity] = ...
    ) -> Sealer: ...
    @staticmethod
    def smime(
        certificates: str | os.PathLike[str],
        *,
        identities: Sequence[_Identity] = ...,
        anchors: bytes | None = None,
    ) -> Sealer: ...

@final
class Plan:
    @property
    def id(self) -> str: ...
    @property
    def made(self) -> datetime.datetime: ...
    @property
    def expires(self) -> datetime.datetime: ...
    @property
    def sensitivity(self) -> Sensitivity: ...
    @property
    def findings(self) -> Findings: ...
    @property
    def recipients(self) -> tuple[PlannedRecipient, ...]: ...
    @property
    def refused(self) -> tuple[int, ...]: ...
    @property
    def used(self) -> bool: ...
    @property
    def neutral_subject(self) -> Phi | None: ...
    def address(self, id: int) -> Phi | None: ...
    def drop_recipient(self, id: int) -> bool: ...
    def explain(self, show: Show | str | None = None) -> str: ...

@final
class Task:
    def cancel(self) -> None: ...

@final
class Client:
    def __new__(
        cls,
        *,
        policy: Policy,
        storage: str | None,
        keys: Keys,
        transport: Smtp,
        discovery: Discovery | None,
        scanner: Scanner | None,
        escrow: tuple[str, str, str | None, float] | None,
        sealers: Sequence[Sealer],
        code_channel: Callable[[Phi, Secret], object] | None,
        audit_origin: str | None,
        plan_lifetime: float | None,
        concurrency: int | None,
    ) -> Client: ...
    def plan(
        self,
        message: _Source,
        marks: dict[str, Any],
        patient: str | Phi | None,
        waivers: Sequence[tuple[str, str | Phi, int, int]],
        names_patient_only: bool,
        approved: bool,
        done: _Done,
    ) -> object: ...
    def send(self, plan: Plan, done: _Done) -> object: ...
    def seal(self, plan: Plan, assurance: str | None, done: _Done) -> object: ...
    def receipt(self, id: str, done: _Done) -> object: ...
    def unresolved(self, done: _Done) -> object: ...
    def deliver_due(self, done: _Done) -> object: ...
    def resolve_unknown(
        self, receipt: str, recipient: int, resolution: str, done: _Done
    ) -> object: ...
    def checkpoint(self, done: _Done) -> object: ...
    def verify(self, checkpoint: str, done: _Done) -> object: ...
    def export(self, path: str | os.PathLike[str], done: _Done) -> object: ...
    def verifier_key(self) -> str: ...
    def close(self, timeout: float) -> None: ...
    @property
    def closed(self) -> bool: ...
