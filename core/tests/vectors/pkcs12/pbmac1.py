"""Writes pbmac1.p12: p256.p12 under PBMAC1 (RFC 9579) instead of its MAC.

Usage: python3 pbmac1.py, in this folder. Python's own hashlib and hmac.
"""
import hashlib, hmac


def read(b):
    n, at = b[1], 2
    if n & 0x80:
        at = 2 + (n & 0x7F)
        n = int.from_bytes(b[2:at], "big")
    return b[0], b[at : at + n], b[: at + n], b[at + n :]


def write(tag, *parts):
    b = b"".join(parts)
    n = len(b)
    length = bytes([n]) if n < 128 else bytes([0x82]) + n.to_bytes(2, "big")
    return bytes([tag]) + length + b


def oid(hexed):
    return write(6, bytes.fromhex(hexed))


pfx = read(open("p256.p12", "rb").read())[1]
version, rest = read(pfx)[2:]
safe = read(rest)[2]
content = read(read(read(read(safe)[1])[3])[1])[1]
salt = bytes(range(16))
key = hashlib.pbkdf2_hmac("sha512", b"correct horse", salt, 4096, 32)
mac = hmac.new(key, content, "sha256").digest()
null = write(5)
hmac_sha256, hmac_sha512 = oid("2a864886f70d0209"), oid("2a864886f70d020b")
kdf = write(
    0x30,
    oid("2a864886f70d01050c"),
    write(0x30, write(4, salt), write(2, b"\x10\x00"), write(2, b"\x20"), write(0x30, hmac_sha512, null)),
)
algorithm = write(
    0x30,
    oid("2a864886f70d01050e"),
    write(0x30, kdf, write(0x30, hmac_sha256, null)),
)
mac_data = write(0x30, write(0x30, algorithm, write(4, mac)), write(4, b"NOT USED"), write(2, b"\x01"))
open("pbmac1.p12", "wb").write(write(0x30, version, safe, mac_data))
