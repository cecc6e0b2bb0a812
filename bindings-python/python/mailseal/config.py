"""A client from a table of settings: ``mailseal.toml``, or Django's settings.

The keys are those of the Rust programs ``send`` and ``audit``, so that one file
serves both.
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Mapping
from typing import Any, cast

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from ._client import Client
from ._errors import ConfigError
from ._native import Discovery, Keys, Network, Policy, Smtp
from ._scanner import Scanner
from ._types import CodeChannel, Escrow, Storage
from ._words import ErrorKind

SAMPLE = """\
database = "mailseal.db"        # escrow, audit log, deferred copies; made if missing
keys = "mailseal.key"           # made if missing; back it up, elsewhere than the database
policy = "hipaa"                # or strict, tls_exclusive, or a policy file

[transport]
relay = "smtps://clinic@mail.harbor.example"
password_env = "CLINIC_PASSWORD" # the environment variable with the password
onward = "authenticated"        # what the relay's operator declares for the way onward
# or, without a relay:
# direct = true
# ehlo = "mail.harbor.example"   # this machine's name as the world sees it

[escrow]                         # leave it out to do without escrow
base_url = "https://mail.harbor.example"
organisation = "Harbor Clinic"

# [network]                      # for a trial on one machine
# resolver = "127.0.0.1:5353"
# smtp_port = 2525
# https_port = 8443
# roots = "test-ca.pem"
# allow_internal = true
"""

_PRESETS = {
    "hipaa": Policy.hipaa,
    "strict": Policy.strict,
    "tls_exclusive": Policy.tls_exclusive,
}
_KEYS = {
    "": {"policy", "database", "keys", "audit_origin", "transport", "network", "escrow"},
    "transport": {"relay", "password_env", "password", "onward", "direct", "ehlo"},
    "network": {"resolver", "smtp_port", "https_port", "roots", "allow_internal"},
    "escrow": {"base_url", "organisation", "notice_from"},
}


def trouble(code: str, message: str) -> ConfigError:
    """What is wrong with the settings; names the key, not its value."""
    return ConfigError(message, kind=ErrorKind.CONFIG, code=code)


def _table(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    given: Any = settings.get(name, {}) if name else settings
    if not isinstance(given, Mapping):
        raise trouble("config.form", f"{name} must be a table")
    table = cast("Mapping[str, Any]", given)
    known = _KEYS[name]
    for key in table:
        if key not in known:
            where = f"{name}." if name else ""
            expected = ", ".join(sorted(known))
            raise trouble(
                "config.form", f"unknown key {where}{key}; expected one of: {expected}"
            )
    return dict(table)


def _text(table: Mapping[str, Any], where: str, key: str) -> str:
    value = table.get(key)
    if not isinstance(value, (str, os.PathLike)):
        raise trouble("config.form", f"{where}{key} is missing, or no text")
    return os.fspath(value)


class Settings:
    """A table of settings, with the folder that its paths are relative to."""

    def __init__(self, settings: Mapping[str, Any], folder: pathlib.Path) -> None:
        """Checks the keys; what they hold is checked when it is used."""
        self.top = _table(settings, "")
        self.transport = _table(settings, "transport")
        self.network_table = _table(settings, "network")
        self.escrow_table = _table(settings, "escrow") if "escrow" in settings else None
        self.folder = folder

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Settings:
        """Reads a file."""
        file = pathlib.Path(path)
        try:
            settings = tomllib.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise trouble(
                "config.read", f"there is no {file}; `--help` shows what goes into it"
            ) from None
        except OSError as error:
            raise trouble("config.read", f"{file}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise trouble("config.form", f"{file}: {error}") from None
        return cls(settings, file.parent)

    def path(self, key: str) -> pathlib.Path:
        """The path under a key of the top."""
        return self.folder / _text(self.top, "", key)

    def policy(self) -> Policy:
        """The policy: a preset's name, or a file."""
        name = _text({"policy": "hipaa", **self.top}, "", "policy")
        if name in _PRESETS:
            return _PRESETS[name]()
        try:
            text = (self.folder / name).read_text(encoding="utf-8")
        except OSError as error:
            raise trouble(
                "config.policy",
                f"policy: `{name}` is neither hipaa, strict nor tls_exclusive, nor a file "
                f"that can be read ({error.strerror})",
            ) from None
        return Policy.from_toml(text)

    def network(self) -> Network | None:
        """What the network looks like, where it is not the internet."""
        if not self.network_table:
            return None
        table = dict(self.network_table)
        roots = table.pop("roots", None)
        if roots is not None:
            try:
                roots = (self.folder / roots).read_bytes()
            except OSError as error:
                raise trouble("config.roots", f"network.roots: {error.strerror}") from None
        return Network(roots=roots, **table)

    def password(self) -> str | None:
        """The relay's password, from the environment where it is named."""
        if "password" in self.transport:
            return str(self.transport["password"])
        variable = self.transport.get("password_env")
        if variable is None:
            return None
        if variable not in os.environ:
            raise trouble(
                "config.password",
                f"transport.password_env: the environment variable {variable} is not set",
            )
        return os.environ[variable]

    def client(
        self,
        *,
        scanner: Scanner | None = None,
        code_channel: CodeChannel | None = None,
        reader: bool = False,
    ) -> Client:
        """The client that the settings describe. A ``reader`` looks things up: it
        needs no password, and makes no database where there is none."""
        table, network = self.transport, self.network()
        direct = bool(table.get("direct"))
        if direct == ("relay" in table):
            raise trouble(
                "config.transport",
                'transport needs either `relay = "smtps://…"` or `direct = true`',
            )
        for key in ("database", "keys"):
            if reader and not self.path(key).exists():
                raise trouble(
                    "config.nothing_yet",
                    f"{key}: there is no such file; nothing was sent with this "
                    "configuration yet",
                )
        policy = self.policy()
        discovery = None
        if direct:
            ehlo = _text(table, "transport.", "ehlo")
            transport = Smtp.direct(ehlo, network=network)
            cache = self.path("database").with_suffix(".cache.db")
            discovery = Discovery.live(ehlo, network=network, cache=cache)
        else:
            transport = Smtp.relay(
                _text(table, "transport.", "relay"),
                onward=table.get("onward"),
                password=None if reader else self.password(),
                ehlo_name=table.get("ehlo"),
                network=network,
            )
        escrow = None
        if self.escrow_table is not None:
            escrow = Escrow(
                _text(self.escrow_table, "escrow.", "base_url"),
                _text(self.escrow_table, "escrow.", "organisation"),
                self.escrow_table.get("notice_from"),
            )
        return Client(
            policy=policy,
            storage=Storage.sqlite(self.path("database")),
            keys=Keys.file(self.path("keys")),
            transport=transport,
            discovery=discovery,
            scanner=scanner,
            escrow=escrow,
            code_channel=code_channel,
            audit_origin=self.top.get("audit_origin"),
        )
