//! Steps that the calls of this family and payment links take: what can be paid with, locking a rate, and opening the
//! order of a link.

use super::look::with_address;
use super::order::{LinkOrder, Order, OrderLock};
use super::store;
use crate::crypto::is_payable;
use crate::kit::app::App;
use crate::kit::prelude::*;
use crate::kit::tables::Network;
use crate::rates;
use crate::wallets::not_on;
use florin_rails::rates::Rates;
use florin_store::Scope;
use florin_types::{OutOfRange, Price, Rate};

/// The networks on which a currency can be paid.
pub(super) fn payable(app: &App, currency: CurrencyCode) -> impl Iterator<Item = &Network> {
    app.settings.reference.networks(currency).iter().filter(|network| is_payable(app, &network.slug))
}

/// One way to pay a sum of EUR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What is paid.
    pub currency: CurrencyCode,
    /// On which network.
    pub network: String,
    /// EUR for one unit, now.
    pub rate: Rate,
    /// What would be paid at that rate, in minor units.
    pub required: i64,
    /// The currency's decimals.
    pub decimals: u8,
}

/// The ways to pay a sum, without those whose least amount is more.
pub fn offers(app: &App, rates: &Rates, settlement: Amount) -> Vec<Offer> {
    let of_rate = |(code, rate): (CurrencyCode, Rate)| {
        let decimals = app.currencies.get(code)?.decimals;
        let required = Price { rate, decimals }.order_amount(settlement).ok()?;
        let fits = payable(app, code).filter(move |network| required >= network.min_deposit.max(1));
        let offer = move |network: &Network| Offer {
            currency: code,
            network: network.slug.clone(),
            rate,
            required,
            decimals,
        };
        Some(fits.map(offer).collect::<Vec<_>>())
    };
    rates.iter().filter_map(of_rate).flatten().collect()
}

/// Locks the rate of now. It is not put yet.
///
/// # Errors
/// P410, P450, P457, P403 for more than can be counted; or nobody knows the rate. The rates must be touched.
pub(super) fn lock(
    work: &mut Work<'_>,
    (currency, network): (Currency, Option<&str>),
    settlement: Amount,
) -> Result<OrderLock, Stop> {
    let app = work.app();
    let networks = app.settings.reference.networks(currency.code);
    let Some(first) = networks.first() else { return Err(Refusal::of(&P457).into()) };
    let network = match network {
        Some(slug) => networks
            .iter()
            .find(|network| network.slug == slug)
            .ok_or_else(|| not_on(currency.code, slug, networks))?,
        None => first,
    };
    if !is_payable(app, &network.slug) {
        return Err(Refusal::of(&P457).into());
    }
    let rate = rates::in_command(work)?.get(currency.code);
    let rate = rate.ok_or_else(|| StoreError::unavailable("nobody knows the rate of this currency"))?;
    let price = Price { rate, decimals: currency.decimals };
    let too_much = |_: OutOfRange| Refusal::invalid("amount is more than can be paid in this currency");
    let required = price.order_amount(settlement).map_err(too_much)?;
    if required < network.min_deposit.max(1) {
        let least = ExactNumber::new(network.min_deposit.max(1), currency.decimals);
        let why = format_args!("it comes to less than {least} {}", currency.code);
        return Err(Refusal::because(&P450, why).into());
    }
    let (id, created_at) = (work.id(), work.now());
    Ok(OrderLock {
        id,
        currency: currency.code,
        network: network.slug.clone(),
        settlement: settlement.minor(),
        required,
        rate,
        created_at,
        valid_until: created_at.saturating_add(app.settings.rate_lock),
        used_by: None,
    })
}

/// Opens an order of a link at the rate of now, with its address. `number` is how many the link has, and `memo` goes
/// with each of its payments.
///
/// # Errors
/// As for the lock of a rate: P410, P450, P457; P501 while the network is not followed yet. The rates must be touched.
pub async fn open_of_link(
    work: &mut Work<'_>,
    (currency, network): (Currency, &str),
    settlement: Amount,
    (link, number, memo): (Uuid, usize, Vec<u8>),
) -> Result<Order, Stop> {
    let (id, now) = (work.id(), work.now());
    let lock = lock(work, (currency, Some(network)), settlement)?;
    let lock = OrderLock { used_by: Some(id), ..lock };
    let order = with_address(work, lock.order(id, now)).await?;
    work.put(&lock)?;
    work.put(&order)?;
    let number = i64::try_from(number).map_err(StoreError::unexpected)?;
    work.put(&LinkOrder { id, link, number, memo })?;
    Ok(order)
}

/// The orders of a link, the oldest first.
///
/// # Errors
/// When the database is away.
pub async fn orders_of_link(scope: &mut Scope, link: Uuid) -> Result<Vec<Order>, StoreError> {
    store::of_link(scope, link).await
}
