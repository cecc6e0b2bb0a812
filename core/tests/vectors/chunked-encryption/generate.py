#!/usr/bin/env python3
"""Rewrites the published vectors without zlib, so that the Rust test needs no inflater.

    generate.py c2sp_chunked_encryption_aes_256_gcm_test.json > cobblestone-256.json

The input is the file named in PROVENANCE.md. Nothing but the encoding of the
ciphertext changes: it becomes a list of [hexadecimal bytes, repetitions], and
its SHA-256 stands beside it.
"""
import hashlib
import itertools
import json
import sys
import zlib

MIN_RUN = 48


def segments(data):
    out, plain = [], bytearray()
    for byte, run in itertools.groupby(data):
        n = sum(1 for _ in run)
        if n < MIN_RUN:
            plain += bytes([byte]) * n
            continue
        if plain:
            out.append([plain.hex(), 1])
            plain = bytearray()
        out.append([f"{byte:02x}", n])
    if plain:
        out.append([plain.hex(), 1])
    return out


def main():
    tests = []
    for group in json.load(open(sys.argv[1]))["testGroups"]:
        assert group["aead"] == "AEAD_AES_256_GCM" and group["sha"] == "SHA-512"
        for t in group["tests"]:
            data = zlib.decompress(bytes.fromhex(t["ct"]))
            t["ct"] = segments(data)
            t["ctSha256"] = hashlib.sha256(data).hexdigest()
            tests.append(t)
    print('{"tests": [')
    print(",\n".join(json.dumps(t) for t in tests))
    print("]}")


if __name__ == "__main__":
    main()
