//! `florin verify` where there is nothing to verify: it says so in one line and makes nothing.

use crate::restart::fails_plainly;
use crate::support::{Database, Engine, Place, engine, run_florin};
use std::path::Path;

const WORDS: [&str; 2] = ["there is no florin data", "there is no database"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_without_data_fails_plainly_and_stays_empty() {
    let home = tempfile::Builder::new().prefix("florin-test-").tempdir().expect("a directory");
    match engine() {
        Engine::Sqlite => no_file(home.path()),
        Engine::Postgres => no_table(home.path()).await,
    }
}

fn no_file(home: &Path) {
    let (empty, missing) = (home.join("empty"), home.join("missing"));
    std::fs::create_dir(&empty).expect("a directory");
    for data_dir in [&empty, &missing] {
        let place = data_dir.to_str().expect("a path in UTF-8");
        fails_plainly(&run_florin(&["verify", "--data-dir", place], home), &WORDS);
    }
    assert_eq!(std::fs::read_dir(&empty).expect("it is there").count(), 0, "verify made a file");
    assert!(!missing.exists(), "verify made the directory");
}

async fn no_table(home: &Path) {
    let database = Database::create().await;
    let place = Place { data_dir: home, database: Some(&database) };
    fails_plainly(&place.command(&["verify"], &[], home), &WORDS);
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let rows = database.connect().await.query_one(tables, &[]).await.expect("the query runs");
    assert_eq!(rows.get::<_, i64>(0), 0, "verify made tables");
    assert_eq!(std::fs::read_dir(home).expect("it is there").count(), 0, "verify made a file");
    database.remove().await;
}
