//! `GET /v1/user/balances/{externalUserId}` (and the older `GET /v1/user/{externalUserId}/balances`) and
//! `GET /v1/partner/balances`: one use case, three routes.

use super::store;
use crate::kit::app::App;
use crate::kit::book::command::ok;
use crate::kit::edge::partner::Partner;
use crate::kit::endpoint::codes::P412;
use crate::kit::endpoint::failure::Failure;
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::{Endpoint, Shape, get};
use crate::kit::request::call::PathIds;
use crate::kit::request::number::ExactNumber;
use crate::kit::tables::NetworkTerms;
use crate::users::{self, existing};
use axum::extract::State;
use axum::response::Response;
use florin_ledger::Account;
use florin_store::StoreError;
use florin_types::{Currency, CurrencyKind, format_minor};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a user has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserBalances {
    /// Our id of the user.
    user_id: Uuid,
    /// Whether a proof of address is asked for.
    poa_required: bool,
    /// EUR. Empty until the user is verified.
    fiat_balances: Vec<FiatBalance>,
    /// Crypto. Empty until the user is verified.
    crypto_balances: Vec<CryptoBalance>,
}

/// What the partner has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerBalances {
    /// EUR.
    fiat_balances: Vec<FiatBalance>,
    /// Crypto.
    crypto_balances: Vec<CryptoBalance>,
}

/// A balance in a fiat currency.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FiatBalance {
    /// Our id of the balance.
    id: Uuid,
    /// What can be spent: a decimal string at the currency's scale.
    #[schema(example = "112.50")]
    amount: String,
    /// What is held for something under way.
    #[schema(example = "0.00")]
    on_hold: String,
    /// Both together.
    #[schema(example = "112.50")]
    total: String,
    /// The currency.
    #[schema(example = "eur")]
    name: String,
    /// EUR per unit.
    rate: ExactNumber,
    /// Null until it is active, and where the residence has none.
    #[schema(required)]
    iban: Option<String>,
    /// `WAITING_TO_BE_ACTIVATED` or `ACTIVE`.
    #[schema(example = "ACTIVE")]
    status: String,
}

/// A balance in a crypto currency.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CryptoBalance {
    /// Our id of the balance.
    id: Uuid,
    /// What can be spent: a decimal string at the currency's scale.
    #[schema(example = "0.00150000")]
    amount: String,
    /// What is held for something under way.
    #[schema(example = "0.00000000")]
    on_hold: String,
    /// Both together.
    #[schema(example = "0.00150000")]
    total: String,
    /// The currency.
    #[schema(example = "btc")]
    name: String,
    /// The address to pay to; null while there is none.
    #[schema(required)]
    wallet: Option<String>,
    /// EUR per unit.
    rate: ExactNumber,
    /// Fees and minimums per network.
    #[schema(value_type = BTreeMap<String, NetworkTerms>)]
    network_config: Box<RawValue>,
}

/// The route of a user's balances.
pub fn user_endpoint() -> Endpoint {
    let shape = (200, Shape::of::<UserBalances>());
    described(get("/v1/user/balances/{externalUserId}", user, shape))
}

/// The same under its older path.
pub fn older_user_endpoint() -> Endpoint {
    let shape = (200, Shape::of::<UserBalances>());
    described(get("/v1/user/{externalUserId}/balances", user, shape))
}

/// The route of the partner's balances.
pub fn partner_endpoint() -> Endpoint {
    Endpoint {
        tag: "Balances and history",
        summary: "Get the partner's balances",
        description: "Amounts are decimal strings at the scale of the currency; `rate` is EUR per unit.",
        ..get("/v1/partner/balances", partner_balances, (200, Shape::of::<PartnerBalances>()))
    }
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        tag: "Balances and history",
        summary: "Get a user's balances",
        description: "Amounts are decimal strings at the scale of the currency; `rate` is EUR per unit. Lists are \
                      empty until the user is verified.",
        refusals: &[&P412],
        ..endpoint
    }
}

async fn user(State(app): State<App>, partner: Partner, ids: PathIds) -> Result<Response, Failure> {
    let handle = ids.user(0).ok_or_else(|| Refusal::of(&P412))?;
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let holder = snapshot.holder(handle.as_str()).await?;
    let holder = existing(holder.as_ref())?;
    let user = users::find(&mut snapshot, holder.id).await?;
    let accounts = snapshot.accounts(holder.id, &app.currencies.codes()).await?;
    let bank_account = store::find(&mut snapshot, holder.id).await?;
    drop(snapshot);
    let (status, iban) = bank_account.unwrap_or_else(|| (store::WAITING.to_owned(), None));
    let list = Lists { app: &app, owner: holder.uuid, status, iban };
    let (fiat_balances, crypto_balances) = list.of(&accounts)?;
    ok(&UserBalances {
        user_id: holder.uuid,
        poa_required: user.poa_required,
        fiat_balances,
        crypto_balances,
    })
}

async fn partner_balances(State(app): State<App>, partner: Partner) -> Result<Response, Failure> {
    let mut snapshot = app.store.snapshot(partner.book).await?;
    let holder = snapshot.book().partner();
    let accounts = snapshot.accounts(holder, &app.currencies.codes()).await?;
    drop(snapshot);
    let list = Lists { app: &app, owner: partner.id, status: store::ACTIVE.to_owned(), iban: None };
    let (fiat_balances, crypto_balances) = list.of(&accounts)?;
    ok(&PartnerBalances { fiat_balances, crypto_balances })
}

/// What the two lists are made from, besides the accounts.
struct Lists<'a> {
    app: &'a App,
    owner: Uuid,
    status: String,
    iban: Option<String>,
}

impl Lists<'_> {
    /// Both lists, in the order of the table of currencies.
    fn of(&self, accounts: &[Account]) -> Result<(Vec<FiatBalance>, Vec<CryptoBalance>), StoreError> {
        let (mut fiat, mut crypto) = (Vec::new(), Vec::new());
        for currency in self.app.currencies.iter() {
            let is_of = |a: &&Account| a.key.currency == currency.code;
            let Some(account) = accounts.iter().find(is_of) else { continue };
            match currency.kind {
                CurrencyKind::Fiat => fiat.push(self.fiat(currency, account)?),
                CurrencyKind::Crypto => crypto.push(self.crypto(currency, account)?),
            }
        }
        Ok((fiat, crypto))
    }

    fn fiat(&self, currency: Currency, account: &Account) -> Result<FiatBalance, StoreError> {
        Ok(FiatBalance {
            id: balance_id(self.owner, currency),
            amount: format_minor(account.available(), currency.decimals),
            on_hold: format_minor(account.held, currency.decimals),
            total: format_minor(account.balance, currency.decimals),
            name: currency.code.to_string(),
            rate: self.rate(currency)?,
            iban: self.iban.clone(),
            status: self.status.clone(),
        })
    }

    fn crypto(&self, currency: Currency, account: &Account) -> Result<CryptoBalance, StoreError> {
        let config = self.app.settings.reference.network_config(currency.code);
        Ok(CryptoBalance {
            id: balance_id(self.owner, currency),
            amount: format_minor(account.available(), currency.decimals),
            on_hold: format_minor(account.held, currency.decimals),
            total: format_minor(account.balance, currency.decimals),
            name: currency.code.to_string(),
            wallet: None,
            rate: self.rate(currency)?,
            network_config: config.ok_or_else(|| missing(currency))?.to_owned(),
        })
    }

    fn rate(&self, currency: Currency) -> Result<ExactNumber, StoreError> {
        self.app.settings.reference.rate_eur(currency.code).ok_or_else(|| missing(currency))
    }
}

fn missing(currency: Currency) -> StoreError {
    StoreError::unexpected(format!("the reference tables lack {}", currency.code))
}

/// The id of a balance: made from its owner's and the currency (UUID version 8, RFC 9562 section 5.8), so that it is
/// the same at every call without being kept.
fn balance_id(owner: Uuid, currency: Currency) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("florin 2026 balance ids v1");
    hasher.update(owner.as_bytes()).update(&currency.code.to_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
