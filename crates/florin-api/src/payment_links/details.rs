//! `GET /v1/payment-link/details/{paymentLinkId}`, and the payload of a link's event.

use super::link::{PaymentLink, PaymentLinkStatus, PaymentLinkType};
use super::said::{PaymentLinkId, Said};
use crate::crypto::{Cursor, Net};
use crate::kit::book::sealed;
use crate::kit::endpoint::family::Rendered;
use crate::kit::prelude::*;
use crate::orders::{self, Order, OrderDetails, OrderPaymentStatus, Paid};
use florin_store::{Holder, Scope, StoredEvent};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};

/// A payment of a link.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLinkTransaction {
    /// The id of the transaction, as its chain writes it.
    pub transaction_hash: String,
    /// What was paid, in `currency`.
    #[schema(value_type = ExactNumber, example = 412.607142)]
    pub amount: ExactNumber,
    /// What it was paid in.
    #[schema(example = "usdc")]
    pub currency: String,
    /// On which network.
    #[schema(example = "polygon")]
    pub network: String,
    /// How many blocks confirm it, the one that has it included.
    pub confirmations: u64,
    /// Where it stands.
    pub status: OrderPaymentStatus,
    /// What was settled for it, in EUR; 0 while it is `PENDING`.
    #[schema(value_type = ExactNumber, example = 346.59)]
    pub settled_amount: ExactNumber,
    /// Whether it came too late for the rate that the payer was shown: then it was settled at the rate of its moment.
    pub is_late: bool,
}

/// A payment link.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLinkDetails {
    /// Its id.
    payment_link_id: String,
    /// What it is.
    r#type: PaymentLinkType,
    /// Where it stands.
    status: PaymentLinkStatus,
    /// What is to be paid, in EUR.
    #[schema(value_type = ExactNumber, example = 346.59)]
    amount: ExactNumber,
    /// Always `eur`.
    #[schema(example = "eur")]
    currency: String,
    /// What was paid and confirmed of `selectedCurrency`; 0 while nothing is chosen.
    #[schema(value_type = ExactNumber, example = 412.607142)]
    received_amount: ExactNumber,
    /// What was settled to your master balance so far, in EUR, whatever it was paid in.
    #[schema(value_type = ExactNumber, example = 346.59)]
    settled_amount: ExactNumber,
    /// What the payer has chosen to pay with; null while nothing is chosen.
    #[schema(required, example = "usdc")]
    selected_currency: Option<String>,
    /// On which network; null while nothing is chosen.
    #[schema(required, example = "polygon")]
    network: Option<String>,
    /// Where it is paid; null while nothing is chosen.
    #[schema(required)]
    wallet_address: Option<String>,
    /// The page that the payer's browser opens.
    url: String,
    /// Until when the payer can choose.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Your own id of the order, if you gave one.
    #[schema(required)]
    external_order_id: Option<String>,
    /// The payments that a block has, oldest first.
    transactions: Vec<PaymentLinkTransaction>,
    /// What you gave as `metadata`.
    metadata: BTreeMap<String, String>,
}

/// A paid link, as text.
pub const EXAMPLE: &str = concat!(
    r#"{"paymentLinkId":"7f3a9c0e5b2d48616e1c0f4a8d7b2e95","type":"LINK","status":"PAID","amount":346.59,"#,
    r#""currency":"eur","receivedAmount":412.607142,"settledAmount":346.59,"selectedCurrency":"usdc","#,
    r#""network":"polygon","walletAddress":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17","#,
    r#""url":"https://bank.example/pay/7f3a9c0e5b2d48616e1c0f4a8d7b2e95","#,
    r#""expiresAt":"2026-02-01T09:30:00.000Z","createdAt":"2026-01-31T09:30:00.000Z","#,
    r#""externalOrderId":"order-1001","transactions":[{"#,
    r#""transactionHash":"0x8f3c2a1b5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708","#,
    r#""amount":412.607142,"currency":"usdc","network":"polygon","confirmations":32,"status":"CONFIRMED","#,
    r#""settledAmount":346.59,"isLate":false}],"metadata":{"cart":"7"}}"#,
);

const ANSWER: &str = concat!(
    r#"{"paymentLinkId":"$paymentLink","type":"LINK","status":"ACTIVE","amount":346.59,"#,
    r#""currency":"eur","receivedAmount":0,"settledAmount":0,"selectedCurrency":null,"network":null,"#,
    r#""walletAddress":null,"url":"https://bank.example/pay/$paymentLink","#,
    r#""expiresAt":"2026-02-01T09:30:00.000Z","createdAt":"2026-01-31T09:30:00.000Z","#,
    r#""externalOrderId":"order-1001","transactions":[],"metadata":{"cart":"7"}}"#,
);

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "getPaymentLink",
        summary: "Get a payment link",
        description: "One payment link or checkout. Amounts are numbers: `receivedAmount` is in `selectedCurrency`, \
                      the others are in EUR.",
        answer: ANSWER,
        refusals: &[&P444],
        ..get("/v1/payment-link/details/{paymentLinkId}", get_payment_link)
    }
}

async fn get_payment_link(
    context: Context,
    Path(id): Path<PaymentLinkId>,
) -> Result<Success<PaymentLinkDetails>, Failure> {
    let app = &context.app;
    let id = id.key(app).ok_or_else(|| Refusal::of(&P444))?;
    let mut snapshot = context.snapshot().await?;
    let now = snapshot.book_row().now(app.wall());
    let view = View::find(app, &mut snapshot, id).await?.ok_or_else(|| Refusal::of(&P444))?;
    Success::of(&view.details(app, now)?)
}

/// A link with all that is known of it.
pub struct View {
    /// The link.
    pub link: PaymentLink,
    /// What its partner said.
    pub said: Said,
    /// Its orders, the oldest first.
    pub orders: Vec<Order>,
    /// What paid each of them.
    pub paid: Vec<Vec<Paid>>,
    /// How far its networks are followed. A network without one: a payment has as many confirmations as its state says.
    pub cursors: HashMap<String, Cursor>,
}

impl View {
    /// Reads a link outside of a command.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn find(app: &App, scope: &mut Scope, link: Uuid) -> Result<Option<Self>, StoreError> {
        let Some(link) = scope.objects_at::<PaymentLink>(&[link]).await?.pop() else { return Ok(None) };
        let partner = scope.book().partner();
        let partner = scope.holders(&[partner]).await?.pop();
        let mut view = Self::of(app, scope, partner.as_ref(), link).await?;
        for order in &view.orders {
            let Some(net) = Net::of(&order.network) else { continue };
            if !view.cursors.contains_key(net.slug)
                && let Some(cursor) = Cursor::find(app, scope, net).await?
            {
                view.cursors.insert(net.slug.to_owned(), cursor);
            }
        }
        Ok(Some(view))
    }

    /// Reads the rest of a link.
    ///
    /// # Errors
    /// When the database is away, or the partner's key is not the one.
    pub async fn of(
        app: &App,
        scope: &mut Scope,
        partner: Option<&Holder>,
        link: PaymentLink,
    ) -> Result<Self, StoreError> {
        let said = Said::open(app, partner, &link)?;
        let orders = orders::orders_of_link(scope, link.id).await?;
        let mut paid = Vec::with_capacity(orders.len());
        for order in &orders {
            paid.push(orders::paid(scope, order.id).await?);
        }
        Ok(Self { link, said, orders, paid, cursors: HashMap::new() })
    }

    /// The details of its orders.
    ///
    /// # Errors
    /// An order in a currency that is not served any more.
    pub fn order_details(&self, app: &App) -> Result<Vec<OrderDetails>, StoreError> {
        let details = |(order, paid): (&Order, &Vec<Paid>)| {
            orders::order_details(app, order, paid, self.cursors.get(&order.network))
        };
        self.orders.iter().zip(&self.paid).map(details).collect()
    }

    /// Where it stands.
    pub fn status_at(&self, now: Timestamp) -> PaymentLinkStatus {
        self.link.status_at(&self.orders, now)
    }

    /// What was settled, in cents.
    pub fn settled(&self) -> i64 {
        self.orders.iter().map(|order| order.settled).sum()
    }

    /// What a partner is shown.
    ///
    /// # Errors
    /// As for [`Self::order_details`].
    pub fn details(&self, app: &App, now: Timestamp) -> Result<PaymentLinkDetails, StoreError> {
        let eur = |cents| ExactNumber::new(cents, 2);
        let Self { link, said, orders, .. } = self;
        let shown = link.shown_order(orders, now);
        let of_currency =
            orders.iter().filter(|order| shown.is_some_and(|shown| shown.currency == order.currency));
        let received = of_currency.map(|order| order.received).sum();
        let decimals =
            shown.and_then(|order| app.currencies.get(order.currency)).map_or(0, |known| known.decimals);
        Ok(PaymentLinkDetails {
            payment_link_id: said.id.clone(),
            r#type: link.kind,
            status: self.status_at(now),
            amount: eur(link.amount),
            currency: "eur".to_owned(),
            received_amount: ExactNumber::new(received, decimals),
            settled_amount: eur(self.settled()),
            selected_currency: shown.map(|order| order.currency.to_string()),
            network: shown.map(|order| order.network.clone()),
            wallet_address: shown.and_then(|order| order.address.clone()),
            url: said.url(app),
            expires_at: link.expires_at.to_string(),
            created_at: link.created_at.to_string(),
            external_order_id: said.external_order_id.clone(),
            transactions: self.transactions(app)?,
            metadata: said.metadata.clone(),
        })
    }

    /// Its payments, oldest first.
    ///
    /// # Errors
    /// As for [`Self::order_details`].
    pub fn transactions(&self, app: &App) -> Result<Vec<PaymentLinkTransaction>, StoreError> {
        let mut all = Vec::new();
        for (details, (order, paid)) in
            self.order_details(app)?.into_iter().zip(self.orders.iter().zip(&self.paid))
        {
            for (one, paid) in details.transactions.into_iter().zip(paid) {
                let transaction = PaymentLinkTransaction {
                    transaction_hash: one.transaction_hash,
                    amount: one.amount,
                    currency: order.currency.to_string(),
                    network: order.network.clone(),
                    confirmations: one.confirmations,
                    status: one.status,
                    settled_amount: one.settled_amount,
                    is_late: one.is_late,
                };
                all.push(((paid.deposit.created_at, paid.deposit.id), transaction));
            }
        }
        all.sort_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, transaction)| transaction).collect())
    }
}

/// The payloads of links' events: an event keeps its own under the partner's key, for it says how the link stood then.
pub async fn render(app: &App, scope: &mut Scope, events: &[&StoredEvent]) -> Rendered {
    let partner = scope.book().partner();
    let partner = scope.holders(&[partner]).await?.pop();
    let render = |event: &&StoredEvent| {
        let payload = sealed::open::<Box<RawValue>>(&app.seals, partner.as_ref(), Some(&event.data))?;
        payload.ok_or_else(|| StoreError::unexpected("the partner's key, by which an event is kept, is gone"))
    };
    Ok(events.iter().map(render).collect())
}
