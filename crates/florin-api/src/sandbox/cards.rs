//! `POST /v1/sandbox/cards/{cardId}/…`: be the merchant and the card network.

use crate::card_decisions::{Pending, consult, touches_of_unasked};
use crate::cards::{
    self, Authorisation, AuthorisationTarget, CardChannel, CardEntry, CardId, CardMessage,
    CardTransactionType, Consulted, DeclineReason, Follow, Impossible, Merchant, MerchantCurrency, Presents,
    Purchase,
};
use crate::kit::book::command::Begun;
use crate::kit::book::terms::Terms;
use crate::kit::prelude::*;
use crate::kit::request::types::{FieldType, text_schema, words};
use florin_store::BookId;
use florin_types::{Decimal, format_minor};
use std::sync::Arc;
use utoipa::openapi::schema::ObjectBuilder;
use zeroize::Zeroizing;

/// Longest name of a merchant: what a receipt of the networks holds is 22 to 40 characters; it is cut by nobody here.
pub(super) const MAX_MERCHANT: usize = 64;

/// Longest id of a network's message.
const MAX_MESSAGE_ID: usize = 64;

/// What a merchant sells, by ISO 18245.
#[derive(Clone, Debug)]
struct Mcc(String);

impl FieldType for Mcc {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        let is_code = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(text.to_owned())).ok_or("must be 4 digits")
    }

    fn canonical(&self) -> String {
        self.0.clone()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^[0-9]{4}$")).examples(["5942"])
    }
}

/// Digits that are presented with a card: a CVV or a PIN.
struct Digits(Zeroizing<String>);

impl FieldType for Digits {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        let is_right = (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_right.then(|| Self(Zeroizing::new(text.to_owned()))).ok_or("must be 3 or 4 digits")
    }

    fn canonical(&self) -> String {
        self.0.to_string()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^[0-9]{3,4}$")).examples(["123"])
    }
}

/// The expiry date that is presented with a card.
struct Expiry(String);

impl FieldType for Expiry {
    type Error = &'static str;

    fn parse(text: &str) -> Result<Self, Self::Error> {
        let [a, b, b'/', c, d] = text.as_bytes() else { return Err("must be MM/YY") };
        let is_right = [a, b, c, d].iter().all(|byte| byte.is_ascii_digit());
        is_right.then(|| Self(text.to_owned())).ok_or("must be MM/YY")
    }

    fn canonical(&self) -> String {
        self.0.clone()
    }

    fn schema() -> ObjectBuilder {
        text_schema().pattern(Some("^[0-9]{2}/[0-9]{2}$")).examples(["01/29"])
    }
}

/// What a merchant says of itself.
#[derive(Clone)]
struct Payee {
    currency: MerchantCurrency,
    merchant: Merchant,
    channel: CardChannel,
}

impl Payee {
    /// Reads it; none where the call is about a transaction that is there.
    fn read(fields: &mut Fields<'_>, is_needed: bool) -> Option<Self> {
        let currency =
            fields.field("currency", is_needed).about("The merchant's currency, such as `eur`.").text();
        let name = fields.field("merchantName", is_needed).about("The merchant's name.");
        let name = name.example("Bookshop").text::<Text<MAX_MERCHANT>>();
        let mcc = fields
            .field("mcc", is_needed)
            .about("What the merchant sells: a code of ISO 18245.")
            .text::<Mcc>();
        let channel = fields.field("channel", is_needed).about("How the card is used.").text();
        let country = fields.optional("country").about("The merchant's country.").text::<Country>();
        let merchant = Merchant {
            name: name?.as_str().to_owned(),
            mcc: mcc?.0,
            country: country.map(|country| country.as_str().to_owned()),
        };
        Some(Self { currency: currency?, merchant, channel: channel? })
    }

    fn purchase(self, amount: &Decimal) -> Result<Purchase, Refusal> {
        let amount = minor(amount, self.currency)?;
        Ok(Purchase { amount, currency: self.currency, merchant: self.merchant, channel: self.channel })
    }
}

/// A decimal as an amount of a currency.
pub(super) fn minor(amount: &Decimal, currency: MerchantCurrency) -> Result<i64, Refusal> {
    let amount = Amount::from_decimal(amount, currency.currency());
    amount.map(Amount::minor).map_err(|error| Refusal::invalid(format!("amount {error}")))
}

const ABOUT_MESSAGE: &str = "The network's own id of this message: the same id again is answered as it was, and has no \
                             further effect. If omitted, each call is a message of its own.";

fn read_message_id(fields: &mut Fields<'_>) -> Option<String> {
    let id = fields.optional("messageId").about(ABOUT_MESSAGE).example("m-1").text::<Text<MAX_MESSAGE_ID>>();
    id.map(|id| id.as_str().to_owned())
}

/// An authorisation.
struct Authorize {
    transaction: Option<Uuid>,
    amount: Decimal,
    payee: Option<Payee>,
    takes_part: bool,
    challenge: Option<Uuid>,
    presents: Presents,
    message: Option<String>,
}

impl Request for Authorize {
    const NAME: &'static str = "CardAuthorizationRequest";
    const ABOUT: &'static str = "What a merchant asks: may this be paid by the card?";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "A transaction that is approved: the merchant asks for this much more, in its currency. Then only \
                     `amount` is needed.";
        let transaction = fields.optional("transactionId").about(about).text();
        let amount = fields.required("amount").about("How much, in the merchant's currency.").decimal();
        let is_needed = transaction.is_none() && !fields.is_given("transactionId");
        let payee = Payee::read(fields, is_needed);
        let about = "Whether the merchant takes a part where the balance is too small.";
        let takes_part = fields.optional("partialApproval").about(about).boolean().unwrap_or_default();
        let about = "The challenge of `…/3ds` that was passed for this payment.";
        let challenge = fields.optional("challengeId").about(about).text();
        let cvv =
            fields.optional("cvv").about("The CVV that is presented, to be checked.").secret_text::<Digits>();
        let expiry = fields
            .optional("exp")
            .about("The expiry date that is presented, to be checked.")
            .text::<Expiry>();
        let pin = fields
            .optional("pin")
            .about("The PIN that is presented, to be checked. A cash machine needs one.")
            .secret_text::<Digits>();
        let message = read_message_id(fields);
        if is_needed && payee.is_none() {
            return None;
        }
        let presents = Presents {
            cvv: cvv.map(|cvv| cvv.0),
            expiry: expiry.map(|expiry| expiry.0),
            pin: pin.map(|pin| pin.0),
        };
        Some(Self { transaction, amount: amount?, payee, takes_part, challenge, presents, message })
    }
}

/// What happens to a transaction, or without one.
struct Step<const KIND: u8> {
    transaction: Option<Uuid>,
    amount: Option<Decimal>,
    payee: Option<Payee>,
    is_last: bool,
    message: Option<String>,
}

const CLEAR: u8 = 0;
const REFUND: u8 = 1;
const REVERSE: u8 = 2;
const CHARGE_BACK: u8 = 3;
const REPRESENT: u8 = 4;

impl<const KIND: u8> Request for Step<KIND> {
    const NAME: &'static str = match KIND {
        CLEAR => "CardClearingRequest",
        REFUND => "CardRefundRequest",
        REVERSE => "CardReversalRequest",
        CHARGE_BACK => "CardChargebackRequest",
        _ => "CardRepresentmentRequest",
    };
    const ABOUT: &'static str = match KIND {
        CLEAR => "A merchant takes money.",
        REFUND => "A merchant gives money back.",
        REVERSE => "A merchant lets what is on hold go.",
        CHARGE_BACK => "The payer disputes a payment.",
        _ => "A merchant disputes a chargeback.",
    };

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let can_be_without = KIND == CLEAR || KIND == REFUND;
        let about = match KIND {
            CLEAR => "The transaction. If omitted, the merchant takes money that was never authorised.",
            REFUND => "The transaction. If omitted, the money belongs to no purchase of the card.",
            _ => "The transaction.",
        };
        let transaction = fields.field("transactionId", !can_be_without).about(about).text();
        let is_without = can_be_without && transaction.is_none() && !fields.is_given("transactionId");
        let about = match KIND {
            CLEAR => {
                "How much, in the merchant's currency: less than is on hold, or more. All that is on hold if omitted."
            }
            REFUND | CHARGE_BACK => {
                "How much, in the merchant's currency. All that is paid and not back if omitted."
            }
            REVERSE => "How much, in the merchant's currency. All that is on hold if omitted.",
            _ => "How much, in the merchant's currency. All that is charged back if omitted.",
        };
        let amount = fields.field("amount", is_without).about(about).decimal();
        let payee = if can_be_without { Payee::read(fields, is_without) } else { None };
        let is_last = match KIND {
            CLEAR => {
                let about =
                    "Whether it is the merchant's last clearing: then the rest of the hold is let go.";
                fields.optional("final").about(about).boolean().unwrap_or_default()
            }
            _ => false,
        };
        let message = read_message_id(fields);
        if (is_without && (payee.is_none() || amount.is_none())) || (!can_be_without && transaction.is_none())
        {
            return None;
        }
        Some(Self { transaction, amount, payee, is_last, message })
    }
}

words! {
    /// Whether an authorisation was approved.
    pub enum CardAuthorizationStatus {
        /// It was: `approvedAmount` is on hold.
        Approved = "APPROVED",
        /// It was not.
        Declined = "DECLINED",
    }
}

/// What an authorisation was answered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardAuthorization {
    /// Id of the transaction.
    transaction_id: Uuid,
    /// Whether it was approved.
    status: CardAuthorizationStatus,
    /// How much is approved, in the merchant's currency: a decimal string.
    #[schema(example = "12.50")]
    approved_amount: String,
    /// Why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<DeclineReason>,
}

/// A step of a card transaction.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardTransactionMade {
    /// Id of the transaction.
    transaction_id: Uuid,
}

/// The calls.
pub fn endpoints() -> Vec<Endpoint> {
    let step = |id, summary, endpoint: Endpoint| Endpoint {
        id,
        summary,
        example: r#"{"transactionId":"$purchase"}"#,
        answer: r#"{"transactionId":"$purchase"}"#,
        refusals: &[&P434, &P474],
        ..endpoint
    };
    vec![
        Endpoint {
            id: "authorizeCard",
            summary: "Ask for an authorisation",
            description: "A merchant asks whether something may be paid by the card. It is decided as an authorisation \
                          of the network: by the card's and the user's status, by what is presented, by 3-D Secure, \
                          by merchant and country, by limits and by the balance. What is approved is on hold for \
                          seven days; the merchant clears a day later by itself, unless you do something else first. \
                          A cash machine needs a `pin`. A decline is a 201 too: `declineReason` says why.",
            example: r#"{"amount":"12.50","currency":"eur","merchantName":"Bookshop","mcc":"5942",
                "channel":"ECOM","country":"DE"}"#,
            answer: r#"{"transactionId":"$purchase","status":"APPROVED","approvedAmount":"12.50"}"#,
            refusals: &[&P434, &P474],
            ..post("/v1/sandbox/cards/{cardId}/authorize", authorize_card)
        },
        Endpoint {
            description: "The merchant takes what is on hold, a part of it, or more than that; also after the hold has \
                          ended, and without an authorisation. Nobody can refuse it: what the balance lacks, the \
                          user owes.",
            ..step(
                "clearCard",
                "Clear a card transaction",
                post("/v1/sandbox/cards/{cardId}/clear", step_card::<CLEAR>),
            )
        },
        Endpoint {
            description: "The merchant lets what is on hold go, or a part of it.",
            ..step(
                "reverseCard",
                "Reverse a card transaction",
                post("/v1/sandbox/cards/{cardId}/reverse", step_card::<REVERSE>),
            )
        },
        Endpoint {
            description: "The merchant gives money back: of a transaction that was cleared, up to what was paid, or \
                          without a purchase.",
            ..step(
                "refundCard",
                "Refund a card transaction",
                post("/v1/sandbox/cards/{cardId}/refund", step_card::<REFUND>),
            )
        },
        Endpoint {
            description: "The payer disputes a payment, and has the money back.",
            ..step(
                "chargeBackCard",
                "Charge a card transaction back",
                post("/v1/sandbox/cards/{cardId}/chargeback", step_card::<CHARGE_BACK>),
            )
        },
        Endpoint {
            description: "The merchant disputes a chargeback, and has the money again. Nobody can refuse it: what the \
                          balance lacks, the user owes.",
            ..step(
                "representCard",
                "Represent a card transaction",
                post("/v1/sandbox/cards/{cardId}/represent", step_card::<REPRESENT>),
            )
        },
    ]
}

/// The id by which a message is known. Each book has a network of its own.
fn message_id(book: BookId, id: Option<&str>) -> Option<String> {
    id.map(|id| format!("sandbox/{}/{id}", book.0))
}

/// Applies a message. A step that cannot follow is P403, with the reason.
async fn hear(
    work: &mut Work<'_>,
    terms: &Terms,
    id: Option<&str>,
    message: &CardMessage,
) -> Result<CardEntry, Stop> {
    let id = message_id(work.book(), id);
    let heard = cards::hear(work, terms, id.as_deref(), message).await?;
    heard.map_err(|Impossible(why)| Refusal::invalid(why.into_owned()).into())
}

pub(super) fn known(card: &CardId) -> Result<Uuid, Refusal> {
    card.id().ok_or_else(|| Refusal::of(&P434))
}

async fn authorize_card(
    context: SandboxContext,
    Path(card): Path<CardId>,
    call: Call<Authorize>,
) -> Result<Created<CardAuthorization>, Failure> {
    let Call { request, keyed } = call;
    let card = known(&card)?;
    let terms = Arc::clone(&context.terms);
    let key = match context.begin(keyed).await? {
        Begun::Now(key) => key,
        Begun::Before(answer) => return Ok(answer),
    };
    let unasked = match request.transaction {
        None => touches_of_unasked(&context.app, context.partner.book, card).await?,
        Some(_) => None,
    };
    let (mut touches, partner, pending) = match unasked {
        Some(touches) => (touches, Some(Consulted::default()), Pending::default()),
        None => ask_partner(&context, card, &request).await?,
    };
    touches.extend(touches_of_message(&context, request.message.as_deref()));
    let answer = context
        .run_begun(key, touches, async move |work| {
            let currency = cards::require_card(work, card, request.transaction).await?;
            let (asked, decimals) = request.asked(card, currency)?;
            // A transaction that was not there a moment ago, for example because the partner is being asked about it:
            // nothing is added to it past the partner.
            let partner = partner.clone().ok_or_else(|| Refusal::of(&P474))?;
            let asked = Authorisation { partner, ..asked };
            let message = CardMessage::Authorise(Box::new(asked));
            let entry = hear(work, &terms, request.message.as_deref(), &message).await?;
            let is_declined = entry.details.kind == CardTransactionType::Decline;
            let approved = if is_declined { 0 } else { entry.details.minor };
            Ok(CardAuthorization {
                transaction_id: entry.payment,
                status: match is_declined {
                    true => CardAuthorizationStatus::Declined,
                    false => CardAuthorizationStatus::Approved,
                },
                approved_amount: format_minor(approved, decimals),
                decline_reason: entry.details.decline,
            })
        })
        .await;
    pending.follow();
    answer
}

/// Asks the partner, where it is to be asked: with what the command must touch, and what the partner says. None: there
/// was nothing to ask it about. What is wrong with the request, the command says.
async fn ask_partner(
    context: &SandboxContext,
    card: Uuid,
    request: &Authorize,
) -> Result<(Vec<Touch>, Option<Consulted>, Pending), StoreError> {
    let mut snapshot = context.snapshot().await?;
    let touches = cards::touches_of_card(&mut snapshot, card, request.transaction).await?;
    let currency = match request.transaction {
        Some(id) => cards::currency_of(&mut snapshot, id).await?,
        None => None,
    };
    let Ok((mut asked, _)) = request.asked(card, currency) else {
        return Ok((touches, None, Pending::default()));
    };
    let id = message_id(snapshot.book(), request.message.as_deref());
    let pending = consult(&context.app, snapshot, &context.terms, id.as_deref(), &mut asked).await?;
    Ok((touches, Some(asked.partner), pending))
}

/// What a message touches that has an id.
fn touches_of_message(context: &SandboxContext, id: Option<&str>) -> Vec<Touch> {
    let id = message_id(context.partner.book, id);
    id.map(|id| cards::touches_of_message(&context.app, &id).into()).unwrap_or_default()
}

impl Authorize {
    /// The authorisation that is asked for, and the decimals of the merchant's currency: `currency` is that of the
    /// transaction, where it is more of one.
    fn asked(&self, card: Uuid, currency: Option<MerchantCurrency>) -> Result<(Authorisation, u8), Refusal> {
        let (wanted, currency) = match (self.transaction, currency, &self.payee) {
            (Some(id), Some(currency), _) => {
                (AuthorisationTarget::More(id, minor(&self.amount, currency)?), currency)
            }
            (None, _, Some(payee)) => {
                (AuthorisationTarget::New(payee.clone().purchase(&self.amount)?), payee.currency)
            }
            _ => return Err(Refusal::of(&P474)),
        };
        let asked = Authorisation {
            card,
            wanted,
            presents: self.presents.clone(),
            takes_part: self.takes_part,
            challenge: self.challenge,
            partner: Consulted::default(),
            is_advice: false,
        };
        Ok((asked, currency.currency().decimals))
    }
}

async fn step_card<const KIND: u8>(
    context: SandboxContext,
    Path(card): Path<CardId>,
    call: Call<Step<KIND>>,
) -> Result<Created<CardTransactionMade>, Failure> {
    let Call { request, keyed } = call;
    let card = known(&card)?;
    let terms = Arc::clone(&context.terms);
    let mut snapshot = context.snapshot().await?;
    let mut touches = cards::touches_of_card(&mut snapshot, card, request.transaction).await?;
    drop(snapshot);
    touches.extend(touches_of_message(&context, request.message.as_deref()));
    context
        .run(keyed, touches, async move |work| {
            let currency = cards::require_card(work, card, request.transaction).await?;
            let message = request.message_for(card, currency)?;
            let entry = hear(work, &terms, request.message.as_deref(), &message).await?;
            Ok(CardTransactionMade { transaction_id: entry.payment })
        })
        .await
}

impl<const KIND: u8> Step<KIND> {
    fn message_for(&self, card: Uuid, currency: Option<MerchantCurrency>) -> Result<CardMessage, Refusal> {
        let Some((id, currency)) = self.transaction.zip(currency) else {
            let given = self.payee.as_ref().zip(self.amount.as_ref());
            let (payee, amount) = given.ok_or_else(|| Refusal::of(&P474))?;
            let purchase = Box::new(payee.clone().purchase(amount)?);
            return Ok(match KIND {
                CLEAR => CardMessage::Force(card, purchase),
                _ => CardMessage::Credit(card, purchase),
            });
        };
        let amount = self.amount.as_ref().map(|amount| minor(amount, currency)).transpose()?;
        let step = match KIND {
            CLEAR => Follow::Clear(amount, self.is_last),
            REFUND => Follow::Refund(amount),
            REVERSE => Follow::Reverse(amount),
            CHARGE_BACK => Follow::ChargeBack(amount),
            _ => Follow::Represent(amount),
        };
        Ok(CardMessage::Follow(id, step))
    }
}
