//! Recalls that come in files: which deposit a camt.056 means, and which recall of ours a camt.029 answers.
//!
//! A recall names its payment by references, of which each booking of a credit has keyed hashes; the amount must agree.
//! What is not certain is kept for a person: to tell a bank that a payment never came, which came, is worse than an
//! answer that comes later. That it never came is certain only if all that the bank has booked was read, and no credit
//! can be it.

use super::booking::{self, Named};
use super::route::Incoming;
use super::store::{self, RecallsOf};
use super::{Round, blocking, booking_key, folder_fault};
use crate::kit::app::App;
use florin_ledger::BookId;
use florin_rails::sepa::files::{Answered, AskedFor, Names, check_answer};
use florin_rails::sepa::{Message, RecallCase, RecallRequest, Said};
use florin_store::StoreError;
use florin_types::{Date, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Business days after the settlement between the banks in which a bank books a payment: it books one of after its
/// cut-off on the next. Only what was booked after that was certainly booked later.
const DAYS_TO_BOOK: u16 = 1;

/// Days around the settlement in which a credit of the amount may be the payment: a weekend with holidays, and as much
/// for a day that a bank gives wrong.
const AROUND: Duration = Duration::from_secs(7 * 86_400);

/// What a recall means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The payment that this message brought to a book.
    Payment(BookId, String),
    /// None that has come, for certain.
    Nothing,
    /// Perhaps none that has come: a person may say so.
    Perhaps(&'static str),
    /// It is not certain, and a person cannot say by this whether it came.
    Unclear(&'static str),
}

/// The messages of recalls.
pub async fn of_recalls(round: &Round<'_>, all: Vec<AskedFor>) -> Result<Vec<Incoming>, StoreError> {
    let newest_day = booking::newest_day(round.app, round.rail.book_from).await?;
    let unread = unread(round).await?;
    let mut incoming = Vec::with_capacity(all.len());
    for AskedFor { id, request, case } in all {
        let meant = meant(round.app, &case).await?;
        let (book, credit, held_back) = match meant {
            Meant::Payment(book, credit) => (Some(book), credit, None),
            Meant::Nothing | Meant::Perhaps(_) if may_come(&case, newest_day) => {
                let why = "the bank asks for a payment that has not come, and may come yet: book the message when \
                           the bank's bookings of its day were read";
                (None, String::new(), Some(why.to_owned()))
            }
            Meant::Nothing => (None, String::new(), unread.clone()),
            Meant::Perhaps(why) | Meant::Unclear(why) => (None, String::new(), Some(why.to_owned())),
        };
        let unanswerable = check_answer(round.rail, &case).err();
        let unanswerable = unanswerable.map(|error| format!("no answer can repeat what it names: {error}"));
        let request = RecallRequest { credit, case: Some(Box::new(case)), ..request };
        let said = Said { id, message: Message::Recall(request) };
        let held_back = held_back.or(unanswerable);
        incoming.push(Incoming { book, held_back, ..Incoming::plain(said) });
    }
    Ok(incoming)
}

/// The messages of answers. That money comes back is said by its booking; what is not decided says nothing.
pub async fn of_answers(app: &App, all: Vec<Answered>) -> Result<Vec<Incoming>, StoreError> {
    let mut incoming = Vec::new();
    for Answered { id, payment, recalls, refusal } in all {
        let Some(reason) = refusal else { continue };
        let found = match payment {
            Some(payment) => store::recalls_of(app, payment).await?,
            None => None,
        };
        let (recall, held_back) = found.as_ref().map_or((None, None), |found| answered(found, &recalls));
        // No recall has this id: then a person is shown the answer.
        let message = Message::RecallRefused(recall.unwrap_or_else(Uuid::nil), reason);
        let book = found.map(|found| found.book);
        incoming.push(Incoming { book, held_back, ..Incoming::plain(Said { id, message }) });
    }
    Ok(incoming)
}

/// Which recall of a payment an answer is to, and why it waits for a person. The answer to an earlier one can come
/// late, and does not end the newest.
fn answered(of_payment: &RecallsOf, named: &[Uuid]) -> (Option<Uuid>, Option<String>) {
    if let Some(recall) = named.iter().find(|recall| of_payment.all.contains(recall)) {
        return (Some(*recall), None);
    }
    let why = "the bank refuses a recall of a payment that was asked for more than once, and does not say which: book \
               the message if it is the newest";
    (of_payment.newest, (of_payment.all.len() > 1).then(|| why.to_owned()))
}

/// Which payment a recall means.
pub async fn meant(app: &App, case: &RecallCase) -> Result<Meant, StoreError> {
    let names = Names::of_case(case, &booking_key(app));
    let found = booking::named(app, names, case.amount).await?;
    let settled_on = case.settled_on.as_deref().and_then(|day| Date::parse(day).ok());
    let meant = choose(names, case.amount, settled_on, found);
    if meant != Meant::Nothing {
        return Ok(meant);
    }
    let days = match settled_on.map(Date::midnight) {
        Some(at) => (at.saturating_sub(AROUND).date(), at.saturating_add(AROUND).date()),
        None => (Timestamp::from_micros(0).date(), Timestamp::from_micros(i64::MAX).date()),
    };
    if booking::is_perhaps_there(app, names, case.amount, days).await? {
        return Ok(Meant::Perhaps(
            "the bank asks for a payment that has perhaps come: one has its amount, and references that do not tell \
             whether it is this one",
        ));
    }
    Ok(Meant::Nothing)
}

/// Why a payment that has not come may be in what was not read. None: all was read.
async fn unread(round: &Round<'_>) -> Result<Option<String>, StoreError> {
    let rail = Arc::clone(round.rail);
    let mut unread = blocking(move || rail.folder.unread()).await?.map_err(folder_fault)?;
    unread.retain(|(_, name)| !round.recalls.contains(name));
    Ok(unread.first().map(|(folder, name)| {
        format!(
            "the bank asks for a payment that has not come, and a file of the bank is not read: {folder}/{}",
            name.display()
        )
    }))
}

/// Chooses among credits that have one of the references.
fn choose(names: Names, amount: i64, settled_on: Option<Date>, mut found: Vec<Named>) -> Meant {
    if names == Names::default() {
        return Meant::Perhaps("the bank asks for a payment and names no reference of it");
    }
    found.retain(|one| !names.differ(one.names));
    let is_alike = !found.is_empty();
    found.retain(|one| names.agree(one.names));
    let is_certain = |one: &Named| {
        let same = |of: fn(Names) -> Option<[u8; 8]>| of(names).is_some() && of(names) == of(one.names);
        same(|names| names.transaction_id) || same(|names| names.uetr)
    };
    let has_other_amount = found.iter().any(|one| one.amount != amount && is_certain(one));
    found.retain(|one| one.amount == amount);
    if found.is_empty() {
        return if has_other_amount {
            Meant::Unclear("the bank asks for a payment that came with another amount")
        } else if is_alike {
            Meant::Perhaps(
                "the bank asks for a payment of which one with other references or another amount came",
            )
        } else {
            Meant::Nothing
        };
    }
    if found.iter().any(|one| one.booked) {
        // What waits as a repetition is perhaps none.
        found.retain(|one| one.booked);
    }
    if found.len() > 1 && found.iter().filter(|one| Some(one.day) == settled_on).count() == 1 {
        found.retain(|one| Some(one.day) == settled_on);
    }
    match &found[..] {
        [one] if !one.booked => Meant::Unclear("the bank asks for a payment that waits for a person itself"),
        [one] if one.deposit.is_none() => Meant::Unclear("the bank asks for what is no deposit of the books"),
        [one] => Meant::Payment(one.book, one.message.clone()),
        _ => Meant::Unclear("the bank asks for a payment, and several fit what it names"),
    }
}

/// Whether a payment that is asked for can still come: the bank's bookings were not read beyond the days on which it
/// can have booked it.
fn may_come(case: &RecallCase, newest_day: Option<Date>) -> bool {
    let day = case.settled_on.as_ref().unwrap_or(&case.asked_on);
    let day = Date::parse(day).ok();
    day.zip(newest_day).is_none_or(|(day, newest)| day.add_business_days(DAYS_TO_BOOK) >= newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Option<[u8; 8]> = Some([1; 8]);
    const TWO: Option<[u8; 8]> = Some([2; 8]);

    fn credit(names: Names, amount: i64, day: &str) -> Named {
        Named {
            book: BookId(1),
            day: Date::parse(day).expect("a day"),
            amount,
            names,
            booked: true,
            message: format!("{amount}/{day}"),
            deposit: Some(Uuid::from_u128(1)),
        }
    }

    #[test]
    fn the_surest_reference_decides_and_the_amount_must_agree() {
        let payers = Names { end_to_end_id: ONE, ..Names::default() };
        let with = |transaction_id| Names { transaction_id, ..payers };
        let choose = |names, found| choose(names, 100, Date::parse("2026-11-23").ok(), found);
        let of = |names| credit(names, 100, "2026-11-23");
        let meant = |meant: Meant| match meant {
            Meant::Payment(_, message) => message,
            Meant::Nothing => "nothing".to_owned(),
            Meant::Perhaps(_) => "perhaps".to_owned(),
            Meant::Unclear(_) => "unclear".to_owned(),
        };
        let payment = "100/2026-11-23";
        for (names, found, expected) in [
            (payers, vec![], "nothing"),
            (payers, vec![of(payers)], payment),
            (with(ONE), vec![of(payers)], payment),
            (payers, vec![of(with(ONE))], payment),
            (with(ONE), vec![of(with(ONE)), of(with(TWO))], payment),
            // Another payment of the payer's with its reference; or the bank has a transaction id of its own.
            (with(ONE), vec![of(with(TWO))], "perhaps"),
            (Names { uetr: ONE, ..payers }, vec![of(Names { uetr: TWO, ..payers })], "nothing"),
            // A bank on the way has changed the payer's reference.
            (
                Names { uetr: ONE, ..payers },
                vec![of(Names { uetr: ONE, end_to_end_id: TWO, ..payers })],
                payment,
            ),
            (with(ONE), vec![of(Names { end_to_end_id: TWO, ..with(ONE) })], payment),
            (payers, vec![of(Names { end_to_end_id: TWO, ..payers })], "nothing"),
            (payers, vec![credit(payers, 101, "2026-11-23")], "perhaps"),
            (with(ONE), vec![credit(with(ONE), 101, "2026-11-23")], "unclear"),
            // Several: the day decides, if it can.
            (payers, vec![of(payers), credit(payers, 100, "2026-10-23")], payment),
            (payers, vec![of(payers), of(payers)], "unclear"),
            (payers, vec![credit(payers, 100, "2026-09-23"), credit(payers, 100, "2026-10-23")], "unclear"),
            // What waits for a person.
            (payers, vec![Named { booked: false, ..of(payers) }], "unclear"),
            (payers, vec![of(payers), Named { booked: false, ..of(payers) }], payment),
            (payers, vec![Named { deposit: None, ..of(payers) }], "unclear"),
            (Names::default(), Vec::new(), "perhaps"),
        ] {
            assert_eq!(meant(choose(names, found.clone())), expected, "{names:?} {found:?}");
        }
    }
}
