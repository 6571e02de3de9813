//! `POST /v1/payment-link` and `POST /v1/payment-link/checkout`.

use super::details::View;
use super::link::{PaymentLink, PaymentLinkStatus, PaymentLinkType};
use super::look::{look_at_end, told};
use super::said::{Said, draw_id, key_of};
use crate::kit::book::sealed;
use crate::kit::prelude::*;
use crate::kit::request::json::Json;
use crate::kit::request::page_url::PageUrl;
use florin_types::Email;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// How long a payer can choose by default: a day, for who gets a link by mail reads it by tomorrow.
const DEFAULT_SECONDS: i64 = 24 * 60 * 60;

/// The least: what it takes to open a page and choose.
const LEAST_SECONDS: i64 = 60;

/// The most: the term of payment of an invoice, with a reminder.
const MOST_SECONDS: i64 = 60 * 24 * 60 * 60;

/// Characters of a description: two lines of a page.
const MAX_DESCRIPTION: usize = 250;

/// Characters of a partner's own id.
const MAX_EXTERNAL_ID: usize = 64;

/// Entries of `metadata`, and characters of a name and a value: what payment services usually take.
const MAX_ENTRIES: usize = 20;
const MAX_NAME: usize = 40;
const MAX_VALUE: usize = 200;

/// Bytes of `metadata` as JSON: it is in each event of the link.
const MAX_METADATA: usize = 4 * 1024;

/// A link to be made.
#[derive(Clone)]
struct LinkRequest {
    amount: Amount,
    description: Option<Text<MAX_DESCRIPTION>>,
    external_order_id: Option<Text<MAX_EXTERNAL_ID>>,
    payer_email: Option<Email>,
    seconds: u64,
    success_url: Option<PageUrl>,
    failure_url: Option<PageUrl>,
    metadata: BTreeMap<String, String>,
}

impl Request for LinkRequest {
    const NAME: &'static str = "PaymentLinkRequest";
    const ABOUT: &'static str = "What is to be paid.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let eur = fields.currencies().get(CurrencyCode::new("eur"));
        let amount = fields.required("amount").about("What you get, in euros.").amount(eur);
        let currency = fields.optional("currency").about("Always `eur`, also if omitted.").currency();
        if currency.is_some() && currency != eur {
            fields.fail("currency must be eur");
        }
        let description = fields.optional("description").about("What the payer reads: what is paid for.");
        let description = description.example("Two tickets").text();
        let about = "Your own id of what is paid. It need not be unique.";
        let external_order_id = fields.optional("externalOrderId").about(about).example("order-1001").text();
        let payer_email =
            fields.optional("payerEmail").about("The payer's address. Nothing is sent there.").text();
        let about = "How long the payer can choose what to pay with. A day if omitted.";
        let seconds = fields
            .optional("expiresInSeconds")
            .about(about)
            .integer_or(LEAST_SECONDS..=MOST_SECONDS, DEFAULT_SECONDS);
        let about = "Where the payer's page leads once all is paid; `https` only.";
        let success_url = fields.optional("successUrl").about(about).text();
        let about = "Where it leads if the link has expired or is cancelled; `https` only.";
        let failure_url = fields.optional("failureUrl").about(about).text();
        let metadata = metadata(fields);
        Some(Self {
            amount: amount?,
            description,
            external_order_id,
            payer_email,
            seconds: seconds.unsigned_abs(),
            success_url,
            failure_url,
            metadata: metadata?,
        })
    }
}

/// An object of texts.
fn metadata(fields: &mut Fields<'_>) -> Option<BTreeMap<String, String>> {
    let is_given = fields.is_given("metadata");
    let about = "Texts by name, which details and events repeat: 20 at most, names of 40 characters and values of 200.";
    let Some(json) = fields.optional("metadata").about(about).json(MAX_METADATA) else {
        return (!is_given).then(BTreeMap::new);
    };
    let Json::Object(entries) = json else {
        fields.fail("metadata must be an object");
        return None;
    };
    let entry = |(name, value): &(std::borrow::Cow<'_, str>, Json<'_>)| match value {
        Json::String(text)
            if (1..=MAX_NAME).contains(&name.chars().count()) && text.chars().count() <= MAX_VALUE =>
        {
            Some((name.to_string(), text.to_string()))
        }
        _ => None,
    };
    match entries.iter().map(entry).collect::<Option<_>>().filter(|_| entries.len() <= MAX_ENTRIES) {
        Some(metadata) => Some(metadata),
        None => {
            fields.fail(format!(
                "metadata can have at most {MAX_ENTRIES} names of 1 to {MAX_NAME} characters, each with a text of at \
                 most {MAX_VALUE}"
            ));
            None
        }
    }
}

/// A link that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLinkMade {
    /// Id of the link. It is a secret: whoever knows it can open the page.
    #[schema(example = "7f3a9c0e5b2d48616e1c0f4a8d7b2e95")]
    payment_link_id: String,
    /// The page that the payer's browser opens.
    url: String,
    /// Until when the payer can choose what to pay with.
    #[schema(format = DateTime)]
    expires_at: String,
}

const EXAMPLE: &str = r#"{"amount":"346.59","currency":"eur","description":"Two tickets","externalOrderId":"order-1001",
    "payerEmail":"ada@example.com","expiresInSeconds":86400,"successUrl":"https://partner.example/paid",
    "failureUrl":"https://partner.example/not-paid","metadata":{"cart":"7"}}"#;

const ANSWER: &str = r#"{"paymentLinkId":"$paymentLink","url":"https://bank.example/pay/$paymentLink",
    "expiresAt":"2026-02-01T09:30:00.000Z"}"#;

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "createPaymentLink",
            summary: "Create a payment link",
            description: "Makes a link that you give to somebody who shall pay. Whoever opens `url` chooses a currency \
                          and a network, and has 15 minutes to pay at the rate of that moment.\n\n\
                          Each payment is settled to your master balance once it is confirmed, whatever the status of \
                          the link: too little, too much, too late, and after you have cancelled it.",
            example: EXAMPLE,
            answer: ANSWER,
            ..post("/v1/payment-link", create_payment_link)
        },
        Endpoint {
            id: "createCheckout",
            summary: "Create a hosted checkout",
            description: "The same with your branding, for who comes from your shop.",
            example: EXAMPLE,
            answer: ANSWER,
            ..post("/v1/payment-link/checkout", create_checkout)
        },
    ]
}

async fn create_payment_link(
    context: Context,
    call: Call<LinkRequest>,
) -> Result<Created<PaymentLinkMade>, Failure> {
    create(context, call, PaymentLinkType::Link).await
}

async fn create_checkout(
    context: Context,
    call: Call<LinkRequest>,
) -> Result<Created<PaymentLinkMade>, Failure> {
    create(context, call, PaymentLinkType::Checkout).await
}

async fn create(
    context: Context,
    call: Call<LinkRequest>,
    kind: PaymentLinkType,
) -> Result<Created<PaymentLinkMade>, Failure> {
    let Call { request, keyed } = call;
    let secret = draw_id(&context.app);
    let key = key_of(&context.app, &secret);
    let id = key.ok_or_else(|| StoreError::unexpected("an id that was drawn is none"))?;
    context
        .run(keyed, vec![Touch::Partner], async move |work| {
            let app = work.app();
            let said = Said {
                id: secret.clone(),
                description: request.description.as_ref().map(|text| text.as_str().to_owned()),
                external_order_id: request.external_order_id.as_ref().map(|text| text.as_str().to_owned()),
                payer_email: request.payer_email.as_ref().map(|text| text.as_str().to_owned()),
                success_url: request.success_url.as_ref().map(|url| url.as_str().to_owned()),
                failure_url: request.failure_url.as_ref().map(|url| url.as_str().to_owned()),
                metadata: request.metadata.clone(),
            };
            let (holder, created_at) = (work.book().partner(), work.now());
            let link = PaymentLink {
                id,
                kind,
                amount: request.amount.minor(),
                status: PaymentLinkStatus::Active,
                told: Uuid::nil(),
                sealed: sealed::seal(work, holder, &said)?,
                created_at,
                expires_at: created_at.saturating_add(Duration::from_secs(request.seconds)),
                cancelled_at: None,
            };
            look_at_end(work, &link);
            // The answer tells this much: the first event is the first change.
            let (orders, paid, cursors) = (Vec::new(), Vec::new(), HashMap::new());
            let view = View { link, said, orders, paid, cursors };
            let told = told(app, &view.details(app, created_at)?)?;
            let link = PaymentLink { told, ..view.link };
            work.put(&link)?;
            Ok(PaymentLinkMade {
                payment_link_id: secret.clone(),
                url: view.said.url(app),
                expires_at: link.expires_at.to_string(),
            })
        })
        .await
}
