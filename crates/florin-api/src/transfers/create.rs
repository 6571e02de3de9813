//! `POST /v1/transfer` and `POST /v1/partner/transfer-master-balance`: one use case, two routes. The master-balance
//! call is a transfer without a reference that names exactly one side.

use super::postings;
use super::transfer::{Reference, TRANSFER};
use crate::kit::book::memo::Memo;
use crate::kit::endpoint::answers::TransferMade;
use crate::kit::endpoint::events::EventType;
use crate::kit::prelude::*;
use crate::users::{Owner, PAYEE_WORDS, PAYER_WORDS, Role, admit, not_paid};
use std::borrow::Cow;

const SOURCE: &str = "sourceExternalUserId";
const DESTINATION: &str = "destinationExternalUserId";

/// A transfer as it is asked for. The currency may be one that is not served: that is P410, in its turn.
pub(super) struct Wanted<const OF_MASTER_BALANCE: bool> {
    source: Owner,
    destination: Owner,
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
            fields.fail_of(&["only one of ", SOURCE, " and ", DESTINATION, " can be given"]);
        } else if source.is_some() && source == destination {
            fields.fail_of(&["", DESTINATION, " must be another user than ", SOURCE]);
        }
        let (source, destination) = (Owner::of(source), Owner::of(destination));
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

async fn create_transfer<const OF_MASTER_BALANCE: bool>(
    context: Context,
    call: Call<Wanted<OF_MASTER_BALANCE>>,
) -> Result<Created<TransferMade>, Failure> {
    let Call { request: wanted, keyed } = call;
    context.run(keyed, wanted.touches(), async move |work| wanted.make(work, "")).await
}

impl<const OF_MASTER_BALANCE: bool> Wanted<OF_MASTER_BALANCE> {
    /// What the command must touch.
    pub(super) fn touches(&self) -> Vec<Touch> {
        match &self.currency {
            Listed::Known(currency) => {
                vec![self.source.touch(currency.code), self.destination.touch(currency.code)]
            }
            Listed::Unknown(_) => Vec::new(),
        }
    }

    /// Makes the transfer. It does not read the database: everything that it needs was touched. What is refused has no
    /// effect. `at` stands before the names of fields in messages: empty, or the place in a list.
    pub(super) fn make(&self, work: &mut Work<'_>, at: &str) -> Result<TransferMade, Stop> {
        let Self { source, destination, reference, .. } = self;
        let field = |name: &'static str| match at {
            "" => Cow::Borrowed(name),
            at => Cow::Owned(format!("{at}{name}")),
        };
        let (source_field, destination_field) = (field(SOURCE), field(DESTINATION));
        if (source, destination) == (&Owner::Partner, &Owner::Partner) {
            return Err(match at.strip_suffix('.') {
                Some(at) => Refusal::because(&P424, at),
                None => Refusal::of(&P424),
            }
            .into());
        }
        let currency = match &self.currency {
            Listed::Unknown(text) if !at.is_empty() => {
                return Err(Refusal::naming_field(&P410, &field("currency"), text).into());
            }
            currency => currency.known()?.code,
        };
        let amount = self.amount.known()?;
        let sides = [(source, Role::Pays, &*source_field), (destination, Role::IsPaid, &*destination_field)];
        let [from, to] = admit(work, sides)?;
        let transfer_id = work.id();
        // Under the key of a user, the paying one's first.
        let holder = if *source == Owner::Partner { to } else { from };
        let reference = reference.as_ref().map(|reference| reference.as_str().to_owned());
        let memo = Memo { reference, ..Memo::default() }.seal(work, holder)?;
        let posting = postings::transfer(from, to, currency, amount);
        work.post(TRANSFER.kind, transfer_id, &posting, memo)
            .map_err(|error| not_paid(work, error, (source, Some(&source_field)), amount.minor()))?;
        work.emit(Event::about(EventType::Transfer, transfer_id).of_last_record());
        Ok(TransferMade { transfer_id })
    }
}
