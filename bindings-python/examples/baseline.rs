//! What `bench.py` does, in Rust: prints seconds an item as JSON.
//!
//! `cargo build --release -p mailseal-python --example baseline`
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use mailseal::base::TlsAssurance;
use mailseal::compose::Message;
use mailseal::deliver::Smtp;
use mailseal::dlp::{Findings, PhiScanner, Scanner as _};
use mailseal::policy::Policy;
use mailseal::{Client, Keys, Storage};

const SENTENCES: [&str; 4] = [
    "Dear Pat Lindqvist, your appointment at Harbor Kidney is on 12 March at 9:30. ",
    "Please bring your list of medicines and the card of your health plan. ",
    "Your potassium was 6.1 mmol/L and your creatinine 2.1 mg/dL on 3 February. ",
    "Parking is behind the building; the entrance is on the left. ",
];

/// The mail that `bench.py` makes of the same number and size.
fn mail(number: usize, size: usize) -> Vec<u8> {
    let mut text = format!(
        "From: Harbor Kidney <desk@harbor.example>\r\nTo: patient{number}@mail.example\r\nSubject: Your visit\r\n\r\n"
    );
    let mut line = 0;
    while text.len() < size {
        text.push_str(SENTENCES[(number + line) % SENTENCES.len()]);
        text.push_str("\r\n");
        line += 1;
    }
    text.push_str(&format!("MRN {}\r\n", 40_000_000 + number));
    text.into_bytes()
}

fn best(runs: usize, mut work: impl FnMut()) -> f64 {
    let taken: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    taken.into_iter().fold(f64::INFINITY, f64::min)
}

fn scan(scanner: &PhiScanner, raw: &[u8]) -> Findings {
    scanner.scan(&Message::parse(raw).expect("a message"))
}

fn many(scanner: &PhiScanner, mails: &[Vec<u8>], threads: usize) -> usize {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        while let Some(mail) = mails.get(next.fetch_add(1, Ordering::Relaxed)) {
            made.push(scan(scanner, mail));
        }
        made.len()
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut count = work();
        for other in others {
            count += other.join().expect("a thread");
        }
        count
    })
}

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map_while(|a| a.parse().ok())
        .collect();
    let [count, runs] = arguments[..] else {
        eprintln!("baseline MAILS RUNS, two numbers");
        std::process::exit(2);
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let scanner = PhiScanner::new();
    let mails: Vec<Vec<u8>> = (0..count).map(|n| mail(n, 1024)).collect();
    let letter = mail(7, 4096);
    scan(&scanner, &letter);

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let plan = runtime.block_on(async {
        let client = Client::builder()
            .policy(Policy::hipaa())
            .storage(Storage::memory())
            .keys(Keys::make_ephemeral())
            .transport(
                Smtp::relay("smtp://relay.invalid")
                    .unwrap()
                    .onward(TlsAssurance::Authenticated),
            )
            .build()
            .await
            .expect("a client");
        client.plan(Message::parse(&letter).unwrap()).await.unwrap();
        let mut taken = Vec::new();
        for _ in 0..runs {
            let start = Instant::now();
            for _ in 0..500 {
                let message = Message::parse(&letter).unwrap();
                std::hint::black_box(client.plan(message).await.unwrap());
            }
            taken.push(start.elapsed().as_secs_f64() / 500.0);
        }
        taken.into_iter().fold(f64::INFINITY, f64::min)
    });
    let each = |seconds: f64| seconds / count as f64;
    let one_by_one = each(best(runs, || {
        let all: Vec<_> = mails.iter().map(|m| scan(&scanner, m)).collect();
        std::hint::black_box(all);
    }));
    let one = each(best(runs, || {
        std::hint::black_box(many(&scanner, &mails, 1));
    }));
    let all = each(best(runs, || {
        std::hint::black_box(many(&scanner, &mails, cores));
    }));
    println!(
        "{{\"plan 4 KB, one by one\": {plan}, \"plan 4 KB, and read all of it\": {plan}, \
         \"scan, one by one\": {one_by_one}, \"scan, one by one, and read all findings\": {one_by_one}, \
         \"scan, in batch, 1 thread\": {one}, \"scan, in batch, all cores\": {all}}}"
    );
}
