"""Exceptions: one class a kind, a stable code each.

Their texts are the crate's and hold no address, subject, matched text or secret.
"""

from __future__ import annotations

from typing import Any

from ._words import ErrorKind


class Error(Exception):
    """Anything that a call of mailseal may fail with.

    Catch the class of a kind to branch on it, or look at ``code``, which is
    stable: ``"plan.refused"``, ``"client.closed"``.
    """

    kind: ErrorKind
    """What it is about."""
    code: str
    """A stable code, ``room.what``, for logs and scripts."""
    retryable: bool
    """Whether the same call may succeed later without anybody's help."""
    recipients: tuple[int, ...]
    """The ids of the recipients whom it is about, where it is about some."""
    receipt: str | None
    """The id of the earlier call that stands in the way, where one does."""

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        code: str,
        retryable: bool = False,
        recipients: tuple[int, ...] = (),
        receipt: str | None = None,
    ) -> None:
        """An error of a kind, with its code."""
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.retryable = retryable
        self.recipients = recipients
        self.receipt = receipt

    def __str__(self) -> str:
        """The text and the code."""
        return f"{self.args[0]} [{self.code}]"

    def __reduce__(self) -> tuple[Any, ...]:
        """What ``pickle`` keeps: everything, since nothing in it is protected."""
        return (
            make,
            (
                str(self.kind),
                self.code,
                self.retryable,
                self.args[0],
                self.recipients,
                self.receipt,
            ),
        )


class InputError(Error):
    """What the caller gave is not what it should be: an address, a message."""


class ConfigError(Error):
    """The configuration is not usable: policy, transport, keys."""


class PolicyError(Error):
    """The policy does not allow what was asked."""


class StorageError(Error):
    """The store failed."""


class PickupError(Error):
    """A pickup was refused."""


class AuditError(Error):
    """The audit log does not verify, or could not be written."""


class ConflictError(Error):
    """The call does not fit what happened before: a plan used twice, a client
    that is closed or was forked."""


class UnsupportedError(Error):
    """This build or this client cannot do it."""


CLASSES: dict[ErrorKind, type[Error]] = {
    ErrorKind.INPUT: InputError,
    ErrorKind.CONFIG: ConfigError,
    ErrorKind.POLICY: PolicyError,
    ErrorKind.STORAGE: StorageError,
    ErrorKind.PICKUP: PickupError,
    ErrorKind.AUDIT: AuditError,
    ErrorKind.CONFLICT: ConflictError,
    ErrorKind.UNSUPPORTED: UnsupportedError,
}
"""The class of each kind."""


def make(
    kind: str,
    code: str,
    retryable: bool,
    message: str,
    recipients: tuple[int, ...],
    receipt: str | None,
) -> Error:
    """The exception for an error of the crate."""
    of_kind = ErrorKind(kind)
    return CLASSES[of_kind](
        message,
        kind=of_kind,
        code=code,
        retryable=retryable,
        recipients=recipients,
        receipt=receipt,
    )
