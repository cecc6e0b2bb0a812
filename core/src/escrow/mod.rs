//! The escrow room.
