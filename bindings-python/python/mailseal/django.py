"""An e-mail backend for Django.

::

    EMAIL_BACKEND = "mailseal.django.EmailBackend"
    MAILSEAL = BASE_DIR / "mailseal.toml"      # or the same as a dictionary

``MAILSEAL`` may also be the dotted path of a function without arguments that
returns a ``mailseal.Client``. A process has one client, made when the first
message is sent, so that gunicorn's ``--preload`` and ``fork`` do no harm.

A message may say more of itself in headers that never leave::

    X-Mailseal-Declare: sensitive
    X-Mailseal-Audience: dialysis patients
    X-Mailseal-Idempotency-Key: reminder-7731
"""

from __future__ import annotations

import atexit
import os
import pathlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from ._client import Client
from .config import Settings
from ._errors import PolicyError
from ._message import to_bytes
from ._native import Message
from ._types import Receipt
from ._words import ErrorKind, Status
from .smtplib import with_blind_copies

_lock = threading.Lock()
_clients: dict[int, Client] = {}

_OPTIONS = {
    "X-Mailseal-Declare": "declare",
    "X-Mailseal-Audience": "audience",
    "X-Mailseal-Idempotency-Key": "idempotency_key",
}
_FAILED = {Status.REJECTED, Status.GIVEN_UP}


def _after_fork() -> None:
    # Another thread of the parent may have held it.
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def client() -> Client:
    """This process's client, as ``settings.MAILSEAL`` describes it."""
    process = os.getpid()
    with _lock:
        known = _clients.get(process)
        if known is None or known.closed:
            known = _clients[process] = _make()
        return known


def _make() -> Client:
    given: Any = getattr(settings, "MAILSEAL", None)
    if given is None:
        raise ImproperlyConfigured("settings.MAILSEAL is missing: a file, a dictionary or a path")
    if isinstance(given, Mapping):
        table = cast("Mapping[str, Any]", given)
        return Settings(table, pathlib.Path(getattr(settings, "BASE_DIR", "."))).client()
    if isinstance(given, str) and not given.endswith(".toml"):
        given = import_string(given)
    if callable(given):
        made = given()
        if not isinstance(made, Client):
            raise ImproperlyConfigured("settings.MAILSEAL returns no mailseal.Client")
        return made
    return Settings.read(given).client()


@atexit.register
def close() -> None:
    """Closes this process's client; the next message makes another."""
    known = _clients.pop(os.getpid(), None)
    if known is not None:
        known.close()


class EmailBackend(BaseEmailBackend):
    """Plans each message and sends it as the policy asks.

    A message that the policy refuses for some recipient is not sent to anybody:
    it raises ``mailseal.PolicyError``, or counts as not sent where
    ``fail_silently`` is set. A copy that is deferred counts as sent; call
    ``mailseal.django.client().deliver_due()`` every minute or so. A receipt is
    left on the message as ``mailseal_receipt``.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Sends messages; returns how many were sent."""
        sent = 0
        for message in email_messages:
            try:
                sent += self._send(message)
            except Exception:
                if not self.fail_silently:
                    raise
        return sent

    def _send(self, message: EmailMessage) -> bool:
        recipients = message.recipients()
        if not recipients:
            return False
        mime = message.message()
        options: dict[str, Any] = {}
        for header, option in _OPTIONS.items():
            if header in mime:
                options[option] = str(mime[header])
                del mime[header]
        raw = with_blind_copies(to_bytes(mime), recipients)
        own = client()
        plan = own.plan(Message.parse(raw), **options)
        receipt = own.send(plan)
        message.mailseal_receipt = receipt  # type: ignore[attr-defined]
        return _delivered(receipt)


def _delivered(receipt: Receipt) -> bool:
    failed = [o for o in receipt.outcomes if o.status in _FAILED]
    if failed:
        ids = tuple(outcome.recipient for outcome in failed)
        raise PolicyError(
            f"a mail host refused the message for {len(ids)} recipient(s)",
            kind=ErrorKind.POLICY,
            code="django.rejected",
            recipients=ids,
            receipt=receipt.id,
        )
    return True
