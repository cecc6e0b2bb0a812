//! EnvelopedData and AuthEnvelopedData.
