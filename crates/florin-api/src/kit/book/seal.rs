//! Free text under a user's own key: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), a random key per user.
//!
//! The key is kept with the holder, wrapped under two things: a key of the installation, and 32 random bytes of the
//! vault, the user's *slot* in a *sheet* of such slots. Erasing a user overwrites the slot. What pages, logs and
//! backups of the database still hold then opens nothing, though the master key is known. See `key_sheets.rs`.
//!
//! A partner's key has no slot: a partner is not erased. Users of older versions had none either until they were given
//! one.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use florin_store::StoreError;
use florin_types::Entropy;
use florin_vault::Identity;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError, RwLock};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Bytes of a nonce: 192 bits, so that random ones never meet.
const NONCE_BYTES: usize = 24;

/// Bytes of a user's key.
const KEY_BYTES: usize = 32;

/// Bytes of a slot: 256 bits.
const SLOT_BYTES: usize = 32;

/// Slots of a sheet. An erasure in a bucket reads and writes a sheet, 32 KiB; a million users are a thousand sheets,
/// which a process reads when it starts.
pub const SLOTS: u16 = 1024;

/// The first byte of a key that is wrapped with a slot. Behind it: sheet, number, nonce, sealed key.
const WITH_SLOT: u8 = 2;

/// How long such a wrapped key is; one without a slot is shorter.
const WITH_SLOT_BYTES: usize = 1 + 16 + 2 + NONCE_BYTES + KEY_BYTES + 16;

/// A place in a sheet.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The sheet.
    pub sheet: Uuid,
    /// Its number there.
    pub number: u16,
}

impl Slot {
    /// The slot of a wrapped key, if it has one.
    pub fn of_secret(secret: &[u8]) -> Option<Self> {
        if secret.len() != WITH_SLOT_BYTES || secret[0] != WITH_SLOT {
            return None;
        }
        let sheet = Uuid::from_slice(&secret[1..17]).ok()?;
        let number = u16::from_be_bytes([secret[17], secret[18]]);
        (number < SLOTS).then_some(Self { sheet, number })
    }

    /// Where its bytes are in the sheet.
    pub fn place(self) -> Range<usize> {
        let from = usize::from(self.number) * SLOT_BYTES;
        from..from + SLOT_BYTES
    }
}

/// Slots for users to come, of this process alone.
#[derive(Default)]
struct FreeSlots {
    next: Option<(Uuid, Range<u16>)>,
    given_back: Vec<Slot>,
}

/// Reads a sheet of the vault, holding the calling thread.
pub type ReadSheet = Box<dyn Fn(Uuid) -> SheetRead + Send + Sync>;

/// What became of reading a sheet.
pub enum SheetRead {
    /// It is there.
    Found(Zeroizing<Vec<u8>>),
    /// The vault has no such sheet.
    Missing,
    /// The vault did not answer: it is asked again.
    Unavailable,
}

/// The sheets of the vault, as far as they were read.
#[derive(Default)]
struct Sheets {
    known: HashMap<Uuid, Zeroizing<Vec<u8>>>,
    /// Those that the vault did not have when they were needed, until they are read after all.
    missing: HashSet<Uuid>,
}

/// Seals and opens; knows the key that wraps the users' keys, and the one for partners' secrets.
pub struct Seals {
    wrapping: XChaCha20Poly1305,
    partners: XChaCha20Poly1305,
    /// Makes a wrapping key of a slot.
    slots: Zeroizing<[u8; KEY_BYTES]>,
    sheets: RwLock<Sheets>,
    read_sheet: ReadSheet,
    free: Mutex<FreeSlots>,
    /// One at a time reserves slots.
    pub(super) reserving: tokio::sync::Mutex<()>,
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
    /// Takes the installation's key, and what reads a sheet that another process has made a moment ago. All others are
    /// read ahead.
    pub fn new(key: [u8; KEY_BYTES], read_sheet: ReadSheet) -> Self {
        let partners = blake3::derive_key("florin 2026 partners' secrets v1", &key);
        Self {
            wrapping: XChaCha20Poly1305::new(&key.into()),
            partners: XChaCha20Poly1305::new(&partners.into()),
            slots: Zeroizing::new(blake3::derive_key("florin 2026 slots of users' keys v1", &key)),
            sheets: RwLock::default(),
            read_sheet,
            free: Mutex::default(),
            reserving: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in a sheet of the vault.
    pub fn add_sheet(&self, sheet: Uuid, bytes: Zeroizing<Vec<u8>>) {
        let mut sheets = self.sheets.write().unwrap_or_else(PoisonError::into_inner);
        sheets.missing.remove(&sheet);
        sheets.known.insert(sheet, bytes);
    }

    /// Notes that the vault does not have a sheet. False: it is known already.
    pub fn note_missing(&self, sheet: Uuid) -> bool {
        self.sheets.write().unwrap_or_else(PoisonError::into_inner).missing.insert(sheet)
    }

    /// The sheets that the vault did not have.
    pub fn missing_sheets(&self) -> Vec<Uuid> {
        self.sheets.read().unwrap_or_else(PoisonError::into_inner).missing.iter().copied().collect()
    }

    /// How many sheets were taken in.
    pub fn sheets(&self) -> usize {
        self.sheets.read().unwrap_or_else(PoisonError::into_inner).known.len()
    }

    /// Whether a sheet was taken in.
    pub fn has_sheet(&self, sheet: Uuid) -> bool {
        self.sheets.read().unwrap_or_else(PoisonError::into_inner).known.contains_key(&sheet)
    }

    /// Whether a slot's bytes were erased, in this process's memory.
    pub fn is_erased(&self, slot: Slot) -> bool {
        let sheets = self.sheets.read().unwrap_or_else(PoisonError::into_inner);
        let bytes = sheets.known.get(&slot.sheet).and_then(|sheet| sheet.get(slot.place()));
        bytes.is_some_and(is_zero)
    }

    /// Forgets a slot's bytes.
    pub fn forget_slot(&self, slot: Slot) {
        let mut sheets = self.sheets.write().unwrap_or_else(PoisonError::into_inner);
        let sheet = sheets.known.get_mut(&slot.sheet);
        if let Some(bytes) = sheet.and_then(|sheet| sheet.get_mut(slot.place())) {
            bytes.fill(0);
        }
    }

    /// Takes in slots that were reserved for this process.
    pub fn add_slots(&self, sheet: Uuid, numbers: Range<u16>) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let before = free.next.replace((sheet, numbers));
        let left =
            before.into_iter().flat_map(|(sheet, left)| left.map(move |number| Slot { sheet, number }));
        free.given_back.extend(left);
    }

    /// A slot that nobody has; none where no more are reserved.
    pub fn take_slot(&self) -> Option<Slot> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = free.given_back.pop() {
            return Some(slot);
        }
        let (sheet, numbers) = free.next.as_mut()?;
        let number = numbers.next()?;
        Some(Slot { sheet: *sheet, number })
    }

    /// How many slots there are to take.
    pub fn reserved(&self) -> usize {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.given_back.len() + free.next.as_ref().map_or(0, |(_, numbers)| numbers.len())
    }

    /// Forgets the slots that were reserved for this process: others may have been given the same.
    pub fn drop_slots(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) = FreeSlots::default();
    }

    /// Takes back a slot under which nothing was kept.
    pub fn give_back(&self, slot: Slot) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).given_back.push(slot);
    }

    /// Seals what is a partner's own secret, under the installation's key.
    pub fn seal_partners(&self, nonce: Nonce, secret: &[u8]) -> Option<Vec<u8>> {
        encrypt(&self.partners, nonce, secret)
    }

    /// Opens a partner's own secret.
    pub fn open_partners(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        decrypt(&self.partners, sealed).map(Zeroizing::new)
    }

    /// A new partner's key, wrapped.
    pub fn new_partner_secret(&self, entropy: &dyn Entropy) -> Option<Vec<u8>> {
        encrypt(&self.wrapping, Nonce::draw(entropy), &new_key(entropy)[..])
    }

    /// A new user's key, wrapped with a slot.
    pub fn new_user_secret(&self, slot: Slot, entropy: &dyn Entropy) -> Option<Vec<u8>> {
        self.wrap_with(slot, Nonce::draw(entropy), &new_key(entropy))
    }

    /// The same key, wrapped with a slot.
    pub fn rewrap(&self, secret: &[u8], slot: Slot, nonce: Nonce) -> Option<Vec<u8>> {
        self.wrap_with(slot, nonce, &*self.unwrap_bytes(secret)?)
    }

    fn wrap_with(&self, slot: Slot, nonce: Nonce, key: &[u8; KEY_BYTES]) -> Option<Vec<u8>> {
        let sealed = encrypt(&self.cipher_of(slot)?, nonce, key)?;
        let number = slot.number.to_be_bytes();
        Some([&[WITH_SLOT], &slot.sheet.as_bytes()[..], &number, &sealed].concat())
    }

    /// What wraps with a slot; none where it is erased or its sheet is missing.
    fn cipher_of(&self, slot: Slot) -> Option<XChaCha20Poly1305> {
        self.read_unknown(slot.sheet);
        let sheets = self.sheets.read().unwrap_or_else(PoisonError::into_inner);
        let bytes = sheets.known.get(&slot.sheet)?.get(slot.place()).filter(|bytes| !is_zero(bytes))?;
        let key = blake3::keyed_hash(&self.slots, bytes);
        Some(XChaCha20Poly1305::new(&(*key.as_bytes()).into()))
    }

    /// Reads a sheet that was not read ahead.
    fn read_unknown(&self, sheet: Uuid) {
        let sheets = self.sheets.read().unwrap_or_else(PoisonError::into_inner);
        if sheets.known.contains_key(&sheet) || sheets.missing.contains(&sheet) {
            return;
        }
        drop(sheets);
        match (self.read_sheet)(sheet) {
            SheetRead::Found(bytes) => self.add_sheet(sheet, bytes),
            SheetRead::Unavailable => {}
            SheetRead::Missing => {
                self.note_missing(sheet);
            }
        }
    }

    /// Why nothing can be done with a user's key: for now, where the vault does not answer for its sheet.
    pub fn fault(&self, secret: Option<&[u8]>, what: &str) -> StoreError {
        let sheets = self.sheets.read().unwrap_or_else(PoisonError::into_inner);
        match secret.and_then(Slot::of_secret) {
            Some(Slot { sheet, .. })
                if !sheets.known.contains_key(&sheet) && !sheets.missing.contains(&sheet) =>
            {
                StoreError::unavailable(format!("{what}: the vault does not answer for the sheet {sheet}"))
            }
            _ => StoreError::unexpected(what),
        }
    }

    /// Whether a user's key can't be unwrapped because its slot was erased: the erasure is under way.
    pub fn is_destroyed(&self, secret: &[u8]) -> bool {
        Slot::of_secret(secret).is_some_and(|slot| self.is_erased(slot))
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

    /// The keys of a user's cards, derived from the user's own key, and destroyed with it.
    pub fn card_keys(&self, secret: &[u8]) -> Option<CardKeys> {
        let key = self.unwrap_bytes(secret)?;
        Some(CardKeys {
            data: XChaCha20Poly1305::new(
                &blake3::derive_key("florin 2026 users' card data v1", &*key).into(),
            ),
            pin: Zeroizing::new(blake3::derive_key("florin 2026 users' PIN blocks v1", &*key)),
        })
    }

    fn unwrap(&self, secret: &[u8]) -> Option<XChaCha20Poly1305> {
        Some(XChaCha20Poly1305::new(&(*self.unwrap_bytes(secret)?).into()))
    }

    fn unwrap_bytes(&self, secret: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
        let key = match Slot::of_secret(secret) {
            Some(slot) => decrypt(&self.cipher_of(slot)?, &secret[19..])?,
            None => decrypt(&self.wrapping, secret)?,
        };
        let key = Zeroizing::new(key);
        Some(Zeroizing::new(key.as_slice().try_into().ok()?))
    }
}

/// The keys of one user's cards. Nothing else is sealed under them, and they are in the database in no form.
pub struct CardKeys {
    data: XChaCha20Poly1305,
    pin: Zeroizing<[u8; KEY_BYTES]>,
}

impl CardKeys {
    /// Seals what is on a card.
    pub fn seal(&self, nonce: Nonce, data: &[u8]) -> Option<Vec<u8>> {
        encrypt(&self.data, nonce, data)
    }

    /// Opens what was sealed.
    pub fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        decrypt(&self.data, sealed).map(Zeroizing::new)
    }

    /// The AES key of PIN blocks.
    pub fn pin_key(&self) -> &[u8; KEY_BYTES] {
        &self.pin
    }
}

fn new_key(entropy: &dyn Entropy) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    entropy.fill(&mut *key);
    key
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn sheet_bytes() -> Zeroizing<Vec<u8>> {
        Zeroizing::new((0..usize::from(SLOTS) * SLOT_BYTES).map(|at| (at % 251 + 1) as u8).collect())
    }

    fn without_sheets(key: u8) -> Seals {
        Seals::new([key; KEY_BYTES], Box::new(|_| SheetRead::Missing))
    }

    /// One that another process has made a moment ago, and one that nobody has.
    #[test]
    fn a_sheet_that_is_not_known_is_read_once() {
        let entropy = Counted::default();
        let (sheet, reads) = (Uuid::from_u128(1), Arc::new(AtomicUsize::new(0)));
        let other = with_sheet(9, sheet);
        let secret = other.new_user_secret(other.take_slot().unwrap(), &entropy).unwrap();
        let sealed = other.seal(&secret, Nonce::draw(&entropy), "invoice 7").unwrap();
        for (is_there, opened) in [(true, Some("invoice 7")), (false, None)] {
            let count = Arc::clone(&reads);
            let read = move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                if is_there { SheetRead::Found(sheet_bytes()) } else { SheetRead::Missing }
            };
            let seals = Seals::new([9; KEY_BYTES], Box::new(read));
            reads.store(0, Ordering::Relaxed);
            for _ in 0..3 {
                assert_eq!(seals.open(&secret, &sealed).as_deref(), opened);
            }
            assert_eq!(reads.load(Ordering::Relaxed), 1);
        }
    }

    /// A vault that does not answer is no vault without the sheet.
    #[test]
    fn a_sheet_that_cannot_be_read_now_is_read_again() {
        let entropy = Counted::default();
        let other = with_sheet(9, Uuid::from_u128(1));
        let secret = other.new_user_secret(other.take_slot().unwrap(), &entropy).unwrap();
        let sealed = other.seal(&secret, Nonce::draw(&entropy), "invoice 7").unwrap();
        let reads = AtomicUsize::new(0);
        let read = move |_| match reads.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => SheetRead::Unavailable,
            _ => SheetRead::Found(sheet_bytes()),
        };
        let seals = Seals::new([9; KEY_BYTES], Box::new(read));
        for _ in 0..2 {
            assert_eq!(seals.open(&secret, &sealed), None);
            assert!(matches!(seals.fault(Some(&secret), "no key"), StoreError::Unavailable(_)));
        }
        assert_eq!(seals.open(&secret, &sealed).as_deref(), Some("invoice 7"));
        let without = without_sheets(9);
        assert_eq!(without.open(&secret, &sealed), None);
        assert!(matches!(without.fault(Some(&secret), "no key"), StoreError::Unexpected(_)));
    }

    fn with_sheet(key: u8, sheet: Uuid) -> Seals {
        let seals = without_sheets(key);
        seals.add_sheet(sheet, sheet_bytes());
        seals.add_slots(sheet, 0..SLOTS);
        seals
    }

    #[test]
    fn only_the_same_users_key_opens() {
        let entropy = Counted::default();
        let seals = with_sheet(9, Uuid::from_u128(1));
        let new = || seals.new_user_secret(seals.take_slot().unwrap(), &entropy).unwrap();
        let (mine, other) = (new(), new());
        let sealed = seals.seal(&mine, Nonce::draw(&entropy), "invoice 7").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"invoice"));
        assert_eq!(seals.open(&mine, &sealed).as_deref(), Some("invoice 7"));
        assert_eq!(seals.open(&other, &sealed), None);
        assert_eq!(with_sheet(8, Uuid::from_u128(1)).open(&mine, &sealed), None);
        assert_eq!(seals.open(&mine, &sealed[..10]), None);
    }

    #[test]
    fn a_slot_is_needed_and_its_erasure_is_final() {
        let entropy = Counted::default();
        let (seals, sheet) = (with_sheet(9, Uuid::from_u128(1)), Uuid::from_u128(1));
        let old = seals.new_partner_secret(&entropy).unwrap();
        let sealed = seals.seal(&old, Nonce::draw(&entropy), "invoice 7").unwrap();
        assert_eq!(Slot::of_secret(&old), None);
        let slot = seals.take_slot().unwrap();
        let wrapped = seals.rewrap(&old, slot, Nonce::draw(&entropy)).unwrap();
        assert_eq!(wrapped.len(), WITH_SLOT_BYTES);
        assert_eq!(Slot::of_secret(&wrapped), Some(Slot { sheet, number: 0 }));
        assert_eq!(seals.open(&wrapped, &sealed).as_deref(), Some("invoice 7"));
        assert_eq!(without_sheets(9).open(&wrapped, &sealed), None, "the sheet is not known");
        seals.give_back(slot);
        assert_eq!(seals.take_slot(), Some(slot));
        assert_eq!(seals.take_slot(), Some(Slot { sheet, number: 1 }));
        assert!(!seals.is_destroyed(&wrapped));
        seals.forget_slot(slot);
        assert!(seals.is_destroyed(&wrapped));
        assert_eq!(seals.open(&wrapped, &sealed), None);
        assert_eq!(seals.new_user_secret(slot, &entropy), None);
    }
}
