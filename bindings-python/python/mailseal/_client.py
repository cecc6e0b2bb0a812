"""The front door: ``Client`` blocks, ``AsyncClient`` is for asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, cast

from . import _native
from ._message import MessageLike, marks, to_source
from ._native import Discovery, Keys, Phi, Plan, Policy, Sealer, Smtp, Task
from ._scanner import Scanner
from ._types import (
    CodeChannel,
    DueReport,
    Escrow,
    Receipt,
    Recipient,
    SealedMessage,
    Storage,
    Unresolved,
    Verified,
    Waiver,
    unix_ms,
)
from ._words import (
    Disclosure,
    Resolution,
    Sensitivity,
    TlsAssurance,
    word,
    word_or_none,
)

CLOSING = 30.0
"""How many seconds ``close`` waits for what is on its way."""


class _Base:
    """What both clients are made of."""

    __slots__ = ("_native",)

    def __init__(
        self,
        *,
        policy: Policy,
        storage: Storage | str | os.PathLike[str],
        keys: Keys,
        transport: Smtp,
        discovery: Discovery | None = None,
        scanner: Scanner | None = None,
        escrow: Escrow | None = None,
        sealers: Iterable[Sealer] = (),
        code_channel: CodeChannel | None = None,
        audit_origin: str | None = None,
        plan_lifetime: float | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Builds a client: opens its storage, connects to nobody.

        ``storage`` may be the path of a SQLite file. ``discovery`` is needed
        where the transport is ``Smtp.direct``. Without ``escrow`` nothing can be
        kept for pickup, without ``sealers`` nothing goes by OpenPGP or S/MIME.
        ``code_channel`` is called with a telephone number and a
        pickup code, on another thread; what it raises counts as not sent, and
        the sender gets the code. ``plan_lifetime`` is in seconds (15 minutes),
        ``concurrency`` how many copies are delivered at a time (64).

        A client belongs to the process that made it: make it after a fork.
        """
        if not isinstance(storage, Storage):
            storage = Storage.sqlite(storage)
        self._native = _native.Client(
            policy=policy,
            storage=storage.path,
            keys=keys,
            transport=transport,
            discovery=discovery,
            scanner=None if scanner is None else scanner._native,
            escrow=None
            if escrow is None
            else (
                escrow.base_url,
                escrow.organisation,
                escrow.notice_from,
                escrow.lifetime.total_seconds(),
            ),
            sealers=list(sealers),
            code_channel=code_channel,
            audit_origin=audit_origin,
            plan_lifetime=plan_lifetime,
            concurrency=concurrency,
        )

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._native.closed

    @property
    def verifier_key(self) -> str:
        """The public key that verifies the audit log's checkpoints."""
        return self._native.verifier_key()

    def __repr__(self) -> str:
        """Whether it is closed, and no more."""
        return f"{type(self).__name__}({'closed' if self.closed else 'open'})"


def _waivers(waivers: Iterable[Waiver]) -> list[tuple[str, str | Phi, int, int]]:
    return [(w.address, w.patient, unix_ms(w.given), unix_ms(w.expires)) for w in waivers]


class Client(_Base):
    """Plans, sends, and answers for what was sent.

    ::

        with mailseal.Client(
            policy=mailseal.Policy.hipaa(),
            storage="mailseal.db",
            keys=mailseal.Keys.file("mailseal.key"),
            transport=mailseal.Smtp.relay(
                "smtps://clinic@mail.harbor.example",
                onward="authenticated",
                password=os.environ["CLINIC_PASSWORD"],
            ),
        ) as client:
            plan = client.plan(message)
            print(plan.explain("masked"))
            receipt = client.send(plan)

    It may be used from several threads. Calls release the GIL and end on Ctrl-C;
    a ``send`` that was interrupted goes on, and its receipt is on record. Used
    after ``close`` it raises ``client.closed``, in a process that was forked
    from the one that made it ``client.forked``.
    """

    __slots__ = ()

    def plan(
        self,
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
        patient: str | Phi | None = None,
        waivers: Iterable[Waiver] = (),
        names_patient_only: bool = False,
        approved: bool = False,
    ) -> Plan:
        """Scans a message, finds out what its recipients can receive, and decides
        for each how it must be protected. Sends nothing.

        Of the message: ``declare`` raises what the scanner finds;
        ``assert_no_phi`` is a recorded reason why it holds none; ``audience`` is
        the list it goes to; ``secure`` asks for protection whatever it holds;
        ``disclosure="shared"`` lets recipients see each other; ``confirm`` maps
        addresses to reasons why they are right although they look wrong;
        ``recipients`` adds what the host knows of them; ``idempotency_key`` makes
        a second ``send`` of it answer with the first receipt. Of the plan: the
        ``patient`` whom it concerns, ``waivers`` of plain e-mail, whether
        nobody else is named, whether a reviewer ``approved`` it.
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
        return cast(
            Plan,
            self._native.plan(
                to_source(message),
                given,
                patient,
                _waivers(waivers),
                names_patient_only,
                approved,
                None,
            ),
        )

    def send(self, plan: Plan) -> Receipt:
        """Carries a plan out, and gives one outcome a recipient.

        A plan is used once. It raises ``plan.refused`` where the policy refuses
        somebody who was not dropped (see ``plan.refused``); nothing was sent
        then.
        """
        return cast(Receipt, self._native.send(plan, None))

    def seal(
        self, plan: Plan, assurance: TlsAssurance | str | None = None
    ) -> tuple[Receipt, tuple[SealedMessage, ...]]:
        """Seals a plan's messages for a mailer of the host's own, which guarantees
        ``assurance`` for the whole way; without it only sealed routes are given
        out."""
        given = word_or_none(TlsAssurance, assurance)
        return cast(
            "tuple[Receipt, tuple[SealedMessage, ...]]",
            self._native.seal(plan, given, None),
        )

    def receipt(self, id: str) -> Receipt | None:
        """The receipt of an earlier ``send``, as it stands now."""
        return cast("Receipt | None", self._native.receipt(id, None))

    def unresolved(self) -> tuple[Unresolved, ...]:
        """Copies that are not at their end: deferred, in flight, or unknown."""
        return cast("tuple[Unresolved, ...]", self._native.unresolved(None))

    def deliver_due(self) -> DueReport:
        """Tries again what is due. Call it every minute or so."""
        return cast(DueReport, self._native.deliver_due(None))

    def resolve_unknown(
        self, receipt: str, recipient: int, resolution: Resolution | str
    ) -> None:
        """Says what became of a copy whose outcome is unknown."""
        self._native.resolve_unknown(receipt, recipient, word(Resolution, resolution), None)

    def checkpoint(self) -> str:
        """Signs a checkpoint of the audit log, to be kept elsewhere."""
        return cast(str, self._native.checkpoint(None))

    def verify(self, checkpoint: str) -> Verified:
        """Checks the audit log against a checkpoint that was kept elsewhere; raises
        ``AuditError`` where it was edited, cut or reordered."""
        return Verified(*cast("tuple[int, int]", self._native.verify(checkpoint, None)))

    def export(self, path: str | os.PathLike[str]) -> int:
        """Writes every entry of the audit log as a line of JSON into a new file."""
        return cast(int, self._native.export(os.fsdecode(path), None))

    def close(self, timeout: float = CLOSING) -> None:
        """Waits for what is on its way, at most ``timeout`` seconds, and closes.
        What is left goes on with ``deliver_due`` of another client. A second
        call does nothing."""
        self._native.close(timeout)

    def __enter__(self) -> Client:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes."""
        self.close()


class AsyncClient(_Base):
    """``Client`` for asyncio; its calls mean the same.

    The work is done on threads of its own, so that the loop goes on. Cancelling
    a task that waits for ``plan`` gives the plan up. Cancelling one that waits
    for ``send`` or ``deliver_due`` ends the waiting only: what was begun runs to
    its end, and ``receipt`` or a second ``send`` with the same idempotency key
    tells what came of it. Making the client opens its storage, which takes
    milliseconds and blocks.
    """

    __slots__ = ()

    async def _call(self, start: Callable[[Callable[[Any, Any], None]], object]) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(value: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        def done(value: Any, error: BaseException | None) -> None:
            try:
                loop.call_soon_threadsafe(settle, value, error)
            except RuntimeError:
                # The loop was closed: nobody waits any more.
                pass

        task = cast(Task, start(done))
        try:
            return await future
        except asyncio.CancelledError:
            task.cancel()
            raise

    async def plan(
        self,
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
        patient: str | Phi | None = None,
        waivers: Iterable[Waiver] = (),
        names_patient_only: bool = False,
        approved: bool = False,
    ) -> Plan:
        """As ``Client.plan``."""
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
        source, void = to_source(message), _waivers(waivers)
        native = self._native
        planned = await self._call(
            lambda done: native.plan(
                source, given, patient, void, names_patient_only, approved, done
            )
        )
        return cast(Plan, planned)

    async def send(self, plan: Plan) -> Receipt:
        """As ``Client.send``. It runs to its end even if the task is cancelled."""
        return cast(Receipt, await self._call(lambda done: self._native.send(plan, done)))

    async def seal(
        self, plan: Plan, assurance: TlsAssurance | str | None = None
    ) -> tuple[Receipt, tuple[SealedMessage, ...]]:
        """As ``Client.seal``."""
        given = word_or_none(TlsAssurance, assurance)
        sealed = await self._call(lambda done: self._native.seal(plan, given, done))
        return cast("tuple[Receipt, tuple[SealedMessage, ...]]", sealed)

    async def receipt(self, id: str) -> Receipt | None:
        """As ``Client.receipt``."""
        found = await self._call(lambda done: self._native.receipt(id, done))
        return cast("Receipt | None", found)

    async def unresolved(self) -> tuple[Unresolved, ...]:
        """As ``Client.unresolved``."""
        found = await self._call(lambda done: self._native.unresolved(done))
        return cast("tuple[Unresolved, ...]", found)

    async def deliver_due(self) -> DueReport:
        """As ``Client.deliver_due``."""
        return cast(DueReport, await self._call(lambda done: self._native.deliver_due(done)))

    async def resolve_unknown(
        self, receipt: str, recipient: int, resolution: Resolution | str
    ) -> None:
        """As ``Client.resolve_unknown``."""
        given = word(Resolution, resolution)
        await self._call(
            lambda done: self._native.resolve_unknown(receipt, recipient, given, done)
        )

    async def checkpoint(self) -> str:
        """As ``Client.checkpoint``."""
        return cast(str, await self._call(lambda done: self._native.checkpoint(done)))

    async def verify(self, checkpoint: str) -> Verified:
        """As ``Client.verify``."""
        both = await self._call(lambda done: self._native.verify(checkpoint, done))
        return Verified(*cast("tuple[int, int]", both))

    async def export(self, path: str | os.PathLike[str]) -> int:
        """As ``Client.export``."""
        name = os.fsdecode(path)
        return cast(int, await self._call(lambda done: self._native.export(name, done)))

    async def aclose(self, timeout: float = CLOSING) -> None:
        """As ``Client.close``, without holding the loop up."""
        await asyncio.to_thread(self._native.close, timeout)

    async def __aenter__(self) -> AsyncClient:
        """Itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes."""
        await self.aclose()
