//! What it costs to escrow a message with a file of 100 MB. One test alone in
//! its program: the memory is that of the process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mailseal::base::{Clock, FactorLevel, Keys, RecipientId};
use mailseal::escrow::{Draft, Escrow, Factor, GrantDraft, MAX_MESSAGE, PasscodePlan};
use mailseal::storage::{MemoryStore, Store};
use mailseal::testing::clock::TestClock;

/// A line of proc(5), `status`, in bytes.
fn status(key: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix(key)).unwrap();
    let number = line.trim_start_matches(':').trim();
    let number = number.strip_suffix(" kB").unwrap();
    number.parse::<usize>().unwrap() * 1024
}

const MIB: usize = 1 << 20;

/// A message with a file of 100 MB in base64, which decodes to zeros.
fn message() -> Vec<u8> {
    let mut out = Vec::with_capacity(MAX_MESSAGE);
    out.extend_from_slice(
        b"Subject: scan\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n\
          See the file.\r\n--a\r\nContent-Type: application/dicom; name=scan.dcm\r\n\
          Content-Transfer-Encoding: base64\r\n\r\n",
    );
    let line = [&[b'A'; 76][..], b"\r\n"].concat();
    for _ in 0..100_000_000_usize.div_ceil(57) {
        out.extend_from_slice(&line);
    }
    out.extend_from_slice(b"--a--\r\n");
    out
}

#[tokio::test]
async fn beside_a_message_its_rows_are_held_and_little_more() {
    let message = message();
    assert!(message.len() > 136_000_000 && message.len() < MAX_MESSAGE);
    let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::default());
    let keys = Keys::make_ephemeral();
    let escrow = Escrow::new(
        store.clone(),
        &keys,
        Arc::new(clock.clone()),
        "https://p.example",
    );
    let escrow = escrow.unwrap();
    let expires = clock.now().plus(Duration::from_secs(60));
    let grant = GrantDraft::new(RecipientId::new(0), FactorLevel::P2);
    let grants = vec![grant.passcode(PasscodePlan::Make)];

    let measured = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = status("VmRSS");
    let mut prepared = escrow
        .prepare(Draft::new(&message, expires, grants))
        .await
        .unwrap();
    if measured {
        let taken = status("VmHWM").saturating_sub(before);
        eprintln!("{} bytes of message, {taken} beside it", message.len());
        assert!(taken < message.len() + 8 * MIB, "{taken}");
    } else {
        eprintln!("the peak cannot be measured here");
    }
    let ops = std::mem::take(&mut prepared.ops);
    store.commit(ops.into_iter().collect()).await.unwrap();
    let given = &prepared.grants[0];
    let passcode = Factor::Passcode(given.passcode.clone().unwrap());
    let opened = escrow.open(&given.link, &passcode, None).await.unwrap();
    assert!(*opened.message.expose() == message);
}
