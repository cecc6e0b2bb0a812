#!/usr/bin/env python3
"""Takes out of RFC 9180's published vectors what mailseal uses.

    generate.py test-vectors-5f503c5.json > p256-sha256-aes256gcm.json

The input is the file named in PROVENANCE.md. `base` is the one vector of base
mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM, with its first
encryption (the only one that a single message has); `derive` holds all inputs
and outputs of DeriveKeyPair for that KEM, of all modes and ciphers.
"""
import json
import sys


def main():
    vectors = [v for v in json.load(open(sys.argv[1])) if v["kem_id"] == 0x10]
    suite = {"mode": 0, "kdf_id": 1, "aead_id": 2}
    (base,) = [v for v in vectors if all(v[k] == x for k, x in suite.items())]
    first = base["encryptions"][0]
    names = ["info", "ikmR", "skRm", "pkRm", "ikmE", "skEm", "pkEm", "enc", "shared_secret"]
    out = {k: base[k] for k in names} | {k: first[k] for k in ["aad", "pt", "ct"]}
    derive = []
    for v in vectors:
        for who in "RES":
            if f"ikm{who}" in v:
                derive.append([v[f"ikm{who}"], v[f"sk{who}m"], v[f"pk{who}m"]])
    print(json.dumps({"base": out, "derive": derive}, indent=0))


main()
