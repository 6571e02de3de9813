//! The old data, put back for one test.

use crate::support::{Call, Client, Deadline, Engine, Form, Options, Server, engine, key_file, write_key};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A call that the old server kept the answer of.
#[derive(Deserialize)]
pub struct KeyedCall {
    pub partner: String,
    pub method: String,
    pub path: String,
    pub key: String,
    pub body: Option<Value>,
    /// Parts of an upload, with the file of each.
    pub files: Option<Vec<(String, String)>>,
    pub status: u16,
    pub answer: String,
}

/// What the old server answered a GET.
#[derive(Deserialize)]
pub struct Read {
    pub partner: String,
    pub path: String,
    pub status: u16,
    pub answer: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    pub id: String,
    pub api_key: String,
}

/// `recorded.json`: what the old server said of these data.
#[derive(Deserialize)]
pub struct Recorded {
    pub partners: BTreeMap<String, Partner>,
    pub calls: Vec<KeyedCall>,
    pub reads: Vec<Read>,
    /// The path of a hosted page that was open.
    pub page: String,
    /// Open reviews by user.
    pub reviews: BTreeMap<String, String>,
    /// `florin kyc show` of each.
    pub shown: BTreeMap<String, Value>,
    /// SHA-256 of each exported file, by user and name.
    pub exports: BTreeMap<String, BTreeMap<String, String>>,
    /// The lines of `florin audit`.
    pub audit: Vec<String>,
    pub deliveries: Vec<Value>,
    /// Second pages of lists of deliveries, by cursors of the old server.
    pub pages: Vec<String>,
}

/// How long a server may take to compare the fixture's few files, on a busy machine.
const COMPARED: Duration = Duration::from_secs(20);

/// A server over the old data.
pub struct Before {
    pub server: Server,
    pub recorded: Recorded,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/before-exchange")
}

/// The parts of an upload to the old server.
pub fn form(parts: &[(String, String)]) -> Form {
    parts.iter().fold(Form::new(), |form, (part, name)| {
        let content = std::fs::read(fixtures().join("files").join(name)).expect("a file of the fixture");
        form.named_file(part, name, &content)
    })
}

impl Before {
    /// Puts the old data where a new server finds them; nothing runs yet.
    pub async fn put_back() -> Self {
        let server = Server::prepare(Options::default()).await;
        let old = fixtures().join(if engine() == Engine::Sqlite { "sqlite" } else { "postgres" });
        let text = |name: &str| std::fs::read_to_string(old.join(name)).expect("a file of the fixture");
        let data = server.data_dir();
        write_key(&data, &text("vault.key"));
        let credentials = data.join("sandbox-credentials.json");
        std::fs::write(&credentials, text("sandbox-credentials.json")).expect("the credentials");
        copy_folder(&old.join("vault"), &server.vault_dir());
        let private = std::fs::Permissions::from_mode(0o600);
        for file in [credentials, key_file(&data)] {
            std::fs::set_permissions(file, private.clone()).expect("its mode");
        }
        if engine() == Engine::Sqlite {
            std::fs::copy(old.join("florin.db"), data.join("florin.db")).expect("the database");
        } else {
            execute(&server, &text("florin.sql")).await;
        }
        stand_still(&server).await;
        let recorded = serde_json::from_str(&text("recorded.json")).expect("what was recorded");
        Self { server, recorded }
    }

    /// The same with the new server running.
    pub async fn start() -> Self {
        let mut this = Self::put_back().await;
        this.server.start_again().await;
        // The vault has no mark yet: the server compares its files with the database, and creates no user until then.
        let deadline = Deadline::after(COMPARED);
        while this.server.client().send(&Call::get("/readyz")).await.body != b"ready\n" {
            deadline.pause("the vault to be marked");
        }
        this
    }

    /// A partner's client, with the key that the old server gave it.
    pub fn client(&self, partner: &str) -> Client {
        Client::new(&self.server.base_url(), Some(&self.recorded.partners[partner].api_key))
    }

    /// Looks at a review and decides on what was shown.
    pub fn decide(&self, review: &str, decision: &str) {
        let shown = self.operate(&["kyc", "show", review]);
        let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        let version = shown["version"].as_str().expect("a version");
        self.operate(&["kyc", "decide", review, decision, "--shown", version]);
    }

    /// Runs a command of an operator that must succeed.
    pub fn operate(&self, words: &[&str]) -> String {
        let done = self.server.command(&[words, &["--operator", "ona"]].concat());
        assert_eq!(done.code, Some(0), "florin {words:?}: {done:?}");
        done.stdout
    }
}

/// Sets the books' clocks to when the old server wrote last, as if it had been stopped a moment ago: idempotency keys,
/// links and documents have not expired, however old the fixture is. Jobs keep their distance.
async fn stand_still(server: &Server) {
    let now = match engine() {
        Engine::Sqlite => "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) AS BIGINT) * 1000000",
    };
    let statements = format!(
        "UPDATE job SET run_at = run_at + (SELECT {now} + b.clock_offset - b.last_at FROM book b \
         WHERE b.id = job.position >> 40); UPDATE book SET clock_offset = last_at - {now};"
    );
    execute(server, &statements).await;
}

async fn execute(server: &Server, statements: &str) {
    let Some(database) = server.database() else {
        let file = server.data_dir().join("florin.db");
        let connection = rusqlite::Connection::open(file).expect("the database opens");
        return connection.execute_batch(statements).expect("the statements run");
    };
    database.connect().await.batch_execute(statements).await.expect("the statements run");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder of the fixture") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("a file is copied");
        }
    }
}
