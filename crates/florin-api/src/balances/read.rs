//! `GET /v1/user/balances/{externalUserId}` (and the older `GET /v1/user/{externalUserId}/balances`) and
//! `GET /v1/partner/balances`: one use case, three routes.

use super::store::{self, BalanceStatus};
use crate::kit::prelude::*;
use crate::kit::request::number::Number;
use crate::kit::tables::NetworkTerms;
use crate::rates;
use crate::users::{self, UserId, require};
use crate::wallets;
use florin_ledger::Account;
use florin_rails::rates::Rates;
use florin_types::{CurrencyKind, Rate, format_minor};
use serde_json::value::RawValue;
use std::collections::HashMap;

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
    #[schema(value_type = ExactNumber)]
    rate: Number<Rate>,
    /// Null until it is active, and where the residence has none. Yours is null until you first ask how your balance is
    /// paid: `GET /v1/partner/sepa-deposit/info`.
    #[schema(required)]
    iban: Option<String>,
    /// Whether it can be used.
    status: BalanceStatus,
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
    #[schema(value_type = ExactNumber)]
    rate: Number<Rate>,
    /// Fees and minimums per network.
    #[schema(value_type = BTreeMap<String, NetworkTerms>)]
    network_config: Box<RawValue>,
}

const USER_BALANCES: &str = r#"{"userId":"0198c5d2-6f10-7b02-8a51-9d3c2e7f4b18","poaRequired":false,
    "fiatBalances":[{"id":"5c1f0f5e-9a0b-8c3d-9e4f-1a2b3c4d5e6f","amount":"112.50","onHold":"0.00","total":"112.50",
    "name":"eur","rate":1,"iban":"LT601010012345678901","status":"ACTIVE"}],
    "cryptoBalances":[{"id":"7d2e1a6b-0c4d-8e5f-8a6b-2c3d4e5f6a7b","amount":"0.00150000","onHold":"0.00000000",
    "total":"0.00150000","name":"btc","wallet":null,"rate":95000.5,"networkConfig":{"btc":{"mainnet":false,
    "name":"test","withdrawal":{"feeWithdrawal":0.0003,"minWithdrawal":0.001},"deposit":{"minDeposit":0}}}}]}"#;

const PARTNER_BALANCES: &str = r#"{"fiatBalances":[{"id":"5c1f0f5e-9a0b-8c3d-9e4f-1a2b3c4d5e6f","amount":"112.50",
    "onHold":"0.00","total":"112.50",
    "name":"eur","rate":1,"iban":"LT601010012345678902","status":"ACTIVE"}],
    "cryptoBalances":[{"id":"7d2e1a6b-0c4d-8e5f-8a6b-2c3d4e5f6a7b","amount":"0.00150000","onHold":"0.00000000",
    "total":"0.00150000","name":"btc","wallet":null,"rate":95000.5,"networkConfig":{"btc":{"mainnet":false,
    "name":"test","withdrawal":{"feeWithdrawal":0.0003,"minWithdrawal":0.001},"deposit":{"minDeposit":0}}}}]}"#;

const ABOUT_AMOUNTS: &str =
    "Amounts are decimal strings in whole units of the currency; `rate` is EUR per unit.";

/// The calls.
pub fn endpoints() -> [Endpoint; 3] {
    let of_user = |id, path_endpoint: Endpoint| Endpoint {
        id,
        summary: "Get a user's balances",
        description: "Amounts are decimal strings in whole units of the currency; `rate` is EUR per unit. Both lists \
                      are empty until the user is verified.",
        answer: USER_BALANCES,
        refusals: &[&P412],
        ..path_endpoint
    };
    [
        of_user("getUserBalances", get("/v1/user/balances/{externalUserId}", get_user_balances)),
        Endpoint {
            is_deprecated: true,
            ..of_user("getUserBalancesOlder", get("/v1/user/{externalUserId}/balances", get_user_balances))
        },
        Endpoint {
            id: "getPartnerBalances",
            summary: "Get the partner's balances",
            description: ABOUT_AMOUNTS,
            answer: PARTNER_BALANCES,
            ..get("/v1/partner/balances", get_partner_balances)
        },
    ]
}

async fn get_user_balances(
    context: Context,
    Path(user): Path<UserId>,
) -> Result<Success<UserBalances>, Failure> {
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.holder(user.as_str()).await?;
    let holder = require(holder.as_ref(), user.as_str())?;
    let user = users::find(&mut snapshot, holder.id).await?;
    let accounts = snapshot.accounts(holder.id, &app.currencies.codes()).await?;
    let bank_account = store::find(&mut snapshot, holder.id).await?;
    // A user without balances needs no rates.
    let rates = match accounts.is_empty() {
        true => Rates::default(),
        false => rates::in_snapshot(app, &mut snapshot).await?,
    };
    let wallets = wallets::addresses(&mut snapshot, holder.id).await?;
    drop(snapshot);
    let (status, iban) = bank_account.unwrap_or((BalanceStatus::Waiting, None));
    let list = Lists { app, owner: holder.uuid, rates, status, iban, wallets };
    let (fiat_balances, crypto_balances) = list.of(&accounts)?;
    Success::of(&UserBalances {
        user_id: holder.uuid,
        poa_required: user.poa_required,
        fiat_balances,
        crypto_balances,
    })
}

async fn get_partner_balances(context: Context) -> Result<Success<PartnerBalances>, Failure> {
    let app = &context.app;
    let mut snapshot = context.snapshot().await?;
    let holder = snapshot.book().partner();
    let accounts = snapshot.accounts(holder, &app.currencies.codes()).await?;
    // The balance can be used without an account: it is made when the partner first asks how it is paid.
    let iban = store::find(&mut snapshot, holder).await?.and_then(|(_, iban)| iban);
    let rates = rates::in_snapshot(app, &mut snapshot).await?;
    let wallets = wallets::addresses(&mut snapshot, holder).await?;
    drop(snapshot);
    let (owner, status) = (context.partner.id, BalanceStatus::Active);
    let list = Lists { app, owner, rates, status, iban, wallets };
    let (fiat_balances, crypto_balances) = list.of(&accounts)?;
    Success::of(&PartnerBalances { fiat_balances, crypto_balances })
}

/// What the two lists are made from, besides the accounts.
struct Lists<'a> {
    app: &'a App,
    owner: Uuid,
    rates: Rates,
    status: BalanceStatus,
    iban: Option<String>,
    wallets: HashMap<CurrencyCode, String>,
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
            status: self.status,
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
            wallet: self.wallets.get(&currency.code).cloned(),
            rate: self.rate(currency)?,
            network_config: config.ok_or_else(|| missing(currency))?.to_owned(),
        })
    }

    fn rate(&self, currency: Currency) -> Result<Number<Rate>, StoreError> {
        let rate = self.rates.get(currency.code).map(Number);
        rate.ok_or_else(|| {
            StoreError::unavailable(format!("the rate of {} is absent or too old", currency.code))
        })
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
