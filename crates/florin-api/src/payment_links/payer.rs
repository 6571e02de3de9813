//! What a payer's page needs. No key: the id of the link is the secret, and alone finds it.

use super::branding::Branding;
use super::choose as choosing;
use super::details::{PaymentLinkTransaction, View};
use super::link::{Choice, PaymentLinkStatus, PaymentLinkType};
use super::said::key_of;
use super::store;
use crate::kit::book::command::refusal_in;
use crate::kit::book::work::WorkCommand;
use crate::kit::prelude::*;
use crate::orders::{self, Offer, Order, OrderDetails, OrderStatus};
use crate::rates;
use florin_store::{BookId, Outcome, Snapshot};
use florin_types::Rate;
use http::StatusCode;

/// What a payer is shown of a link.
pub struct PayerView {
    /// The book of its partner.
    pub book: BookId,
    /// What it is: a checkout has its partner's branding.
    pub kind: PaymentLinkType,
    /// Where it stands.
    pub status: PaymentLinkStatus,
    /// What is to be paid, in cents.
    pub amount: i64,
    /// What of it is not covered yet, in cents.
    pub missing: i64,
    /// What was settled, in cents.
    pub settled: i64,
    /// What is paid for.
    pub description: Option<String>,
    /// The partner's own id of the order.
    pub external_order_id: Option<String>,
    /// How the partner wants it to look.
    pub branding: Branding,
    /// The time of the link's book, by which all times here go.
    pub now: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when can be chosen.
    pub expires_at: Timestamp,
    /// Where the page leads once all is paid.
    pub success_url: Option<String>,
    /// Where it leads if it has expired or is cancelled.
    pub failure_url: Option<String>,
    /// Whether the payer can choose now. Then there are offers, if somebody knows the rates.
    pub can_choose: bool,
    /// What can be chosen, at the rates of now.
    pub offers: Vec<Offer>,
    /// Whether something was ever chosen.
    pub has_chosen: bool,
    /// What was chosen.
    pub order: Option<PayerOrder>,
    /// What was paid, oldest first, whatever it was chosen for.
    pub transactions: Vec<PaymentLinkTransaction>,
    /// When the newest of that was seen first.
    pub paid_at: Option<Timestamp>,
}

/// What a payer has chosen.
pub struct PayerOrder {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub status: OrderStatus,
    /// What is paid.
    pub currency: Currency,
    /// On which network.
    pub network: String,
    /// Where.
    pub address: Option<String>,
    /// EUR for one unit.
    pub rate: Rate,
    /// When it was chosen.
    pub created_at: Timestamp,
    /// What must be paid in all, in minor units of the currency.
    pub required: i64,
    /// What was seen of it.
    pub seen: i64,
    /// What was confirmed of that.
    pub received: i64,
    /// What must still be paid.
    pub missing: i64,
    /// Until when it can be paid at its rate.
    pub expires_at: Option<Timestamp>,
    /// How many blocks confirm the newest payment.
    pub confirmations: u64,
    /// How many it needs.
    pub required_confirmations: u64,
}

/// The book and the key of a link.
async fn find(app: &App, id: &str) -> Result<Option<(BookId, Uuid)>, StoreError> {
    let Some(key) = key_of(app, id) else { return Ok(None) };
    Ok(store::book_of(app, key).await?.map(|book| (book, key)))
}

/// The book of a link, whose bell rings when something happens to it.
///
/// # Errors
/// When the database is away.
pub async fn book_of(app: &App, id: &str) -> Result<Option<BookId>, StoreError> {
    Ok(find(app, id).await?.map(|(book, _)| book))
}

/// What the payer is shown who opens a link. None: there is no such link.
///
/// # Errors
/// When the database is away.
pub async fn view(app: &App, id: &str) -> Result<Option<PayerView>, StoreError> {
    let Some((book, key)) = find(app, id).await? else { return Ok(None) };
    let mut snapshot = app.store.snapshot(book).await?;
    let now = snapshot.book_row().now(app.wall());
    // A reset may have closed its book.
    let Some(view) = View::find(app, &mut snapshot, key).await? else { return Ok(None) };
    let branding = snapshot.objects_at::<Branding>(&[Branding::ID]).await?.pop().unwrap_or_default();
    let missing = view.link.missing(&view.orders);
    // Nothing has this name, so it is no choice that was made before.
    let can_choose = matches!(view.link.choose(&view.orders, ("", ""), now), Ok(Choice::New(_)));
    let offers = if can_choose { offers(app, &mut snapshot, missing).await? } else { Vec::new() };
    let shown = view.link.shown_order(&view.orders, now);
    let details = view.order_details(app)?;
    let order =
        view.orders.iter().zip(details).find(|(order, _)| shown.is_some_and(|shown| shown.id == order.id));
    let order = order.map(|(order, details)| payer_order(app, order, &details, now)).transpose()?;
    let transactions = view.transactions(app)?;
    let (status, settled) = (view.status_at(now), view.settled());
    let paid_at = view.paid.iter().flatten().map(|paid| paid.deposit.created_at).max();
    let View { link, said, orders, .. } = view;
    Ok(Some(PayerView {
        book,
        external_order_id: said.external_order_id,
        has_chosen: !orders.is_empty(),
        paid_at,
        kind: link.kind,
        status,
        amount: link.amount,
        missing,
        settled,
        description: said.description,
        branding,
        now,
        created_at: link.created_at,
        expires_at: link.expires_at,
        success_url: said.success_url,
        failure_url: said.failure_url,
        can_choose,
        offers,
        order,
        transactions,
    }))
}

/// What can be chosen; nothing while nobody knows the rates.
async fn offers(app: &App, snapshot: &mut Snapshot, missing: i64) -> Result<Vec<Offer>, StoreError> {
    let Some(missing) = Amount::new(missing) else { return Ok(Vec::new()) };
    match rates::in_snapshot(app, snapshot).await {
        Ok(rates) => Ok(orders::offers(app, &rates, missing)),
        Err(StoreError::Unavailable(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn payer_order(
    app: &App,
    order: &Order,
    details: &OrderDetails,
    now: Timestamp,
) -> Result<PayerOrder, StoreError> {
    let currency = app.currencies.get(order.currency);
    Ok(PayerOrder {
        id: order.id,
        status: order.state_at(now),
        currency: currency.ok_or_else(|| StoreError::unexpected("an order in an unknown currency"))?,
        network: order.network.clone(),
        address: order.address.clone(),
        rate: order.rate,
        created_at: order.created_at,
        required: order.required,
        seen: order.seen,
        received: order.received,
        missing: (order.required - order.seen.max(order.received)).max(0),
        expires_at: order.expires_at,
        confirmations: details.confirmations,
        required_confirmations: details.required_confirmations,
    })
}

/// The payer who opened a link chooses a currency and a network, in any letter case; what is shown then.
///
/// # Errors
/// P444: there is no such link; P476: it waits for no choice; P410, P450 or P457 of the currency and the network; or a
/// fault.
pub async fn choose(app: &App, id: &str, currency: &str, network: &str) -> Result<PayerView, Failure> {
    let Some((book, key)) = find(app, id).await? else { return Err(Refusal::of(&P444).into()) };
    let currency = app.currencies.parse(currency).ok_or_else(|| Refusal::naming(&P410, currency))?;
    let network = network.to_lowercase();
    let command = async move |work: &mut Work<'_>| {
        choosing::choose(work, key, (currency, &network)).await?;
        Ok(())
    };
    let command = WorkCommand::new(app, StatusCode::NO_CONTENT, command);
    match app.store.door().run(book, None, choosing::touches(app, key), command).await? {
        Outcome::Answered(answer) => match refusal_in(answer.status, &answer.body) {
            Some(refusal) => Err(refusal.into()),
            None => view(app, id).await?.ok_or_else(|| Refusal::of(&P444).into()),
        },
        _ => Err(StoreError::unexpected("a command without a key was no new one").into()),
    }
}
