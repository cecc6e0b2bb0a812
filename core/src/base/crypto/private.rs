//! Private keys: RSA, ECDSA and ECDH, Ed25519.
