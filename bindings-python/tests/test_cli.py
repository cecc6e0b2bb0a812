"""``python -m mailseal``, and the example that is a program."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
from conftest import CANARY, PHI, Host, message

import mailseal
from mailseal.cli import main
from mailseal.config import SAMPLE, Settings

LUNCH = b"From: ann@firm.example\nTo: bob@firm.example\nSubject: Lunch\n\nAt noon?\n"


@pytest.fixture
def config(host: Host, tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "ca.pem").write_bytes(host.roots)
    file = tmp_path / "mailseal.toml"
    file.write_text(
        f'database = "mailseal.db"\nkeys = "mailseal.key"\n[transport]\nrelay = "{host.url}"\n'
        'onward = "authenticated"\n'
    )
    return file


@pytest.fixture
def trusting(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority of the test is trusted, without a network table, which
    would ask DNS for `localhost`."""
    relay = mailseal.Smtp.relay

    class Trusting:
        @staticmethod
        def relay(url: str, **given: object) -> mailseal.Smtp:
            return relay(url, roots=host.roots, **given)  # type: ignore[arg-type]

    monkeypatch.setattr("mailseal.config.Smtp", Trusting)


@pytest.fixture
def mail(tmp_path: pathlib.Path) -> str:
    file = tmp_path / "mail.eml"
    file.write_bytes(message().as_bytes())
    return str(file)


@pytest.mark.parametrize(
    ("content", "verdict", "code"),
    [
        (LUNCH, "none", 0),
        (message().as_bytes(), "phi", 10),
        (message("Your HIV test came back positive. MRN 44871023").as_bytes(), "sensitive", 11),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "unscannable", 12),
    ],
)
def test_scan_says_it_in_its_exit_code(
    content: bytes,
    verdict: str,
    code: int,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.png").write_bytes(content)
    assert main(["scan", "--json", str(tmp_path / "folder")]) == code
    [file] = json.loads(capsys.readouterr().out)["files"]
    assert file["verdict"] == verdict
    assert main(["scan", str(tmp_path / "folder" / "a.png")]) == code
    assert f"a.png: {verdict}" in capsys.readouterr().out


def test_scan_masks_unless_asked(mail: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["scan", mail])
    assert "1EG4" not in capsys.readouterr().out
    main(["scan", "--show-values", mail])
    assert "1EG4-TE5-MK73" in capsys.readouterr().out


def test_plan_sends_nothing(
    config: pathlib.Path, mail: str, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--config", str(config), mail]) == 0
    out = capsys.readouterr().out
    assert "p***@m***" in out and "Nothing was sent." in out
    assert main(["plan", "--config", str(config), "--json", "--show", "index", mail]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["recipients"][0]["route"] == "tls" and "address" not in plan["recipients"][0]
    assert host.taken == []


def test_send_and_verify(
    config: pathlib.Path,
    mail: str,
    host: Host,
    trusting: None,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["send", "--config", str(config), "--json", mail]) == 0
    receipt = json.loads(capsys.readouterr().out)["receipt"]
    assert receipt["outcomes"][0]["status"] == "delivered"
    assert len(host.taken) == 1
    with Settings.read(config).client(reader=True) as client:
        (tmp_path / "checkpoint").write_text(client.checkpoint())
        key = client.verifier_key
        client.export(tmp_path / "log")
    kept = str(tmp_path / "checkpoint")
    assert main(["verify", "--config", str(config), kept]) == 0
    assert "verified" in capsys.readouterr().out
    assert main(["verify", "--export", str(tmp_path / "log"), "--key", key, "--json", kept]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is True
    text = (tmp_path / "log").read_text()
    (tmp_path / "log").write_text(text.partition("\n")[2])
    assert main(["verify", "--export", str(tmp_path / "log"), "--key", key, kept]) == 1


def test_exit_codes_of_send(
    config: pathlib.Path,
    mail: str,
    host: Host,
    trusting: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host.answers["pat@mail.example"] = "550 5.1.1 unknown"
    assert main(["send", "--config", str(config), mail]) == 5
    host.answers["pat@mail.example"] = "450 4.2.0 later"
    assert main(["send", "--config", str(config), mail]) == 4
    config.write_text(config.read_text().replace("authenticated", "opportunistic"))
    assert main(["send", "--config", str(config), mail]) == 3
    assert main(["send", "--config", str(config), "--drop", "r7", mail]) == 1
    assert main(["send", "--config", "nowhere.toml", mail]) == 1
    assert main(["send", "--config", str(config), "nowhere.eml"]) == 1
    assert "config.read" in capsys.readouterr().err
    for wrong in (["send"], ["nonsense"], ["verify", "x", "--key", "y"]):
        with pytest.raises(SystemExit) as caught:
            main(wrong)
        assert caught.value.code == 2


def test_the_sample_is_a_configuration(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mailseal.toml").write_text(SAMPLE)
    settings = Settings.read(tmp_path / "mailseal.toml")
    with pytest.raises(mailseal.ConfigError) as caught:
        settings.client()
    assert caught.value.code == "config.password"
    monkeypatch.setenv("CLINIC_PASSWORD", "x")
    settings.client().close()


@pytest.mark.parametrize(
    "text",
    ["x = 1", "transport = 1", "[transport]\nrelai = 1", "x = ", "[transport]\nrelay = 'smtp://r'"],
)
def test_a_wrong_configuration_names_its_key(text: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "mailseal.toml").write_text(text)
    with pytest.raises(mailseal.ConfigError) as caught:
        Settings.read(tmp_path / "mailseal.toml").client()
    assert caught.value.code == "config.form"


def test_it_is_a_program(mail: str, environment: dict[str, str]) -> None:
    for arguments in (["--help"], ["scan", "--help"], ["send", "--help"], ["--version"]):
        ran = subprocess.run(
            [sys.executable, "-m", "mailseal", *arguments], capture_output=True, env=environment
        )
        assert ran.returncode == 0 and ran.stdout
    ran = subprocess.run(
        [sys.executable, "-m", "mailseal", "scan", "-"],
        input=pathlib.Path(mail).read_bytes(),
        capture_output=True,
        env=environment,
    )
    assert ran.returncode == 10, ran.stderr


def test_the_appointment_reminder_runs(
    root: pathlib.Path,
    config: pathlib.Path,
    host: Host,
    trusting: None,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    appointments = tmp_path / "appointments.csv"
    appointments.write_text(
        "email,name,phone,when,clinic\n"
        f"pat@mail.example,Pat {CANARY},+1 555 0100,12 March at 9:30,Nephrology\n"
        f"not an address,Kim {CANARY},,12 March at 10:00,Nephrology\n"
    )
    file = root / "examples" / "python" / "appointment_reminder.py"
    program: dict[str, object] = {"__name__": "reminder"}
    exec(compile(file.read_text("utf-8"), str(file), "exec"), program)
    main = program["main"]
    assert callable(main)
    given = ["reminder", str(config), str(appointments)]
    monkeypatch.setattr(sys, "argv", [*given, "--dry-run"])
    assert main() == 3
    assert host.taken == [] and "would go by tls" in capsys.readouterr().out
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", given)
        assert main() == 3
        out = capsys.readouterr().out
        assert "appointment 1: delivered by tls" in out and "1 of 2" in out
        assert CANARY not in out and "pat@" not in out
    assert len(host.taken) == 1
    assert PHI
