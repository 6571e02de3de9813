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

/// Which of a kind's networks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Net {
    /// The one whose coins are worth money.
    Main,
    /// The public one to try things on.
    Test,
    /// One of a single machine, whose blocks are made on command: the mode `regtest` of Bitcoin's kind.
    Local,
}

/// A chain: the kind and the network.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chain {
    /// The kind.
    pub kind: ChainKind,
    /// Which of the kind's networks.
    pub net: Net,
}

/// What nodes of Bitcoin's kind relay, by their programs' defaults, in the coin's smallest unit.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Smallest amount of an output. Nodes refuse smaller ones, since spending them costs more than they are worth.
    /// The limit of Bitcoin's and Litecoin's nodes depends on the script; this is that of a key in base 58, the
    /// highest of those that we pay to.
    pub dust: i64,
    /// Least fee of 1,000 virtual bytes: of a transaction, and of a replacement beyond the fee of what it replaces.
    pub relay: u128,
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
        match (self.kind, self.net) {
            (ChainKind::Evm, _) => 60,
            (_, Net::Test | Net::Local) => 1,
            (ChainKind::Bitcoin, Net::Main) => 0,
            (ChainKind::Litecoin, Net::Main) => 2,
            (ChainKind::Dogecoin, Net::Main) => 3,
        }
    }

    /// What stands before the 1 of an address in bech32. None: the chain has none.
    pub(crate) const fn human_readable_part(self) -> Option<&'static str> {
        match (self.kind, self.net) {
            (ChainKind::Bitcoin, Net::Main) => Some("bc"),
            (ChainKind::Bitcoin, Net::Test) => Some("tb"),
            (ChainKind::Bitcoin, Net::Local) => Some("bcrt"),
            (ChainKind::Litecoin, Net::Main) => Some("ltc"),
            (ChainKind::Litecoin, Net::Test) => Some("tltc"),
            (ChainKind::Litecoin, Net::Local) => Some("rltc"),
            (ChainKind::Dogecoin | ChainKind::Evm, _) => None,
        }
    }

    /// The versions of addresses in base 58, as the chains' own programs have them (`chainparams.cpp`). None: the chain
    /// has none. Litecoin writes scripts with a version of its own since 2017; before, with Bitcoin's.
    pub(crate) const fn versions(self) -> Option<Versions> {
        Some(match (self.kind, self.net) {
            (ChainKind::Bitcoin, Net::Main) => Versions { key: 0x00, scripts: &[0x05] },
            (ChainKind::Bitcoin, Net::Test | Net::Local) => Versions { key: 0x6F, scripts: &[0xC4] },
            (ChainKind::Litecoin, Net::Main) => Versions { key: 0x30, scripts: &[0x32, 0x05] },
            (ChainKind::Litecoin, Net::Test | Net::Local) => Versions { key: 0x6F, scripts: &[0x3A, 0xC4] },
            (ChainKind::Dogecoin, Net::Main) => Versions { key: 0x1E, scripts: &[0x16] },
            (ChainKind::Dogecoin, Net::Test) => Versions { key: 0x71, scripts: &[0xC4] },
            (ChainKind::Dogecoin, Net::Local) => Versions { key: 0x6F, scripts: &[0xC4] },
            (ChainKind::Evm, _) => return None,
        })
    }

    /// How its addresses begin, as text for people: those of each form that is read.
    #[must_use]
    pub const fn beginnings(self) -> &'static str {
        match (self.kind, self.net) {
            (ChainKind::Bitcoin, Net::Main) => "bc1, 1 or 3",
            (ChainKind::Bitcoin, Net::Test) => "tb1, m, n or 2",
            (ChainKind::Bitcoin, Net::Local) => "bcrt1, m, n or 2",
            (ChainKind::Litecoin, Net::Main) => "ltc1, L, M or 3",
            (ChainKind::Litecoin, Net::Test) => "tltc1, m, n, Q or 2",
            (ChainKind::Litecoin, Net::Local) => "rltc1, m, n, Q or 2",
            (ChainKind::Dogecoin, Net::Main) => "D, 9 or A",
            (ChainKind::Dogecoin, Net::Test) => "n or 2",
            (ChainKind::Dogecoin, Net::Local) => "m, n or 2",
            (ChainKind::Evm, _) => "0x",
        }
    }

    /// What its nodes relay. None: it is not of Bitcoin's kind. The sources are `policy.h` of each program: the dust
    /// of 182 bytes (a P2PKH output and the input that spends it) at 3,000 satoshis a kB, and at 30,000 for Litecoin;
    /// for Dogecoin the "soft dust limit", below which an output costs more, and the fee that it recommends, which is
    /// ten times the least that its nodes relay.
    pub(crate) const fn policy(self) -> Option<Policy> {
        Some(match self.kind {
            ChainKind::Bitcoin => Policy { dust: 546, relay: 1_000 },
            ChainKind::Litecoin => Policy { dust: 5_460, relay: 1_000 },
            ChainKind::Dogecoin => Policy { dust: 1_000_000, relay: 1_000_000 },
            ChainKind::Evm => return None,
        })
    }

    /// The least that an output or a payment may be, in the coin's smallest unit.
    #[must_use]
    pub const fn least_payment(self) -> i64 {
        match self.policy() {
            Some(policy) => policy.dust,
            None => 1,
        }
    }

    /// The least fee of 1,000 virtual bytes that its nodes relay. None: it is not of Bitcoin's kind.
    #[must_use]
    pub const fn relay_rate(self) -> Option<u128> {
        match self.policy() {
            Some(policy) => Some(policy.relay),
            None => None,
        }
    }

    /// The largest amount that an output can have, in the coin's smallest unit: the programs' `MAX_MONEY`.
    #[must_use]
    pub const fn max_amount(self) -> i64 {
        match self.kind {
            ChainKind::Bitcoin => 21_000_000 * 100_000_000,
            ChainKind::Litecoin => 84_000_000 * 100_000_000,
            ChainKind::Dogecoin => 10_000_000_000 * 100_000_000,
            ChainKind::Evm => i64::MAX,
        }
    }
}
