//! The seed and the keys that come from it.

use crate::address::Address;
use crate::chain::{Chain, ChainKind};
use bitcoin::bip32::{ChildNumber, Xpriv, Xpub};
use bitcoin::hashes::{Hash, hash160};
use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use bitcoin::{Network, bip32};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a seed: 256 bits, of the 128 to 512 that BIP 32 allows. It is as strong as the keys.
const SEED_BYTES: usize = 32;

/// A seed. It is not shown, and wiped when it is dropped.
pub struct Seed(Zeroizing<[u8; SEED_BYTES]>);

/// A text that is no seed. It repeats nothing of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
#[error("must be {} hexadecimal digits", 2 * SEED_BYTES)]
pub struct SeedError;

impl Seed {
    /// A seed of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; SEED_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a seed in hexadecimal digits.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let mut bytes = Zeroizing::new([0; SEED_BYTES]);
        hex::decode_to_slice(text, bytes.as_mut()).map_err(|_| SeedError)?;
        Ok(Self(bytes))
    }
}

/// What addresses of a book are for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Branch {
    /// Those of holders: the branch that BIP 44 calls external.
    Holders,
    /// Those of the platform itself, such as change: the branch that BIP 44 calls internal.
    House,
}

impl Branch {
    const fn number(self) -> u32 {
        match self {
            Self::Holders => 0,
            Self::House => 1,
        }
    }
}

/// Where an address is derived.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the book.
    pub book: i64,
    /// What it is for.
    pub branch: Branch,
    /// Its number within the book and branch.
    pub number: i64,
}

/// A place from which nothing can be derived.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeriveError {
    /// BIP 32 has 2^31 places on each level.
    #[error("book and number must be from 0 to 2147483647")]
    Place,
    /// One place in 2^127 has no key.
    #[error("this place has no key: {0}")]
    Key(#[from] bip32::Error),
}

/// All keys of an installation.
pub struct Keychain {
    seed: Seed,
    curve: Secp256k1<All>,
    /// The public keys of branches, by chain, book and branch: each address is one step from there instead of five.
    branches: Mutex<HashMap<(Chain, i64, Branch), Xpub>>,
}

impl Keychain {
    /// The keys of a seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { seed, curve: Secp256k1::new(), branches: Mutex::default() }
    }

    /// The address at a place.
    ///
    /// # Errors
    /// There are no more such places.
    pub fn address(&self, chain: Chain, place: Place) -> Result<Address, DeriveError> {
        let key = self.branch(chain, place)?.derive_pub(&self.curve, &[plain(place.number)?])?.public_key;
        if chain.kind == ChainKind::Evm {
            // The first byte tells the form.
            return Ok(Address::of_evm_key(&key.serialize_uncompressed()[1..]));
        }
        let hash = hash160::Hash::hash(&key.serialize()).to_byte_array();
        let of_witness = chain.human_readable_part().and_then(|part| Address::of_witness_hash(part, hash));
        let of_base58 = || chain.versions().map(|versions| Address::of_key_hash(versions.key, hash));
        of_witness.or_else(of_base58).ok_or(DeriveError::Place)
    }

    /// The public key of a place's branch.
    fn branch(&self, chain: Chain, place: Place) -> Result<Xpub, DeriveError> {
        let (at, known) = ((chain, place.book, place.branch), || {
            self.branches.lock().unwrap_or_else(PoisonError::into_inner)
        });
        if let Some(known) = known().get(&at) {
            return Ok(*known);
        }
        let mut branch = self.derive(&branch_path(chain, place)?)?;
        let public = Xpub::from_priv(&self.curve, &branch);
        branch.private_key.non_secure_erase();
        known().insert(at, public);
        Ok(public)
    }

    /// Whoever asks wipes the key.
    fn derive(&self, path: &[ChildNumber]) -> Result<Xpriv, DeriveError> {
        // The network only tells how extended keys are written, which these never are.
        let mut master = Xpriv::new_master(Network::Bitcoin, self.seed.0.as_ref())?;
        let derived = master.derive_priv(&self.curve, &path);
        master.private_key.non_secure_erase();
        Ok(derived?)
    }

    /// Does something with the key at a place, and wipes the key.
    pub(crate) fn with_key<T>(
        &self,
        chain: Chain,
        place: Place,
        with: impl FnOnce(&Secp256k1<All>, &SecretKey, &PublicKey) -> T,
    ) -> Result<T, DeriveError> {
        let [purpose, coin, book, branch] = branch_path(chain, place)?;
        let mut key = self.derive(&[purpose, coin, book, branch, plain(place.number)?])?.private_key;
        let public = key.public_key(&self.curve);
        let done = with(&self.curve, &key, &public);
        key.non_secure_erase();
        Ok(done)
    }
}

/// The path of BIP 44 (and of BIP 84 for witness addresses) to a place's branch.
fn branch_path(chain: Chain, place: Place) -> Result<[ChildNumber; 4], DeriveError> {
    let hardened = |number| ChildNumber::from_hardened_idx(number).map_err(|_| DeriveError::Place);
    let book = u32::try_from(place.book).map_err(|_| DeriveError::Place)?;
    let branch = plain(place.branch.number().into())?;
    Ok([hardened(chain.purpose())?, hardened(chain.coin())?, hardened(book)?, branch])
}

fn plain(number: i64) -> Result<ChildNumber, DeriveError> {
    let number = u32::try_from(number).map_err(|_| DeriveError::Place)?;
    ChildNumber::from_normal_idx(number).map_err(|_| DeriveError::Place)
}

impl fmt::Debug for Keychain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keychain")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Net;
    use std::collections::BTreeSet;

    const CHAINS: [ChainKind; 4] =
        [ChainKind::Bitcoin, ChainKind::Litecoin, ChainKind::Dogecoin, ChainKind::Evm];

    fn place(book: i64, number: i64) -> Place {
        Place { book, branch: Branch::Holders, number }
    }

    #[test]
    fn addresses_differ_over_books_numbers_and_chains_and_are_their_chains_own() {
        let keys = Keychain::new(Seed::new([7; 32]));
        let mut all = BTreeSet::new();
        for kind in CHAINS {
            for net in [Net::Main, Net::Test] {
                let chain = Chain { kind, net };
                for (book, number) in [(1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (0, 2_147_483_647)] {
                    let address = keys.address(chain, place(book, number)).unwrap();
                    assert_eq!(Address::parse(chain, address.as_str()).as_ref(), Ok(&address), "{chain:?}");
                    assert_eq!(keys.address(chain, place(book, number)).unwrap(), address);
                    all.insert(address);
                }
            }
        }
        // On chains of Ethereum's kind the address is the same.
        assert_eq!(all.len(), 3 * 2 * 6 + 6);
    }

    #[test]
    fn other_programs_derive_the_same() {
        let keys = Keychain::new(Seed::new([7; 32]));
        // By the Python package bip-utils 2.
        for (kind, net, expected) in [
            (ChainKind::Bitcoin, Net::Main, "bc1quw7npq30qkmus2h7294qmaxp7tkwxpj5fapjmm"),
            (ChainKind::Bitcoin, Net::Test, "tb1qtke5lpwdy0d4mpadh9kwkervskffcdkghfgvcr"),
            (ChainKind::Litecoin, Net::Main, "ltc1qcspyn00l2s49r3ef59kplv7uu395z4gx4gcfnq"),
            (ChainKind::Dogecoin, Net::Main, "DJYapXimVTqR2Y1hSAa1wazVfxR4XUfKKL"),
            (ChainKind::Dogecoin, Net::Test, "nXozroeD3HsdhwnwAVr9PksjHL3XF6JSaT"),
            (ChainKind::Evm, Net::Main, "0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17"),
            (ChainKind::Evm, Net::Test, "0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17"),
        ] {
            let address = keys.address(Chain { kind, net }, place(5, 1_000_001)).unwrap();
            assert_eq!(address.as_str(), expected, "{kind:?}");
        }
    }

    #[test]
    fn the_houses_addresses_are_no_holders() {
        let keys = Keychain::new(Seed::new([7; 32]));
        for kind in CHAINS {
            let chain = Chain { kind, net: Net::Main };
            let house = Place { branch: Branch::House, ..place(1, 1) };
            assert_ne!(keys.address(chain, house), keys.address(chain, place(1, 1)));
        }
    }

    #[test]
    fn there_is_an_end() {
        let keys = Keychain::new(Seed::new([7; 32]));
        let chain = Chain { kind: ChainKind::Evm, net: Net::Main };
        for (book, number) in [(1 << 31, 1), (1, 1 << 31), (-1, 1), (1, -1), (1 << 40, 1)] {
            assert_eq!(keys.address(chain, place(book, number)), Err(DeriveError::Place));
        }
    }

    #[test]
    fn a_seed_is_read_and_never_shown() {
        assert!(Seed::parse(&"5e".repeat(32)).is_ok());
        for wrong in ["", "5e", &"5e".repeat(33), &"xx".repeat(32)] {
            assert_eq!(Seed::parse(wrong).err(), Some(SeedError));
        }
        assert_eq!(format!("{:?}", Keychain::new(Seed::new([7; 32]))), "Keychain");
    }
}
