//! `POST /v1/sandbox/payment-links/{paymentLinkId}/choose`: be the payer who chooses what to pay with.

use crate::kit::prelude::*;
use crate::payment_links::{self, PaymentLinkId};

/// What a payer chooses.
struct Choose {
    currency: Listed<Currency>,
    network: String,
}

impl Request for Choose {
    const NAME: &'static str = "PaymentLinkChoice";
    const ABOUT: &'static str = "What the payer chooses to pay with.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "What is paid: a crypto currency of `GET /v1/order/rates`.";
        let currency = fields.required("currency").about(about).listed_currency();
        let about = "A network of the currency, in any letter case.";
        let network = fields.required("network").about(about).lowercase();
        Some(Self { currency: currency?, network: network? })
    }
}

/// What is to be paid.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLinkChosen {
    /// The order that was made for what is missing.
    order_id: Uuid,
    /// Where it is paid.
    wallet_address: String,
    /// What must be paid, in whole units of the currency.
    #[schema(value_type = ExactNumber, example = 412.607142)]
    amount: ExactNumber,
    /// In what.
    #[schema(example = "usdc")]
    currency: String,
    /// On which network.
    #[schema(example = "polygon")]
    network: String,
    /// EUR for one unit of the currency, a decimal string.
    #[schema(example = "0.84")]
    rate: String,
    /// Until when it can be paid at this rate.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// The call.
pub fn endpoint() -> Endpoint {
    Endpoint {
        id: "choosePaymentOfLink",
        summary: "Choose what to pay a link with",
        description: "Does what the payer does on the page of a payment link or checkout: chooses a currency and a \
                      network. The rate is that of now, for 15 minutes. Pay with `POST /v1/sandbox/chain/deposit`. The \
                      same choice again answers the same, as long as nothing was paid and it has not expired.",
        example: r#"{"currency":"usdc","network":"polygon"}"#,
        answer: r#"{"orderId":"$order","walletAddress":"0xBEda65d265b3f718D66dC516eC99Fd4CdCDBBe17",
            "amount":412.607142,"currency":"usdc","network":"polygon","rate":"0.84",
            "expiresAt":"2026-01-31T09:45:00.000Z"}"#,
        refusals: &[&P410, &P444, &P450, &P457, &P476],
        ..post("/v1/sandbox/payment-links/{paymentLinkId}/choose", choose_payment_of_link)
    }
}

async fn choose_payment_of_link(
    context: SandboxContext,
    Path(id): Path<PaymentLinkId>,
    call: Call<Choose>,
) -> Result<Created<PaymentLinkChosen>, Failure> {
    let Call { request: Choose { currency, network }, keyed } = call;
    // What can be no id is kept under none, so it is found as little as an unknown one.
    let link = id.key(&context.app).unwrap_or_default();
    let touches = payment_links::touches_of_choice(&context.app, link);
    context
        .run(keyed, touches, async move |work| {
            let currency = currency.known()?;
            let order = payment_links::choose(work, link, (currency, &network)).await?;
            let missing = || StoreError::unexpected("an order of a link without an address");
            Ok(PaymentLinkChosen {
                order_id: order.id,
                wallet_address: order.address.ok_or_else(missing)?,
                amount: ExactNumber::new(order.required, currency.decimals),
                currency: order.currency.to_string(),
                network: order.network,
                rate: order.rate.to_string(),
                expires_at: order.expires_at.ok_or_else(missing)?.to_string(),
            })
        })
        .await
}
