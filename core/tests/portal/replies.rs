//! Replies: sealed as the page seals them, and all that can be wrong.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::{aead, agreement, hkdf};
use mailseal::base::{FactorLevel, GrantId, Keys, Sensitivity, TlsAssurance};
use mailseal::deliver::Smtp;
use mailseal::policy::Policy;
use mailseal::portal::PortalEventKind;
use mailseal::{Client, EscrowOptions, Storage};
use serde_json::{Value, json};

use crate::support::*;
use crate::ways::{bytes, unwrap_dek};

const PART: usize = 1 << 20;

/// Opens or seals with AES-256-GCM.
fn gcm(key: &[u8], nonce: &[u8], data: &mut Vec<u8>, seal: bool) {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).unwrap();
    let key = aead::LessSafeKey::new(key);
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).unwrap();
    if seal {
        key.seal_in_place_append_tag(nonce, aead::Aad::empty(), data)
            .unwrap();
    } else {
        let length = key
            .open_in_place(nonce, aead::Aad::empty(), data)
            .unwrap()
            .len();
        data.truncate(length);
    }
}

struct Len(usize);

impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(prk: &hkdf::Prk, info: &[&[u8]], length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    prk.expand(info, Len(length))
        .unwrap()
        .fill(&mut out)
        .unwrap();
    out
}

/// C2SP chunked encryption: key, nonce and commitment of a stream.
fn schedule(key: &[u8], salt: &[u8], context: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
    let prk = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA512, key);
    let okm = expand(&prk, &[info, salt, context], 76);
    (okm[..32].to_vec(), okm[32..44].to_vec(), okm[44..].to_vec())
}

fn nonce(base: &[u8], number: u64) -> Vec<u8> {
    let mut nonce = base.to_vec();
    for (byte, n) in nonce[4..].iter_mut().zip(number.to_be_bytes()) {
        *byte ^= n;
    }
    nonce
}

fn encrypt(key: &[u8], context: &[u8], plain: &[u8]) -> Vec<u8> {
    let salt = [5; 24];
    let (key, base, commitment) = schedule(key, &salt, context);
    let mut out = [&salt[..], &commitment].concat();
    let mut number = 0;
    let mut rest = plain;
    loop {
        let (now, after) = rest.split_at(rest.len().min(16384));
        let mut chunk = now.to_vec();
        gcm(&key, &nonce(&base, number), &mut chunk, true);
        out.extend(chunk);
        if now.len() < 16384 {
            return out;
        }
        (rest, number) = (after, number + 1);
    }
}

/// Opens a stream of one chunk.
fn decrypt_short(key: &[u8], context: &[u8], sealed: &[u8]) -> Vec<u8> {
    let (key, base, commitment) = schedule(key, &sealed[..24], context);
    assert_eq!(commitment, sealed[24..56]);
    let mut chunk = sealed[56..].to_vec();
    gcm(&key, &base, &mut chunk, false);
    chunk
}

/// HPKE base mode (RFC 9180), written down once more.
fn hpke(to: &[u8], info: &[u8], plain: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let labeled = |suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]| {
        let text = [b"HPKE-v1", suite, label, ikm].concat();
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&text)
    };
    // An Extract whose output is an input again: HMAC keyed with the salt.
    let extract = |suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, salt);
        let text = [b"HPKE-v1", suite, label, ikm].concat();
        aws_lc_rs::hmac::sign(&key, &text).as_ref().to_vec()
    };
    let (kem, suite) = (b"KEM\0\x10", b"HPKE\0\x10\0\x01\0\x02");
    let own = agreement::PrivateKey::generate(&agreement::ECDH_P256).unwrap();
    let enc = own.compute_public_key().unwrap().as_ref().to_vec();
    let peer = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, to);
    let dh = agreement::agree(&own, peer, (), |dh| Ok::<_, ()>(dh.to_vec())).unwrap();
    let prk = labeled(kem, b"", b"eae_prk", &dh);
    let context = [enc.as_slice(), to].concat();
    let shared = expand(
        &prk,
        &[b"\0\x20HPKE-v1", kem, b"shared_secret", &context],
        32,
    );
    let zeros = [0u8; 32];
    let id = extract(suite, &zeros, b"psk_id_hash", b"");
    let info = extract(suite, &zeros, b"info_hash", info);
    let context = [&[0][..], &id, &info].concat();
    let prk = labeled(suite, &shared, b"secret", b"");
    let key = expand(&prk, &[b"\0\x20HPKE-v1", suite, b"key", &context], 32);
    let nonce = expand(
        &prk,
        &[b"\0\x0cHPKE-v1", suite, b"base_nonce", &context],
        12,
    );
    let mut sealed = plain.to_vec();
    gcm(&key, &nonce, &mut sealed, true);
    (enc, sealed)
}

/// What the page sends: the body of `begin`, and the ciphertext.
pub(crate) struct Sealed {
    begin: Value,
    ciphertext: Vec<u8>,
}

/// A visitor to whom the message was released, and the reply key as the
/// manifest names it.
pub(crate) struct Writer {
    visitor: Visitor,
    pub(crate) grant: GrantId,
    id: Vec<u8>,
    key: Vec<u8>,
}

impl Writer {
    pub(crate) async fn new(bench: &Bench) -> Self {
        let given = bench.grant(passcode()).await;
        let visitor = bench.inside(&given).await;
        visitor.verify("passcode", given.passcode()).await;
        Self::reading(&given, visitor).await
    }

    /// Of a message that the link alone opens.
    async fn with_link_alone(bench: &Bench) -> Self {
        let given = bench.grant(at_floor(FactorLevel::P0)).await;
        let visitor = bench.inside(&given).await;
        Self::reading(&given, visitor).await
    }

    async fn reading(given: &Given, visitor: Visitor) -> Self {
        let released = visitor.release().await.json();
        let dek = unwrap_dek(given, &released).unwrap();
        let context = [b"mailseal/1/escrow/manifest\0", &given.item.as_bytes()[..]].concat();
        let manifest = decrypt_short(&dek, &context, &bytes(&released["manifest"]));
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let id = manifest["reply"]["id"].as_str().unwrap().as_bytes();
        Self {
            visitor,
            grant: given.grant,
            id: data_encoding::HEXLOWER.decode(id).unwrap(),
            key: bytes(&manifest["reply"]["key"]),
        }
    }

    /// The same visitor before another process.
    fn at(&self, router: axum::Router) -> Self {
        let mut visitor = self.visitor.clone();
        visitor.router = router;
        Self {
            visitor,
            grant: self.grant,
            id: self.id.clone(),
            key: self.key.clone(),
        }
    }

    pub(crate) fn seal(&self, container: &[u8]) -> Sealed {
        let dek = [6u8; 32];
        let info = [
            b"mailseal/1/portal/reply",
            &self.grant.as_bytes()[..],
            &self.id,
        ]
        .concat();
        let (enc, wrapped) = hpke(&self.key, &info, &dek);
        let context = [b"mailseal/1/portal/reply\0", &self.grant.as_bytes()[..]].concat();
        let begin = json!({
            "sealed_key": b64(&enc),
            "wrapped": b64(&wrapped),
            "size": container.len(),
        });
        Sealed {
            begin,
            ciphertext: encrypt(&dek, &context, container),
        }
    }

    async fn begin(&self, sealed: &Sealed) -> String {
        let begun = self.visitor.post("/replies", &sealed.begin).await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        let begun = begun.json();
        assert_eq!(begun["part_bytes"], PART);
        assert_eq!(begun["limit"], 64 << 20);
        begun["reply"].as_str().unwrap().to_owned()
    }

    async fn put(&self, reply: &str, n: usize, bytes: &[u8]) -> Answer {
        let path = format!("/replies/{reply}/parts/{n}");
        self.visitor.put(&path, bytes.to_vec()).await
    }

    async fn commit(&self, reply: &str, parts: usize) -> Answer {
        let path = format!("/replies/{reply}/commit");
        self.visitor.post(&path, &json!({"parts": parts})).await
    }

    /// The whole way.
    pub(crate) async fn send(&self, sealed: &Sealed) -> Answer {
        let reply = self.begin(sealed).await;
        let parts: Vec<&[u8]> = sealed.ciphertext.chunks(PART).collect();
        for (n, part) in parts.iter().enumerate() {
            let put = self.put(&reply, n, part).await;
            assert_eq!(put.status, 200, "{}", put.text());
        }
        self.commit(&reply, parts.len()).await
    }
}

fn container(json: &Value, files: &[u8]) -> Vec<u8> {
    let json = json.to_string();
    let length = u32::try_from(json.len()).unwrap().to_be_bytes();
    [&length, json.as_bytes(), files].concat()
}

pub(crate) fn letter(files: &[(&str, &[u8])]) -> Vec<u8> {
    let list: Vec<Value> = files
        .iter()
        .map(|(name, b)| json!({"name": name, "type": "application/pdf", "size": b.len()}))
        .collect();
    let head = json!({"v": 1, "subject": "Re: Results", "text": "Thank you", "attachments": list});
    let all: Vec<u8> = files.iter().flat_map(|(_, b)| b.to_vec()).collect();
    container(&head, &all)
}

/// Rows of replies that are left: records, parts.
async fn rows(bench: &Bench) -> (usize, usize) {
    let content = bench.store.content().await;
    let of = |t: &str| content.iter().filter(|r| r.0 == t).count();
    (of("reply"), of("reply_part"))
}

#[tokio::test]
async fn a_reply_reaches_the_host_and_nothing_of_it_stays() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    let file = vec![7u8; 2 << 20];
    let sealed = writer.seal(&letter(&[
        ("../../a\u{202e}fdp.exe", &file),
        ("b.pdf", b"%PDF"),
    ]));
    assert!(sealed.ciphertext.len() > 2 * PART);
    let sent = writer.send(&sealed).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    {
        let heard = bench.host.heard();
        let (reply, found) = &heard.replies[0];
        // Nobody scanned it.
        assert_eq!(*found, Sensitivity::Phi);
        assert_eq!(reply.grant, writer.grant);
        assert_eq!(reply.subject.expose(), "Re: Results");
        assert_eq!(reply.text.expose(), "Thank you");
        let names: Vec<_> = reply
            .attachments
            .iter()
            .map(|a| a.name.expose().as_str())
            .collect();
        assert!(!names[0].contains(['/', '\\', '\u{202e}']), "{names:?}");
        assert_eq!(names[1], "b.pdf");
        assert_eq!(reply.attachments[0].bytes.expose(), &file);
        let id = reply.id.to_string().to_uppercase();
        assert_eq!(sent.json()["reference"], format!("R-{}", &id[..8]));
    }
    assert!(bench.host.kinds().contains(&PortalEventKind::Replied));
    assert_eq!(rows(&bench).await.1, 0);
}

#[tokio::test]
async fn t24_what_the_host_refuses_is_not_kept() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    bench.host.heard().refuses = true;
    let sent = writer.send(&writer.seal(&letter(&[("a.pdf", b"x")]))).await;
    assert!(sent.is(422, "refused"));
    assert_eq!(rows(&bench).await.1, 0);
    assert!(!bench.host.kinds().contains(&PortalEventKind::Replied));
}

#[tokio::test]
async fn t24_hostile_containers_are_refused_and_not_kept() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    let many: Vec<(&str, &[u8])> = vec![("a", b""); 26];
    let huge = json!({"v": 1, "subject": "", "text": "", "attachments": [{"name": "bomb.zip", "type": "a/b", "size": u64::MAX}]});
    let hostile = [
        b"".to_vec(),
        b"\xff\xff\xff\xff".to_vec(),
        container(&json!([]), b""),
        container(&huge, b"PK"),
        letter(&many),
        [letter(&[]), b"a polyglot's other half".to_vec()].concat(),
        "[".repeat(100_000).into_bytes(),
    ];
    let mut slots = 0;
    for plain in hostile {
        let sent = writer.send(&writer.seal(&plain)).await;
        assert!(sent.is(422, "refused"), "{}", sent.text());
        slots += 1;
        assert_eq!(rows(&bench).await, (slots, 0));
    }
    assert_eq!(slots, 7);
    assert!(bench.host.heard().replies.is_empty());
    // A bomb that unpacks to more than it is stays what it is: nothing is
    // unpacked to be handed over.
    let bomb = letter(&[("bomb.zip", b"PK\x03\x04 and 10 GB of zeros, they say")]);
    assert_eq!(writer.send(&writer.seal(&bomb)).await.status, 200);
}

#[tokio::test]
async fn t24_sizes_and_numbers_of_parts_are_bounded_before_they_are_stored() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    let sealed = writer.seal(&letter(&[("a.bin", &vec![1; 1 << 20])]));
    // Too large altogether: nothing begins.
    let mut begin = sealed.begin.clone();
    begin["size"] = json!((64u64 << 20) + 1);
    assert!(
        writer
            .visitor
            .post("/replies", &begin)
            .await
            .is(413, "too_large")
    );
    begin["size"] = json!(u64::MAX);
    assert!(
        writer
            .visitor
            .post("/replies", &begin)
            .await
            .is(413, "too_large")
    );
    begin["size"] = json!(-1);
    assert!(
        writer
            .visitor
            .post("/replies", &begin)
            .await
            .is(400, "malformed")
    );
    assert_eq!(rows(&bench).await, (0, 0));

    let reply = writer.begin(&sealed).await;
    let parts: Vec<&[u8]> = sealed.ciphertext.chunks(PART).collect();
    assert_eq!(parts.len(), 2);
    // A hundred thousand parts.
    for n in [2, 3, 65, 100_000] {
        assert!(
            writer.put(&reply, n, parts[0]).await.is(400, "malformed"),
            "{n}"
        );
    }
    for n in ["-1", "+1", "01", "4294967296", "x", "0%00"] {
        let path = format!("/replies/{reply}/parts/{n}");
        assert!(
            writer
                .visitor
                .put(&path, vec![1])
                .await
                .is(404, "not_found"),
            "{n}"
        );
    }
    assert!(
        writer
            .put(&reply, 0, &parts[0][1..])
            .await
            .is(400, "malformed")
    );
    assert!(writer.put(&reply, 1, parts[0]).await.is(400, "malformed"));
    let large = vec![0; PART + 1];
    assert!(writer.put(&reply, 0, &large).await.is(413, "too_large"));
    assert_eq!(rows(&bench).await, (1, 0));
    // The same part again takes its place; parts may come in any order.
    for n in [1, 0, 0, 1] {
        assert_eq!(writer.put(&reply, n, parts[n]).await.status, 200);
    }
    assert_eq!(rows(&bench).await, (1, 2));
    assert_eq!(writer.commit(&reply, 2).await.status, 200);
    // Committed once: the host does not get it twice.
    assert_eq!(writer.commit(&reply, 2).await.status, 200);
    assert_eq!(bench.host.heard().replies.len(), 1);
}

#[tokio::test]
async fn t24_a_grant_has_few_replies_a_day() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    let sealed = writer.seal(&letter(&[]));
    for _ in 0..10 {
        writer.begin(&sealed).await;
    }
    let more = writer.visitor.post("/replies", &sealed.begin).await;
    assert!(more.is(429, "wait"), "{}", more.text());
}

/// Else one recipient could have 64 MiB opened, scanned and handed over again
/// and again.
#[tokio::test]
async fn t24_what_is_refused_counts_among_the_replies_of_a_day() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    bench.host.heard().refuses = true;
    let (by_host, hostile) = (writer.seal(&letter(&[])), writer.seal(b"no container"));
    for sealed in [&by_host, &hostile].repeat(5) {
        let reply = writer.begin(sealed).await;
        writer.put(&reply, 0, &sealed.ciphertext).await;
        // Again, it is refused again and not said to be there.
        for _ in 0..2 {
            let sent = writer.commit(&reply, 1).await;
            assert!(sent.is(422, "refused"), "{}", sent.text());
        }
        assert!(writer.put(&reply, 0, &sealed.ciphertext).await.status != 200);
        assert_eq!(rows(&bench).await.1, 0, "nothing of it is kept");
    }
    let more = writer.visitor.post("/replies", &by_host.begin).await;
    assert!(more.is(429, "wait"), "{}", more.text());
    // For a day.
    bench.advance(24 * 60 * 60);
    bench
        .escrow
        .expire_due(mailseal::base::Clock::now(&bench.clock))
        .await
        .unwrap();
    assert_eq!(rows(&bench).await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn t24_a_slow_upload_is_cut_off() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    let sealed = writer.seal(&letter(&[]));
    let reply = writer.begin(&sealed).await;
    let drops = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        Some((Ok::<_, std::io::Error>(vec![1u8]), ()))
    });
    let answer = writer
        .visitor
        .send(
            axum::http::Method::PUT,
            &format!("/replies/{reply}/parts/0"),
            "application/octet-stream",
            axum::body::Body::from_stream(drops),
        )
        .await;
    assert!(answer.is(408, "slow"), "{}", answer.text());
}

#[tokio::test]
async fn t24_only_a_session_that_read_the_message_may_reply_and_to_it_only() {
    let bench = Bench::default();
    let (writer, other) = (Writer::new(&bench).await, Writer::new(&bench).await);
    let sealed = writer.seal(&letter(&[]));
    let given = bench.grant(passcode()).await;
    let visitor = bench.inside(&given).await;
    let early = visitor.post("/replies", &sealed.begin).await;
    assert!(early.is(403, "factor_required"));
    visitor.verify("passcode", given.passcode()).await;
    let early = visitor.post("/replies", &sealed.begin).await;
    assert!(early.is(403, "factor_required"), "not released yet");
    let stranger = bench.visitor(&given);
    let none = stranger.post("/replies", &sealed.begin).await;
    assert!(none.is(403, "no_session"));
    // A key that was sealed for another message.
    let moved = other.visitor.post("/replies", &sealed.begin).await;
    assert!(moved.is(422, "refused"));
    // The upload of another.
    let reply = writer.begin(&sealed).await;
    assert!(
        other
            .put(&reply, 0, &sealed.ciphertext)
            .await
            .is(404, "not_found")
    );
    assert!(other.commit(&reply, 1).await.is(404, "not_found"));
    // Its parts under another key.
    assert_eq!(writer.put(&reply, 0, &sealed.ciphertext).await.status, 200);
    let foreign = other.seal(&letter(&[]));
    let mine = other.begin(&foreign).await;
    assert_eq!(other.put(&mine, 0, &sealed.ciphertext).await.status, 200);
    assert!(other.commit(&mine, 1).await.is(422, "refused"));
    // Revoked meanwhile.
    bench.escrow.revoke(writer.grant).await.unwrap();
    assert!(writer.commit(&reply, 1).await.is(410, "revoked"));
    assert!(bench.host.heard().replies.is_empty());
}

#[tokio::test]
async fn t24_of_two_commits_at_once_the_host_hears_one() {
    let bench = Bench::default();
    let writer = Writer::new(&bench).await;
    let sealed = writer.seal(&letter(&[]));
    let reply = writer.begin(&sealed).await;
    writer.put(&reply, 0, &sealed.ciphertext).await;
    let commits = (0..5).map(|_| writer.commit(&reply, 1));
    let answers = futures_util::future::join_all(commits).await;
    assert!(answers.iter().any(|a| a.status == 200));
    assert!(answers.iter().all(|a| a.status == 200 || a.status == 503));
    assert_eq!(bench.host.heard().replies.len(), 1);
}

/// What goes on when visitors went away is bounded, and ends before the portal
/// does: nothing is lost, and what was not taken can be sent to another node.
#[tokio::test(start_paused = true)]
async fn t24_commits_that_outlive_their_visitors_are_few_and_the_portal_waits_for_them() {
    let bench = Bench::default();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    bench.host.heard().gate = Some(Arc::clone(&gate));
    let mut writers = Vec::new();
    for _ in 0..33 {
        let writer = Writer::with_link_alone(&bench).await;
        let sealed = writer.seal(&letter(&[]));
        let reply = writer.begin(&sealed).await;
        writer.put(&reply, 0, &sealed.ciphertext).await;
        writers.push((writer, reply));
    }
    let (last, last_reply) = writers.pop().unwrap();
    for (writer, reply) in &writers {
        // The visitor goes away before the host took it.
        let commit = writer.commit(reply, 1);
        let left = tokio::time::timeout(Duration::from_millis(100), commit).await;
        assert!(left.is_err(), "{}", left.unwrap().text());
        // A second one of the same grant does not wait beside it.
        assert!(writer.commit(reply, 1).await.is(503, "busy"));
    }
    let full = last.commit(&last_reply, 1).await;
    assert!(full.is(503, "busy"), "{}", full.text());
    assert_eq!(bench.host.heard().replies.len(), 0);

    let second = Duration::from_secs(1);
    let closing = bench.portal.close();
    let waited = tokio::time::timeout(second, closing).await;
    assert!(waited.is_err(), "it waits for the host");
    // Who waits no longer has closed it all the same.
    let closed = last.commit(&last_reply, 1).await;
    assert!(closed.is(503, "busy"), "{}", closed.text());
    gate.add_permits(40);
    bench.portal.close().await;
    assert_eq!(bench.host.heard().replies.len(), 2, "those that were open");
    assert_eq!(
        rows(&bench).await,
        (33, 31),
        "of the others nothing is lost"
    );
    for (writer, reply) in [&(last, last_reply), &writers[0], &writers[31]] {
        let closed = writer.commit(reply, 1).await;
        assert!(closed.is(503, "busy"), "{}", closed.text());
        // Another process takes it, and knows what the first took.
        let node = writer.at(bench.node());
        assert_eq!(node.commit(reply, 1).await.status, 200);
    }
    let heard = bench.host.heard();
    assert_eq!(heard.replies.len(), 4, "the first was there already");
    let ids: std::collections::HashSet<_> = heard.replies.iter().map(|r| r.0.id).collect();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn the_clients_portal_reads_replies_with_the_clients_scanner() {
    let mut bench = Bench::default();
    let relay = Smtp::relay("smtps://user@mail.harbor.example").unwrap();
    let client = Client::builder()
        .policy(Policy::hipaa())
        .storage(Storage::custom(bench.store.clone()))
        .keys(Keys::from_bytes([3; 32]))
        .transport(relay.onward(TlsAssurance::Authenticated))
        .clock(bench.clock.clone())
        .escrow(EscrowOptions::new(ORIGIN, "Harbor Clinic"))
        .build()
        .await
        .unwrap();
    let portal = client.portal().unwrap().contact("+1 555 0100");
    let portal = portal.host(bench.host.clone()).replies(true);
    bench.router = portal.build().unwrap().router();
    bench.escrow = client.escrow().unwrap().clone();
    let writer = Writer::new(&bench).await;
    let head =
        |text: &str| json!({"v": 1, "subject": "Re: hours", "text": text, "attachments": []});
    for text in [
        "Thank you, that is all I wanted to know.",
        "Maria Gonzalez, born 04/12/1961, MRN 00418823: my A1c was 9.1 and the doctor says diabetes.",
    ] {
        let sent = writer
            .send(&writer.seal(&container(&head(text), b"")))
            .await;
        assert_eq!(sent.status, 200, "{}", sent.text());
    }
    let found: Vec<_> = bench.host.heard().replies.iter().map(|r| r.1).collect();
    assert_eq!(found[0], Sensitivity::None);
    assert!(found[1] >= Sensitivity::Phi);
    // Release and replies are on the client's record.
    assert!(client.audit().size().await.unwrap() >= 3);
}

#[tokio::test]
async fn where_replies_are_off_there_are_none() {
    let bench = Bench::default();
    let portal = mailseal::portal::Portal::builder(bench.escrow.clone())
        .organisation("x")
        .contact("y")
        .build()
        .unwrap();
    let given = bench.grant(passcode()).await;
    let visitor = Visitor::new(portal.router(), &given);
    assert_eq!(visitor.knock().await.json()["replies"], false);
    visitor.verify("passcode", given.passcode()).await;
    visitor.release().await;
    let body = json!({"sealed_key": "", "wrapped": "", "size": 1});
    assert!(visitor.post("/replies", &body).await.is(404, "not_offered"));
}
