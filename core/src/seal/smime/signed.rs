//! SignedData.
