//! What calls leave on the stack and in freed memory.
//!
//! The libraries wipe what they free and not always what they leave behind on
//! the stack: after an ECDH in aws-lc the shared secret stood there, and after
//! a hash its digest, which was a wrapping key. The next calls overwrite it,
//! or none do.

/// How far down is wiped, in octets. In builds without optimization the
/// deepest remains stood less than 8 KiB down.
const DEPTH: usize = 32 * 1024;

/// Does the work and wipes the stack that it used.
///
/// What it returns is moved out before: secrets in it must lie on the heap.
pub(crate) fn cleaned<T>(work: impl FnOnce() -> T) -> T {
    let result = apart(work);
    wipe();
    result
}

/// In a frame of its own, which lies where [`wipe`]'s will.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe() {
    // Words: octet by octet it would take longer than a signature.
    let mut area = [0_u64; DEPTH / 8];
    zeroize::Zeroize::zeroize(&mut area);
    std::hint::black_box(&mut area);
}

/// How many blocks are overwritten: more than the allocator keeps of one size.
#[cfg(feature = "pgp")]
const BLOCKS: usize = 64;

/// Overwrites blocks of up to `size` octets that were freed by this thread and
/// would be handed out next. For libraries that free one with a secret in it:
/// an allocator that gives such blocks out again first, as most do, gives them
/// to us.
#[cfg(feature = "pgp")]
pub(crate) fn overwrite_freed(size: usize) {
    let blocks: Vec<Vec<u8>> = (0..BLOCKS)
        .map(|_| {
            // Zeros would be asked for as such, and taken from elsewhere.
            let mut block = Vec::with_capacity(size);
            block.resize(size, std::hint::black_box(0xa5));
            std::hint::black_box(block)
        })
        .collect();
    drop(std::hint::black_box(blocks));
}
