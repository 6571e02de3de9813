//! The database that every test's is a copy of: tables up to date, two partners. Made once per program; on PostgreSQL
//! under a name made from the program's file, so that a second run of the same build finds it again.

use super::app::{START, options};
use super::database::{Engine, cluster, connect, engine, url_of};
use super::entropy::Counted;
use florin_api::kit::book::registry::Registry;
use florin_api::kit::settings::Environment;
use florin_store::{Place, Store};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use tokio_postgres::Client;
use uuid::Uuid;

/// The number under which making the template is locked: any constant of our own.
const LOCK: i64 = 0x6170_6974_6d70;

/// The two partners of every test.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seeds {
    /// Their keys in clear.
    pub keys: [String; 2],
    /// Their public ids.
    pub partners: [Uuid; 2],
}

/// The template: a file, or the name of a database.
pub struct Template {
    pub place: PathBuf,
    pub seeds: Seeds,
    _folder: Option<TempDir>,
}

/// The template of this program.
pub fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| match engine() {
        Engine::Sqlite => {
            let folder = TempDir::new().expect("a folder");
            let place = folder.path().join("template.db");
            let seeds = apart(seed(Place::File(place.clone())));
            Template { place, seeds, _folder: Some(folder) }
        }
        Engine::Postgres => apart(postgres()),
    })
}

/// Runs it on a thread and a runtime of its own, whose connections are closed when it is done.
pub fn apart<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(run).join().expect("the template can be made"))
}

/// Makes the tables and the partners.
pub async fn seed(place: Place) -> Seeds {
    let entropy = Arc::new(Counted::new(1));
    let store =
        Store::open(options(place, Environment::Sandbox, entropy.clone())).await.expect("a store opens");
    let mut administration = store.administer().await.expect("a transaction");
    let mut registry =
        Registry { administration: &mut administration, now: START, entropy: &*entropy, operator: "olga" };
    let mut issued = Vec::new();
    for name in ["A", "B"] {
        issued.push(registry.create_partner(name, Environment::Sandbox).await.expect("a partner"));
    }
    administration.commit().await.expect("a commit");
    store.close();
    Seeds {
        keys: [0, 1].map(|i: usize| issued[i].api_key.clone()),
        partners: [0, 1].map(|i: usize| issued[i].partner),
    }
}

/// Finds the template, or makes it; the partners' keys are kept as the database's comment.
async fn postgres() -> Template {
    let name = postgres_name();
    let admin = connect(&cluster()).await;
    admin.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.expect("the lock");
    let seeds = match comment_of(&admin, &name).await {
        Some(comment) => serde_json::from_str(&comment).expect("the template's comment holds its keys"),
        None => {
            drop_others(&admin).await;
            admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database can be made");
            let url = url_of(&name);
            let seeds = std::thread::spawn(move || apart(seed(Place::Server(url)))).join().expect("seeds");
            let comment = serde_json::to_string(&seeds).expect("keys are text");
            let keep = format!("COMMENT ON DATABASE {name} IS '{comment}'");
            admin.batch_execute(&keep).await.expect("the keys are kept");
            seeds
        }
    };
    Template { place: name.into(), seeds, _folder: None }
}

/// A build's own name: another build may have other tables.
fn postgres_name() -> String {
    let program = std::env::current_exe().expect("the program has a file");
    let built = program.metadata().and_then(|file| file.modified()).expect("a file has a time");
    let hash = blake3::hash(format!("{} {built:?}", program.display()).as_bytes());
    format!("florin_api_template_{}", &hash.to_hex()[..16])
}

async fn comment_of(admin: &Client, name: &str) -> Option<String> {
    let sql = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1";
    admin.query_opt(sql, &[&name]).await.expect("databases can be listed")?.get(0)
}

/// Drops what other builds, or a run that was cut off, left behind.
async fn drop_others(admin: &Client) {
    let sql = "SELECT datname::text FROM pg_database WHERE datname LIKE 'florin\\_api\\_template\\_%'";
    for row in admin.query(sql, &[]).await.expect("databases can be listed") {
        let name: String = row.get(0);
        admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("it can be dropped");
    }
}
