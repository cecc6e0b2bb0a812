//! Private keys with their certificates: PKCS#8 and PKCS#12 files.
