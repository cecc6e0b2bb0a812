//! What the extraction of one message may cost, and what it may leave out.

use std::sync::Arc;

use crate::dlp::HostKnowledge;

/// Bounds of one message's extraction, counted down over all its parts.
#[derive(Debug, Clone)]
pub(in crate::dlp) struct Budget {
    /// Bytes of text given out.
    pub(super) text: usize,
    /// Entries of containers.
    pub(super) entries: usize,
    /// Containers within containers, from here down.
    pub(super) depth: usize,
    /// Bytes inflated, decoded or parsed, in all.
    pub(super) work: usize,
    /// Bytes of decoded content held at the same time.
    pub(super) held: usize,
    /// How many times its size a compressed stream may become, once it has
    /// become larger than [`RATIO_FROM`].
    pub(super) ratio: usize,
    /// Whose files are known: they cost a digest and nothing else.
    pub(super) known: Option<Arc<HostKnowledge>>,
}

/// Below this size a high ratio is no attack: a sheet of empty rows has one.
pub(super) const RATIO_FROM: usize = 8 * MIB;
/// Bytes of one decoded entry.
pub(super) const MAX_ENTRY: usize = 64 * MIB;
/// A piece of a document is given out when it has grown to this size, so that
/// a long document is not held as text a second time.
pub(super) const PIECE: usize = 4 * MIB;

const MIB: usize = 1024 * 1024;

impl Budget {
    /// The bounds of one message.
    pub(in crate::dlp) fn new() -> Self {
        Self {
            text: 64 * MIB,
            entries: 10_000,
            depth: 8,
            work: 256 * MIB,
            held: 96 * MIB,
            ratio: 250,
            known: None,
        }
    }

    /// The same with the files that the host knows.
    pub(in crate::dlp) fn with_known(mut self, host: Option<&Arc<HostKnowledge>>) -> Self {
        self.known = host.filter(|host| host.knows_files()).cloned();
        self
    }

    /// Whether these are the bytes of a file that the host knows.
    pub(super) fn knows(&self, bytes: &[u8]) -> bool {
        self.known
            .as_ref()
            .is_some_and(|host| host.knows_file(bytes))
    }

    /// The most that a decoder may write now.
    pub(super) fn room(&self) -> usize {
        self.work.min(self.held).min(MAX_ENTRY)
    }

    /// A part of it, for a first look.
    pub(in crate::dlp) fn part(&self, text: usize, work: usize) -> Self {
        Self {
            text: self.text.min(text),
            work: self.work.min(work),
            held: self.held.min(work),
            ..self.clone()
        }
    }

    /// Counts what was spent of a part of it.
    pub(in crate::dlp) fn count(&mut self, before: &Self, after: &Self) {
        let less = |all: usize, before: usize, after: usize| {
            all.saturating_sub(before.saturating_sub(after))
        };
        self.text = less(self.text, before.text, after.text);
        self.entries = less(self.entries, before.entries, after.entries);
        self.work = less(self.work, before.work, after.work);
    }

    /// Gives back what was spent since, but for the work: that was done.
    pub(in crate::dlp) fn undo(&mut self, before: Self) {
        let work = self.work;
        *self = Self { work, ..before };
    }

    /// Counts work; `false` where too much was done.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let enough = bytes <= self.work;
        self.work = self.work.saturating_sub(bytes);
        enough
    }
}
