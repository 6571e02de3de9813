//! `POST /v1/transfer` and `POST /v1/partner/transfer-master-balance`: one use case, two routes. The master-balance
//! call is a one-sided transfer that must name exactly one side.

use super::postings;
use super::transfer::{Reference, TRANSFER};
use crate::kit::book::command::posting_refused;
use crate::kit::book::memo::Memo;
use crate::kit::endpoint::answers::TransferMade;
use crate::kit::endpoint::events::EventType;
use crate::kit::prelude::*;
use crate::users::{Owner, Role, admit};

const ABOUT_SOURCE: &str = "The user that pays. If omitted, your master balance pays.";
const ABOUT_DESTINATION: &str = "The user that is paid. If omitted, your master balance is paid.";

/// A transfer as it is asked for. The currency may be one that is not served: that is P410, in its turn.
struct Wanted {
    source: Option<ExternalUserId>,
    destination: Option<ExternalUserId>,
    currency: Listed<Currency>,
    amount: Listed<Amount>,
    reference: Option<Reference>,
}

impl Wanted {
    fn read(fields: &mut Fields<'_>, with_reference: bool) -> Option<Self> {
        let source = fields.optional("sourceExternalUserId").about(ABOUT_SOURCE).text::<ExternalUserId>();
        let destination =
            fields.optional("destinationExternalUserId").about(ABOUT_DESTINATION).text::<ExternalUserId>();
        let currency = fields.required("currency").listed_currency();
        let amount = fields.required("amount").listed_amount(currency.as_ref());
        let about = "A text of up to 140 characters, shown in the history of both sides.";
        let reference = with_reference.then(|| fields.optional("reference").about(about).text()).flatten();
        fields.needs_one_of(&[&["sourceExternalUserId"], &["destinationExternalUserId"]]);
        Some(Self { source, destination, currency: currency?, amount: amount?, reference })
    }
}

struct CreateTransfer(Wanted);

impl Request for CreateTransfer {
    const NAME: &'static str = "TransferRequest";
    const ABOUT: &'static str = "A transfer request.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let wanted = Wanted::read(fields, true)?;
        if wanted.source.is_some() && wanted.source == wanted.destination {
            fields.fail("destinationExternalUserId must be another user than sourceExternalUserId");
        }
        Some(Self(wanted))
    }
}

struct MasterBalance(Wanted);

impl Request for MasterBalance {
    const NAME: &'static str = "MasterBalanceRequest";
    const ABOUT: &'static str = "A transfer between one user and your master balance.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let wanted = Wanted::read(fields, false)?;
        if wanted.source.is_some() && wanted.destination.is_some() {
            fields.fail("only one of sourceExternalUserId and destinationExternalUserId can be given");
        }
        Some(Self(wanted))
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    [
        Endpoint {
            id: "createTransfer",
            summary: "Create a transfer",
            description: "Moves money between two users. Omit the source to pay from your master balance, or the \
                          destination to pay into it. The money has moved when you get 201.\n\nBoth users must be \
                          verified and not suspended. Refusals come in this order: P403, P470 and P471, P424, P410, \
                          P412, P459, P455, P433; the source before the destination.",
            example: r#"{"sourceExternalUserId":"$user","destinationExternalUserId":"$other","amount":"12.50",
                "currency":"eur","reference":"Lunch"}"#,
            answer: r#"{"transferId":"$transfer"}"#,
            refusals: &[&P410, &P412, &P424, &P433, &P455, &P459],
            ..post("/v1/transfer", create_transfer)
        },
        Endpoint {
            id: "createMasterBalanceTransfer",
            summary: "Transfer from or to the master balance",
            description: "Moves money between one user and your master balance: name the user that pays or the user \
                          that is paid, not both. The result is a transfer like any other.",
            example: r#"{"destinationExternalUserId":"$user","amount":"12.50","currency":"eur"}"#,
            answer: r#"{"transferId":"$transfer"}"#,
            refusals: &[&P410, &P412, &P424, &P433, &P455, &P459],
            ..post("/v1/partner/transfer-master-balance", create_master_balance_transfer)
        },
    ]
}

async fn create_transfer(
    context: Context,
    call: Call<CreateTransfer>,
) -> Result<Created<TransferMade>, Failure> {
    create(&context, call.keyed, call.request.0).await
}

async fn create_master_balance_transfer(
    context: Context,
    call: Call<MasterBalance>,
) -> Result<Created<TransferMade>, Failure> {
    create(&context, call.keyed, call.request.0).await
}

/// Makes the transfer. The command does not read the database: everything it needs was touched.
async fn create(
    context: &Context,
    keyed: Option<Keyed>,
    wanted: Wanted,
) -> Result<Created<TransferMade>, Failure> {
    let is_one_sided = wanted.source.is_some() || wanted.destination.is_some();
    let (source, destination) = (Owner::of(wanted.source), Owner::of(wanted.destination));
    let touches = match &wanted.currency {
        Listed::Known(currency) => vec![source.touch(currency.code), destination.touch(currency.code)],
        Listed::Unknown(_) => Vec::new(),
    };
    let (currency, amount, reference) = (wanted.currency, wanted.amount, wanted.reference);
    context
        .run(keyed, touches, async move |work| {
            if !is_one_sided {
                return Err(Refusal::of(&P424).into());
            }
            let (currency, amount) = (currency.known()?.code, amount.known()?);
            let [from, to] = admit(work, [(&source, Role::Pays), (&destination, Role::IsPaid)])?;
            let transfer_id = work.id();
            // Under a user's key, the paying one's first: the partner keeps no key of what its users write.
            let holder = if source == Owner::Partner { to } else { from };
            let reference = reference.as_ref().map(|reference| reference.as_str().to_owned());
            let memo = Memo { reference, ..Memo::default() }.seal(work, holder)?;
            let posting = postings::transfer(from, to, currency, amount);
            work.post(TRANSFER.kind, transfer_id, &posting, memo).map_err(posting_refused)?;
            work.emit(Event::about(EventType::Transfer, transfer_id).of_last_record());
            Ok(TransferMade { transfer_id })
        })
        .await
}
