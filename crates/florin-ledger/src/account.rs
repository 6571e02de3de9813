//! Accounts and the numbers that name things inside a book.

use florin_types::CurrencyCode;
use std::fmt;

/// Bits of a [`Position`] that count within a book: a book holds up to 2^40 (about 10^12) of each thing.
const SEQUENCE_BITS: u32 = 40;

/// A book: everything that belongs to one partner. The unit of order, locking and proof.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub i64);

/// Where something stands: `book << 40 | sequence`, so that one number orders, pages and tells the book.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// A holder of accounts: the book's system (0), its partner (1), or one of its users.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HolderId(pub i64);

impl BookId {
    /// The position of the `sequence`-th thing of this book.
    pub const fn position(self, sequence: i64) -> Position {
        Position((self.0 << SEQUENCE_BITS) | sequence)
    }

    /// The position before every one of this book; the next book's is the end of the range.
    pub const fn start(self) -> Position {
        self.position(0)
    }

    /// The position after every one of this book.
    pub const fn end(self) -> Position {
        Position((self.0 + 1) << SEQUENCE_BITS)
    }

    /// The holder of the book's own accounts (settlement, fees, sandbox funding).
    pub const fn system(self) -> HolderId {
        HolderId(self.position(0).0)
    }

    /// The partner, holder of the master balance.
    pub const fn partner(self) -> HolderId {
        HolderId(self.position(1).0)
    }
}

impl Position {
    /// No position: the `previous` of an account's first entry.
    pub const NONE: Position = Position(0);

    /// The book it belongs to.
    pub const fn book(self) -> BookId {
        BookId(self.0 >> SEQUENCE_BITS)
    }

    /// The number within the book, from 1.
    pub const fn sequence(self) -> i64 {
        self.0 & ((1 << SEQUENCE_BITS) - 1)
    }
}

impl HolderId {
    /// The book it belongs to.
    pub const fn book(self) -> BookId {
        Position(self.0).book()
    }
}

/// What an account is for, which also decides who holds it and whether it may go below zero. The numbers are kept for
/// ever.
///
/// Money never appears or vanishes: the accounts of a currency sum to zero. So an account of the house is below zero by
/// what it has paid out, and above zero by what it has taken in.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AccountKind {
    /// Money of a user or of the partner, which is its holder. What is not held is never below zero.
    Main = 1,
    /// Held by the book's system. Where a sandbox's made-up money comes from: below zero by what was handed out.
    SandboxFunding = 2,
    /// Held by the book's system. What the house has earned in fees, less what its banks took.
    Fees = 3,
    /// Held by the book's system, one in each currency. What exchanges have left: above zero where the house has bought
    /// a currency, below zero where it has sold it.
    FxPosition = 4,
    /// Held by the book's system. The other side of money that crosses to or from banks by SEPA: below zero by what has
    /// come in and not gone out again, which is what the house's bank account should hold.
    SepaSettlement = 5,
    /// Held by the book's system. The other side of coins that cross to or from a chain: below zero by what the house's
    /// wallets should hold.
    ChainSettlement = 6,
    /// Held by the book's system. The other side of card payments: above zero by what the house still has to pay the
    /// card scheme.
    CardSettlement = 7,
    /// Held by the book's system. Money that has come in and whose owner is not settled yet: above zero.
    Suspense = 8,
    /// Held by a user or the partner. Below zero by what the holder owes the house; never above zero.
    Receivable = 9,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Main,
        Self::SandboxFunding,
        Self::Fees,
        Self::FxPosition,
        Self::SepaSettlement,
        Self::ChainSettlement,
        Self::CardSettlement,
        Self::Suspense,
        Self::Receivable,
    ];

    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Whether what can be spent must stay at or above zero.
    pub const fn is_bounded(self) -> bool {
        matches!(self, Self::Main)
    }

    /// Whether the book's system holds accounts of this kind. The others are held by users and the partner.
    pub const fn is_of_system(self) -> bool {
        !matches!(self, Self::Main | Self::Receivable)
    }
}

/// Which account: its holder, its currency and what it is for.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// Who holds it.
    pub holder: HolderId,
    /// The one currency it counts.
    pub currency: CurrencyCode,
    /// What it is for.
    pub kind: AccountKind,
}

impl AccountKey {
    /// The main account of a holder in a currency.
    pub const fn main(holder: HolderId, currency: CurrencyCode) -> Self {
        Self { holder, currency, kind: AccountKind::Main }
    }

    /// An account of the book itself.
    pub const fn system(book: BookId, currency: CurrencyCode, kind: AccountKind) -> Self {
        Self { holder: book.system(), currency, kind }
    }

    /// What a holder owes the house in a currency.
    pub const fn receivable(holder: HolderId, currency: CurrencyCode) -> Self {
        Self { holder, currency, kind: AccountKind::Receivable }
    }

    /// Whether the account needs no opening: where it is missing it counts as open at zero, and its first posting
    /// makes it. So a book from before a kind existed has accounts of that kind. A main account is opened on purpose.
    pub fn opens_itself(self) -> bool {
        let is_system = self.holder == self.holder.book().system();
        self.kind != AccountKind::Main && self.kind.is_of_system() == is_system
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{:?}", self.holder.0, self.currency, self.kind)
    }
}

/// An account as its newest entry left it. Amounts are minor units of the currency.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which one.
    pub key: AccountKey,
    /// Sum of all entries.
    pub balance: i64,
    /// Sum of all holds, never below zero.
    pub held: i64,
    /// Position of the newest record with an entry of this account.
    pub last: Position,
    /// How many entries there are.
    pub entries: i64,
}

impl Account {
    /// A fresh account.
    pub const fn new(key: AccountKey) -> Self {
        Self { key, balance: 0, held: 0, last: Position::NONE, entries: 0 }
    }

    /// What can be spent: the balance without what is held.
    pub const fn available(&self) -> i64 {
        self.balance - self.held
    }
}
