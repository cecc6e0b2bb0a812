"""What the way through Python costs: prints a table.

Run it with a release wheel in an environment of its own::

    cargo xtask wheel
    cargo build --release -p mailseal-python --example baseline
    target/python/clean/bin/python bindings-python/bench.py \\
        --rust target/release/examples/baseline

``--rust`` is the same work in Rust; without it that column is empty.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import mailseal

SENTENCES = (
    "Dear Pat Lindqvist, your appointment at Harbor Kidney is on 12 March at 9:30. ",
    "Please bring your list of medicines and the card of your health plan. ",
    "Your potassium was 6.1 mmol/L and your creatinine 2.1 mg/dL on 3 February. ",
    "Parking is behind the building; the entrance is on the left. ",
)


def mail(number: int, size: int) -> bytes:
    """A mail of about ``size`` bytes; the Rust program makes the same."""
    head = (
        "From: Harbor Kidney <desk@harbor.example>\r\n"
        f"To: patient{number}@mail.example\r\nSubject: Your visit\r\n\r\n"
    )
    lines: list[str] = []
    length = len(head)
    while length < size:
        line = SENTENCES[(number + len(lines)) % len(SENTENCES)] + "\r\n"
        lines.append(line)
        length += len(line)
    return (head + "".join(lines) + f"MRN {40_000_000 + number}\r\n").encode()


def best(work: Callable[[], object], times: int) -> float:
    """The median time of a few runs, in seconds."""
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def import_time() -> float:
    """How long ``import mailseal`` takes in a new interpreter."""
    code = "import time; t = time.perf_counter(); import mailseal; print(time.perf_counter() - t)"
    runs = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(5)]
    return statistics.median(float(run) for run in runs)


def main() -> None:
    """Measures, and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rust", type=pathlib.Path, help="the same work in Rust")
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    mails = [mail(n, 1024) for n in range(given.mails)]
    letter = mail(7, 4096)
    scanner = mailseal.Scanner()
    scanner.scan(letter)
    ours: dict[str, float] = {}

    with mailseal.Client(
        policy=mailseal.Policy.hipaa(),
        storage=mailseal.Storage.memory(),
        keys=mailseal.Keys.ephemeral(),
        transport=mailseal.Smtp.relay("smtp://relay.invalid", onward="authenticated"),
    ) as client:
        client.plan(letter)
        ours["plan 4 KB, one by one"] = (
            best(lambda: [client.plan(letter) for _ in range(500)], given.runs) / 500
        )
        ours["plan 4 KB, and read all of it"] = (
            best(
                lambda: [
                    (p.recipients, p.findings.items, p.sensitivity)
                    for p in (client.plan(letter) for _ in range(500))
                ],
                given.runs,
            )
            / 500
        )
    per = len(mails)
    ours["scan, one by one"] = best(lambda: [scanner.scan(m) for m in mails], given.runs) / per
    ours["scan, one by one, and read all findings"] = (
        best(lambda: [scanner.scan(m).items for m in mails], given.runs) / per
    )
    ours["scan, in batch, 1 thread"] = (
        best(lambda: scanner.scan_many(mails, threads=1), given.runs) / per
    )
    ours["scan, in batch, all cores"] = best(lambda: scanner.scan_many(mails), given.runs) / per

    def threads(count: int) -> None:
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            pieces = [mails[n::8] for n in range(8)]
            list(pool.map(lambda piece: [scanner.scan(m) for m in piece], pieces))

    ours["scan, 1 Python thread"] = best(lambda: threads(1), given.runs) / per
    ours["scan, 8 Python threads"] = best(lambda: threads(8), given.runs) / per

    rust: dict[str, float] = {}
    if given.rust is not None:
        asked = [str(given.rust), str(given.mails), str(given.runs)]
        rust = json.loads(subprocess.check_output(asked, text=True))

    print(f"{'':<42}{'Python':>12}{'Rust':>12}{'overhead':>12}")
    for name, seconds in ours.items():
        base = rust.get(name)
        line = f"{name:<42}{seconds * 1e6:>9.1f} µs"
        if base is not None:
            line += f"{base * 1e6:>9.1f} µs{(seconds / base - 1) * 100:>+10.1f} %"
        print(line)
    print(f"{'import mailseal':<42}{import_time() * 1e3:>9.1f} ms")


if __name__ == "__main__":
    main()
