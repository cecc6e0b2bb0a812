//! In memory.
/// A store that forgets.
#[derive(Debug)]
pub struct MemoryStore;
