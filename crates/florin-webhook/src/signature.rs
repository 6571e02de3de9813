//! Signatures of Standard Webhooks (github.com/standard-webhooks/standard-webhooks, specification 1.0): over
//! `id.timestamp.body`, with a shared secret (`v1`, HMAC-SHA256) and with our own key (`v1a`, Ed25519).

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bytes of a secret, and of an Ed25519 seed. The specification allows 24 to 64 for the former.
const BYTES: usize = 32;

/// What a shared secret begins with.
const SECRET_PREFIX: &str = "whsec_";

/// A secret that the partner has too.
#[derive(Clone)]
pub struct SigningSecret(Zeroizing<[u8; BYTES]>);

impl SigningSecret {
    /// Of random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// As the partner gets it.
    #[must_use]
    pub fn spelt(&self) -> String {
        format!("{SECRET_PREFIX}{}", STANDARD.encode(&self.0[..]))
    }

    /// What [`Self::spelt`] gave.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix(SECRET_PREFIX)?).ok()?);
        Some(Self::from_bytes(bytes.as_slice().try_into().ok()?))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// An Ed25519 key of ours.
#[derive(Clone)]
pub struct SigningKey(Arc<Ed25519KeyPair>);

impl SigningKey {
    /// Of a random seed.
    ///
    /// # Panics
    /// Never: every seed of this length is a key (RFC 8032, section 5.1.5).
    #[must_use]
    #[expect(clippy::expect_used, reason = "every 32 bytes are a seed")]
    pub fn from_seed(seed: &[u8; BYTES]) -> Self {
        Self(Arc::new(Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed")))
    }

    /// The half that anybody may know.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// What signatures `v1a` verify with; written as `whpk_` and base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "whpk_{}", STANDARD.encode(&self.0))
    }
}

/// The value of `webhook-signature`: one of each secret, then that of the key. `timestamp` is in seconds.
#[must_use]
pub fn signatures(
    id: &str,
    timestamp: i64,
    body: &[u8],
    secrets: &[SigningSecret],
    key: &SigningKey,
) -> String {
    let mut content = format!("{id}.{timestamp}.").into_bytes();
    content.extend_from_slice(body);
    let mut all: Vec<String> = Vec::with_capacity(secrets.len() + 1);
    for secret in secrets {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        all.push(format!("v1,{}", STANDARD.encode(hmac::sign(&key, &content))));
    }
    all.push(format!("v1a,{}", STANDARD.encode(key.0.sign(&content))));
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, VerifyingKey};
    use http::HeaderMap;
    use standardwebhooks::Webhook;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    /// The seconds of now: the library refuses what is old.
    #[expect(clippy::disallowed_methods, reason = "the library that verifies asks the same clock")]
    fn seconds() -> i64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_secs() as i64
    }

    fn headers(timestamp: i64, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", ID.parse().unwrap());
        headers.insert("webhook-timestamp", timestamp.to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    /// Made with Python's `hmac` and OpenSSL's Ed25519.
    const RECORDED: &str = "v1,5EfzFTCpaSoBsUpTmplrGscVQQyoOGUl+FR3AUi5ZL0= \
        v1,d8asl+kiM8rGYv5f96CWaB7DltT12R+GlcKk/tAeKa8= \
        v1a,QZwoPklcyfcVJnv9FJ8dVf0tEl9/vTDA6cjNgdA2BXJho2E3xvYH2C3qq5vtjAbWJ+mVRKC7QOT7DrcvC2O5DQ==";

    #[test]
    fn the_header_is_as_it_was_recorded() {
        let secrets = [SigningSecret::from_bytes([2; 32]), SigningSecret::from_bytes([1; 32])];
        let key = SigningKey::from_seed(&[3; 32]);
        assert_eq!(signatures(ID, 1_614_265_330, br#"{"test": 2432232314}"#, &secrets, &key), RECORDED);
        assert_eq!(key.public().to_string(), "whpk_7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E=");
    }

    #[test]
    fn an_independent_library_verifies_the_shared_secret() {
        let (old, new) = (SigningSecret::from_bytes([1; 32]), SigningSecret::from_bytes([2; 32]));
        let (key, body, now) = (SigningKey::from_seed(&[3; 32]), br#"{"test": 2432232314}"#, seconds());
        let signature = signatures(ID, now, body, &[new.clone(), old.clone()], &key);
        for secret in [&old, &new] {
            let verifier = Webhook::new(&secret.spelt()).unwrap();
            verifier.verify(body, &headers(now, &signature)).unwrap();
            assert!(verifier.verify(b"{}", &headers(now, &signature)).is_err());
            assert!(verifier.verify(body, &headers(now + 1, &signature)).is_err());
        }
        let other = Webhook::new(&SigningSecret::from_bytes([9; 32]).spelt()).unwrap();
        assert!(other.verify(body, &headers(now, &signature)).is_err());
    }

    #[test]
    fn an_independent_library_verifies_our_key() {
        let key = SigningKey::from_seed(&[3; 32]);
        let signature = signatures(ID, 1_674_087_231, b"{}", &[], &key);
        let public = key.public().to_string();
        let bytes = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let verifier = VerifyingKey::from_bytes(&bytes.try_into().unwrap()).unwrap();
        let bytes = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let signature = Signature::from_slice(&bytes).unwrap();
        let content = format!("{ID}.1674087231.{{}}");
        verifier.verify_strict(content.as_bytes(), &signature).unwrap();
        assert!(verifier.verify_strict(b"other", &signature).is_err());
    }

    #[test]
    fn a_secret_is_read_as_it_is_spelt_and_does_not_print() {
        let secret = SigningSecret::from_bytes([7; 32]);
        assert_eq!(SigningSecret::parse(&secret.spelt()).unwrap().as_bytes(), secret.as_bytes());
        for wrong in ["", "whsec_", "whsec_AA==", "AAAA", &secret.spelt()[1..]] {
            assert!(SigningSecret::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "SigningSecret(…)");
    }
}
