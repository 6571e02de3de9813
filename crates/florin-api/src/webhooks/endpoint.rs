//! Where a partner hears of its events: address, paths, secrets. Pure, but for the drawing of secrets.

use crate::kit::book::seal::{Nonce, Seals};
use crate::kit::endpoint::events::EventType;
use florin_store::StoreError;
use florin_types::{Entropy, Timestamp};
use florin_webhook::{EventPath, SigningKey, SigningSecret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How long the secret from before a rotation signs too, business time: a day, in which every process of a partner has
/// been started anew.
pub const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// An endpoint as its row says.
#[derive(Clone, Debug)]
pub struct WebhookEndpoint {
    /// The base URL; none where none was registered yet.
    pub url: Option<String>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Why not, where it was not the partner's wish.
    pub disabled_reason: Option<String>,
    /// Paths that differ from the contract's.
    pub paths: Paths,
    /// Sealed [`Secrets`].
    pub secrets: Vec<u8>,
    /// Up to here every event since the registration has its own row.
    pub cursor: i64,
    /// Raised by each process that takes over.
    pub epoch: i64,
    /// Which process delivers.
    pub owner: [u8; 16],
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// The name in [`Paths`] that stands for every event type that is not named.
pub const EVERY_OTHER: &str = "*";

/// Paths per event type, where they are the partner's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths(pub BTreeMap<&'static str, EventPath>);

impl Paths {
    /// The path of a type.
    pub fn of(&self, kind: &str) -> Option<EventPath> {
        let kind = EventType::of_word(kind)?;
        match self.0.get(kind.as_str()).or_else(|| self.0.get(EVERY_OTHER)) {
            Some(own) => Some(own.clone()),
            None => EventPath::parse(kind.path()).ok(),
        }
    }

    /// The name of an event type, or that of every other.
    pub fn name(word: &str) -> Option<&'static str> {
        if word == EVERY_OTHER { Some(EVERY_OTHER) } else { EventType::of_word(word).map(EventType::as_str) }
    }

    /// As it is kept.
    pub fn to_json(&self) -> Result<String, StoreError> {
        let paths: BTreeMap<_, _> = self.0.iter().map(|(kind, path)| (kind, path.as_str())).collect();
        serde_json::to_string(&paths).map_err(StoreError::unexpected)
    }

    /// What was kept.
    pub fn of_json(text: &str) -> Result<Self, StoreError> {
        let kept: BTreeMap<String, String> = serde_json::from_str(text).map_err(StoreError::unexpected)?;
        let mut paths = BTreeMap::new();
        for (kind, path) in kept {
            let Some(name) = Self::name(&kind) else { continue };
            paths.insert(name, EventPath::parse(&path).map_err(StoreError::unexpected)?);
        }
        Ok(Self(paths))
    }
}

/// What only the partner and we know.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// What `Authorization` carries.
    pub token: String,
    current: [u8; 32],
    /// The one before, and until when it signs too (µs of business time).
    previous: Option<([u8; 32], i64)>,
    /// The Ed25519 key.
    seed: [u8; 32],
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Randomness for new secrets, drawn before a command runs.
#[derive(Clone)]
pub struct Drawn {
    secret: [u8; 32],
    seed: [u8; 32],
    nonce: Nonce,
}

impl Drawn {
    /// Draws.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let (mut secret, mut seed) = ([0; 32], [0; 32]);
        entropy.fill(&mut secret);
        entropy.fill(&mut seed);
        Self { secret, seed, nonce: Nonce::draw(entropy) }
    }
}

impl Secrets {
    /// The first ones.
    pub fn new(token: String, drawn: &Drawn) -> Self {
        Self { token, current: drawn.secret, previous: None, seed: drawn.seed }
    }

    /// A new signing secret; the present one signs too for a while.
    pub fn rotate(&mut self, drawn: &Drawn, now: Timestamp) {
        let until = now.saturating_add(OVERLAP).micros();
        self.previous = Some((std::mem::replace(&mut self.current, drawn.secret), until));
    }

    /// The secret that a partner verifies with.
    pub fn signing_secret(&self) -> SigningSecret {
        SigningSecret::from_bytes(self.current)
    }

    /// All that sign now, the newest first.
    pub fn signing_secrets(&self, now: Timestamp) -> Vec<SigningSecret> {
        let previous = self.previous.filter(|(_, until)| now.micros() < *until);
        let all = [Some(self.current), previous.map(|(secret, _)| secret)];
        all.into_iter().flatten().map(SigningSecret::from_bytes).collect()
    }

    /// The key whose public half anybody can verify with.
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.seed)
    }

    /// As they are kept.
    pub fn seal(&self, seals: &Seals, drawn: &Drawn) -> Result<Vec<u8>, StoreError> {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(self).map_err(StoreError::unexpected)?);
        let sealed = seals.seal_partners(drawn.nonce, &plain);
        sealed.ok_or_else(|| StoreError::unexpected("webhook secrets could not be sealed"))
    }

    /// What was kept.
    pub fn open(seals: &Seals, sealed: &[u8]) -> Result<Self, StoreError> {
        let plain = seals.open_partners(sealed);
        let plain = plain.ok_or_else(|| StoreError::unexpected("webhook secrets could not be opened"))?;
        serde_json::from_slice(&plain).map_err(StoreError::unexpected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::book::seal::SheetRead;
    use crate::kit::testing::Counted;

    #[test]
    fn a_rotated_secret_signs_for_a_day_more() {
        let entropy = Counted::default();
        let mut secrets = Secrets::new("t".to_owned(), &Drawn::draw(&entropy));
        let now = Timestamp::from_micros(1_000_000);
        let first = *secrets.signing_secret().as_bytes();
        secrets.rotate(&Drawn::draw(&entropy), now);
        let second = *secrets.signing_secret().as_bytes();
        assert_ne!(first, second);
        let at = |after: Duration| -> Vec<[u8; 32]> {
            secrets.signing_secrets(now.saturating_add(after)).iter().map(|s| *s.as_bytes()).collect()
        };
        assert_eq!(at(OVERLAP - Duration::from_secs(1)), [second, first]);
        assert_eq!(at(OVERLAP), [second]);
    }

    #[test]
    fn secrets_are_kept_sealed_and_do_not_print() {
        let (entropy, seals) = (Counted::default(), Seals::new([7; 32], Box::new(|_| SheetRead::Missing)));
        let drawn = Drawn::draw(&entropy);
        let secrets = Secrets::new("the-token".to_owned(), &drawn);
        let sealed = secrets.seal(&seals, &drawn).unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"token"));
        assert_eq!(Secrets::open(&seals, &sealed).unwrap().token, "the-token");
        assert!(Secrets::open(&Seals::new([8; 32], Box::new(|_| SheetRead::Missing)), &sealed).is_err());
        assert_eq!(format!("{secrets:?}"), "Secrets(…)");
    }

    #[test]
    fn own_paths_stand_before_the_contracts() {
        let own = EventPath::parse("/mine").unwrap();
        let paths = Paths([("transfer", own)].into());
        let kept = Paths::of_json(&paths.to_json().unwrap()).unwrap();
        assert_eq!(kept, paths);
        assert_eq!(kept.of("transfer").unwrap().as_str(), "/mine");
        assert_eq!(kept.of("user.status").unwrap().as_str(), "/webhook/user/status");
        assert!(kept.of("nothing").is_none());
        let all = Paths(
            [
                ("transfer", EventPath::parse("/transfer-webhook").unwrap()),
                ("*", EventPath::parse("/hook").unwrap()),
            ]
            .into(),
        );
        let kept = Paths::of_json(&all.to_json().unwrap()).unwrap();
        let of = |kind: &str| kept.of(kind).map(|path| path.as_str().to_owned());
        assert_eq!(of("transfer").as_deref(), Some("/transfer-webhook"));
        assert_eq!((of("user.status").as_deref(), of("nothing"), of("*")), (Some("/hook"), None, None));
        let of = |kind: EventType| Paths::default().of(kind.as_str()).unwrap();
        assert!(EventType::ALL.iter().all(|kind| of(*kind).as_str() == kind.path()));
    }
}
