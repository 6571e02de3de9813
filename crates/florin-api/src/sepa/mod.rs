//! SEPA: EUR to and from bank accounts, for users and for the partner's master balance.
//!
//! A **transfer** (`transfer.rs`) holds amount and fee when it is made. A job hands it over to the bank, and
//! what the bank says (`hear.rs`) settles it, fails it, or brings money of a settled one back. A **deposit**
//! (`deposit.rs`) is money that came in: it is credited, waits in suspense, or goes back. A **recall** (`recalls`) asks
//! for the money of one of them back. A **contact** is an account that is known to be its holder's own. Names, IBANs
//! and titles are sealed under the holder's key, or the partner's while nobody knows whose money it is. `files` is the
//! way to a bank over files, `vop` tells other banks whether an account of ours is held under a name.
//!
//! States of a transfer: held → submitting → submitted → settled (→ returned), or failed; an instant one that falls
//! back is held again. States of a deposit: credited (→ returning, where it is recalled); pending, held, unmatched or
//! stuck (in suspense) → credited or returning → refunded or stuck. States of a recall: open → accepted or refused.
//! Accounts touched: main accounts in EUR, and the house's SEPA settlement, suspense and fees. Events:
//! `sepa_transfer`, `sepa_deposit`, `sepa_recall`, `iban.status`.

mod contact;
mod contacts;
mod create;
mod decide;
mod deposit;
mod details;
mod events;
mod files;
mod hear;
mod iban;
mod incoming;
mod info;
mod moving;
mod operator;
mod own_payee;
mod people;
mod postings;
mod recalls;
mod reference;
mod refund;
mod store;
mod submit;
mod transfer;
mod unsuspended;
mod verify_payee;
mod vop;
mod within;
mod zone;

pub use decide::{Decided, decide, touches_of_payment};
pub use deposit::Sender;
pub use details::{SepaUser, user_of};
pub use files::{
    Adopted, Difference, FileLine, FileWork, Outcome as PaymentOutcome, Reconciled, hand_over_one_by_one,
    reconcile, work_on_files,
};
pub use hear::{Ready, hear};
pub use operator::{Overview, SepaOperator, Shown, Waiting};
pub use people::People;
pub use recalls::{arrive as recall_deposit, require_deposit};
pub use vop::{Asker, AskerCount, Askers, MISSES_A_DAY, NewAsker, PayeeDesk};

use crate::kit::app::App;
use crate::kit::endpoint::codes::P456;
use crate::kit::endpoint::events::EventType;
use crate::kit::endpoint::family::{Erasure, EventRow, Family, Obstacle, Placeholder, Scenario, no_obstacle};
use crate::kit::endpoint::refusal::Refusal;
use crate::kit::endpoint::table::Shape;
use florin_rails::sepa::{MAGIC_NAMES, MagicAccount, Outcome, RecallOutcome};
use florin_store::{Holder, Stop, Tx, migration};

/// The family's table.
pub static FAMILY: Family = Family {
    tag: ("SEPA", "EUR to and from bank accounts."),
    endpoints: || {
        let transfers = create::endpoints().into_iter().chain([details::endpoint()]);
        transfers
            .chain(verify_payee::endpoints())
            .chain(info::endpoints())
            .chain(contacts::endpoints())
            .chain(recalls::endpoints())
            .collect()
    },
    jobs: &[
        (submit::SUBMIT_JOB, |app, job| Box::pin(submit::submit(app, job))),
        (submit::ASK_JOB, |app, job| Box::pin(submit::ask(app, job))),
        (hear::SAID_JOB, |app, job| Box::pin(hear::apply_said(app, job))),
        (hear::ANSWER_JOB, |app, job| Box::pin(hear::apply_answer(app, job))),
        (recalls::SEND_JOB, |app, job| Box::pin(recalls::send(app, job))),
        (recalls::DUE_JOB, |app, job| Box::pin(recalls::end_unanswered(app, job))),
        (hear::WITHIN_JOB, |app, job| Box::pin(within::pay_in(app, job))),
        (moving::MOVE_JOB, |app, job| Box::pin(moving::move_in(app, job))),
        (unsuspended::RELEASE_JOB, |app, job| Box::pin(unsuspended::release(app, job))),
    ],
    events: EVENTS,
    records: &[
        transfer::HELD,
        transfer::SETTLED,
        transfer::FAILED,
        transfer::REFUNDED,
        deposit::CREDITED,
        deposit::CAME_BACK,
        deposit::SUSPENDED,
        deposit::BANK_FEE,
        deposit::MOVED,
        recalls::TAKEN_BACK,
    ],
    statements: &[
        store::STATEMENTS,
        files::STATEMENTS[0],
        files::STATEMENTS[1],
        recalls::STATEMENTS,
        vop::STATEMENTS,
    ],
    sets: &[&store::SETS],
    migrations: &[
        migration!(1011, "1011_sepa"),
        migration!(1013, "1013_sepa_files"),
        migration!(1014, "1014_sepa_recalls"),
        migration!(1015, "1015_vop"),
        migration!(1016, "1016_sepa_returned"),
        migration!(1018, "1018_sepa_file_recalls"),
        migration!(1019, "1019_sepa_left_out"),
    ],
    sealed: &store::SEALED,
    erasures: &[Erasure {
        objects: |tx, holder| Box::pin(store::empty(tx, holder)),
        ..Erasure::of_rows(store::ERASE)
    }],
    forgets: &[store::FORGET, files::FORGET],
    obstacles: &[Obstacle {
        to_suspending: no_obstacle,
        to_deleting: |tx, holder| Box::pin(check_nothing_pending(tx, holder)),
        to_changing_identity: no_obstacle,
        to_changing_address: no_obstacle,
    }],
    unsuspended: &[unsuspended::RELEASE_JOB],
    scenarios,
    placeholders: &[
        Placeholder {
            word: "$sepaTransfer",
            shown: "0198c5d2-ad31-7f24-9c85-6e903b4c5d7f",
            unknown: "01a00000-0000-7000-8000-000000000004",
            made_by: Some(("POST", "/v1/sepa-transfer", "transferId")),
        },
        Placeholder {
            word: "$sepaDeposit",
            shown: "0198c5d2-be42-7035-8d96-7fa14c5d6e80",
            unknown: "01a00000-0000-7000-8000-000000000005",
            made_by: Some(("POST", "/v1/sandbox/sepa/incoming", "depositId")),
        },
        Placeholder {
            word: "$sepaRecall",
            shown: "0198c5d2-cf53-7146-8ea7-80b25d6e7f91",
            unknown: "01a00000-0000-7000-8000-000000000006",
            made_by: Some(("POST", "/v1/sandbox/sepa/recalls", "recallId")),
        },
    ],
    ..Family::EMPTY
};

const EVENTS: &[EventRow] = &[
    EventRow {
        event: EventType::SepaTransfer,
        summary: "SEPA Transfer",
        description: "A SEPA transfer, a user's or your own, was settled, failed, or came back.",
        payload: Shape::of::<details::SepaTransferPayload>(),
        example: details::EXAMPLE,
        render: |app, scope, events| Box::pin(details::render(app, scope, events)),
    },
    EventRow {
        event: EventType::SepaDeposit,
        summary: "SEPA Deposit",
        description: "A SEPA payment was credited to a user, or to you.",
        payload: Shape::of::<events::SepaDepositPayload>(),
        example: events::DEPOSIT_EXAMPLE,
        render: |app, scope, events| Box::pin(events::render_deposits(app, scope, events)),
    },
    EventRow {
        event: EventType::SepaRecall,
        summary: "SEPA Recall",
        description: "A bank asks for money back that came in, or a recall ended: another bank's, or one of yours.",
        payload: Shape::of::<recalls::SepaRecall>(),
        example: recalls::EXAMPLE,
        render: |app, scope, events| Box::pin(recalls::render(app, scope, events)),
    },
    EventRow {
        event: EventType::IbanStatus,
        summary: "IBAN Status",
        description: "Money came in from an account that was not known before, and the sender's name was compared \
                      with the user's.",
        payload: Shape::of::<events::IbanStatusPayload>(),
        example: events::IBAN_EXAMPLE,
        render: |app, scope, events| Box::pin(events::render_iban_statuses(app, scope, events)),
    },
];

/// A user whose payment has not ended, or whose money somebody asks for, stays.
async fn check_nothing_pending(tx: &mut Tx, holder: &Holder) -> Result<(), Stop> {
    if recalls::is_open(tx.scope(), holder.id).await? {
        return Err(Refusal::because(&P456, "a SEPA recall is open").into());
    }
    if store::is_pending(tx.scope(), holder.id).await? {
        return Err(Refusal::because(&P456, "a SEPA payment has not ended").into());
    }
    Ok(())
}

/// The accounts of the made-up bank, and the names that it answers differently for. A bank over files knows none.
fn scenarios(app: &App) -> Vec<Scenario> {
    if app.settings.sepa.files.is_some() {
        return Vec::new();
    }
    let of_account = |account: MagicAccount| Scenario {
        call: "POST /v1/sepa-transfer",
        field: "destinationIban",
        value: account.iban().into_string(),
        outcome: match account.outcome {
            Outcome::Settle => "settled; at once if it is instant".to_owned(),
            Outcome::Reject(reason) => format!("rejected with {reason}: {}", reason.meaning()),
            Outcome::Return(reason) => {
                format!("settled, and then sent back with {reason}: {}", reason.meaning())
            }
            Outcome::RejectInstant(reason) => format!(
                "rejected with {reason} if it is instant, and settled if it is standard: {}",
                reason.meaning()
            ),
            Outcome::SettleLate => {
                "if it is instant, stays PENDING for 30 seconds, and is then settled".to_owned()
            }
            Outcome::Hold => "stays PENDING until POST /v1/sandbox/sepa/{transferId}".to_owned(),
        },
    };
    let of_recall = |account: MagicAccount| Scenario {
        call: "POST /v1/sepa-transfer/{transferId}/recall",
        field: "destinationIban of the transfer",
        value: account.iban().into_string(),
        outcome: match account.recall {
            RecallOutcome::Accept => "accepted: the money comes back".to_owned(),
            RecallOutcome::AcceptLess => {
                "accepted: the money comes back less EUR 1.00, which the payee's bank keeps".to_owned()
            }
            RecallOutcome::Refuse(reason) => format!("refused with {reason}: {}", reason.meaning()),
            RecallOutcome::Silence => {
                "stays OPEN for 15 business days, and is then refused with NOAS".to_owned()
            }
        },
    };
    // Every account accepts but those.
    let is_told =
        |account: &MagicAccount| account.recall != RecallOutcome::Accept || *account == MagicAccount::ALL[0];
    let recalls = MagicAccount::ALL.into_iter().filter(is_told).map(of_recall);
    let of_name = |(name, outcome): (&str, &str)| Scenario {
        call: "POST /v1/sepa-transfer/verify-payee",
        field: "name",
        value: name.to_owned(),
        outcome: outcome.to_owned(),
    };
    let names = MAGIC_NAMES.into_iter().map(of_name);
    MagicAccount::ALL.into_iter().map(of_account).chain(recalls).chain(names).collect()
}
