//! Addresses that make a simulated chain, or the platform over it, do something else than pay. Nobody has their keys:
//! what they pay to is no hash of one, but words.

use florin_wallet::{Address, Chain, ChainKind};

/// Such an address.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum MagicAddress {
    /// A payment fails.
    Fails,
    /// A payment waits for a person.
    Asks,
}

impl MagicAddress {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Fails, Self::Asks];

    const fn words(self) -> &'static [u8; 20] {
        match self {
            Self::Fails => b"florin: always fails",
            Self::Asks => b"florin: asks someone",
        }
    }

    /// The address on a chain. None: it has no such addresses.
    #[must_use]
    pub fn address(self, chain: Chain) -> Option<Address> {
        let words = self.words();
        if chain.kind == ChainKind::Evm {
            return Address::parse(chain, &format!("0x{}", hex::encode(words))).ok();
        }
        // By segregated witness, and where the chain has none, in base 58.
        let witness = [&[0, 20][..], words].concat();
        let plain = [&[0x76, 0xa9, 20][..], words, &[0x88, 0xac]].concat();
        Address::of_script(chain, &witness).or_else(|| Address::of_script(chain, &plain))
    }

    /// Which one an address is.
    #[must_use]
    pub fn of(chain: Chain, address: &Address) -> Option<Self> {
        Self::ALL.into_iter().find(|magic| magic.address(chain).as_ref() == Some(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use florin_wallet::Net;

    #[test]
    fn every_chain_has_them() {
        for kind in [ChainKind::Bitcoin, ChainKind::Litecoin, ChainKind::Dogecoin, ChainKind::Evm] {
            for net in [Net::Main, Net::Test, Net::Local] {
                let chain = Chain { kind, net };
                for magic in MagicAddress::ALL {
                    let address = magic.address(chain).unwrap();
                    assert_eq!(Address::parse(chain, address.as_str()).as_ref(), Ok(&address), "{chain:?}");
                    assert_eq!(MagicAddress::of(chain, &address), Some(magic));
                }
            }
        }
    }
}
