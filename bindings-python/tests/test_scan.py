"""Scanning without a client."""

from __future__ import annotations

import concurrent.futures

import pytest
from conftest import PHI, message

import mailseal


def test_a_text_a_message_or_bytes() -> None:
    text = mailseal.scan(PHI)
    assert {f.kind for f in text.items} >= {mailseal.FindingKind.HEALTH_PLAN_ID}
    assert text.sensitivity is mailseal.Sensitivity.PHI and text.knows_names
    raw = message().as_bytes()
    assert mailseal.scan(message()).items == mailseal.scan(raw).items
    assert mailseal.scan(mailseal.Message.parse(raw)) == mailseal.scan(raw)
    with pytest.raises(TypeError):
        mailseal.scan(7)  # type: ignore[arg-type]


def test_a_place_is_in_bytes() -> None:
    text = "Grüße. MRN 44871023"
    [found] = mailseal.Scanner(names=False).scan(text).items
    assert text.encode()[found.start : found.end].decode() == found.expose() == "44871023"


def test_the_verdict_has_reasons() -> None:
    risk = mailseal.scan(PHI).risk
    assert risk is not None and risk.score > 0 and risk.reasons
    assert risk.reasons[0].weight >= risk.reasons[-1].weight or risk.reasons
    assert mailseal.Scanner(names=False).scan("hello").risk is None
    assert mailseal.Scanner(names=False).scan("hello").sensitivity is None


def test_many_are_in_their_order() -> None:
    texts = [f"MRN {44871023 + n}" for n in range(50)]
    scanner = mailseal.Scanner()
    one_by_one = [scanner.scan(text) for text in texts]
    for threads in (None, 1, 3, 100):
        assert scanner.scan_many(texts, threads=threads) == one_by_one
    assert scanner.scan_many(iter([])) == []


def test_a_message_that_cannot_be_read() -> None:
    scanner = mailseal.Scanner(names=False)
    good = message().as_bytes()
    with pytest.raises(mailseal.InputError):
        scanner.scan_many([good, b"nonsense"])
    first, second = scanner.scan_many([good, b"nonsense"], return_errors=True)
    assert isinstance(first, mailseal.Findings) and isinstance(second, mailseal.InputError)


def test_a_scanner_is_used_from_many_threads() -> None:
    scanner = mailseal.Scanner()
    expected = scanner.scan(PHI)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(scanner.scan, [PHI] * 40))


def test_the_gil_is_released_while_it_scans() -> None:
    """Another thread runs Python while a long text is scanned."""
    import threading

    began, ticks, over = threading.Event(), [], threading.Event()

    def tick() -> None:
        began.set()
        while not over.is_set():
            ticks.append(1)

    thread = threading.Thread(target=tick)
    thread.start()
    began.wait(10)
    raw = message(PHI * 2).as_bytes()
    before = len(ticks)
    scanner = mailseal.Scanner()
    for _ in range(20):
        scanner.scan(raw)
    over.set()
    thread.join()
    assert len(ticks) > before


def test_host_knowledge_counts() -> None:
    host = '[[pattern]]\nkind = "mrn"\nregex = "HK-[0-9]{4}"\n'
    found = mailseal.Scanner(host=host, names=False).scan("about HK-7731")
    assert mailseal.Evidence.HOST in found.items[0].evidence
    with pytest.raises(mailseal.ConfigError) as caught:
        mailseal.Scanner(host="[[pattern]]")
    assert caught.value.code == "host.missing"
