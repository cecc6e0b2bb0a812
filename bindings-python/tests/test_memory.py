"""How much memory a big attachment takes on its way, measured in a process of
its own. ``pytest -s tests/test_memory.py`` prints the figures."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

MIB = 1024 * 1024
SIZE = 100 * MIB
ENCODED = SIZE // 57 * 78
"""In base64, with line ends."""
SLACK = 24 * MIB

PROGRAM = """
import gc, json, os, sys
import mailseal

SIZE = {size}
LIMIT = 200 * 1024 * 1024
figures = {{}}


def figure(name):
    # The peak since the last figure; Linux sets it back on this write.
    gc.collect()
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    figures[name] = int(fields["VmHWM"].split()[0]) * 1024 - figures.get("start", 0)
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")


mailseal.scan("warm")
figure("start")
content = os.urandom(SIZE)
figure("content")
{work}
print(json.dumps(figures))
"""

COMPOSE = """
file = mailseal.Attachment("scan.bin", "application/octet-stream", content)
message = mailseal.compose(
    sender="a@harbor.example", to=["pat@mail.example"], attachments=[file], max_bytes=LIMIT)
figure("compose")
del file, content
figure("alone")
client = mailseal.Client(
    policy=mailseal.Policy.hipaa(), storage=mailseal.Storage.memory(),
    keys=mailseal.Keys.ephemeral(),
    transport=mailseal.Smtp.relay("smtp://relay.invalid", onward="authenticated"))
plan = client.plan(message)
figure("plan")
"""

PARSE = """
import base64
head = (b"From: a@harbor.example\\r\\nTo: pat@mail.example\\r\\nMIME-Version: 1.0\\r\\n"
        b"Content-Type: application/octet-stream\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n")
raw = head + base64.encodebytes(content).replace(b"\\n", b"\\r\\n")
del content
figure("raw")
message = mailseal.Message.parse(raw, max_bytes=LIMIT)
figure("parse")
"""

EMAIL = """
from email.message import EmailMessage
made = EmailMessage()
made["From"], made["To"] = "a@harbor.example", "pat@mail.example"
made.add_attachment(content, maintype="application", subtype="octet-stream")
figure("email")
raw = mailseal._message.to_bytes(made)
figure("to_bytes")
"""


def measure(work: str) -> dict[str, int]:
    code = PROGRAM.format(size=SIZE, work=textwrap.dedent(work))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    figures: dict[str, int] = json.loads(ran.stdout)
    print("\n" + ", ".join(f"{name} {size // MIB} MiB" for name, size in figures.items()))
    return figures


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
def test_composing_copies_nothing_but_the_message() -> None:
    peak = measure(COMPOSE)
    # Python's bytes, and the message itself in base64: no third copy.
    assert peak["compose"] < SIZE + ENCODED + SLACK
    assert peak["alone"] < SIZE + ENCODED + SLACK
    # The scanner decodes the attachment to look at it.
    assert peak["plan"] < SIZE + ENCODED + SLACK


@linux
def test_parsing_copies_once() -> None:
    peak = measure(PARSE)
    # Python's bytes, and the message, which is its own owner: it is wiped.
    assert peak["parse"] < 2 * ENCODED + SLACK


@linux
def test_what_the_email_package_takes_is_its_own() -> None:
    peak = measure(EMAIL)
    # Content, its base64 as text, and the generator's buffers: not ours to save.
    assert peak["to_bytes"] > SIZE + 2 * ENCODED
