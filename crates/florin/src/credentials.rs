//! `sandbox-credentials.json`: the values that a partner's engineer needs to call the sandbox, kept in the data folder.
//! The database keeps only hashes of keys, so if the file is missing or its key does not work, a new key is issued.

use crate::config::Config;
use crate::operate::registry;
use crate::system::SystemEntropy;
use crate::{Failed, data_folder};
use florin_api::kit::app::App;
use florin_api::kit::book::registry::{Issued, NewKey, book_of};
use florin_api::kit::settings::Environment;
use florin_store::Store;
use florin_types::Entropy;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use uuid::Uuid;

/// Name of the sandbox's own partner.
const DEMO_PARTNER: &str = "Demo partner";

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Where the API is.
    pub base_url: String,
    /// The key.
    pub api_key: String,
    /// The partner that it belongs to.
    pub partner_id: Uuid,
    /// The `Authorization` header of the sandbox's webhooks.
    pub webhook_token: String,
}

/// Ensures that the file holds a valid key and the address at which the server listens.
pub async fn settle(config: &Config, store: &Store, address: SocketAddr) -> Result<Credentials, Failed> {
    data_folder::create(&config.data_dir)?;
    let file = config.data_dir.join("sandbox-credentials.json");
    let kept: Option<Credentials> =
        std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut administration = store.administer().await?;
    let mut registry = registry(&mut administration, "florin");
    let base_url = format!("http://{address}");
    let credentials = match kept {
        Some(kept) if registry.knows_key(&kept.api_key).await? => Credentials { base_url, ..kept },
        _ => {
            let Issued { partner, api_key, .. } = match registry.first_partner().await? {
                Some(partner) => registry.issue_key(partner, Environment::Sandbox, NewKey::default()).await?,
                None => registry.create_partner(DEMO_PARTNER, Environment::Sandbox).await?,
            };
            Credentials { base_url, api_key, partner_id: partner, webhook_token: webhook_token() }
        }
    };
    administration.commit().await?;
    write(&file, &credentials).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(credentials)
}

/// Sets the file's token for the partner's webhooks, unless the partner has set one.
pub async fn give_token(app: &App, credentials: &Credentials) -> Result<(), Failed> {
    if let Some(book) = book_of(&app.store, credentials.partner_id).await? {
        florin_api::webhooks::give_token(app, book, &credentials.webhook_token).await?;
    }
    Ok(())
}

fn webhook_token() -> String {
    let mut random = [0; 32];
    SystemEntropy.fill(&mut random);
    hex::encode(random)
}

/// Written whole or not at all, readable by its owner alone.
fn write(file: &Path, credentials: &Credentials) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut new, credentials)?;
    new.write_all(b"\n")?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    std::fs::File::open(folder)?.sync_all()
}
