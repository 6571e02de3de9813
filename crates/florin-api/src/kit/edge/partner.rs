//! Who calls: the `x-api-key` becomes a [`Caller`], without which no handler can be written.

use super::keys::Known;
pub use super::keys::{Caller, Partner};
use crate::kit::app::App;
use crate::kit::book::registry::{FIND_KEY, hash_of};
use crate::kit::book::terms::Terms;
use crate::kit::edge::http::Peer;
use crate::kit::endpoint::codes::P401;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::settings::Environment;
use florin_store::{StoreError, params};
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
            Err(suffix) => Err(suffix),
            Ok(key) => look_up(app, &key).await?.ok_or("xo2"),
        };
        let known = match known {
            Ok(known) if !known.is_revoked => known,
            refused => {
                app.limiter.check_wrong_key(source)?;
                return Err(denied(refused.err().unwrap_or("xo2")).into());
            }
        };
        let is_live = app.settings.environment == Environment::Live;
        if is_live && !known.allowed.is_empty() && !source.is_some_and(|ip| is_in(&known.allowed, ip)) {
            return Err(denied("xo3").into());
        }
        Ok(known.caller)
    }
}

fn denied(suffix: &str) -> Refusal {
    Refusal::with(&P401, format!("Access Denied. {suffix}"))
}

/// The one key of a request; several are as good as a wrong one.
fn key_of(parts: &Parts) -> Result<String, &'static str> {
    let mut keys = parts.headers.get_all("x-api-key").iter();
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Err("xo1"),
        (Some(key), None) => key.to_str().map_err(|_| "xo2")?,
        (Some(_), Some(_)) => return Err("xo2"),
    };
    match key.trim() {
        "" => Err("xo1"),
        key if key.len() > MAX_KEY_LENGTH => Err("xo2"),
        key => Ok(key.to_owned()),
    }
}

async fn look_up(app: &App, key: &str) -> Result<Option<Known>, StoreError> {
    let hash = hash_of(key);
    let now = app.clock.now();
    if let Some(known) = app.keys.get(&hash, now) {
        return Ok(Some(known));
    }
    let rows = app.store.look(FIND_KEY, &params![hash]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let allowed: String = row.get(1)?;
    let partner = Partner { id: row.get(0)?, book: row.get(3)? };
    let terms = Arc::new(Terms::of(&app.store, partner.id).await?);
    let known = Known {
        caller: Caller { partner, terms },
        allowed: allowed.split_whitespace().filter_map(|net| net.parse().ok()).collect(),
        is_revoked: row.get::<Option<i64>>(2)?.is_some(),
        looked_at: now,
    };
    app.keys.keep(hash, known.clone());
    Ok(Some(known))
}

fn is_in(nets: &[IpNet], ip: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&ip.to_canonical()))
}

/// Where a request comes from: the peer, or what a trusted proxy says of it. The last hop that no trusted proxy made
/// is the source; what stands before it in the header is the client's own word.
fn source_address(parts: &Parts, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Peer>()?.0.ip().to_canonical();
    if !is_in(trusted, peer) {
        return Some(peer);
    }
    let hops = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<_> = hops.flat_map(|value| value.split(',')).collect();
    let parsed = hops.into_iter().rev().map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    Some(parsed.map(|ip| ip.to_canonical()).find(|ip| !is_in(trusted, *ip)).unwrap_or(peer))
}
