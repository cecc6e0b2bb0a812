"""Messages as Python has them, for the native part."""

from __future__ import annotations

import email.message
import io
from collections.abc import Iterable, Mapping
from email.generator import BytesGenerator
from typing import Any, cast

from ._native import Message
from ._types import Attachment, Recipient
from ._words import Disclosure, Sensitivity, word_or_none

MessageLike = Message | email.message.Message | bytes | bytearray
"""What a message may be given as: RFC 5322 bytes, Python's own
``EmailMessage``, or ``mailseal.Message``."""


def to_bytes(message: email.message.Message) -> bytes:
    """A message of the package ``email`` as RFC 5322 with CRLF line ends."""
    # Not `as_bytes`, which subclasses (Django's) give another signature.
    policy = message.policy.clone(linesep="\r\n", mangle_from_=False)
    out = io.BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=policy).flatten(message)
    return out.getvalue()


def to_source(message: MessageLike) -> Message | bytes | bytearray:
    """What the native part takes. Bytes are not copied here."""
    given = cast(object, message)
    if isinstance(given, (Message, bytes, bytearray)):
        return given
    if isinstance(given, email.message.Message):
        return to_bytes(cast("email.message.Message", given))
    raise TypeError(
        "a message is mailseal.Message, email.message.EmailMessage or bytes, "
        f"not {type(message).__name__}"
    )


def to_text_or_source(message: MessageLike | str) -> Message | bytes | bytearray:
    """The same, where a text alone is a message too."""
    return Message.from_text(message) if isinstance(message, str) else to_source(message)


def marks(
    *,
    declare: Sensitivity | str | None = None,
    assert_no_phi: str | None = None,
    audience: str | None = None,
    secure: bool = False,
    disclosure: Disclosure | str | None = None,
    confirm: Mapping[str, str] | None = None,
    recipients: Iterable[Recipient] = (),
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """What the host says of a message, for the native part."""
    return {
        "declare": word_or_none(Sensitivity, declare),
        "assert_no_phi": assert_no_phi,
        "audience": audience,
        "secure": secure,
        "disclosure": word_or_none(Disclosure, disclosure),
        "confirm": list((confirm or {}).items()),
        "recipients": [(r.address, r.name, r.phone, r.passphrase) for r in recipients],
        "idempotency_key": idempotency_key,
    }


def mark(
    message: MessageLike,
    *,
    declare: Sensitivity | str | None = None,
    assert_no_phi: str | None = None,
    audience: str | None = None,
    secure: bool = False,
    disclosure: Disclosure | str | None = None,
    confirm: Mapping[str, str] | None = None,
    recipients: Iterable[Recipient] = (),
    idempotency_key: str | None = None,
) -> Message:
    """A message with what the host says of it, which scanners and plans heed.

    ``declare`` raises what the scanner finds; ``assert_no_phi`` is a recorded
    reason why it holds none; ``audience`` is the list it goes to; ``secure``
    asks for protection whatever it holds; ``disclosure="shared"`` lets recipients
    see each other; ``confirm`` maps addresses to reasons why they are right
    although they look wrong; ``recipients`` adds what the host knows of them;
    ``idempotency_key`` makes a second ``send`` of it answer with the first
    receipt.
    """
    given = marks(
        declare=declare,
        assert_no_phi=assert_no_phi,
        audience=audience,
        secure=secure,
        disclosure=disclosure,
        confirm=confirm,
        recipients=recipients,
        idempotency_key=idempotency_key,
    )
    return Message.marked(to_source(message), given)


def compose(
    *,
    sender: str,
    to: Iterable[str] = (),
    cc: Iterable[str] = (),
    bcc: Iterable[str] = (),
    subject: str | None = None,
    text: str | None = None,
    html: str | None = None,
    attachments: Iterable[Attachment] = (),
    headers: Iterable[tuple[str, str]] = (),
    sender_name: str | None = None,
    reply_to: str | None = None,
    max_bytes: int | None = None,
) -> Message:
    """Builds a message of fields.

    Names, text and HTML may hold PHI. The subject should not, and neither should
    an attachment's name: where the scanner finds some all the same, the policy
    says what is shown. Some recipient is needed; those in ``bcc`` are named in
    nobody's copy. ``max_bytes`` (160 MiB) bounds the whole message, with the
    third that base64 adds to attachments.
    """
    return Message.compose(
        sender=sender,
        to=list(to),
        cc=list(cc),
        bcc=list(bcc),
        subject=subject,
        text=text,
        html=html,
        attachments=[(a.name, a.media_type, a.content) for a in attachments],
        headers=list(headers),
        sender_name=sender_name,
        reply_to=reply_to,
        max_bytes=max_bytes,
    )
