//! The hot paths of single rooms, without I/O.
#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mailseal::base::{Address, Sensitivity, TlsAssurance};
use mailseal::compose::Message;
use mailseal::escrow::Link;
use mailseal::policy::{
    ContentFacts, ContextFacts, Facts, Policy, RecipientFacts, TransportFacts, decide,
};
use mailseal::wire::smtp::reply::ReplyParser;

const EHLO: &[u8] = include_bytes!("../../fuzz/seeds/reply/ehlo");
const MESSAGE: &[u8] = include_bytes!("../../fuzz/seeds/message/multipart");
const POLICY: &str = include_str!("../../fuzz/seeds/policy_toml/rules");
const LINK: &str = include_str!("../../fuzz/seeds/link/plain");

fn base(c: &mut Criterion) {
    c.bench_function("base/address", |b| {
        b.iter(|| black_box("Pat.Q+x@Mail.Example").parse::<Address>());
    });
}

fn policy(c: &mut Criterion) {
    let policy = Policy::hipaa();
    let mut content = ContentFacts::default();
    content.found = Some(Sensitivity::Phi);
    let mut pat = RecipientFacts::new("pat@mail.example".parse().expect("an address"));
    pat.transport = TransportFacts::exactly(TlsAssurance::Authenticated);
    let facts = Facts::new(content, pat, ContextFacts::default());
    c.bench_function("policy/decide", |b| {
        b.iter(|| decide(black_box(&policy), black_box(&facts)));
    });
    c.bench_function("policy/from_toml", |b| {
        b.iter(|| Policy::from_toml(black_box(POLICY)));
    });
}

fn compose(c: &mut Criterion) {
    let mut group = c.benchmark_group("compose");
    group.throughput(Throughput::Bytes(MESSAGE.len() as u64));
    group.bench_function("parse", |b| b.iter(|| Message::parse(black_box(MESSAGE))));
    group.finish();
}

fn wire(c: &mut Criterion) {
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Bytes(EHLO.len() as u64));
    group.bench_function("reply", |b| {
        b.iter(|| {
            let mut parser = ReplyParser::new();
            parser.push(black_box(EHLO));
            parser.next_reply()
        });
    });
    group.finish();
}

fn escrow(c: &mut Criterion) {
    c.bench_function("escrow/link", |b| {
        b.iter(|| Link::parse(black_box(LINK)));
    });
}

criterion_group!(rooms, base, policy, compose, wire, escrow);
criterion_main!(rooms);
