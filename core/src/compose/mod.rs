//! The compose room.
