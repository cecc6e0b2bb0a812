//! An escrowed message to its end: trail and certificate.

use std::time::Duration;

use mailseal::audit::{Audit, EventKind, VerifierKey};
use mailseal::base::{Clock, ItemId, Keys};
use mailseal::escrow::{ArchiveSecret, Destruction, LocalWrappingKeys};
use mailseal::policy::Policy;
use mailseal::storage::MemoryStore;
use mailseal::{Certificate, Client, Error, EscrowOptions};

use super::scene::{CANARY, CLEAR, DAY, Scene, at, contains, message, only, pick_up, send};

fn options() -> EscrowOptions {
    EscrowOptions::new("https://pickup.sandbox.example", "Harbor Clinic")
}

async fn client(scene: &Scene, options: EscrowOptions) -> Client {
    let builder = scene.builder().policy(Policy::hipaa());
    builder.escrow(options).build().await.unwrap()
}

async fn item_of(client: &Client, receipt: &mailseal::Receipt) -> ItemId {
    let grant = only(receipt).grant.unwrap();
    client.escrow().unwrap().status(grant).await.unwrap().item
}

#[tokio::test]
async fn the_trail_of_a_message_ends_with_its_certificate() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = client(&scene, options().backup_lifetime(35 * DAY)).await;
    let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
    let other = send(&client, message(&at(CLEAR))).await.unwrap();
    let notice = &scene.messages(CLEAR)[0];
    let code = only(&receipt).passcode().unwrap();
    pick_up(&client, notice, code).await.unwrap();
    let (item, escrow) = (item_of(&client, &receipt).await, client.escrow().unwrap());
    let grant = only(&receipt).grant.unwrap();
    let later = scene.sandbox.clock().now().plus(60 * DAY);
    escrow.extend(grant, later).await.unwrap();
    escrow.hold(item).await.unwrap();
    let refused = client.shred(item).await.unwrap_err();
    assert_eq!(refused.code(), "escrow.on_hold");
    escrow.release_hold(item).await.unwrap();
    let certificate = client.shred(item).await.unwrap();

    let trail = client.trail(item).await.unwrap();
    let kinds: Vec<EventKind> = trail.iter().map(|e| e.record.kind).collect();
    use EventKind::{EscrowCreated, Extended, Held, HoldReleased, PickedUp, Shredded};
    assert_eq!(
        kinds,
        [
            EscrowCreated,
            PickedUp,
            Extended,
            Held,
            HoldReleased,
            Shredded
        ]
    );
    assert!(trail.iter().all(|e| e.record.item == Some(item)));
    let others = client.trail(item_of(&client, &other).await).await.unwrap();
    assert_eq!(others.len(), 1);
    assert_eq!(client.trail(ItemId::make_random()).await.unwrap(), []);

    // Offline: the text and the log's key, nothing else.
    let text = certificate.to_string();
    let vkey: VerifierKey = client.audit().verifier_key().to_string().parse().unwrap();
    let read: Certificate = text.parse().unwrap();
    assert_eq!(read, certificate);
    let gone: &Destruction = read.verify(&vkey).unwrap();
    assert_eq!((gone.item, gone.message), (item, Some(receipt.message)));
    assert_eq!(gone.grants, [grant]);
    assert_eq!(gone.at, scene.sandbox.clock().now());
    assert_eq!(gone.backups_until, Some(gone.at.plus(35 * DAY)));
    assert!(!contains(text.as_bytes(), CANARY) && !text.contains('@'));

    // Another time, another item, another log's key.
    let at_ms = format!("\"at_ms\":{}", gone.at.unix_ms());
    let edited = text.replace(&at_ms, &format!("\"at_ms\":{}", gone.at.unix_ms() + 1));
    assert_ne!(edited, text);
    let edited: Certificate = edited.parse().unwrap();
    assert_eq!(edited.verify(&vkey).unwrap_err().code(), "audit.signature");
    let clock = std::sync::Arc::new(mailseal::base::SystemClock);
    let store = std::sync::Arc::new(MemoryStore::new());
    let stranger = Audit::new(store, &Keys::make_ephemeral(), clock, vkey.name()).unwrap();
    assert!(read.verify(stranger.verifier_key()).is_err());
    // A checkpoint, signed by the same key, is no certificate, nor the reverse.
    let checkpoint = client.audit().checkpoint().await.unwrap().to_string();
    assert!(checkpoint.parse::<Certificate>().is_err());
    assert!(text.parse::<mailseal::audit::Checkpoint>().is_err());
    for bad in ["", "\n\n", &text[..text.len() - 10]] {
        assert!(bad.parse::<Certificate>().is_err());
    }
}

#[tokio::test]
async fn where_backups_are_not_known_the_certificate_says_so() {
    let scene = Scene::new(&[CLEAR]).await;
    let client = client(&scene, options()).await;
    let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
    let item = item_of(&client, &receipt).await;
    let certificate = client.shred(item).await.unwrap();
    assert!(
        certificate
            .to_string()
            .contains(r#""backups_until_ms":"unknown""#)
    );
    let error = client.shred(item).await.unwrap_err();
    assert_eq!(error.code(), "escrow.unknown_id");
}

#[tokio::test]
async fn messages_are_archived_and_wrapped_as_the_options_say() {
    let scene = Scene::new(&[CLEAR]).await;
    let folder = tempfile::tempdir().unwrap();
    let wrapping = LocalWrappingKeys::file(folder.path().join("w")).unwrap();
    let secret = ArchiveSecret::make_random();
    let options = options()
        .archive_key(secret.key())
        .key_provider(wrapping.clone())
        .lifetime(Duration::from_secs(3_600));
    let client = client(&scene, options).await;
    let receipt = send(&client, message(&at(CLEAR))).await.unwrap();
    let (item, escrow) = (item_of(&client, &receipt).await, client.escrow().unwrap());
    let bundle = escrow.archive_export(item).await.unwrap();
    let archived = secret.open(&bundle).unwrap();
    assert!(contains(archived.message.expose(), CANARY));
    assert_eq!(archived.message_id, Some(receipt.message));
    let report = escrow.rewrap(10).await.unwrap();
    assert_eq!(
        (report.current, report.version),
        (1, Some(wrapping.versions()[0].clone()))
    );
    let kinds: Vec<EventKind> = client
        .trail(item)
        .await
        .unwrap()
        .iter()
        .map(|e| e.record.kind)
        .collect();
    assert_eq!(kinds, [EventKind::EscrowCreated, EventKind::Exported]);
    // A key that is gone is an error with a name of its own.
    let first = wrapping.versions()[0].clone();
    wrapping.rotate().unwrap();
    wrapping.drop_version(&first).unwrap();
    let code = only(&receipt).passcode().unwrap();
    let error = pick_up(&client, &scene.messages(CLEAR)[0], code)
        .await
        .unwrap_err();
    let error = Error::from(error);
    assert_eq!(error.code(), "escrow.key.unknown_version");
}
