"""The client for asyncio: it does not hold the loop up, and tasks may be cancelled."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from conftest import CANARY, Host, message, parts

import mailseal


@pytest_asyncio.fixture
async def client(host: Host) -> AsyncIterator[mailseal.AsyncClient]:
    async with mailseal.AsyncClient(**parts(host)) as made:
        yield made


async def arrived(host: Host) -> None:
    await asyncio.to_thread(host.arrived.wait, 10)
    assert host.arrived.is_set()


async def test_the_whole_way(client: mailseal.AsyncClient, host: Host) -> None:
    plan = await client.plan(message(), idempotency_key="k")
    receipt = await client.send(plan)
    assert receipt.outcomes[0].status is mailseal.Status.DELIVERED
    assert await client.receipt(receipt.id) == receipt
    assert await client.unresolved() == ()
    assert (await client.deliver_due()).outcomes == ()
    assert (await client.verify(await client.checkpoint())).covered > 0
    assert CANARY.encode() in host.taken[0].content


async def test_errors_are_the_same(client: mailseal.AsyncClient) -> None:
    with pytest.raises(mailseal.InputError) as caught:
        await client.plan(b"To: pat@mail.example\r\n\r\n")
    assert caught.value.code == "compose.missing_header"
    plan = await client.plan(message())
    await client.seal(plan, "authenticated")
    with pytest.raises(mailseal.ConflictError):
        await client.send(plan)


async def test_many_at_a_time(client: mailseal.AsyncClient, host: Host) -> None:
    async def one(n: int) -> mailseal.Receipt:
        return await client.send(await client.plan(message(to=f"p{n}@mail.example")))

    receipts = await asyncio.gather(*(one(n) for n in range(20)))
    assert {r.outcomes[0].status for r in receipts} == {mailseal.Status.DELIVERED}
    assert len(host.taken) == 20


async def test_the_loop_goes_on(client: mailseal.AsyncClient, host: Host) -> None:
    host.gate = threading.Event()
    sending = asyncio.create_task(client.send(await client.plan(message())))
    await arrived(host)
    # The loop runs this while the send waits for the host.
    assert not sending.done()
    host.gate.set()
    assert (await sending).outcomes[0].status is mailseal.Status.DELIVERED


async def test_a_cancelled_send_runs_to_its_end(
    client: mailseal.AsyncClient, host: Host
) -> None:
    host.gate = threading.Event()
    plan = await client.plan(message(), idempotency_key="once")
    sending = asyncio.create_task(client.send(plan))
    await arrived(host)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    [left] = await client.unresolved()
    host.gate.set()
    # The same key waits for nothing and answers with the call that goes on.
    again = await client.send(await client.plan(message(), idempotency_key="once"))
    assert again.id == left.receipt
    await client.aclose()
    assert len(host.taken) == 1


async def test_a_cancelled_plan_is_given_up(host: Host) -> None:
    # A resolver that is asked and never answers.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        network = mailseal.Network(resolver=f"127.0.0.1:{silent.getsockname()[1]}")
        client = mailseal.AsyncClient(
            **parts(
                host,
                transport=mailseal.Smtp.direct("client.example", network=network),
                discovery=mailseal.Discovery.live("client.example", network=network),
            )
        )
        planning = asyncio.create_task(client.plan(message()))
        await asyncio.to_thread(silent.recv, 512)
        planning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await planning
        # Nothing is on its way any more: closing waits for nothing, and so not
        # for the resolver's patience.
        await asyncio.wait_for(client.aclose(), 4)


async def test_closed_and_used_after(host: Host) -> None:
    client = mailseal.AsyncClient(**parts(host))
    await client.aclose()
    await client.aclose()
    with pytest.raises(mailseal.ConflictError) as caught:
        await client.plan(message())
    assert caught.value.code == "client.closed"


def test_a_loop_that_ends_first_does_no_harm(host: Host) -> None:
    host.gate = threading.Event()
    client = mailseal.AsyncClient(**parts(host))

    async def begin() -> None:
        asyncio.ensure_future(client.send(await client.plan(message())))
        await arrived(host)

    asyncio.run(begin())
    host.gate.set()
    asyncio.run(client.aclose())
    assert len(host.taken) == 1


async def test_a_client_serves_two_loops(host: Host) -> None:
    async with mailseal.AsyncClient(**parts(host)) as client:

        def other() -> Any:
            return asyncio.run(client.plan(message()))

        plan = await asyncio.to_thread(other)
        assert (await client.send(plan)).outcomes[0].status is mailseal.Status.DELIVERED
