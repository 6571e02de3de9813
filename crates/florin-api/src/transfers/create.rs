//! `POST /v1/transfer` and `POST /v1/partner/transfer-master-balance`: one use case, two routes. The master-balance
//! call is a transfer without a reference that names exactly one side.

use super::postings;
use super::transfer::{Reference, TRANSFER};
use crate::kit::book::memo::Memo;
use crate::kit::endpoint::answers::TransferMade;
use crate::kit::endpoint::events::EventType;
use crate::kit::prelude::*;
use crate::users::{Owner, PAYEE_WORDS, PAYER_WORDS, Role, admit, not_paid};

const SOURCE: &str = "sourceExternalUserId";
const DESTINATION: &str = "destinationExternalUserId";

/// A transfer as it is asked for. The currency may be one that is not served: that is P410, in its turn.
struct Wanted<const OF_MASTER_BALANCE: bool> {
    source: Option<ExternalUserId>,
    destination: Option<ExternalUserId>,
    currency: Listed<Currency>,
    amount: Listed<Amount>,
    reference: Option<Reference>,
}

impl<const OF_MASTER_BALANCE: bool> Request for Wanted<OF_MASTER_BALANCE> {
    const NAME: &'static str = if OF_MASTER_BALANCE { "MasterBalanceRequest" } else { "TransferRequest" };
    const ABOUT: &'static str = "A transfer request. It names a source, a destination, or both.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "The user that pays. If omitted, your master balance pays.";
        let source = fields.optional(SOURCE).about(about).also_called(PAYER_WORDS).text::<ExternalUserId>();
        let about = "The user that is paid. If omitted, your master balance is paid.";
        let destination =
            fields.optional(DESTINATION).about(about).also_called(PAYEE_WORDS).text::<ExternalUserId>();
        let currency = fields.required("currency").listed_currency();
        let amount = fields.required("amount").listed_amount(currency.as_ref());
        let about = "A text of up to 140 characters, shown in the history of both sides.";
        let reference =
            (!OF_MASTER_BALANCE).then(|| fields.optional("reference").about(about).text()).flatten();
        fields.needs_one_of(&[&[SOURCE], &[DESTINATION]]);
        if OF_MASTER_BALANCE && source.is_some() && destination.is_some() {
            fields.fail("only one of sourceExternalUserId and destinationExternalUserId can be given");
        } else if source.is_some() && source == destination {
            fields.fail("destinationExternalUserId must be another user than sourceExternalUserId");
        }
        Some(Self { source, destination, currency: currency?, amount: amount?, reference })
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let transfer = Endpoint {
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
        ..post("/v1/transfer", create_transfer::<false>)
    };
    let of_master_balance = Endpoint {
        id: "createMasterBalanceTransfer",
        summary: "Transfer from or to the master balance",
        description: "Moves money between one user and your master balance: name the user that pays or the user \
                      that is paid, not both. The result is a transfer like any other.",
        example: r#"{"destinationExternalUserId":"$user","amount":"12.50","currency":"eur"}"#,
        answer: r#"{"transferId":"$transfer"}"#,
        refusals: &[&P410, &P412, &P424, &P433, &P455, &P459],
        ..post("/v1/partner/transfer-master-balance", create_transfer::<true>)
    };
    [transfer, of_master_balance]
}

/// Makes the transfer. The command does not read the database: everything it needs was touched.
async fn create_transfer<const OF_MASTER_BALANCE: bool>(
    context: Context,
    call: Call<Wanted<OF_MASTER_BALANCE>>,
) -> Result<Created<TransferMade>, Failure> {
    let Wanted { source, destination, currency, amount, reference } = call.request;
    let has_side = source.is_some() || destination.is_some();
    let (source, destination) = (Owner::of(source), Owner::of(destination));
    let touches = match &currency {
        Listed::Known(currency) => vec![source.touch(currency.code), destination.touch(currency.code)],
        Listed::Unknown(_) => Vec::new(),
    };
    context
        .run(call.keyed, touches, async move |work| {
            if !has_side {
                return Err(Refusal::of(&P424).into());
            }
            let (currency, amount) = (currency.known()?.code, amount.known()?);
            let [from, to] =
                admit(work, [(&source, Role::Pays, SOURCE), (&destination, Role::IsPaid, DESTINATION)])?;
            let transfer_id = work.id();
            // Under the key of a user, the paying one's first.
            let holder = if source == Owner::Partner { to } else { from };
            let reference = reference.as_ref().map(|reference| reference.as_str().to_owned());
            let memo = Memo { reference, ..Memo::default() }.seal(work, holder)?;
            let posting = postings::transfer(from, to, currency, amount);
            work.post(TRANSFER.kind, transfer_id, &posting, memo)
                .map_err(|error| not_paid(error, &source, Some(SOURCE)))?;
            work.emit(Event::about(EventType::Transfer, transfer_id).of_last_record());
            Ok(TransferMade { transfer_id })
        })
        .await
}
