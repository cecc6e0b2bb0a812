//! The stores: one suite for both, then what only a file can suffer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "sqlite")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mailseal::storage::{
    Batch, Durability, MemoryStore, Op, Row, SqliteOptions, SqliteStore, Store, StoreError, Table,
};
use mailseal::testing::store_suite;

fn append(leaf: impl Into<Vec<u8>>) -> Op {
    Op::Append {
        leaf: leaf.into(),
        tags: vec![],
    }
}

fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Op {
    Op::Put {
        table: Table::Part,
        row: Row::new(key, value),
    }
}

fn batch(ops: impl IntoIterator<Item = Op>) -> Batch {
    ops.into_iter().collect()
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mailseal.db");
    (dir, path)
}

/// Whether any file of the folder holds these bytes.
fn on_disk(dir: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn memory_passes_the_suite() {
    store_suite::run(&MemoryStore::new()).await;
}

#[tokio::test]
async fn sqlite_passes_the_suite() {
    let (_dir, path) = folder();
    let store = SqliteStore::open(path).unwrap();
    store_suite::run(&store).await;
    store.check().await.unwrap();
}

#[tokio::test]
async fn relaxed_sqlite_passes_the_suite() {
    let (_dir, path) = folder();
    let options = SqliteOptions::new().durability(Durability::Relaxed);
    store_suite::run(&options.open(path).unwrap()).await;
}

#[tokio::test]
async fn what_was_written_is_there_when_opened_again() {
    let (_dir, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store
        .commit(batch([put("k", "v"), append("leaf")]))
        .await
        .unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(
        store.get(Table::Part, b"k").await.unwrap().unwrap().value,
        b"v"
    );
    assert_eq!(
        store.commit(batch([append("next")])).await.unwrap().leaves,
        [1]
    );
    assert_eq!(store.leaves(0, 9).await.unwrap(), [&b"leaf"[..], b"next"]);
}

#[cfg(unix)]
#[tokio::test]
async fn its_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    store.commit(batch([put("k", "v")])).await.unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["mailseal.db", "mailseal.db-shm", "mailseal.db-wal"]);
}

#[tokio::test]
async fn what_was_deleted_or_overwritten_stands_nowhere() {
    let (dir, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    // Long enough for overflow pages, then short enough to stay on one page.
    for secret in ["K7-secret-share".repeat(2000), "S3-secret-share".into()] {
        let probe = &secret.as_bytes()[..15];
        store
            .commit(batch([put("a", secret.clone()), put("b", secret.clone())]))
            .await
            .unwrap();
        assert!(on_disk(dir.path(), probe));
        let delete = Op::Delete {
            table: Table::Part,
            key: b"a".to_vec(),
        };
        store.commit(batch([delete, put("b", "x")])).await.unwrap();
        store.purge().await.unwrap();
        assert!(!on_disk(dir.path(), probe));
    }
}

#[tokio::test]
async fn another_programs_file_is_refused_and_not_changed() {
    let (dir, path) = folder();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")
        .unwrap();
    refused_untouched(&path, |e| matches!(e, StoreError::Damaged { .. }));
    for (name, content) in [
        ("short", &b"hello"[..]),
        ("text", &[b'x'; 9000]),
        ("header", b"SQLite format 3\0"),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        refused_untouched(&path, |e| matches!(e, StoreError::Damaged { .. }));
    }
    let error = SqliteStore::open(dir.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::Damaged { .. }),
        "a folder: {error}"
    );
    let error = SqliteStore::open(dir.path().join("none/x.db")).unwrap_err();
    assert_eq!(error, StoreError::Io(std::io::ErrorKind::NotFound));
}

fn refused_untouched(path: &Path, expected: impl Fn(&StoreError) -> bool) {
    let before = std::fs::read(path).unwrap();
    let error = SqliteStore::open(path).unwrap_err();
    assert!(expected(&error), "{error}");
    assert!(
        std::fs::read(path).unwrap() == before,
        "the file was changed"
    );
}

/// A closed database with 400 leaves, so that it has pages to damage.
async fn filled(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let leaves = (0..400).map(|i| append(format!("{i:0200}")));
    store.commit(batch(leaves)).await.unwrap();
    store.purge().await.unwrap();
    drop(store);
    edit(path, "");
    closed(path);
}

/// Waits until nobody has the file open: a store that was dropped closes it on
/// a thread of its own, and the last to close it takes the log away. Of two
/// that close it in one instant neither may be the last; a third then is.
fn closed(path: &Path) {
    let log = path.with_extension("db-wal");
    let start = Instant::now();
    while log.exists() {
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(60), "the file is still open");
        if waited < Duration::from_secs(1) {
            std::thread::yield_now();
        } else {
            edit(path, "");
        }
    }
}

/// Changes the file behind mailseal's back. The last to close it takes the
/// write-ahead log away.
fn edit(path: &Path, sql: &str) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.busy_timeout(Duration::from_secs(10)).unwrap();
    conn.execute_batch(sql).unwrap();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
}

/// A store's own readers do not keep its writer from being the last.
#[tokio::test]
async fn a_dropped_store_takes_its_log_away() {
    let (_dir, path) = folder();
    let log = path.with_extension("db-wal");
    for _ in 0..100 {
        let store = SqliteStore::open(&path).unwrap();
        store.commit(batch([put("k", "v")])).await.unwrap();
        assert!(store.get(Table::Part, b"k").await.unwrap().is_some());
        assert!(log.exists());
        drop(store);
        let patience = Instant::now() + Duration::from_secs(60);
        while log.exists() {
            assert!(Instant::now() < patience, "the log stays");
            std::thread::yield_now();
        }
    }
}

#[tokio::test]
async fn a_newer_file_is_refused_and_not_changed() {
    let (_dir, path) = folder();
    filled(&path).await;
    edit(&path, "PRAGMA user_version = 7");
    refused_untouched(&path, |e| {
        *e == StoreError::Newer {
            found: 7,
            supported: 2,
        }
    });
}

/// What the format before this one was.
const TO_FORMAT_1: &str = "DROP TABLE session; DROP TABLE code; DROP TABLE reply; \
                           DROP TABLE reply_part; PRAGMA user_version = 1";

#[tokio::test]
async fn a_file_of_format_1_is_brought_up_with_all_that_is_in_it() {
    let (_dir, path) = folder();
    filled(&path).await;
    let store = SqliteStore::open(&path).unwrap();
    let rows = (0..50u8).map(|i| put([i], [i; 3000]));
    store.commit(batch(rows)).await.unwrap();
    let before = store.range(Table::Part, b"", None, 1_000).await.unwrap();
    let leaves = store.leaves(0, 1_000).await.unwrap();
    assert!(!before.is_empty());
    drop(store);
    edit(&path, TO_FORMAT_1);
    // Two at once: one of them does it.
    let (first, second) = std::thread::scope(|scope| {
        let open = || SqliteStore::open(&path).unwrap();
        let other = scope.spawn(open);
        (open(), other.join().unwrap())
    });
    for store in [first, second] {
        let kept = store.range(Table::Part, b"", None, 1_000).await.unwrap();
        assert_eq!(kept, before);
        assert_eq!(store.leaves(0, 1_000).await.unwrap(), leaves);
        for table in [Table::Session, Table::Code, Table::Reply, Table::ReplyPart] {
            assert_eq!(store.get(table, b"k").await.unwrap(), None);
            let row = Row::new(b"k".to_vec(), b"v".to_vec());
            let put = Op::Put { table, row };
            store.commit([put].into_iter().collect()).await.unwrap();
            let gone = Op::Delete {
                table,
                key: b"k".to_vec(),
            };
            store.commit([gone].into_iter().collect()).await.unwrap();
        }
    }
    let conn = rusqlite::Connection::open(&path).unwrap();
    let format: i64 = conn
        .pragma_query_value(None, "user_version", |r| r.get(0))
        .unwrap();
    assert_eq!(format, 2);
}

#[tokio::test]
async fn a_damaged_file_of_format_1_is_refused_and_not_changed() {
    for damage in ["DROP TABLE body", "CREATE VIEW v AS SELECT 1"] {
        let (_dir, path) = folder();
        filled(&path).await;
        edit(&path, TO_FORMAT_1);
        edit(&path, damage);
        refused_untouched(&path, |e| matches!(e, StoreError::Damaged { .. }));
    }
}

#[tokio::test]
async fn a_foreign_trigger_or_a_missing_table_is_damage() {
    for sql in [
        "CREATE TRIGGER t AFTER INSERT ON receipt BEGIN DELETE FROM audit_leaf; END",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE audit_tag",
        "PRAGMA user_version = 0",
    ] {
        let (_dir, path) = folder();
        filled(&path).await;
        edit(&path, sql);
        refused_untouched(&path, |e| matches!(e, StoreError::Damaged { .. }));
    }
}

#[tokio::test]
async fn a_damaged_page_is_found_on_opening() {
    let (_dir, path) = folder();
    filled(&path).await;
    let whole = std::fs::read(&path).unwrap();
    // One page of the leaves' tree, overwritten; and the file cut short.
    let mut bad = whole.clone();
    let at = whole.windows(8).rposition(|w| w == b"00000399").unwrap() / 4096 * 4096;
    bad[at..at + 64].fill(0xff);
    for content in [&bad[..], &whole[..whole.len() / 2], &whole[..100]] {
        let (_dir, path) = folder();
        std::fs::write(&path, content).unwrap();
        refused_untouched(&path, |e| matches!(e, StoreError::Damaged { .. }));
    }
}

#[tokio::test]
async fn damage_met_later_is_reported_as_damage() {
    let (_dir, path) = folder();
    filled(&path).await;
    let store = SqliteStore::open(&path).unwrap();
    let mut bad = std::fs::read(&path).unwrap();
    let at = bad.windows(8).position(|w| w == b"00000050").unwrap() / 4096 * 4096;
    bad[at..at + 4096].fill(0xff);
    std::fs::write(&path, &bad).unwrap();
    let error = store.leaves(0, 1000).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(store.check().await.is_err());
}

#[tokio::test]
async fn a_missing_leaf_is_noticed_when_read() {
    let (_dir, path) = folder();
    filled(&path).await;
    edit(&path, "DELETE FROM audit_leaf WHERE seq = 7");
    let store = SqliteStore::open(&path).unwrap();
    assert!(matches!(
        store.leaves(0, 100).await,
        Err(StoreError::Damaged { .. })
    ));
    assert_eq!(store.leaves(8, 100).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_the_store_goes_on() {
    let (_dir, path) = folder();
    let options = SqliteOptions::new().max_size(1 << 20);
    let store = options.open(&path).unwrap();
    let mut kept: u64 = 0;
    loop {
        let content = [put(kept.to_be_bytes(), vec![7; 50_000]), append("x")];
        match store.commit(batch(content)).await {
            Ok(_) => kept += 1,
            Err(error) => {
                assert_eq!(error, StoreError::Full);
                break;
            }
        }
    }
    assert!(kept > 10);
    // What fits is written although what waits with it does not fit.
    let results = join_all((0..20).map(|i| {
        let size = if i % 2 == 0 { 200_000 } else { 10 };
        store.commit(batch([put(format!("g{i}"), vec![8; size])]))
    }))
    .await;
    for (i, result) in results.into_iter().enumerate() {
        match i % 2 {
            0 => assert_eq!(result.unwrap_err(), StoreError::Full),
            _ => assert!(result.is_ok()),
        }
    }
    assert_eq!(
        store.log_size().await.unwrap(),
        kept,
        "no leaf without its row"
    );
    for i in 0..kept {
        let row = store.get(Table::Part, &i.to_be_bytes()).await.unwrap();
        assert_eq!(row.unwrap().value.len(), 50_000);
    }
    // Room again, and it goes on.
    let key = 0u64.to_be_bytes().to_vec();
    let delete = Op::Delete {
        table: Table::Part,
        key,
    };
    store.commit(batch([delete])).await.unwrap();
    store
        .commit(batch([put("new", vec![9; 40_000])]))
        .await
        .unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_locked_file_is_busy_and_then_free() {
    let (_dir, path) = folder();
    let options = SqliteOptions::new().busy_timeout(Duration::from_millis(1));
    let store = options.open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit(batch([append("x")])).await.unwrap_err();
    assert!(error == StoreError::Busy && error.is_retryable());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        store.commit(batch([append("x")])).await.unwrap().leaves,
        [0]
    );
}

#[tokio::test]
async fn stores_opened_together_on_one_file_share_one_log() {
    let (_dir, path) = folder();
    // Opened at the same moment, while there is no file yet.
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || SqliteStore::open(path).unwrap())
        })
        .collect();
    let stores: Vec<_> = opening.into_iter().map(|t| t.join().unwrap()).collect();
    let results = join_all((0..200).map(|i| stores[i % 4].commit(batch([append("x")])))).await;
    let mut numbers: Vec<u64> = results
        .into_iter()
        .flat_map(|r| r.unwrap().leaves)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

// ---- Children: this test binary again, told by the environment what to do ----

const JOB: &str = "MAILSEAL_TEST_STORE_JOB";
const FILE: &str = "MAILSEAL_TEST_STORE_FILE";

fn child_of(binary: &Path, job: &str, file: &Path) -> Command {
    let mut command = Command::new(binary);
    command.args(["--exact", "child", "--nocapture"]);
    command.env(JOB, job).env(FILE, file).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Does nothing unless this process is a child of one of the tests below.
#[tokio::test]
async fn child() {
    let Some(job) = std::env::var_os(JOB) else {
        return;
    };
    let path = PathBuf::from(std::env::var_os(FILE).unwrap());
    match job.to_str().unwrap() {
        // Commits without end and says each time what is on disk.
        "write" => {
            let store = SqliteStore::open(path).unwrap();
            let name = std::process::id();
            for i in 0u64.. {
                let key = format!("{name}-{i}");
                let ops = batch([put(key.clone(), "v"), append(key.clone())]);
                let number = store.commit(ops).await.unwrap().leaves[0];
                let mut out = std::io::stdout().lock();
                writeln!(out, "ack {number} {key}").unwrap();
                out.flush().unwrap();
            }
        }
        "open" => {
            let answer = SqliteStore::open(path).map(|_| ());
            let code = answer.as_ref().err().map_or("opened", StoreError::code);
            writeln!(std::io::stdout(), "answer {code}").unwrap();
        }
        other => panic!("unknown job {other}"),
    }
}

/// Reads acknowledgements until there are `count`; all there are where it is 0.
fn acknowledged(out: &mut impl BufRead, count: usize, into: &mut Vec<(u64, String)>) {
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() != 0 {
        // A line that was cut by the kill is no acknowledgement. The first may
        // stand behind what the test harness prints.
        let ack = line
            .strip_suffix('\n')
            .and_then(|line| line.split_once("ack "));
        if let Some((_, rest)) = ack {
            let (number, key) = rest.split_once(' ').unwrap();
            into.push((number.parse().unwrap(), key.to_owned()));
            if into.len() == count {
                return;
            }
        }
        line.clear();
    }
}

#[tokio::test]
async fn kill_minus_nine_of_two_writers_loses_nothing_acknowledged() {
    let (_dir, path) = folder();
    let binary = std::env::current_exe().unwrap();
    let mut acks: Vec<(u64, String)> = Vec::new();
    for round in 0..8 {
        let mut writers: Vec<(Child, _, Vec<_>)> = (0..2)
            .map(|_| {
                let mut writer = child_of(&binary, "write", &path).spawn().unwrap();
                let out = BufReader::new(writer.stdout.take().unwrap());
                (writer, out, Vec::new())
            })
            .collect();
        for (_, out, own) in &mut writers {
            acknowledged(out, 1 + 7 * round, own);
        }
        for (mut writer, mut out, mut own) in writers {
            writer.kill().unwrap();
            writer.wait().unwrap();
            acknowledged(&mut out, 0, &mut own);
            acks.append(&mut own);
        }
    }
    let store = SqliteStore::open(&path).unwrap();
    store.check().await.unwrap();
    let leaves = store.leaves(0, usize::MAX).await.unwrap();
    for (number, key) in &acks {
        let leaf = &leaves[usize::try_from(*number).unwrap()];
        assert_eq!(leaf, key.as_bytes(), "leaf {number}");
    }
    // Row and leaf came together, acknowledged or not.
    let rows = store
        .range(Table::Part, b"", None, usize::MAX)
        .await
        .unwrap();
    assert_eq!(rows.len(), leaves.len());
    assert!(leaves.len() >= acks.len() && acks.len() >= 408);
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_file_or_folder_says_so() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let (dir, path) = folder();
    filled(&path).await;
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Permissions do not bind root, so the child gives root up; the binary is
    // put where anybody may run it.
    let root = std::fs::metadata(dir.path()).unwrap().uid() == 0;
    let tools = tempfile::tempdir().unwrap();
    let binary = tools.path().join("test");
    // Copied by another process: a child that a test beside this one forks
    // could hold what is written here open, and such a file is not run.
    let copied = Command::new("cp")
        .args([&std::env::current_exe().unwrap(), &binary])
        .status();
    assert!(copied.unwrap().success());
    mode(tools.path(), 0o755);
    mode(&binary, 0o755);
    let open = |path: &Path| {
        let mut command = child_of(&binary, "open", path);
        if root {
            command.uid(65534).gid(65534);
        }
        let mut text = String::new();
        let mut running = command.spawn().unwrap();
        running
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        running.wait().unwrap();
        text
    };
    let before = std::fs::read(&path).unwrap();
    for (folder, file) in [(0o777, 0o444), (0o555, 0o666), (0o555, 0o444)] {
        mode(dir.path(), folder);
        mode(&path, file);
        let answer = open(&path);
        assert!(
            answer.contains("answer storage.read_only"),
            "{folder:o} {file:o}: {answer}"
        );
    }
    assert!(open(&dir.path().join("new.db")).contains("answer storage.read_only"));
    assert!(std::fs::read(&path).unwrap() == before);
    mode(dir.path(), 0o777);
    mode(&path, 0o666);
    assert!(open(&path).contains("answer opened"));
}
