//! The test-suite that every [`Store`] passes.
//!
//! A host that writes a store of its own runs it against an empty one. The
//! suite panics with what was expected at the first thing that is not so.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! mailseal::testing::store_suite::run(&mailseal::storage::MemoryStore::new()).await;
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::future::join_all;

use crate::base::Timestamp;
use crate::storage::{Batch, Op, Row, Store, StoreError, Table};

fn put(table: Table, key: &[u8], value: &[u8]) -> Op {
    let row = Row::new(key, value);
    Op::Put { table, row }
}

fn insert(table: Table, key: &[u8], value: &[u8]) -> Op {
    let row = Row::new(key, value);
    Op::Insert { table, row }
}

fn replace(table: Table, key: &[u8], expected: &[u8], value: &[u8]) -> Op {
    Op::Replace {
        table,
        expected: expected.to_vec(),
        row: Row::new(key, value),
    }
}

fn delete(table: Table, key: &[u8]) -> Op {
    let key = key.to_vec();
    Op::Delete { table, key }
}

fn append(leaf: &[u8], tags: &[[u8; 32]]) -> Op {
    Op::Append {
        leaf: leaf.to_vec(),
        tags: tags.to_vec(),
    }
}

fn batch(ops: impl IntoIterator<Item = Op>) -> Batch {
    ops.into_iter().collect()
}

async fn value(store: &dyn Store, table: Table, key: &[u8]) -> Option<Vec<u8>> {
    let row = store.get(table, key).await.expect("get");
    row.map(|row| {
        assert_eq!(row.key, key, "get returns the row that was asked for");
        row.value
    })
}

async fn keys(
    store: &dyn Store,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Vec<Vec<u8>> {
    let rows = store.range(Table::Item, prefix, after, limit).await;
    rows.expect("range")
        .into_iter()
        .map(|row| row.key)
        .collect()
}

fn assert_conflict<T: std::fmt::Debug>(result: Result<T, StoreError>, table: Table) {
    match result {
        Err(StoreError::Conflict { table: found }) if found == table => {}
        other => panic!("expected a conflict in {}, got {other:?}", table.name()),
    }
}

/// Runs the whole suite against an empty store.
///
/// # Panics
/// Where the store does something else than the trait says.
pub async fn run(store: &dyn Store) {
    assert_eq!(
        store.log_size().await,
        Ok(0),
        "the suite wants an empty store"
    );
    rows(store).await;
    conditions(store).await;
    atomicity(store).await;
    ranges(store).await;
    due(store).await;
    log(store).await;
    concurrency(store).await;
}

async fn rows(store: &dyn Store) {
    store
        .commit(Batch::new())
        .await
        .expect("an empty batch is no error");
    for &table in Table::ALL {
        assert_eq!(value(store, table, b"k").await, None);
        let done = store
            .commit(batch([put(table, b"k", table.name().as_bytes())]))
            .await;
        assert_eq!(done.expect("put").leaves, [0u64; 0]);
    }
    for &table in Table::ALL {
        let found = value(store, table, b"k").await;
        assert_eq!(
            found.as_deref(),
            Some(table.name().as_bytes()),
            "tables are apart"
        );
    }
    store
        .commit(batch([put(Table::Meta, b"k", b"2")]))
        .await
        .expect("put over");
    assert_eq!(
        value(store, Table::Meta, b"k").await.as_deref(),
        Some(&b"2"[..])
    );
    store
        .commit(batch([
            delete(Table::Meta, b"k"),
            delete(Table::Meta, b"none"),
        ]))
        .await
        .expect("deleting nothing is no error");
    assert_eq!(value(store, Table::Meta, b"k").await, None);
    // Any bytes are a key and any bytes are a value, the empty ones too.
    let large = vec![0xa5; 3 << 20];
    for (key, content) in [(&b""[..], &b""[..]), (b"\0\xff'\"", &large)] {
        store
            .commit(batch([put(Table::Part, key, content)]))
            .await
            .expect("put");
        assert!(value(store, Table::Part, key).await.as_deref() == Some(content));
        store
            .commit(batch([delete(Table::Part, key)]))
            .await
            .expect("delete");
    }
}

async fn conditions(store: &dyn Store) {
    let table = Table::Grant;
    store
        .commit(batch([insert(table, b"c", b"1")]))
        .await
        .expect("insert");
    assert_conflict(
        store.commit(batch([insert(table, b"c", b"2")])).await,
        table,
    );
    assert_conflict(
        store
            .commit(batch([replace(table, b"c", b"2", b"3")]))
            .await,
        table,
    );
    assert_conflict(
        store
            .commit(batch([replace(table, b"none", b"", b"3")]))
            .await,
        table,
    );
    assert_eq!(value(store, table, b"c").await.as_deref(), Some(&b"1"[..]));
    store
        .commit(batch([replace(table, b"c", b"1", b"2")]))
        .await
        .expect("replace");
    assert_eq!(value(store, table, b"c").await.as_deref(), Some(&b"2"[..]));
    // A batch sees its own earlier changes.
    let own = batch([
        replace(table, b"c", b"2", b"3"),
        replace(table, b"c", b"3", b"4"),
        delete(table, b"c"),
        insert(table, b"c", b"5"),
    ]);
    store.commit(own).await.expect("ops apply in order");
    assert_eq!(value(store, table, b"c").await.as_deref(), Some(&b"5"[..]));
}

async fn atomicity(store: &dyn Store) {
    let before = store.log_size().await.expect("log_size");
    let failing = batch([
        put(Table::Outbox, b"new", b"x"),
        put(Table::Grant, b"c", b"overwritten"),
        delete(Table::Receipt, b"k"),
        append(b"never", &[[9; 32]]),
        insert(Table::Item, b"k", b"is there already"),
        put(Table::Outbox, b"later", b"x"),
    ]);
    assert_conflict(store.commit(failing).await, Table::Item);
    assert_eq!(
        value(store, Table::Outbox, b"new").await,
        None,
        "put undone"
    );
    assert_eq!(
        value(store, Table::Outbox, b"later").await,
        None,
        "nothing after"
    );
    assert_eq!(
        value(store, Table::Grant, b"c").await.as_deref(),
        Some(&b"5"[..])
    );
    assert!(
        value(store, Table::Receipt, b"k").await.is_some(),
        "delete undone"
    );
    assert_eq!(store.log_size().await, Ok(before), "append undone");
    assert_eq!(store.tagged(&[9; 32]).await, Ok(vec![]), "tag undone");
}

async fn ranges(store: &dyn Store) {
    store
        .commit(batch([delete(Table::Item, b"k")]))
        .await
        .expect("delete");
    let names: &[&[u8]] = &[
        b"a",
        b"a\0",
        b"a\x01",
        b"aa",
        b"a\xff",
        b"a\xff\xff",
        b"b",
        b"\xff\xff",
    ];
    // Written in another order than they are to be read in.
    let ops = names.iter().rev().map(|name| put(Table::Item, name, b"v"));
    store.commit(batch(ops)).await.expect("put");
    assert_eq!(
        keys(store, b"", None, 100).await,
        names,
        "all, in the order of bytes"
    );
    assert_eq!(keys(store, b"a", None, 100).await, names[..6], "by prefix");
    assert_eq!(keys(store, b"a\xff", None, 100).await, names[4..6]);
    assert_eq!(keys(store, b"\xff", None, 100).await, names[7..]);
    assert_eq!(keys(store, b"a", None, 2).await, names[..2], "limited");
    assert_eq!(
        keys(store, b"a", Some(b"a\0"), 2).await,
        names[2..4],
        "the next page"
    );
    assert_eq!(
        keys(store, b"b", Some(b"a"), 9).await,
        names[6..7],
        "after before prefix"
    );
    assert!(
        keys(store, b"a", Some(b"b"), 9).await.is_empty(),
        "after behind prefix"
    );
    assert!(keys(store, b"", None, 0).await.is_empty());
    assert!(keys(store, b"c", None, 9).await.is_empty());
}

async fn due(store: &dyn Store) {
    let at = |key: &[u8], ms: i64| Op::Put {
        table: Table::Outbox,
        row: Row::new(key, b"v").due_at(Timestamp::from_unix_ms(ms)),
    };
    let ops = [
        at(b"d", 5),
        at(b"c", 7),
        at(b"b", 7),
        at(b"a", 9),
        at(b"e", -1),
    ];
    store.commit(batch(ops)).await.expect("put");
    store
        .commit(batch([put(Table::Outbox, b"never", b"v")]))
        .await
        .expect("put");
    let due = async |ms: i64, limit: usize| -> Vec<Vec<u8>> {
        let now = Timestamp::from_unix_ms(ms);
        let rows = store.due(Table::Outbox, now, limit).await.expect("due");
        for row in &rows {
            assert!(row.due.expect("a due row has its time") <= now);
        }
        rows.into_iter().map(|row| row.key).collect()
    };
    assert_eq!(
        due(8, 9).await,
        [b"e", b"d", b"b", b"c"],
        "earliest first, then by key"
    );
    assert_eq!(due(8, 2).await, [b"e", b"d"]);
    assert_eq!(due(5, 9).await, [b"e", b"d"], "due now is due");
    // A put without a due time takes it away; a replace sets a new one.
    let later = Op::Replace {
        table: Table::Outbox,
        expected: b"v".to_vec(),
        row: Row::new(&b"e"[..], b"w").due_at(Timestamp::from_unix_ms(100)),
    };
    store
        .commit(batch([put(Table::Outbox, b"d", b"v"), later]))
        .await
        .expect("put");
    assert_eq!(due(8, 9).await, [b"b", b"c"]);
    assert_eq!(due(i64::MAX, 9).await, [b"b", b"c", b"a", b"e"]);
}

async fn log(store: &dyn Store) {
    let base = store.log_size().await.expect("log_size");
    let (x, y) = ([1; 32], [2; 32]);
    let done = store
        .commit(batch([
            append(b"one", &[x, y]),
            append(b"two", &[]),
            append(b"", &[x, x]),
        ]))
        .await
        .expect("append");
    assert_eq!(done.leaves, [base, base + 1, base + 2], "numbered in order");
    let done = store
        .commit(batch([append(b"four", &[y])]))
        .await
        .expect("append");
    assert_eq!(done.leaves, [base + 3]);
    assert_eq!(store.log_size().await, Ok(base + 4));
    let leaves = store.leaves(base, 100).await.expect("leaves");
    assert_eq!(leaves, [&b"one"[..], b"two", b"", b"four"]);
    let leaves = store.leaves(base + 1, 2).await.expect("leaves");
    assert_eq!(leaves, [&b"two"[..], b""]);
    assert_eq!(store.leaves(base + 4, 9).await, Ok(vec![]), "past the end");
    assert_eq!(store.leaves(u64::MAX, 9).await, Ok(vec![]));
    assert_eq!(store.tagged(&x).await, Ok(vec![base, base + 2]));
    assert_eq!(store.tagged(&y).await, Ok(vec![base, base + 3]));
    assert_eq!(store.tagged(&[3; 32]).await, Ok(vec![]));
}

async fn concurrency(store: &dyn Store) {
    const N: u64 = 200;
    let base = store.log_size().await.expect("log_size");
    // Every second batch fights for one row; the others must not notice.
    let results = join_all((0..N).map(|i| {
        let own = i.to_be_bytes();
        let mut ops = vec![append(&own, &[]), put(Table::Receipt, &own, b"v")];
        if i % 2 == 0 {
            ops.push(insert(Table::Idempotency, b"fought for", &own));
        }
        store.commit(batch(ops))
    }))
    .await;
    let mut numbers = Vec::new();
    for (i, result) in (0..N).zip(results) {
        let there = value(store, Table::Receipt, &i.to_be_bytes())
            .await
            .is_some();
        match result {
            Ok(done) => {
                assert!(there, "what was acknowledged is there");
                let [number] = done.leaves[..] else {
                    panic!("one leaf was appended");
                };
                let leaf = store.leaves(number, 1).await.expect("leaves");
                assert_eq!(leaf, [i.to_be_bytes()], "the number is the leaf's own");
                numbers.push(number);
            }
            Err(error) => {
                assert!(i % 2 == 0, "only those that fight may fail");
                assert!(!there, "what conflicted left nothing");
                assert_conflict(Err::<(), _>(error), Table::Idempotency);
            }
        }
    }
    numbers.sort_unstable();
    let expected: Vec<u64> = (base..=base + N / 2).collect();
    assert_eq!(
        numbers, expected,
        "one fighter wins, and the log has no gap"
    );
    assert_eq!(store.log_size().await, Ok(base + N / 2 + 1));
}
