//! A restored dump on the vault of the original: the server says why it writes no files, and a command takes the vault
//! over.

use super::small_form;
use crate::restart::fails_plainly;
use crate::support::{Call, Server};

/// The database as it would be had it been dumped at `mark`, as far as the vault looks at it.
async fn set_mark(server: &Server, mark: &str) {
    let sql = |value: &str| format!("UPDATE installation SET value = {value} WHERE name = 'vault_mark'");
    match server.database() {
        Some(database) => {
            let value = format!("convert_to('{mark}', 'UTF8')");
            database.connect().await.batch_execute(&sql(&value)).await.expect("a statement");
        }
        None => {
            let file = crate::verify::database_file(&server.data_dir()).expect("a database");
            let database = rusqlite::Connection::open(file).expect("it opens");
            database.execute(&sql("?1"), [mark.as_bytes()]).expect("a statement");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_takes_its_vault_over_by_command_alone() {
    let mut server = Server::start().await;
    server.client().create_user("anna").await;
    server.client().upload("anna", &small_form()).await.expect(201);
    server.stop();
    let file = server.vault_dir().join("installation");
    let before = std::fs::read_to_string(&file).expect("a mark");
    // Raises the epoch, as a minute of serving does.
    assert_eq!(server.command(&["vault", "sweep", "--older-than", "0"]).code, Some(0));
    assert_ne!(std::fs::read_to_string(&file).expect("a mark"), before);
    set_mark(&server, &before).await;

    server.start_again().await;
    let said = "this database is a copy: no file is written or removed until `florin vault adopt`";
    assert!(server.log().contains(said), "{}", server.log());
    let ready = server.client().send(&Call::get("/readyz")).await;
    ready.expect(200);
    assert!(ready.body.starts_with(b"ready, but for uploads: ") && ready.text().contains(said), "{ready:?}");
    server.expect_error("florin vault adopt");
    server.client().upload("anna", &small_form()).await.expect_refusal("P501");
    fails_plainly(&server.command(&["vault", "sweep"]), &[said]);
    assert_eq!(server.command(&["vault", "check"]).code, Some(0));
    server.stop();

    let adopt = ["vault", "adopt", "--operator", "Eva"];
    let asked = server.command(&adopt);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    let says = ["3 that this database knows, 0 that it does not know", "Nothing was changed", "--yes"];
    assert!(says.iter().all(|text| asked.stdout.contains(text)), "{asked:?}");
    server.start_again().await;
    server.client().upload("anna", &small_form()).await.expect_refusal("P501");
    let done = server.command(&[&adopt[..], &["--yes"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    // The running server looks once a minute.
    server.stop();
    server.start_again().await;
    server.client().upload("anna", &small_form()).await.expect(201);
    let audit = server.command(&["audit"]);
    assert!(audit.stdout.contains("Eva  vault.adopt"), "{audit:?}");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_takeover_says_what_the_vault_lacks() {
    let mut server = Server::start().await;
    server.client().create_user("anna").await;
    server.client().upload("anna", &small_form()).await.expect(201);
    server.stop();
    let (vault, away) = (server.vault_dir(), server.data_dir().join("away"));
    let adopt = ["vault", "adopt", "--operator", "Eva"];
    let whole = server.command(&adopt);
    assert!(!whole.stdout.contains("MISSING"), "{whole:?}");
    std::fs::rename(&vault, &away).expect("it moves");

    // A start changes nothing: neither where the folder is gone, nor where it is empty.
    for is_there in [false, true] {
        if is_there {
            std::fs::create_dir(&vault).expect("an empty folder");
        }
        let refused = server.command(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(refused.code == Some(1) && refused.said().contains("is the disk mounted"), "{refused:?}");
        assert_eq!(vault.exists(), is_there);
    }
    assert_eq!(std::fs::read_dir(&vault).expect("a folder").count(), 0, "something was made");

    let asked = server.command(&adopt);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    let says =
        ["MISSING:  3 files and ", "sheets of keys", "put it back in its place", "Nothing was changed"];
    assert!(says.iter().all(|text| asked.stdout.contains(text)), "{asked:?}");
    assert!(!asked.stdout.contains("and 0 sheets"), "{asked:?}");

    // As it says: put back, all is well.
    std::fs::remove_dir_all(&vault).expect("what the command made goes");
    std::fs::rename(&away, &vault).expect("it moves");
    server.start_again().await;
    assert_eq!(server.client().send(&Call::get("/readyz")).await.body, b"ready\n");
    server.client().upload("anna", &small_form()).await.expect(201);
    server.finish().await;
}

/// Without its sheet of keys nothing of a user opens: whoever watches the server is told, and how many are missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_sheets_of_keys_are_counted_where_health_is_asked() {
    let mut server = Server::start().await;
    server.client().create_user("anna").await;
    server.stop();
    let (keys, away) = (server.vault_dir().join("keys"), server.data_dir().join("away"));
    std::fs::rename(&keys, &away).expect("it moves");
    std::fs::create_dir(&keys).expect("an empty folder");
    server.start_again().await;
    let ready = server.client().send(&Call::get("/readyz")).await;
    ready.expect(200);
    let sheets: Vec<_> =
        std::fs::read_dir(&away).expect("a folder").map(|entry| entry.expect("a file")).collect();
    let text = ready.text();
    let missing = text.strip_prefix("ready, but for users' data: ").and_then(|rest| rest.split(' ').next());
    let missing: usize = missing.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{ready:?}"));
    // The newest sheet is in the vault before the database knows it: a stop in between leaves one more.
    assert!(missing >= 1 && [missing, missing + 1].contains(&sheets.len()), "{missing} of {}", sheets.len());
    // New users are created all the same.
    server.client().create_user("ben").await;
    server.stop();
    for sheet in sheets {
        std::fs::rename(sheet.path(), keys.join(sheet.file_name())).expect("it moves");
    }
    server.start_again().await;
    assert_eq!(server.client().send(&Call::get("/readyz")).await.body, b"ready\n");
    server.finish().await;
}
