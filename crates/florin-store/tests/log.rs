//! The log that is there before it is needed.

use florin_store::reserve_log;
use rusqlite::Connection;
use std::fs;

/// What is in the log is kept, the zeros after it are no frames, and a crash finds both as they are.
#[test]
fn a_reserved_log_keeps_what_is_in_it_and_survives_a_crash() {
    let folder = tempfile::TempDir::new().unwrap();
    let (file, copy) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let connection = Connection::open(&file).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)").unwrap();
    for round in 2..5 {
        reserve_log(&file).unwrap();
        let length = fs::metadata(folder.path().join("a.db-wal")).unwrap().len();
        assert!((43_000_000..44_000_000).contains(&length), "{length}");
        connection.execute("INSERT INTO t VALUES (?1)", [round]).unwrap();
        // What a crash leaves: file and log, without the index in memory.
        fs::copy(&file, &copy).unwrap();
        fs::copy(folder.path().join("a.db-wal"), folder.path().join("b.db-wal")).unwrap();
        let crashed = Connection::open(&copy).unwrap();
        let sum: i64 = crashed.query_row("SELECT sum(n) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, (1..=round).sum::<i64>());
        crashed.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap();
        drop(crashed);
    }
}
