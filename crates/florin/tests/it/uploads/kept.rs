//! What a server keeps of uploads, read past it: rows of the database, objects of the vault.

use crate::support::{Database, Deadline, Server};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::SimpleQueryMessage;

/// Far more than removing a few files takes.
const SOON: Duration = Duration::from_secs(30);

/// A row of `kyc_file`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub user: String,
    pub part: String,
    pub bytes: usize,
    pub state: String,
    /// The object, in 32 hexadecimal digits.
    pub name: String,
}

const SQLITE: &str = "SELECT h.handle, f.part, f.bytes, f.state, lower(hex(f.name)) \
                      FROM kyc_file f JOIN holder h ON h.id = f.holder";
const POSTGRES: &str = "SELECT h.handle, f.part, f.bytes, f.state, encode(f.name, 'hex') \
                        FROM kyc_file f JOIN holder h ON h.id = f.holder";

/// All rows of all books.
pub async fn rows(server: &Server) -> Vec<Row> {
    match server.database() {
        Some(database) => postgres_rows(database).await,
        None => sqlite_rows(server),
    }
}

async fn postgres_rows(database: &Database) -> Vec<Row> {
    let found = database.connect().await.simple_query(POSTGRES).await.expect("the rows can be read");
    let rows = found.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let text =
        |row: &tokio_postgres::SimpleQueryRow, index: usize| row.get(index).expect("a value").to_owned();
    rows.map(|row| {
        let bytes = text(&row, 2).parse().expect("a length");
        Row { user: text(&row, 0), part: text(&row, 1), bytes, state: text(&row, 3), name: text(&row, 4) }
    })
    .collect()
}

fn sqlite_rows(server: &Server) -> Vec<Row> {
    let database = sqlite(server);
    let mut statement = database.prepare(SQLITE).expect("the query is right");
    let rows = statement.query_map([], |row| {
        let bytes: i64 = row.get(2)?;
        let bytes = usize::try_from(bytes).unwrap_or_default();
        Ok(Row { user: row.get(0)?, part: row.get(1)?, bytes, state: row.get(3)?, name: row.get(4)? })
    });
    rows.and_then(Iterator::collect).expect("the rows can be read")
}

/// How many attempts at the one decode that waits have begun and not ended; none where no decode waits.
pub async fn open_attempts(server: &Server) -> Option<i64> {
    const QUERY: &str = "SELECT open_attempts FROM job WHERE kind = 'kyc.decode'";
    match server.database() {
        Some(database) => {
            let rows = database.connect().await.query(QUERY, &[]).await.expect("the query is right");
            rows.first().map(|row| row.get(0))
        }
        None => {
            let database = sqlite(server);
            let mut statement = database.prepare(QUERY).expect("the query is right");
            let mut rows = statement.query([]).expect("the rows can be read");
            rows.next().expect("a row can be read").map(|row| row.get(0).expect("a number"))
        }
    }
}

fn sqlite(server: &Server) -> rusqlite::Connection {
    let file = crate::verify::database_file(&server.data_dir()).expect("a database");
    let database = rusqlite::Connection::open(file).expect("it opens");
    database.busy_timeout(Duration::from_secs(10)).expect("a time-out");
    database
}

/// The names of what is in a folder of files, whatever it is but the vault's mark and sheets of keys: the objects' as
/// a row has them.
pub fn objects(folder: &Path) -> BTreeSet<String> {
    let is_object =
        |file: &PathBuf| *file != folder.join("installation") && !file.starts_with(folder.join("keys"));
    let files = files_below(folder).into_iter().filter(is_object);
    let names = files.map(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.strip_suffix(".age").map_or(name.clone(), |name| name.replace('-', ""))
    });
    names.collect()
}

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found
}

/// What `florin vault sweep` says: objects seen, objects removed.
pub fn sweep(server: &Server, older_than: &str) -> (usize, usize) {
    let outcome = server.command(&["vault", "sweep", "--older-than", older_than]);
    assert_eq!(outcome.code, Some(0), "florin vault sweep: {outcome:?}");
    let words: Vec<&str> = outcome.stdout.split_whitespace().collect();
    let number = |index: usize| words.get(index).and_then(|word| word.parse().ok());
    number(0).zip(number(3)).unwrap_or_else(|| panic!("florin vault sweep: {outcome:?}"))
}

/// `florin vault check` finds nothing wrong and read every file that there is a row of.
pub async fn all_readable(server: &Server) {
    let outcome = server.command(&["vault", "check"]);
    let expected = format!("checked: {} files", rows(server).await.len());
    assert!(outcome.code == Some(0) && outcome.stdout.starts_with(&expected), "{expected}, not {outcome:?}");
}

/// Waits until the running server keeps exactly the objects that it has rows of, and fails when it never does.
pub async fn until_nothing_is_left(server: &Server) {
    let deadline = Deadline::after(SOON);
    while !is_even(server).await {
        deadline.pause("what a cut-off upload left to be removed");
    }
}

async fn is_even(server: &Server) -> bool {
    // Twice: a file that is just being finished has no row yet, and rows may change between the two looks.
    let mut counts = BTreeSet::new();
    for _ in 0..2 {
        let names: BTreeSet<String> = rows(server).await.into_iter().map(|row| row.name).collect();
        match is_bucket(server) {
            true => counts.insert(sweep(server, "3600").0 == names.len()),
            false => counts.insert(objects(&server.vault_dir()) == names),
        };
    }
    counts == BTreeSet::from([true])
}

/// The server is stopped: after a sweep the objects are those of the rows, all of them readable, and nothing waits in
/// the spool. How many objects the sweep removed.
pub async fn settle(server: &Server) -> usize {
    all_readable(server).await;
    let names: BTreeSet<String> = rows(server).await.into_iter().map(|row| row.name).collect();
    let (_, removed) = sweep(server, "0");
    assert_eq!(sweep(server, "0"), (names.len(), 0), "objects against rows");
    if !is_bucket(server) {
        assert_eq!(objects(&server.vault_dir()), names, "the names of objects and of rows");
    }
    assert_eq!(files_below(&server.data_dir().join("spool")), Vec::<PathBuf>::new(), "the spool");
    all_readable(server).await;
    removed
}

fn is_bucket(server: &Server) -> bool {
    server.vault_dir().starts_with("s3:")
}
