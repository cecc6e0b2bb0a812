//! The S/MIME sealer.
