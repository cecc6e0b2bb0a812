"""Forks, as `gunicorn --preload` and `multiprocessing` make them, and signals."""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable

import pytest
from conftest import Host, message, parts

import mailseal

SECONDS = 120
"""A child that hangs is ended after this; none should come near it."""


def in_child(work: Callable[[], int]) -> int:
    """Runs work in a forked process, and gives its exit code."""
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads, which is the point here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 99
        try:
            signal.alarm(SECONDS)
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def forked(use: Callable[[], object]) -> bool:
    try:
        use()
    except mailseal.ConflictError as error:
        return error.code == "client.forked"
    return False


def test_a_client_says_that_it_was_forked(client: mailseal.Client) -> None:
    plan = client.plan(message())
    client.send(client.plan(message()))

    def work() -> int:
        uses = [lambda: client.send(plan), client.unresolved, lambda: client.plan(message())]
        if not all(forked(use) for use in uses):
            return 1
        client.close()
        return 0

    assert in_child(work) == 0
    # The parent's is as it was.
    assert client.send(plan).outcomes[0].status is mailseal.Status.DELIVERED


def test_a_forked_client_is_let_go(host: Host) -> None:
    client: mailseal.Client | None = mailseal.Client(**parts(host))

    def work() -> int:
        nonlocal client
        client = None
        return 0

    assert in_child(work) == 0


def test_scanning_works_in_a_forked_process() -> None:
    before = mailseal.scan("MRN 44871023")

    def work() -> int:
        after = mailseal.Scanner().scan_many(["MRN 44871023"] * 8, threads=4)
        return 0 if all(found == before for found in after) else 1

    assert in_child(work) == 0


def test_a_logger_in_a_forked_process(host: Host) -> None:
    import logging

    logging.getLogger("mailseal").setLevel(logging.DEBUG)
    try:
        with mailseal.Client(**parts(host)) as client:
            client.send(client.plan(message()))

            def work() -> int:
                with mailseal.Client(**parts(host)) as own:
                    own.send(own.plan(message()))
                return 0

            assert in_child(work) == 0
    finally:
        logging.getLogger("mailseal").setLevel(logging.NOTSET)


def test_preloaded_workers_send_a_thousand(host: Host, tmp_path: pathlib.Path) -> None:
    """As gunicorn does it: the application, with a client, is loaded before the
    workers are forked."""
    given = parts(
        host,
        storage=mailseal.Storage.sqlite(tmp_path / "db"),
        keys=mailseal.Keys.file(tmp_path / "key"),
    )
    with mailseal.Client(**given) as preloaded:
        preloaded.plan(message())

        def worker(n: int) -> int:
            if not forked(lambda: preloaded.plan(message())):
                return 2
            with mailseal.Client(**given) as own:
                for k in range(250):
                    sent = own.send(own.plan(message("Hello.", to=f"w{n}-{k}@mail.example")))
                    if sent.outcomes[0].status is not mailseal.Status.DELIVERED:
                        return 3
            return 0

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            children = []
            for n in range(4):
                child = os.fork()
                if child == 0:
                    code = 99
                    try:
                        signal.alarm(SECONDS)
                        code = worker(n)
                    finally:
                        os._exit(code)
                children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0, 0, 0]
    assert len({taken.recipients[0] for taken in host.taken}) == 1000


def _pool_scan(text: str) -> str:
    return str(mailseal.scan(text).sensitivity)


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_pool_of_processes_scans(how: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context(how).Pool(2) as pool:
            assert pool.map(_pool_scan, ["Shall we have lunch?"] * 4) == ["none"] * 4


def interrupted(code: str, environment: dict[str, str]) -> None:
    """Starts a program, waits for its word, interrupts it, expects Ctrl-C's end."""
    # Where tests run in the background Ctrl-C is ignored, and so it is by what
    # they start.
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program = subprocess.Popen(
        [sys.executable, "-c", heard + textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert program.stdout is not None
    assert program.stdout.readline().strip() == "ready"
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=SECONDS)
    assert out.strip() == "interrupted", out
    assert program.returncode == 0


def test_ctrl_c_ends_a_send(environment: dict[str, str]) -> None:
    # A relay that takes connections and says nothing.
    interrupted(
        """
        import socket, mailseal
        silent = socket.create_server(("127.0.0.1", 0))
        client = mailseal.Client(
            policy=mailseal.Policy.hipaa(), storage=mailseal.Storage.memory(),
            keys=mailseal.Keys.ephemeral(),
            transport=mailseal.Smtp.relay(
                f"smtp://localhost:{silent.getsockname()[1]}", onward="authenticated"),
        )
        plan = client.plan(b"From: a@b.example\\r\\nTo: c@d.example\\r\\n\\r\\nx\\r\\n")
        try:
            print("ready", flush=True)
            client.send(plan)
        except KeyboardInterrupt:
            print("interrupted")
        client.close(timeout=0)
        silent.close()
        """,
        environment,
    )


def test_ctrl_c_ends_a_scan(environment: dict[str, str]) -> None:
    interrupted(
        """
        import mailseal
        text = "Dear Pat Lindqvist, your potassium was high. " * 200
        try:
            print("ready", flush=True)
            mailseal.Scanner().scan_many([text] * 20_000)
        except KeyboardInterrupt:
            print("interrupted")
        """,
        environment,
    )


def test_a_program_may_end_without_closing(host: Host, environment: dict[str, str]) -> None:
    program = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                """
                import mailseal, logging
                logging.basicConfig(level=logging.DEBUG)
                client = mailseal.Client(
                    policy=mailseal.Policy.hipaa(), storage=mailseal.Storage.memory(),
                    keys=mailseal.Keys.ephemeral(),
                    transport=mailseal.Smtp.relay("smtp://localhost:1", onward="authenticated"),
                )
                raw = b"From: a@b.example\\r\\nTo: c@d.example\\r\\n\\r\\nx\\r\\n"
                print(client.send(client.plan(raw)).outcomes[0].status)
                """
            ),
        ],
        capture_output=True,
        text=True,
        env=environment,
        timeout=SECONDS,
    )
    assert (program.returncode, program.stdout) == (0, "deferred\n"), program.stderr
