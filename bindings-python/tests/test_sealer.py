"""The sealed routes, read back by GnuPG and OpenSSL."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from conftest import CANARY, message

import mailseal

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "core" / "tests" / "vectors"
PASSPHRASE = "correct horse"
ADDRESS = "cv25519@clinic.example"


@pytest.fixture
def gpg(tmp_path: pathlib.Path) -> Iterator[dict[str, str]]:
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    secret = VECTORS / "openpgp" / "cv25519.sec.asc"
    subprocess.run(["gpg", "--batch", "--quiet", "--import", secret], env=environment, check=True)
    yield environment
    subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False)


def offline(sealer: mailseal.Sealer, route: str) -> mailseal.Client:
    return mailseal.Client(
        policy=mailseal.Policy.from_toml(f'preset = "hipaa"\nladder = ["{route}"]\n'),
        storage=mailseal.Storage.memory(),
        keys=mailseal.Keys.ephemeral(),
        transport=mailseal.Smtp.relay("smtp://relay.invalid"),
        sealers=[sealer],
    )


def test_openpgp_is_read_by_gnupg(gpg: dict[str, str], tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    public = subprocess.check_output(["gpg", "--armor", "--export"], env=gpg)
    (folder / f"{ADDRESS}.asc").write_bytes(public)
    key = (VECTORS / "openpgp" / "cv25519.sec.asc").read_bytes()
    sealer = mailseal.Sealer.pgp(folder, identities=[("clinic@harbor.example", key, PASSPHRASE)])
    assert repr(sealer) == "Sealer(pgp)"
    with offline(sealer, "pgp") as client:
        plan = client.plan(message(to=ADDRESS))
        assert plan.recipients[0].decision.route is mailseal.Route.PGP, plan.explain()
        _, [sealed] = client.seal(plan)
    assert CANARY.encode() not in sealed.content
    begin = sealed.content.index(b"-----BEGIN PGP MESSAGE-----")
    clear = subprocess.run(
        ["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, "--decrypt"],
        input=sealed.content[begin:],
        env=gpg,
        capture_output=True,
    )
    assert CANARY.encode() in clear.stdout, clear.stderr


def test_wrong_keys_are_told_at_once(tmp_path: pathlib.Path) -> None:
    key = (VECTORS / "openpgp" / "cv25519.sec.asc").read_bytes()
    file = (VECTORS / "pkcs12" / "p256.p12").read_bytes()
    for make in (
        lambda: mailseal.Sealer.pgp(tmp_path, identities=[("a@b.example", key, CANARY)]),
        lambda: mailseal.Sealer.smime(tmp_path, identities=[("a@b.example", file, CANARY)]),
        lambda: mailseal.Sealer.smime(tmp_path, anchors=b"none"),
        lambda: offline(mailseal.Sealer.pgp(tmp_path / "nowhere"), "pgp"),
    ):
        with pytest.raises(mailseal.ConfigError) as caught:
            make()
        assert CANARY not in str(caught.value)


def test_smime_seals(tmp_path: pathlib.Path) -> None:
    """To a certificate that the host pinned, under the host's own authority."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")

    def run(*arguments: str) -> None:
        subprocess.run([openssl or "", *arguments], check=True, capture_output=True, cwd=tmp_path)

    def certificate(address: str, name: str) -> None:
        run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=email:{address}", "-addext", "extendedKeyUsage=emailProtection",
            "-addext", "keyUsage=critical,digitalSignature,keyEncipherment",
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip

    certificate("clinic@harbor.example", "clinic")
    certificate("pat@mail.example", "pat")
    run(
        "pkcs12", "-export", "-inkey", "clinic.key", "-in", "clinic.pem", "-out", "clinic.p12",
        "-passout", f"pass:{PASSPHRASE}",
    )  # fmt: skip
    folder = tmp_path / "certificates"
    folder.mkdir()
    shutil.copy(tmp_path / "pat.pem", folder / "pat@mail.example.pem")
    sealer = mailseal.Sealer.smime(
        folder,
        identities=[("clinic@harbor.example", (tmp_path / "clinic.p12").read_bytes(), PASSPHRASE)],
    )
    with offline(sealer, "smime") as client:
        plan = client.plan(message())
        assert plan.recipients[0].decision.route is mailseal.Route.SMIME, plan.explain()
        _, [sealed] = client.seal(plan)
    (tmp_path / "sealed.eml").write_bytes(sealed.content)
    assert CANARY.encode() not in sealed.content
    clear = subprocess.check_output(
        [openssl, "cms", "-decrypt", "-in", "sealed.eml", "-recip", "pat.pem", "-inkey", "pat.key"],
        cwd=tmp_path,
    )
    assert CANARY.encode() in clear
