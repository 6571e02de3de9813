//! Chains, and what differs between them.

/// How a chain's keys and addresses are made.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainKind {
    /// Bitcoin.
    Bitcoin,
    /// Litecoin.
    Litecoin,
    /// Dogecoin.
    Dogecoin,
    /// Ethereum, Polygon and all others whose accounts are Ethereum's.
    Evm,
}

/// A chain: the kind, and whether it is the one with real money or one to try things on.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain {
    /// The kind.
    pub kind: ChainKind,
    /// Whether its coins are worth money.
    pub is_main: bool,
}

/// The first byte of addresses in base 58, by what they pay to.
pub(crate) struct Versions {
    /// To a key, as we derive them.
    pub key: u8,
    /// To a script; more than one where wallets write it in two ways.
    pub scripts: &'static [u8],
}

impl Chain {
    /// The purpose of the path: BIP 84 where keys are paid by segregated witness, else BIP 44.
    pub(crate) const fn purpose(self) -> u32 {
        match self.kind {
            ChainKind::Bitcoin | ChainKind::Litecoin => 84,
            ChainKind::Dogecoin | ChainKind::Evm => 44,
        }
    }

    /// The coin of the path, by SLIP 44: all chains to try things on share 1, but those of Ethereum's kind, whose
    /// addresses are the same everywhere.
    pub(crate) const fn coin(self) -> u32 {
        match (self.kind, self.is_main) {
            (ChainKind::Evm, _) => 60,
            (_, false) => 1,
            (ChainKind::Bitcoin, true) => 0,
            (ChainKind::Litecoin, true) => 2,
            (ChainKind::Dogecoin, true) => 3,
        }
    }

    /// What stands before the 1 of an address in bech32. None: the chain has none.
    pub(crate) const fn human_readable_part(self) -> Option<&'static str> {
        match (self.kind, self.is_main) {
            (ChainKind::Bitcoin, true) => Some("bc"),
            (ChainKind::Bitcoin, false) => Some("tb"),
            (ChainKind::Litecoin, true) => Some("ltc"),
            (ChainKind::Litecoin, false) => Some("tltc"),
            (ChainKind::Dogecoin | ChainKind::Evm, _) => None,
        }
    }

    /// The versions of addresses in base 58, as the chains' own programs have them (`chainparams.cpp`). None: the chain
    /// has none. Litecoin writes scripts with a version of its own since 2017; before, with Bitcoin's.
    pub(crate) const fn versions(self) -> Option<Versions> {
        Some(match (self.kind, self.is_main) {
            (ChainKind::Bitcoin, true) => Versions { key: 0x00, scripts: &[0x05] },
            (ChainKind::Bitcoin, false) => Versions { key: 0x6F, scripts: &[0xC4] },
            (ChainKind::Litecoin, true) => Versions { key: 0x30, scripts: &[0x32, 0x05] },
            (ChainKind::Litecoin, false) => Versions { key: 0x6F, scripts: &[0x3A, 0xC4] },
            (ChainKind::Dogecoin, true) => Versions { key: 0x1E, scripts: &[0x16] },
            (ChainKind::Dogecoin, false) => Versions { key: 0x71, scripts: &[0xC4] },
            (ChainKind::Evm, _) => return None,
        })
    }
}
