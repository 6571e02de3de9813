//! Who calls: the `x-api-key` becomes a [`Caller`], without which no handler can be written.

use super::keys::Known;
pub use super::keys::{Caller, Partner};
use crate::kit::app::App;
use crate::kit::book::api_keys::{self, hash_of};
use crate::kit::book::terms::Terms;
use crate::kit::edge::http::Peer;
use crate::kit::endpoint::codes::P401;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::settings::Environment;
use florin_store::StoreError;
use http::request::Parts;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// The longest key that is looked at; ours are far shorter.
const MAX_KEY_LENGTH: usize = 256;

impl Caller {
    /// Who calls, by the key of the request.
    ///
    /// # Errors
    /// P401, or P429 for an address that tries many wrong keys.
    pub async fn of_request(parts: &Parts, app: &App) -> Result<Self, Failure> {
        // The rate limit has proven it already.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let source = source_address(parts, &app.settings.trusted_proxies);
        let known = match key_of(parts) {
            Err(refusal) => Err(refusal),
            Ok(key) => {
                let hash = hash_of(app.store.seals(), &key);
                let known = look_up(app, &hash).await?.filter(|known| known.key.works_at(app.clock.now()));
                known.ok_or_else(|| unknown_key(&key, app.is_sandbox()))
            }
        };
        let known = match known {
            Ok(known) => known,
            Err(refusal) => {
                app.limiter.check_wrong_key(source)?;
                return Err(refusal.into());
            }
        };
        let is_live = app.settings.environment == Environment::Live;
        let allowed = &known.key.allowed;
        if is_live && !allowed.is_empty() && !source.is_some_and(|ip| is_in(allowed, ip)) {
            return Err(denied("xo3", "the key may not be used from this address").into());
        }
        Ok(known.caller)
    }
}

/// Whether a key still works, for a call that waits: past what is remembered of it.
///
/// # Errors
/// P401.
pub(crate) async fn check_again(app: &App, hash: &[u8; 32]) -> Result<(), Failure> {
    let found = api_keys::find(&app.store, hash).await?;
    match found.is_some_and(|(key, _)| key.works_at(app.clock.now())) {
        true => Ok(()),
        false => Err(denied("xo2", "the key in x-api-key does not work any more").into()),
    }
}

fn denied(suffix: &str, why: &str) -> Refusal {
    Refusal::with(&P401, format!("Access Denied. {suffix}: {why}"))
}

fn no_key() -> Refusal {
    denied("xo1", "send your key in the header x-api-key; Authorization is not read")
}

/// Nothing that tells a revoked key from one that never was.
fn unknown_key(key: &str, is_sandbox: bool) -> Refusal {
    let is_wrapped = key.contains([' ', '"', '\'']);
    denied(
        "xo2",
        match (is_wrapped, is_sandbox) {
            (true, _) => "send the key alone in x-api-key, without a prefix or quotes",
            (false, true) => {
                "this server does not know the key in x-api-key; the sandbox's own is in sandbox-credentials.json"
            }
            (false, false) => "this server does not know the key in x-api-key",
        },
    )
}

/// The one key of a request; several are as good as a wrong one.
fn key_of(parts: &Parts) -> Result<String, Refusal> {
    let mut keys = parts.headers.get_all("x-api-key").iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Err(no_key()),
        (Some(key), None) => key.to_str().map_err(|_| denied("xo2", "x-api-key must be ASCII"))?,
        (Some(_), Some(_)) => return Err(denied("xo2", "x-api-key is given twice")),
    };
    match key.trim() {
        "" => Err(no_key()),
        key if key.len() > MAX_KEY_LENGTH => Err(denied("xo2", "the key in x-api-key is too long to be one")),
        key => Ok(key.to_owned()),
    }
}

async fn look_up(app: &App, hash: &[u8; 32]) -> Result<Option<Known>, StoreError> {
    let now = app.clock.now();
    if let Some(known) = app.keys.get(hash, now) {
        return Ok(Some(known));
    }
    let Some((key, of)) = api_keys::find(&app.store, hash).await? else { return Ok(None) };
    let partner = Partner { id: of.partner, book: of.book };
    let terms = Arc::new(Terms::of(&app.store, partner.id).await?);
    if key.works_at(now) {
        app.keys.note_use(key.id, now, key.used_at.is_none());
    }
    let known = Known { caller: Caller { partner, terms, key: *hash }, key, looked_at: now };
    app.keys.keep(*hash, known.clone());
    Ok(Some(known))
}

fn is_in(nets: &[IpNet], ip: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&ip.to_canonical()))
}

/// Where a request comes from: the peer, or what a trusted proxy says of it. The last hop that no trusted proxy made
/// is the source; what stands before it in the header is the client's own word.
pub(crate) fn source_address(parts: &Parts, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>()?.0.ip().to_canonical();
    if !is_in(trusted, peer) {
        return Some(peer);
    }
    let hops = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<_> = hops.flat_map(|value| value.split(',')).collect();
    let parsed = hops.into_iter().rev().map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    Some(parsed.map(|ip| ip.to_canonical()).find(|ip| !is_in(trusted, *ip)).unwrap_or(peer))
}
