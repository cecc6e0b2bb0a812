//! Opening what comes back.
