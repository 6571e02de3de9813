//! `POST /v1/sepa-transfer` and `POST /v1/partner/sepa-transfer`: one use case, two routes.

use super::contact;
use super::hear::emit;
use super::iban::GivenIban;
use super::people::MAX_NAME;
use super::postings::{self, EUR};
use super::submit::leave;
use super::transfer::{FailureCode, HELD, Payee, RequestedSpeed, State, Transfer, TransferFailure};
use super::zone::is_in_sepa;
use crate::kit::book::command::posting_refused;
use crate::kit::book::memo::Memo;
use crate::kit::book::sealed;
use crate::kit::book::terms::Terms;
use crate::kit::prelude::*;
use crate::kit::request::types::words;
use crate::users::{Owner, PAYER_WORDS, Role, admit};
use florin_ledger::PostingError;
use florin_rails::sepa::{MagicAccount, Speed};
use florin_types::{Iban, MAX_MINOR_UNITS, sepa_text};
use std::sync::Arc;

const SOURCE: &str = "sourceExternalUserId";
const ALIAS: &str = "externalUserId";
const DESTINATION: &str = "destinationIban";

/// Longest title: what a SEPA remittance line holds.
const MAX_TITLE: usize = 140;

words! {
    /// What a payee is.
    pub enum ReceiverType {
        /// A person: `receiverFirstName` and `receiverLastName` go with it.
        Natural = "NATURAL",
        /// A company: `companyName` goes with it.
        Legal = "LEGAL",
    }
}

/// A transfer as it is asked for.
struct SepaTransferRequest<const OF_PARTNER: bool> {
    source: Owner,
    amount: Amount,
    destination: GivenIban,
    title: String,
    speed: RequestedSpeed,
    receiver: Receiver,
}

/// The payee, as far as the request names it.
#[derive(Clone)]
struct Receiver {
    kind: Option<ReceiverType>,
    first_name: Option<Text<MAX_NAME>>,
    last_name: Option<Text<MAX_NAME>>,
    company: Option<Text<MAX_NAME>>,
}

impl Receiver {
    fn read(fields: &mut Fields<'_>) -> Self {
        let about = "What the payee is. Required, with the payee's name, where your transfers may go to everybody; \
                     ignored where they only go to the payer's own accounts.";
        Self {
            kind: fields.optional("receiverType").about(about).text(),
            first_name: fields.optional("receiverFirstName").about("With `NATURAL`.").text(),
            last_name: fields.optional("receiverLastName").about("With `NATURAL`.").text(),
            company: fields.optional("companyName").about("With `LEGAL`.").text(),
        }
    }

    /// The payee in an open loop.
    fn require(&self, payee: Payee) -> Result<Payee, Refusal> {
        let text = |text: &Option<Text<MAX_NAME>>| text.as_ref().map(|text| text.as_str().to_owned());
        let (first_name, last_name, company) =
            (text(&self.first_name), text(&self.last_name), text(&self.company));
        let missing = match self.kind {
            None => Some("receiverType is required"),
            Some(ReceiverType::Natural) if first_name.is_none() || last_name.is_none() => {
                Some("receiverFirstName and receiverLastName are required with NATURAL")
            }
            Some(ReceiverType::Legal) if company.is_none() => Some("companyName is required with LEGAL"),
            Some(_) => None,
        };
        if let Some(missing) = missing {
            return Err(Refusal::invalid(missing));
        }
        Ok(match self.kind {
            Some(ReceiverType::Legal) => Payee { company, ..payee },
            _ => Payee { first_name, last_name, ..payee },
        })
    }
}

impl<const OF_PARTNER: bool> Request for SepaTransferRequest<OF_PARTNER> {
    const NAME: &'static str = if OF_PARTNER { "PartnerSepaTransferRequest" } else { "SepaTransferRequest" };
    const ABOUT: &'static str = "A SEPA transfer request.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let source = match OF_PARTNER {
            true => Some(Owner::Partner),
            false => {
                let about = "The user that pays.";
                let source = fields.optional(SOURCE).about(about).also_called(PAYER_WORDS).text();
                let about = "Another name for `sourceExternalUserId`, which older clients use.";
                let alias = fields.optional(ALIAS).about(about).text::<ExternalUserId>();
                fields.needs_one_of(&[&[SOURCE], &[ALIAS]]);
                match (source, alias) {
                    (Some(source), Some(alias)) if source != alias => {
                        fields.fail_of(&["", ALIAS, " must be the same as ", SOURCE]);
                        None
                    }
                    (None, None) => {
                        if !fields.is_given(SOURCE) && !fields.is_given(ALIAS) {
                            fields.fail_of(&["", SOURCE, " is required"]);
                        }
                        None
                    }
                    (source, alias) => source.or(alias).map(Owner::User),
                }
            }
        };
        let currency = fields.required("currency").about("`eur`: SEPA knows no other.").currency();
        let amount = fields.required("amount").about("What the payee gets, in EUR.").amount(currency);
        if currency.is_some_and(|currency| currency.code != EUR) {
            fields.fail("currency must be eur");
        }
        let about = "The account to be paid.";
        let destination = fields.required(DESTINATION).about(about).text();
        let about = "What the payee reads: up to 140 characters, written in the SEPA character set (Latin letters, \
                     digits and `/ - ? : ( ) . , ' +`).";
        let title = fields.required("transferTitle").about(about).text::<Text<MAX_TITLE>>();
        let title = title.map(|title| sepa_text(title.as_str(), MAX_TITLE));
        if title.as_ref().is_some_and(String::is_empty) {
            fields.fail("transferTitle must have a letter or digit");
        }
        let about = "How fast it goes. `STANDARD` if omitted.";
        let speed = fields.optional("speed").about(about).text().unwrap_or(RequestedSpeed::Standard);
        let receiver = Receiver::read(fields);
        if OF_PARTNER {
            fields.must_not_have(SOURCE, PAYER_WORDS, "POST /v1/sepa-transfer pays a user's money");
        }
        let (source, amount, destination, title) = (source?, amount?, destination?, title?);
        Some(Self { source, amount, destination, title, speed, receiver })
    }
}

/// The calls.
pub fn endpoints() -> [Endpoint; 2] {
    let of_user = Endpoint {
        id: "createSepaTransfer",
        summary: "Create a SEPA transfer of a user",
        example: r#"{"sourceExternalUserId":"$user","amount":"16.02","currency":"eur",
            "destinationIban":"LT139999800000000099","transferTitle":"Rent"}"#,
        refusals: &[&P412, &P455, &P459, &P462],
        ..described(post("/v1/sepa-transfer", create_sepa_transfer::<false>))
    };
    let of_partner = Endpoint {
        id: "createPartnerSepaTransfer",
        summary: "Create a SEPA transfer of your master balance",
        example: r#"{"amount":"16.02","currency":"eur","destinationIban":"LT139999800000000099",
            "transferTitle":"Rent"}"#,
        refusals: &[&P462],
        ..described(post("/v1/partner/sepa-transfer", create_sepa_transfer::<true>))
    };
    [of_user, of_partner]
}

fn described(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        description: "Pays EUR to a bank account. The answer means that the transfer exists, not that it was paid: \
                      amount and fee are on hold, and the event `sepa_transfer` says how it ended. Too little money, \
                      an account that may not be paid, and what banks refuse, end it as `FAILED`.\n\n\
                      By default a transfer only goes to the payer's own accounts: those from which money has come in \
                      under the payer's name (`GET /v1/sepa-deposit/contacts/{externalUserId}`). Whether yours may go \
                      to everybody is agreed with you; then the payee's name is required.\n\n\
                      The fee comes on top of the amount: 0.1 %, at least EUR 1.00, by default; the same whatever \
                      the speed.",
        answer: r#"{"transferId":"$sepaTransfer"}"#,
        ..endpoint
    }
}

/// A SEPA transfer that exists.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SepaTransferMade {
    /// Id of the transfer.
    transfer_id: Uuid,
}

async fn create_sepa_transfer<const OF_PARTNER: bool>(
    context: Context,
    call: Call<SepaTransferRequest<OF_PARTNER>>,
) -> Result<Success<SepaTransferMade>, Failure> {
    let Call { request, keyed } = call;
    let terms = Arc::clone(&context.terms);
    let mut touches = vec![request.source.touch(EUR), Touch::Partner];
    if let Some(iban) = request.destination.right() {
        touches.push(contact::touch(&context.app, request.source.external_user_id(), iban));
    }
    context.run(keyed, touches, async move |work| request.make(work, &terms)).await
}

impl<const OF_PARTNER: bool> SepaTransferRequest<OF_PARTNER> {
    /// Makes the transfer. The command does not read the database: everything it needs was touched.
    fn make(&self, work: &mut Work<'_>, terms: &Terms) -> Result<SepaTransferMade, Stop> {
        let Self { source, amount, title, receiver, .. } = self;
        let is_open = terms.has_open_loop(work.now());
        let payee = Payee { title: title.clone(), ..Payee::default() };
        let payee = if is_open { receiver.require(payee)? } else { payee };
        let (transfer_id, now) = (work.id(), work.now());
        let fee = terms.fees(work.app().settings.reference.fees(), now).sepa(*amount)?;
        if amount.minor() > MAX_MINOR_UNITS - fee {
            return Err(Refusal::invalid("amount is more than an amount with its fee can be").into());
        }
        let [holder] = admit(work, [(source, Role::Pays, SOURCE)])?;
        let iban = self.destination.known(DESTINATION)?;
        let payee = Payee { iban: iban.as_str().to_owned(), ..payee };
        let memo = Memo {
            reference: Some(payee.title.clone()),
            name: Some(payee.name()).filter(|name| !name.is_empty()),
            iban: Some(payee.iban.clone()),
            ..Memo::default()
        };
        let memo = memo.seal(work, holder)?;
        let speeds = work.app().settings.sepa.rail.speeds();
        let speed = first_speed(self.speed, speeds);
        let mut transfer = Transfer {
            id: transfer_id,
            holder,
            amount: amount.minor(),
            fee,
            speed,
            requested: self.speed,
            fell_back: None,
            state: State::Held,
            failure: None,
            refunds: None,
            recall: None,
            sealed: Some(sealed::seal(work, holder, &payee)?),
            created_at: now,
            returned: 0,
            file: None,
        };
        let is_allowed = is_in_sepa(iban) && (is_open || self.is_own_account(work, iban)?);
        let refused = if !is_allowed {
            Some(FailureCode::DestinationNotAllowed)
        } else if !speeds.contains(&speed) {
            Some(FailureCode::InstantNotAvailable)
        } else {
            match work.post(HELD.kind, transfer_id, &postings::hold(&transfer), memo) {
                Ok(()) => None,
                Err(PostingError::InsufficientFunds(_)) => Some(FailureCode::InsufficientFunds),
                Err(other) => return Err(posting_refused(other)),
            }
        };
        if let Some(code) = refused {
            let failure = TransferFailure { code, reason: None };
            (transfer.state, transfer.failure) = (State::Failed, Some(failure));
            emit(work, &transfer);
        } else {
            leave(work, &mut transfer);
        }
        work.put(&transfer)?;
        Ok(SepaTransferMade { transfer_id })
    }

    /// Whether an account is known to be the payer's own. In a sandbox the made-up bank's accounts are everybody's.
    fn is_own_account(&self, work: &Work<'_>, iban: &Iban) -> Result<bool, StoreError> {
        let id = contact::id_of(work.app(), self.source.external_user_id(), iban);
        let is_magic = work.app().is_sandbox() && MagicAccount::of(iban).is_some();
        Ok(is_magic || work.object::<contact::Contact>(id)?.is_some())
    }
}

/// How a transfer goes first.
fn first_speed(requested: RequestedSpeed, speeds: &[Speed]) -> Speed {
    match requested {
        RequestedSpeed::Standard => Speed::Standard,
        RequestedSpeed::InstantOrStandard if !speeds.contains(&Speed::Instant) => Speed::Standard,
        RequestedSpeed::Instant | RequestedSpeed::InstantOrStandard => Speed::Instant,
    }
}
