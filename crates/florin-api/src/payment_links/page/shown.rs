//! From what is known of a link to what its page shows.

use super::super::branding::Branding;
use super::super::details::PaymentLinkTransaction;
use super::super::link::{PaymentLinkStatus, PaymentLinkType};
use super::super::payer::{PayerOrder, PayerView};
use crate::crypto;
use crate::kit::app::App;
use crate::orders;
use florin_pages::{
    Coin, Colour, Due, Language, Merchant, Network, Offer, PayState, PayView, Received, Transaction, UriForm,
};
use florin_store::BookId;
use florin_types::{Amount, CurrencyCode, Price, format_minor};

/// How a currency or a network is called.
const NAMES: [(&str, &str); 9] = [
    ("btc", "Bitcoin"),
    ("ltc", "Litecoin"),
    ("doge", "Dogecoin"),
    ("eth", "Ether"),
    ("pol", "Polygon"),
    ("usdc", "USD Coin"),
    ("usdt", "Tether"),
    ("ethereum", "Ethereum"),
    ("polygon", "Polygon"),
];

/// Who is paid, where the partner has given no name.
const NO_NAME: &str = "Florin";

/// A slug's name; an operator's own currency has its slug.
fn name_of(slug: &str) -> String {
    let name = NAMES.iter().find(|(known, _)| *known == slug);
    name.map_or_else(|| slug.to_uppercase(), |(_, name)| (*name).to_owned())
}

fn coin(slug: &str) -> Coin {
    Coin { slug: slug.to_owned(), name: name_of(slug) }
}

fn network(slug: &str) -> Network {
    Network { slug: slug.to_owned(), name: name_of(slug) }
}

/// A partner's colours, if it has set any.
pub(super) fn colours(branding: &Branding) -> Option<(Colour, Colour)> {
    let primary = branding.primary.or(branding.accent)?;
    Some((primary, branding.accent.unwrap_or(primary)))
}

/// The page of a link. `is_changing`: the payer has chosen, and wants to choose again.
pub(super) fn pay_view(
    app: &App,
    id: &str,
    view: PayerView,
    (language, is_changing): (Language, bool),
) -> PayView {
    let state = state(app, &view, is_changing);
    // A link has the name of who is paid; a checkout looks as its partner wants it.
    let is_branded = view.kind == PaymentLinkType::Checkout;
    let back_url = match view.status {
        PaymentLinkStatus::Paid => view.success_url,
        PaymentLinkStatus::Expired | PaymentLinkStatus::Cancelled => view.failure_url,
        _ => None,
    };
    PayView {
        link_id: id.to_owned(),
        language,
        merchant: Merchant {
            logo_path: view.branding.logo.as_ref().filter(|_| is_branded).map(|_| format!("/pay/{id}/logo")),
            has_colours: is_branded && colours(&view.branding).is_some(),
            name: view.branding.name.unwrap_or_else(|| NO_NAME.to_owned()),
        },
        amount: format_minor(view.amount, 2),
        description: view.description,
        external_order_id: view.external_order_id,
        is_changing,
        state,
        now: view.now,
        expires_at: view.expires_at,
        back_url,
        is_test: app.is_sandbox(),
    }
}

fn state(app: &App, view: &PayerView, is_changing: bool) -> PayState {
    use PaymentLinkStatus as Status;
    let choose = || PayState::Choose { offers: present_offers(view) };
    let received = || received(app, view);
    let underpaid = |order: &PayerOrder, due| PayState::Underpaid {
        due,
        required: format_minor(order.required, order.currency.decimals),
        received: received(),
    };
    match (view.status, &view.order) {
        // What was paid all the same is shown as what became of it.
        (Status::Cancelled, _) if view.transactions.is_empty() => PayState::Cancelled,
        (Status::Cancelled, Some(order)) if order.seen > order.received => {
            PayState::Seen { received: received() }
        }
        (Status::Cancelled, _) if view.missing > 0 => {
            PayState::Expired { may_choose_again: false, received: Some(received()) }
        }
        (Status::Paid | Status::Cancelled, order) => PayState::Paid {
            over: order.as_ref().and_then(|order| {
                let over = order.received - order.required;
                (over > 0).then(|| format_minor(over, order.currency.decimals))
            }),
            is_late: view.transactions.iter().any(|one| one.is_late),
            paid_at: view.paid_at.unwrap_or(view.now),
            received: received(),
        },
        (Status::AwaitingConfirmation, order) => {
            // A part was seen: the rest can be paid meanwhile.
            match order.as_ref().and_then(|order| Some((order, due(app, view, order)?))) {
                Some((order, due)) => underpaid(order, due),
                None => PayState::Seen { received: received() },
            }
        }
        (Status::Expired, _) => PayState::Expired {
            may_choose_again: false,
            received: (!view.transactions.is_empty()).then(received),
        },
        (Status::AwaitingPayment, Some(order)) if !(is_changing && view.can_choose) => {
            match due(app, view, order) {
                Some(due) => PayState::Pay { due, may_change: view.can_choose },
                None => choose(),
            }
        }
        (Status::AwaitingCompletion, Some(order)) => match due(app, view, order) {
            Some(due) => underpaid(order, due),
            None => choose(),
        },
        (Status::Active, _) if view.has_chosen && !is_changing => {
            PayState::Expired { may_choose_again: view.can_choose, received: None }
        }
        (Status::Active | Status::AwaitingPayment | Status::AwaitingCompletion, _) => choose(),
    }
}

/// What can be chosen: a currency once, with its networks. Those whose price differs by the network are apart.
pub(super) fn present_offers(view: &PayerView) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for orders::Offer { currency, network: slug, rate, required, decimals } in &view.offers {
        let amount = format_minor(*required, *decimals);
        let known =
            offers.iter_mut().find(|offer| offer.coin.slug == currency.as_str() && offer.amount == amount);
        match known {
            Some(offer) => offer.networks.push(network(slug)),
            None => offers.push(Offer {
                coin: coin(currency.as_str()),
                networks: vec![network(slug)],
                rate: rate.to_string(),
                amount,
            }),
        }
    }
    offers
}

/// What is still to be sent. None: there is no address, or no time left.
fn due(app: &App, view: &PayerView, order: &PayerOrder) -> Option<Due> {
    let (address, until) = (order.address.clone()?, order.expires_at?);
    // What was paid to another choice of the payer is not asked for again.
    let price = Price { rate: order.rate, decimals: order.currency.decimals };
    let of_link = Amount::new(view.missing).and_then(|missing| price.order_amount(missing).ok())?;
    let missing = order.missing.min(of_link);
    if until <= view.now || missing <= 0 {
        return None;
    }
    Some(Due {
        coin: coin(order.currency.code.as_str()),
        network: network(&order.network),
        amount: format_minor(missing, order.currency.decimals),
        form: form(app, view.book, (&order.network, order.currency.code, order.currency.decimals), &address),
        address,
        since: order.created_at,
        until,
    })
}

/// How wallets want the payment written.
fn form(
    app: &App,
    book: BookId,
    (network, currency, decimals): (&str, CurrencyCode, u8),
    address: &str,
) -> UriForm {
    match network {
        "ltc" => return UriForm::Litecoin,
        "doge" => return UriForm::Dogecoin,
        "btc" => return UriForm::Bitcoin,
        _ => {}
    }
    match crypto::account_payment(app, book, (network, currency), address) {
        Some((chain_id, Some((contract, units)))) => {
            // The token may be finer than the platform counts it.
            let finer = units.checked_ilog10().and_then(|finer| u8::try_from(finer).ok()).unwrap_or_default();
            UriForm::Erc20 { chain_id, contract, decimals: decimals.saturating_add(finer) }
        }
        Some((chain_id, None)) => UriForm::Ethereum { chain_id },
        // Nothing fits such a form, so the code holds the address alone.
        None => UriForm::Erc20 { chain_id: 0, contract: String::new(), decimals },
    }
}

/// What arrived in the currency of the newest payment.
fn received(app: &App, view: &PayerView) -> Received {
    let newest = view.transactions.last();
    let of_order = view.order.as_ref().map(|order| (order.currency.code.to_string(), order.network.clone()));
    let of_newest = newest.map(|one| (one.currency.clone(), one.network.clone()));
    let (currency, slug) = of_newest.or(of_order).unwrap_or_default();
    let of_same = |one: &&PaymentLinkTransaction| one.currency == currency && one.network == slug;
    let same: Vec<_> = view.transactions.iter().filter(of_same).collect();
    let decimals = app.currencies.parse(&currency).map_or(0, |known| known.decimals);
    let required = crypto::Net::of(&slug).map_or(1, |net| net.confirmations(app));
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Received {
        coin: coin(&currency),
        network: network(&slug),
        amount: format_minor(same.iter().map(|one| one.amount.units()).sum(), decimals),
        transactions: same
            .into_iter()
            .map(|one| Transaction {
                hash: one.transaction_hash.clone(),
                amount: one.amount.to_string(),
                confirmations: count(one.confirmations),
                required: count(required),
            })
            .collect(),
    }
}
