"""The enums are the crate's, and everything public says what it is."""

from __future__ import annotations

import enum
import inspect
import types

import pytest

import mailseal
from mailseal import _native, _words


def test_members_and_their_order_are_the_crates() -> None:
    ours = {kind.__name__: tuple(str(member) for member in kind) for kind in _words.ALL}
    assert ours == _native.words()


def test_names_are_the_words_in_capitals() -> None:
    for kind in _words.ALL:
        for member in kind:
            assert member.name.lower() == member.value


def test_scales_go_from_weak_to_strong() -> None:
    assert mailseal.TlsAssurance.OPPORTUNISTIC < mailseal.TlsAssurance.ENCRYPTED
    assert max(mailseal.Sensitivity) is mailseal.Sensitivity.SENSITIVE
    assert mailseal.Confidence.LOW <= mailseal.Confidence.LOW
    with pytest.raises(TypeError):
        assert mailseal.TlsAssurance.ENCRYPTED < mailseal.Sensitivity.PHI
    with pytest.raises(TypeError):
        assert mailseal.TlsAssurance.ENCRYPTED < "encrypted"


def test_a_word_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown word"):
        mailseal.Smtp.relay("smtp://relay.invalid", onward="strong")
    with pytest.raises(ValueError):
        mailseal.mark(b"", declare="secret")


def public() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name in mailseal.__all__:
        value = getattr(mailseal, name)
        # Python 3.10 takes an alias like `Callable[...]` for a class.
        if isinstance(value, types.GenericAlias):
            continue
        if not inspect.isclass(value) and not inspect.isfunction(value):
            continue
        found.append((name, value))
        if inspect.isclass(value) and not issubclass(value, enum.Enum):
            for member, inner in vars(value).items():
                if member.startswith("_") or not (callable(inner) or isinstance(inner, property)):
                    continue
                found.append((f"{name}.{member}", inner))
    return found


@pytest.mark.parametrize(("name", "value"), public(), ids=[name for name, _ in public()])
def test_everything_public_has_a_docstring(name: str, value: object) -> None:
    text = inspect.getdoc(value)
    assert text and not text.startswith(f"{name.rpartition('.')[2]}("), name


def test_every_name_that_is_exported_exists_and_is_sorted() -> None:
    assert len(set(mailseal.__all__)) == len(mailseal.__all__)
    for name in mailseal.__all__:
        assert hasattr(mailseal, name), name
