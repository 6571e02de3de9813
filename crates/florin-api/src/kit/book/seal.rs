//! Free text under a user's own key: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), a random key per user, wrapped
//! by the installation's key and kept with the holder. Destroying the wrapped key destroys what was sealed under it.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use florin_types::Entropy;
use florin_vault::Identity;
use zeroize::Zeroizing;

/// Bytes of a nonce: 192 bits, so that random ones never meet.
const NONCE_BYTES: usize = 24;

/// Bytes of a user's key.
const KEY_BYTES: usize = 32;

/// Seals and opens; knows the key that wraps the users' keys, and the one for partners' secrets.
pub struct Seals {
    wrapping: XChaCha20Poly1305,
    partners: XChaCha20Poly1305,
}

/// A nonce, drawn before a command runs.
#[derive(Copy, Clone)]
pub struct Nonce([u8; NONCE_BYTES]);

impl Nonce {
    /// Draws one.
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        Self(nonce)
    }
}

impl Seals {
    /// Takes the installation's key.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        let partners = blake3::derive_key("florin 2026 partners' secrets v1", &key);
        Self {
            wrapping: XChaCha20Poly1305::new(&key.into()),
            partners: XChaCha20Poly1305::new(&partners.into()),
        }
    }

    /// Seals what is a partner's own secret, under the installation's key.
    pub fn seal_partners(&self, nonce: Nonce, secret: &[u8]) -> Option<Vec<u8>> {
        encrypt(&self.partners, nonce, secret)
    }

    /// Opens a partner's own secret.
    pub fn open_partners(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        decrypt(&self.partners, sealed).map(Zeroizing::new)
    }

    /// A new user's key, wrapped.
    pub fn new_secret(&self, entropy: &dyn Entropy) -> Option<Vec<u8>> {
        let mut key = [0; KEY_BYTES];
        entropy.fill(&mut key);
        encrypt(&self.wrapping, Nonce::draw(entropy), &key)
    }

    /// Seals a text under a user's wrapped key.
    pub fn seal(&self, secret: &[u8], nonce: Nonce, text: &str) -> Option<Vec<u8>> {
        encrypt(&self.unwrap(secret)?, nonce, text.as_bytes())
    }

    /// Opens what was sealed; none where the key is not the one it was sealed under.
    pub fn open(&self, secret: &[u8], sealed: &[u8]) -> Option<String> {
        String::from_utf8(decrypt(&self.unwrap(secret)?, sealed)?).ok()
    }

    /// The key of a user's files: an age identity, derived from the user's own key, and destroyed with it.
    pub fn file_key(&self, secret: &[u8]) -> Option<Identity> {
        let key = self.unwrap_bytes(secret)?;
        Some(Identity::from_secret(&blake3::derive_key("florin 2026 users' files v1", &*key)))
    }

    fn unwrap(&self, secret: &[u8]) -> Option<XChaCha20Poly1305> {
        Some(XChaCha20Poly1305::new(&(*self.unwrap_bytes(secret)?).into()))
    }

    fn unwrap_bytes(&self, secret: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let key = Zeroizing::new(decrypt(&self.wrapping, secret)?);
        Some(Zeroizing::new(key.as_slice().try_into().ok()?))
    }
}

fn encrypt(cipher: &XChaCha20Poly1305, nonce: Nonce, plain: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = nonce.0.to_vec();
    sealed.extend(cipher.encrypt(&XNonce::from(nonce.0), plain).ok()?);
    Some(sealed)
}

fn decrypt(cipher: &XChaCha20Poly1305, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    cipher.decrypt(&XNonce::from(*nonce), sealed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::testing::Counted;

    #[test]
    fn only_the_same_users_key_opens() {
        let entropy = Counted::default();
        let seals = Seals::new([9; KEY_BYTES]);
        let (mine, other) = (seals.new_secret(&entropy).unwrap(), seals.new_secret(&entropy).unwrap());
        let sealed = seals.seal(&mine, Nonce::draw(&entropy), "invoice 7").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"invoice"));
        assert_eq!(seals.open(&mine, &sealed).as_deref(), Some("invoice 7"));
        assert_eq!(seals.open(&other, &sealed), None);
        assert_eq!(Seals::new([8; KEY_BYTES]).open(&mine, &sealed), None);
        assert_eq!(seals.open(&mine, &sealed[..10]), None);
    }
}
