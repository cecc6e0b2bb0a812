//! Public keys: verifying, encrypting, agreeing.
