"""A mail host on loopback with a certificate of its own, and clients on it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import pathlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller

import mailseal

CANARY = "CANARY7731"
"""Stands in what must not be shown."""
PHI = f"Dear Pat {CANARY}, your Medicare number is 1EG4-TE5-MK73. Your potassium was high."


@dataclasses.dataclass
class Taken:
    """A message that the host took."""

    sender: str
    recipients: list[str]
    content: bytes
    tls: bool


class Kept(Controller):
    """Knows the connections that it took, to end those that a client left open."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.kept: list[Any] = []

    def factory(self) -> Any:
        made: Any = super().factory()  # type: ignore[no-untyped-call]
        self.kept.append(made)
        return made

    async def _end(self) -> None:
        for one in self.kept:
            if one.transport is not None:
                one.transport.abort()
        # What ends a connection runs in the turns behind it.
        for _ in range(3):
            await asyncio.sleep(0)

    def stop(self, *given: Any, **named: Any) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(60)
        super().stop(*given, **named)


class Host:
    """Takes mail over STARTTLS, or answers as it is told."""

    def __init__(self, ca: trustme.CA) -> None:
        self.taken: list[Taken] = []
        self.answers: dict[str, str] = {}
        self.gate: threading.Event | None = None
        self.arrived = threading.Event()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ca.issue_cert("localhost").configure_cert(context)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.roots = ca.cert_pem.bytes()
        self.controller = Kept(
            self, hostname="127.0.0.1", port=self.port, tls_context=context, require_starttls=True
        )

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.arrived.set()
        if self.gate is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.gate.wait)
        self.taken.append(
            Taken(
                envelope.mail_from,
                list(envelope.rcpt_tos),
                envelope.original_content,
                session.ssl is not None,
            )
        )
        return "250 2.0.0 taken"

    @property
    def url(self) -> str:
        return f"smtp://localhost:{self.port}"

    def transport(self, onward: str = "authenticated") -> mailseal.Smtp:
        return mailseal.Smtp.relay(self.url, onward=onward, roots=self.roots)


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def host(ca: trustme.CA) -> Iterator[Host]:
    made = Host(ca)
    made.controller.start()
    yield made
    if made.gate is not None:
        made.gate.set()
    made.controller.stop()


MakeClient = Callable[..., mailseal.Client]


def parts(host: Host, **given: Any) -> dict[str, Any]:
    """What a client on the host is made of."""
    return {
        "policy": mailseal.Policy.hipaa(),
        "storage": mailseal.Storage.memory(),
        "keys": mailseal.Keys.ephemeral(),
        "transport": host.transport(),
        # Without a verdict PHI is presumed: what is tested here does not hang on
        # what a model says.
        "scanner": mailseal.Scanner(names=False),
        **given,
    }


@pytest.fixture
def make_client(host: Host) -> Iterator[MakeClient]:
    made: list[mailseal.Client] = []

    def make(**given: Any) -> mailseal.Client:
        client = mailseal.Client(**parts(host, **given))
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> mailseal.Client:
    return make_client()


@pytest.fixture
def offline() -> Iterator[mailseal.Client]:
    """A client that plans and never sends."""
    with mailseal.Client(
        policy=mailseal.Policy.hipaa(),
        storage=mailseal.Storage.memory(),
        keys=mailseal.Keys.ephemeral(),
        transport=mailseal.Smtp.relay("smtp://relay.invalid", onward="authenticated"),
        scanner=mailseal.Scanner(names=False),
    ) as made:
        yield made


def message(
    text: str = PHI, *, to: str = "pat@mail.example", subject: str = "Your visit", **more: str
) -> EmailMessage:
    """A message as Python programs make them."""
    made = EmailMessage()
    made["From"] = "Harbor Clinic <clinic@harbor.example>"
    made["To"] = to
    made["Subject"] = subject
    for name, value in more.items():
        made[name] = value
    made.set_content(text)
    return made


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The repository, whose examples and cases some tests run."""
    return pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(root: pathlib.Path) -> dict[str, str]:
    """For programs that are started."""
    return {**os.environ, "PYTHONWARNINGS": "error"}
