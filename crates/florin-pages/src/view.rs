//! What the pay page shows: plain data, filled in by the caller.
//!
//! Amounts are decimal strings with a point (`"346.59"`), as the API writes them; the pages put them into the form of
//! the language. Texts of partners and payers may hold anything: templates escape them.

use crate::assets::fingerprint;
use crate::{Language, UriForm};
use florin_types::Timestamp;

/// One pay page, in one state and one language.
#[derive(Debug, Clone)]
pub struct PayView {
    /// The secret in the path: `/pay/{link_id}`. Letters, digits, `-` and `_`; else the page has no links.
    pub link_id: String,
    /// The language of the page.
    pub language: Language,
    /// Who is paid.
    pub merchant: Merchant,
    /// What is to be paid, in EUR.
    pub amount: String,
    /// What it is for.
    pub description: Option<String>,
    /// The merchant's number of the order.
    pub external_order_id: Option<String>,
    /// Whether the payer has chosen and is asked again: `?change=1` of the page and its stream.
    pub is_changing: bool,
    /// Where the payment stands.
    pub state: PayState,
    /// The time of this view; what is left of a time is counted from it.
    pub now: Timestamp,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// Where the way back to the shop leads, signed by the caller. Only `https:` and `http:` addresses are shown.
    pub back_url: Option<String>,
    /// Says that no real money is moved.
    pub is_test: bool,
}

impl PayView {
    /// A number that is another when the page says something else than the time. It is the same on every machine and in
    /// every process of one version of this crate, and no secret.
    #[must_use]
    pub fn version(&self) -> u64 {
        let timeless = Self { now: Timestamp::from_micros(0), ..self.clone() };
        fingerprint(format!("{timeless:?}").as_bytes())
    }
}

/// Who is paid, as the page shows it.
#[derive(Debug, Clone)]
pub struct Merchant {
    /// The name.
    pub name: String,
    /// The path of the logo on this server, such as `/pay/{id}/logo`.
    pub logo_path: Option<String>,
    /// Whether `/pay/{id}/brand.css` is there: the colours, from [`brand_css`](crate::brand_css).
    pub has_colours: bool,
}

/// Where a payment stands. Each state is a screen of its own.
#[derive(Debug, Clone)]
pub enum PayState {
    /// The payer chooses a currency and a network. Without an offer the screen says that there is none now.
    Choose {
        /// In the order in which they are shown.
        offers: Vec<Offer>,
    },
    /// The payer has chosen and has not paid.
    Pay {
        /// What to send, and where.
        due: Due,
        /// Whether the payer can go back and choose another currency: a form with `change=1`.
        may_change: bool,
    },
    /// Enough was seen in the chain, and is not confirmed.
    Seen {
        /// What was seen.
        received: Received,
    },
    /// Less than the amount arrived, and the payer can still send the rest.
    Underpaid {
        /// The missing part, and where to send it.
        due: Due,
        /// What was to be paid, in the coin.
        required: String,
        /// What arrived.
        received: Received,
    },
    /// All was paid and confirmed.
    Paid {
        /// What was paid.
        received: Received,
        /// When the payment was complete.
        paid_at: Timestamp,
        /// How much more than asked, in the coin.
        over: Option<String>,
        /// Something arrived after the time had run out.
        is_late: bool,
    },
    /// The time ran out.
    Expired {
        /// Whether the link itself still lives, so that the payer can choose again: a form with `change=1`.
        may_choose_again: bool,
        /// What arrived and was not enough.
        received: Option<Received>,
    },
    /// The merchant cancelled it.
    Cancelled,
}

/// A currency of the chain.
#[derive(Debug, Clone)]
pub struct Coin {
    /// The slug of the API, such as `btc`. In capital letters it is the symbol.
    pub slug: String,
    /// The name, such as `Bitcoin`.
    pub name: String,
}

/// A network of a coin.
#[derive(Debug, Clone)]
pub struct Network {
    /// The slug of the API, such as `polygon`.
    pub slug: String,
    /// The name, such as `Polygon`.
    pub name: String,
}

/// A currency to pay in, and its price now.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The currency.
    pub coin: Coin,
    /// The networks that take it; each is a choice of its own.
    pub networks: Vec<Network>,
    /// EUR for one unit.
    pub rate: String,
    /// What would be to pay, in the coin.
    pub amount: String,
}

/// What the payer has to send.
#[derive(Debug, Clone)]
pub struct Due {
    /// The currency.
    pub coin: Coin,
    /// The network.
    pub network: Network,
    /// How much.
    pub amount: String,
    /// Where to.
    pub address: String,
    /// How wallets want it written.
    pub form: UriForm,
    /// When the time to pay began; with `until` it is the length of the bar.
    pub since: Timestamp,
    /// When the time to pay ends.
    pub until: Timestamp,
}

/// What arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// The currency.
    pub coin: Coin,
    /// The network.
    pub network: Network,
    /// How much in all.
    pub amount: String,
    /// Each payment in the chain.
    pub transactions: Vec<Transaction>,
}

/// A payment in the chain.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its hash, as explorers write it.
    pub hash: String,
    /// How much of the coin.
    pub amount: String,
    /// Blocks that confirm it.
    pub confirmations: u32,
    /// How many it needs.
    pub required: u32,
}

impl Transaction {
    /// Whether it has all the confirmations that it needs.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.confirmations >= self.required
    }
}
