//! The log that is there before it is needed.

use florin_store::reserve_log;
use rusqlite::Connection;
use std::fs;
use std::path::Path;

fn log_length(folder: &Path) -> u64 {
    fs::metadata(folder.join("a.db-wal")).unwrap().len()
}

fn is_whole(length: u64) -> bool {
    (43_000_000..44_000_000).contains(&length)
}

/// As a server has it: nobody has the database open before, and connections come and go afterwards.
#[test]
fn a_reserved_log_stays_while_connections_come_and_go() {
    let folder = tempfile::TempDir::new().unwrap();
    let (file, link) = (folder.path().join("a.db"), folder.path().join("link.db"));
    let open = || Connection::open(&file).unwrap();
    open().pragma_update(None, "journal_mode", "WAL").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let reserved = reserve_log(&link).unwrap();
    open().execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
    for round in 0..5 {
        open().execute("INSERT INTO t VALUES (?1)", [round]).unwrap();
        assert!(is_whole(log_length(folder.path())), "{}", log_length(folder.path()));
    }
    assert!(!folder.path().join("link.db-wal").exists());
    drop(reserved);
    assert!(!folder.path().join("a.db-wal").exists(), "the last one has copied it back");
}

/// What is in the log is kept, the zeros after it are no frames, and a crash finds both as they are, also after the log
/// has begun again from its start.
#[test]
fn a_reserved_log_keeps_what_is_in_it_and_survives_a_crash() {
    let folder = tempfile::TempDir::new().unwrap();
    let (file, copy) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)").unwrap();
    for round in 2..6 {
        let _reserved = reserve_log(&file).unwrap();
        assert!(is_whole(log_length(folder.path())), "{}", log_length(folder.path()));
        if round % 2 == 0 {
            let copied = connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0));
            assert_eq!(copied, Ok(0), "somebody is in the way");
        }
        connection.execute("INSERT INTO t VALUES (?1)", [round]).unwrap();
        // What a crash leaves: file and log, without the index in memory.
        fs::copy(&file, &copy).unwrap();
        fs::copy(folder.path().join("a.db-wal"), folder.path().join("b.db-wal")).unwrap();
        let crashed = Connection::open(&copy).unwrap();
        let sum: i64 = crashed.query_row("SELECT sum(n) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, (1..=round).sum::<i64>());
        let verdict: String = crashed.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
        drop(crashed);
    }
}
