//! The way from the bytes of a view back to those of its source, kept small:
//! text in which every other letter is none of ASCII has as many runs as
//! letters.

use std::ops::Range;

/// Runs of which one is kept whole, to start reading at.
const BLOCK: usize = 32;

/// Widths from here on are written out.
const WIDE: usize = 3;

/// A stretch of the view and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Where it starts in the view.
    view: usize,
    /// Where it starts in the source.
    source: usize,
    /// For how many bytes of the source, one after the other, each of its bytes
    /// stands.
    width: usize,
}

impl Run {
    /// Byte for byte from the start.
    const SAME: Self = Self {
        view: 0,
        source: 0,
        width: 1,
    };

    fn at(self, view: usize) -> Range<usize> {
        let start = self.source + (view - self.view) * self.width;
        start..start + self.width
    }
}

/// The runs of a view, in its order. Their sources run on for the most part;
/// where they do not, as with what is hidden, they may go back.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Every [`BLOCK`]th, and where in `packed` the others after it start.
    blocks: Vec<(Run, usize)>,
    /// The others, each as what differs from the one before; see [`Self::push`].
    packed: Vec<u8>,
    /// The last one, and how many its block has.
    last: Option<(Run, usize)>,
}

impl Runs {
    /// Whether the view is the source.
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// A run that starts behind the others.
    pub(super) fn push(&mut self, view: usize, source: usize, width: usize) {
        let run = Run {
            view,
            source,
            width,
        };
        let count = match self.last {
            Some((last, count)) if count < BLOCK => {
                // Most go on where the one before ends, and most are narrow:
                // these take one byte.
                let goes_on = last.at(view).start;
                let jumps = source != goes_on;
                let narrow = width.min(WIDE);
                let far = view.abs_diff(last.view);
                write(
                    &mut self.packed,
                    far << 3 | narrow << 1 | usize::from(jumps),
                );
                if narrow == WIDE {
                    write(&mut self.packed, width);
                }
                if jumps {
                    let back = source < goes_on;
                    let far = source.abs_diff(goes_on);
                    write(&mut self.packed, far << 1 | usize::from(back));
                }
                count + 1
            }
            _ => {
                self.blocks.push((run, self.packed.len()));
                1
            }
        };
        self.last = Some((run, count));
    }

    /// The bytes of the source that one byte stands for.
    pub(super) fn at(&self, view: usize) -> Range<usize> {
        self.run(view).0.at(view)
    }

    /// The bytes of the source from those of one byte to those of another
    /// behind it.
    pub(super) fn between(&self, first: usize, last: usize) -> Range<usize> {
        let (run, end) = self.run(first);
        let start = run.at(first).start;
        // Most of what is asked for stands in one run.
        let run = if last < end { run } else { self.run(last).0 };
        start..run.at(last).end.max(start)
    }

    /// The run that a byte stands in, and where the next one starts.
    fn run(&self, view: usize) -> (Run, usize) {
        let behind = self.blocks.partition_point(|(run, _)| run.view <= view);
        let next = self.blocks.get(behind);
        let next_view = next.map_or(usize::MAX, |(run, _)| run.view);
        let Some(&(mut run, from)) = behind.checked_sub(1).and_then(|n| self.blocks.get(n)) else {
            return (Run::SAME, next_view);
        };
        let to = next.map_or(self.packed.len(), |&(_, from)| from);
        let mut packed = self.packed.get(from..to).unwrap_or_default();
        while let Some(behind) = unpack(&mut packed, run) {
            if behind.view > view {
                return (run, behind.view);
            }
            run = behind;
        }
        (run, next_view)
    }

    /// The same of a view without some of its bytes, which are given in order.
    pub(super) fn without(&self, gone: impl Iterator<Item = Range<usize>>) -> Self {
        let mut out = Self::default();
        let (mut gone, mut less) = (gone.peekable(), 0);
        let mut piece = |run: Run, end: usize| {
            let mut at = run.view;
            while at < end {
                while let Some(range) = gone.next_if(|range| range.end <= at) {
                    less += range.len();
                }
                at = match gone.peek() {
                    Some(range) if range.start <= at => range.end.min(end),
                    next => {
                        out.push(at - less, run.at(at).start, run.width);
                        next.map_or(end, |range| range.start.min(end))
                    }
                };
            }
        };
        let mut last = Run::SAME;
        for (n, &(run, from)) in self.blocks.iter().enumerate() {
            piece(last, run.view);
            last = run;
            let to = self.blocks.get(n + 1).map(|&(_, from)| from);
            let packed = self.packed.get(from..to.unwrap_or(self.packed.len()));
            let mut packed = packed.unwrap_or_default();
            while let Some(run) = unpack(&mut packed, last) {
                piece(last, run.view);
                last = run;
            }
        }
        piece(last, usize::MAX);
        out
    }
}

/// The run behind another.
fn unpack(packed: &mut &[u8], run: Run) -> Option<Run> {
    if packed.is_empty() {
        return None;
    }
    let head = read(packed);
    let view = run.view + (head >> 3);
    let width = match head >> 1 & WIDE {
        WIDE => read(packed),
        narrow => narrow,
    };
    let goes_on = run.at(view).start;
    let far = if head & 1 == 1 { read(packed) } else { 0 };
    let source = match far & 1 {
        0 => goes_on + (far >> 1),
        _ => goes_on.saturating_sub(far >> 1),
    };
    Some(Run {
        view,
        source,
        width,
    })
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
fn write(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(0x80 | u8::try_from(number & 0x7f).unwrap_or(0));
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

fn read(packed: &mut &[u8]) -> usize {
    let mut number = 0;
    let mut shift = 0;
    while let Some((&byte, rest)) = packed.split_first() {
        *packed = rest;
        number |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::{Run, Runs};

    /// Runs near and far, forth and back, and more than a block has.
    fn runs() -> Vec<Run> {
        let mut runs = Vec::new();
        let (mut view, mut source) = (3, 5);
        for n in 0..200usize {
            let width = [1, 2, 3, 7, 900][n % 5];
            runs.push(Run {
                view,
                source,
                width,
            });
            view += [1, 2, 130, 20_000][n % 4];
            source = match n % 7 {
                6 => source / 3,
                _ => source + [2, 300, 70_000][n % 3],
            };
        }
        runs
    }

    #[test]
    fn every_byte_leads_to_its_run() {
        let runs = runs();
        let mut map = Runs::default();
        assert!(map.is_empty());
        assert_eq!(map.at(9), 9..10);
        for run in &runs {
            map.push(run.view, run.source, run.width);
        }
        let of = |view: usize| {
            let at = runs.partition_point(|r| r.view <= view);
            at.checked_sub(1).map_or(Run::SAME, |n| runs[n])
        };
        let starts = runs.iter().map(|r| r.view);
        let asked: Vec<usize> = starts.flat_map(|v| [v - 1, v, v + 1, v + 77]).collect();
        for &view in &asked {
            assert_eq!(map.at(view), of(view).at(view));
            for &last in asked.iter().filter(|last| **last >= view) {
                let start = of(view).at(view).start;
                let end = of(last).at(last).end.max(start);
                assert_eq!(map.between(view, last), start..end);
            }
        }
    }

    #[test]
    fn what_is_left_leads_where_it_led() {
        let mut map = Runs::default();
        for run in runs() {
            map.push(run.view, run.source, run.width);
        }
        let gone = [0..2, 4..5, 7..300, 301..302, 60_000..90_000];
        let left = map.without(gone.clone().into_iter());
        let all = (0..120_000).filter(|n| !gone.iter().any(|range| range.contains(n)));
        for (view, before) in all.enumerate() {
            assert_eq!(left.at(view), map.at(before), "{view} {before}");
        }
    }

    #[test]
    fn a_run_that_goes_on_takes_two_bytes() {
        let mut map = Runs::default();
        let count = 100_000;
        for n in 0..count {
            map.push(n, n * 3 / 2, 1 + n % 2);
        }
        let whole = map.blocks.len() * size_of::<(Run, usize)>();
        assert!(map.packed.len() + whole <= 2 * count + 64);
    }
}
