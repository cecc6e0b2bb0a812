"""Scanning without a client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, overload

from . import _native
from ._errors import Error
from ._message import MessageLike, to_text_or_source
from ._native import Findings, Keys
from ._types import Patient


class Scanner:
    """Finds identifiers and health content, and judges messages as a whole.

    Immutable; it may be used from any thread, and after a fork. A text alone
    (``str``) is scanned as the body of an empty message.
    """

    __slots__ = ("_native",)

    def __init__(
        self,
        *,
        host: str | None = None,
        roster: bytes | None = None,
        keys: Keys | None = None,
        names: bool = True,
    ) -> None:
        """A scanner, with what the host knows.

        ``host`` is TOML with the host's own patterns, terms and allowed values;
        ``roster`` a roster of patients (``Scanner.build_roster``) with the
        ``keys`` that it was built with. ``names=False`` leaves the model for
        names and words out: several times faster, and without a verdict, so that
        policies presume PHI.
        """
        self._native = _native.Scanner(host=host, roster=roster, keys=keys, names=names)

    def scan(self, message: MessageLike | str) -> Findings:
        """Scans one message, or a text alone."""
        return self._native.scan(to_text_or_source(message))

    @overload
    def scan_many(
        self,
        messages: Iterable[MessageLike | str],
        *,
        threads: int | None = None,
        return_errors: Literal[False] = False,
    ) -> list[Findings]: ...

    @overload
    def scan_many(
        self,
        messages: Iterable[MessageLike | str],
        *,
        threads: int | None = None,
        return_errors: Literal[True],
    ) -> list[Findings | Error]: ...

    def scan_many(
        self,
        messages: Iterable[MessageLike | str],
        *,
        threads: int | None = None,
        return_errors: bool = False,
    ) -> list[Findings] | list[Findings | Error]:
        """Scans many messages, in their order, on ``threads`` threads (as many as
        there are cores).

        Where a message cannot be read, its error is raised; with
        ``return_errors`` it stands in its place.
        """
        sources = [to_text_or_source(message) for message in messages]
        return self._native.scan_many(sources, threads, return_errors)

    @staticmethod
    def build_roster(patients: Iterable[Patient], keys: Keys) -> bytes:
        """Builds a roster of patients, to be kept in a file. It holds keyed
        hashes and no value of a patient."""
        fields = ("mrn", "ssn", "plan_id", "phone", "street")
        records = [
            (
                patient.id,
                list(patient.names),
                patient.birth_date,
                [(name, value) for name in fields for value in getattr(patient, name)],
                list(patient.emails),
                list(patient.proxies),
            )
            for patient in patients
        ]
        return bytes(_native.Scanner.build_roster(records, keys))

    def __repr__(self) -> str:
        """Nothing of what the host knows."""
        return "Scanner(...)"


_default: Scanner | None = None


def scan(message: MessageLike | str) -> Findings:
    """Scans one message, or a text alone, with the scanner as it comes."""
    global _default
    if _default is None:
        _default = Scanner()
    return _default.scan(message)
