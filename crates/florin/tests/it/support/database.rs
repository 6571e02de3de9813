//! The engine of this run, and a PostgreSQL database per test that is removed again.

use super::chance::fresh_word;
use std::net::SocketAddr;
use tokio_postgres::{Client, NoTls};

/// What the server stores in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The engine of this run, by `FLORIN_TEST_ENGINE`.
pub fn engine() -> Engine {
    match std::env::var("FLORIN_TEST_ENGINE").as_deref() {
        Err(_) | Ok("" | "sqlite") => Engine::Sqlite,
        Ok("postgres") => Engine::Postgres,
        Ok(other) => panic!("FLORIN_TEST_ENGINE is sqlite or postgres, not {other}"),
    }
}

/// A PostgreSQL database of one test. Dropped with FORCE by [`Database::remove`], or at the latest when it
/// goes away.
pub struct Database {
    admin_url: String,
    name: String,
    removed: bool,
}

impl Database {
    /// A new, empty one on the throw-away cluster.
    pub async fn create() -> Self {
        let admin_url = std::env::var("FLORIN_TEST_POSTGRES_URL").expect("FLORIN_TEST_POSTGRES_URL is set");
        Self::make(admin_url, "").await
    }

    /// A copy; nobody may be connected to the original.
    pub async fn copy(&self) -> Self {
        Self::make(self.admin_url.clone(), &format!(" TEMPLATE {}", self.name)).await
    }

    async fn make(admin_url: String, template: &str) -> Self {
        let name = format!("florin_test_{}", fresh_word());
        let statement = format!("CREATE DATABASE {name}{template}");
        connect(&admin_url).await.batch_execute(&statement).await.expect("a database can be created");
        Self { admin_url, name, removed: false }
    }

    /// The URL of this database: the admin's with another path.
    pub fn url(&self) -> String {
        self.url_at(None)
    }

    /// The same through another address.
    pub fn url_at(&self, elsewhere: Option<SocketAddr>) -> String {
        let (scheme, rest) = self.admin_url.split_once("://").expect("the URL has a scheme");
        let (place, query) =
            rest.split_once('?').map_or((rest, String::new()), |(place, query)| (place, format!("?{query}")));
        let (user, host) = split_authority(place);
        let host = elsewhere.map_or(host, |address| address.to_string());
        format!("{scheme}://{user}{host}/{}{query}", self.name)
    }

    /// Where the cluster listens, for one who stands in between; none for a socket in the file system.
    pub fn cluster_address() -> Option<String> {
        let admin_url = std::env::var("FLORIN_TEST_POSTGRES_URL").expect("FLORIN_TEST_POSTGRES_URL is set");
        let (_, rest) = admin_url.split_once("://").expect("the URL has a scheme");
        let (_, host) = split_authority(rest.split('?').next().unwrap_or_default());
        let port = if host.contains(':') { "" } else { ":5432" };
        (!host.is_empty()).then(|| format!("{host}{port}"))
    }

    /// A connection to this database.
    pub async fn connect(&self) -> Client {
        connect(&self.url()).await
    }

    /// Removes it, whoever is connected.
    pub async fn remove(mut self) {
        drop_database(&self.admin_url, &self.name).await.expect("the database can be dropped");
        self.removed = true;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.removed {
            return;
        }
        let (admin_url, name) = (self.admin_url.clone(), self.name.clone());
        let work = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(drop_database(&admin_url, &name)).map_err(|error| format!("{name}: {error}"))
        };
        match std::thread::spawn(work).join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("a test database is left behind: {error}"),
            Err(_) => eprintln!("a test database is left behind: no connection"),
        }
    }
}

/// `user:password@` (or nothing) and `host:port` of what stands before the path.
fn split_authority(place: &str) -> (String, String) {
    let authority = place.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host.to_owned()),
        None => (String::new(), authority.to_owned()),
    }
}

async fn drop_database(admin_url: &str, name: &str) -> Result<(), tokio_postgres::Error> {
    connect(admin_url).await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL answers");
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("a test's connection to PostgreSQL broke: {error}");
        }
    });
    client
}
