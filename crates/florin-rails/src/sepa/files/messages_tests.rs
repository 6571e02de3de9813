//! What files say.

use super::*;
use crate::sepa::files::{BookKind, Booking, Marks, Names, Told, What};
use crate::sepa::{Credit, Reason, Status};
use florin_iso20022::{
    AccountNumber, AccountReport, Balance, BankReport, Entry, EntryStatus, GroupStatus, Original, Party,
    PaymentStatus, RecallAnswer, RecallDecision, RecallOutcome, RecallRequest, RecalledPayment, ReportKind,
    StatusReason, StatusReport, Transaction, TransactionCode, TransactionStatus,
};
use florin_types::{Bic, Date, Text, Timestamp};

const KEY: [u8; 32] = [7; 32];

const PAYMENT: Uuid = Uuid::from_u128(0x0198_c5d2_ad31_7f24_9c85_6e90_3b4c_5d7f);

fn account() -> Iban {
    Iban::parse("DE89370400440532013000").expect("an IBAN")
}

fn other() -> Iban {
    Iban::parse("LT121000011101001000").expect("an IBAN")
}

fn entry(cents: i64, is_credit: bool, reference: Option<&str>, transactions: Vec<Transaction>) -> Entry {
    Entry {
        cents,
        is_credit,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked: Date::parse("2026-11-23").ok().map(|day| (day, None)),
        value_date: None,
        account_servicer_reference: reference.map(str::to_owned),
        code: TransactionCode::iso("PMNT", if is_credit { "RCDT" } else { "ICDT" }, "ESCT"),
        transactions,
    }
}

fn from_anna(cents: i64) -> Transaction {
    Transaction {
        end_to_end_id: Some("RENT-1".to_owned()),
        debtor: Party {
            name: Text::parse("Anna Muster").ok(),
            account: Some(AccountNumber::Iban(other())),
            bic: None,
        },
        remittance: Text::parse("Savings").ok(),
        ..Transaction::new(cents)
    }
}

fn report(kind: ReportKind, iban: Iban, entries: Vec<Entry>) -> Vec<u8> {
    let total: i64 = entries.iter().map(Entry::signed_cents).sum();
    let balance = |cents| Date::parse("2026-11-23").ok().map(|date| Balance { cents, date });
    let (opening, closing) = match kind {
        ReportKind::Statement => (balance(0), balance(total)),
        ReportKind::Notification => (None, None),
    };
    let account = AccountReport {
        id: "R-1".to_owned(),
        sequence: Some(1),
        legal_sequence: None,
        page: None,
        is_duplicate: false,
        period: None,
        iban,
        bic: None,
        opening,
        closing,
        entries,
    };
    let created_at = Timestamp::from_micros(1_795_435_200_000_000);
    let message_id = format!("{kind:?}");
    BankReport { kind, message_id, created_at, accounts: vec![account] }.to_xml().expect("a file")
}

fn booked(entries: Vec<Entry>) -> Vec<Booking> {
    let [notified, stated] = [ReportKind::Notification, ReportKind::Statement].map(|kind| {
        match hear(&report(kind, account(), entries.clone()), &account(), &KEY).expect("it is understood") {
            Heard::Bookings(heard) => heard.reports.into_iter().flat_map(|report| report.bookings).collect(),
            _ => Vec::new(),
        }
    });
    assert_eq!(notified, stated, "both are read alike");
    notified
}

/// The ids without their hashes.
fn ids(bookings: &[Booking]) -> Vec<String> {
    let short = |booking: &Booking| booking.id.split('/').take(3).collect::<Vec<_>>().join("/");
    bookings.iter().map(short).collect()
}

fn ours(cents: i64) -> Transaction {
    Transaction { end_to_end_id: Some(PAYMENT.simple().to_string()), ..Transaction::new(cents) }
}

#[test]
fn bookings_are_read() {
    let to_user = Transaction {
        creditor: Party { name: None, account: Some(AccountNumber::Iban(other())), bic: None },
        ..from_anna(500)
    };
    let returned = Transaction { return_reason: Some(StatusReason::code("AC04")), ..ours(1_602) };
    let bookings = booked(vec![
        entry(500, true, Some("A"), vec![to_user]),
        entry(1_602, false, Some("B"), vec![ours(1_602)]),
        entry(1_602, true, Some("C"), vec![returned]),
        entry(250, false, Some("D"), Vec::new()),
        Entry { status: EntryStatus::Pending, ..entry(1, true, Some("E"), Vec::new()) },
        // Somebody else's payment may have an end-to-end id in the form of ours.
        entry(7, true, Some("F"), vec![ours(7)]),
    ]);
    let expected = [
        "C500/2026-11-23/A",
        "D1602/2026-11-23/B",
        "C1602/2026-11-23/C",
        "D250/2026-11-23/D",
        "C7/2026-11-23/F",
    ];
    assert_eq!(ids(&bookings), expected);
    assert!(bookings.iter().all(|booking| booking.is_told_apart));
    let expected = Credit {
        iban: other().into_string(),
        amount: 500,
        sender_name: "Anna Muster".to_owned(),
        sender_iban: other().into_string(),
        title: "Savings".to_owned(),
    };
    assert_eq!(bookings[0].what, What::Credit(expected));
    assert_eq!((&bookings[1].what, bookings[1].cents), (&What::Paid(PAYMENT), -1_602));
    let What::CameBack(payment, reason, credit) = &bookings[2].what else { panic!("{bookings:?}") };
    assert_eq!((*payment, *reason, credit.amount), (PAYMENT, Reason::new(*b"AC04"), 1_602));
    assert_eq!((&bookings[3].what, bookings[3].cents), (&What::Other, -250));
    assert!(matches!(bookings[4].what, What::Credit(_)));
    for booking in &bookings {
        assert_eq!(Marks::from_bytes(&booking.marks.to_bytes()), Some(booking.marks));
    }
    assert!(bookings[0].marks.agree(booked(vec![entry(500, true, None, vec![from_anna(500)])])[0].marks));
}

#[test]
fn bookings_that_have_a_reference_of_their_own_are_told_apart() {
    let named =
        |name: &str| Transaction { account_servicer_reference: Some(name.to_owned()), ..from_anna(100) };
    let batches = booked(vec![
        entry(200, true, Some("A"), vec![named("1"), named("2")]),
        entry(200, true, Some("B"), vec![named("3"), Transaction { remittance: None, ..named("3") }]),
    ]);
    let day = "C100/2026-11-23";
    assert_eq!(ids(&batches), ["1", "2", "3", "3"].map(|own| format!("{day}/{own}")));
    assert!(batches[2].id != batches[3].id);
    assert_eq!(
        batches.iter().map(|booking| (booking.is_told_apart, booking.entry)).collect::<Vec<_>>(),
        [(true, 1), (true, 1), (false, 2), (false, 2)]
    );
    for none in [None, Some("NONREF"), Some("notprovided")] {
        let gifts = booked(vec![
            entry(100, true, none, vec![from_anna(100)]),
            entry(100, true, none, vec![from_anna(100)]),
        ]);
        assert_eq!(ids(&gifts), [format!("{day}/-"), format!("{day}/-")]);
        assert_eq!(gifts[1].id, format!("{}/2", gifts[0].id), "two equal ones in one message are two");
        assert!(gifts.iter().all(|booking| !booking.is_told_apart));
    }
}

/// A reference that is used again, on another day or for something else, is of another booking.
#[test]
fn a_reference_may_be_used_again() {
    let first = entry(100, true, Some("1"), vec![from_anna(100)]);
    let next_year = Date::parse("2027-11-23").ok().map(|day| (day, None));
    let later = Entry { booked: next_year, ..first.clone() };
    let other = Transaction { end_to_end_id: Some("RENT-2".to_owned()), ..from_anna(100) };
    let found = booked(vec![first, later, entry(100, true, Some("1"), vec![other])]);
    let ids: std::collections::BTreeSet<_> = found.iter().map(|booking| booking.id.clone()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[test]
fn reports_of_other_accounts_and_other_messages_are_refused() {
    let xml = report(ReportKind::Statement, other(), vec![entry(500, true, Some("A"), vec![from_anna(500)])]);
    assert_eq!(hear(&xml, &account(), &KEY), Err(NotHeard::Account));
    assert!(matches!(hear(b"<!DOCTYPE x>", &account(), &KEY), Err(NotHeard::Unreadable(_))));
    assert_eq!(BookKind::parse("camt.053"), Some(BookKind::Statement));
    assert_eq!(BookKind::parse("camt.052"), None);
}

#[test]
fn recalls_have_an_id_for_each_payment() {
    let bank = Bic::parse("BYLADEM1001").expect("a BIC");
    let (created_at, reason) = (Timestamp::from_micros(1_795_435_200_000_000), StatusReason::code("DUPL"));
    let asked = |id: &str, references: &[&str]| {
        let payment = |reference: &&str| RecalledPayment {
            recall_id: None,
            original: Original {
                end_to_end_id: Some((*reference).to_owned()),
                cents: Some(500),
                ..Original::default()
            },
            reason: Some(reason.clone()),
        };
        let payments = references.iter().map(payment).collect();
        let (from, to) = (Some(bank.clone()), Some(bank.clone()));
        let recall = RecallRequest { id: id.to_owned(), created_at, from, to, payments };
        match hear(&recall.to_xml().expect("a file"), &account(), &KEY) {
            Ok(Heard::Recalls(all)) => all,
            other => panic!("{other:?}"),
        }
    };
    let [one, other] = asked("R-1", &["A", "B"]).try_into().expect("two");
    assert!(one.id.starts_with("camt.056/BYLADEM1001/R-1/") && !one.id.contains("/A"), "{}", one.id);
    assert_ne!(one.id, other.id);
    assert_eq!(asked("R-1", &["B"])[0], other);
    assert_ne!(asked("R-2", &["B"])[0].id, other.id);
    assert_eq!((one.request.amount, one.request.reason), (500, Reason::new(*b"DUPL")));
    // A booking is named alike.
    let transaction = Transaction { end_to_end_id: Some("A".to_owned()), ..from_anna(500) };
    let names = booked(vec![entry(500, true, Some("A"), vec![transaction])])[0].names;
    assert!(names.agree(Names::of_case(&one.case, &KEY)) && !names.agree(Names::of_case(&other.case, &KEY)));
}

/// An answer to a recall of ours says which payment it is about, and which recall.
#[test]
fn an_answer_names_payment_and_recall() {
    let bank = Bic::parse("BYLADEM1001").expect("a BIC");
    let created_at = Timestamp::from_micros(1_795_435_200_000_000);
    let payment = Uuid::from_u128(7);
    let recall = Uuid::from_u128(8);
    let decision = |outcome| RecallDecision {
        answer_id: Some("OF-THE-BANK".to_owned()),
        recall_ids: vec![recall.simple().to_string()],
        original: Original { end_to_end_id: Some(payment.simple().to_string()), ..Original::default() },
        outcome,
        reason: Some(StatusReason::code("CUST")),
    };
    let answer = RecallAnswer {
        id: "A-1".to_owned(),
        created_at,
        from: Some(bank.clone()),
        to: Some(bank.clone()),
        confirmation: "RJCR".to_owned(),
        decisions: [RecallOutcome::Refused, RecallOutcome::Accepted, RecallOutcome::Pending]
            .map(decision)
            .into(),
    };
    let xml = answer.to_xml().expect("a file");
    let heard = |xml: &str| match hear(xml.as_bytes(), &account(), &KEY) {
        Ok(Heard::Answers(all)) => all,
        other => panic!("{other:?}"),
    };
    let xml = String::from_utf8(xml).expect("text");
    let all = heard(&xml);
    assert!(all.iter().all(|one| one.recalls == [recall]), "{all:?}");
    let refusals: Vec<_> = all.iter().map(|one| (one.payment, one.refusal)).collect();
    assert_eq!(refusals, [Some(Reason::new(*b"CUST")), None, None].map(|reason| (Some(payment), reason)));
    // The case of the whole answer, the message that asked, and the id of the answer itself.
    let case = |id: Uuid| format!("<Id>{}</Id><Cretr><Agt/></Cretr>", id.simple());
    let [of_all, of_group, of_answer] = [9, 10, 11].map(Uuid::from_u128);
    let xml = xml
        .replace("</Assgnmt>", &format!("</Assgnmt><RslvdCase>{}</RslvdCase>", case(of_all)))
        .replace(
            "<CxlDtls>",
            &format!(
                "<CxlDtls><OrgnlGrpInfAndSts><OrgnlGrpCxlId>{}</OrgnlGrpCxlId></OrgnlGrpInfAndSts>",
                of_group.simple()
            ),
        )
        .replace("OF-THE-BANK", &of_answer.simple().to_string());
    assert_eq!(heard(&xml)[0].recalls, [recall, of_group, of_all, of_answer]);
}

fn status_report(status: Option<TransactionStatus>, groups: Vec<GroupStatus>) -> Result<Statuses, NotHeard> {
    let report = StatusReport {
        message_id: "R-1".to_owned(),
        created_at: Timestamp::from_micros(1_795_435_200_000_000),
        original_message_id: "FLORIN-1".to_owned(),
        original_message_name: "pain.001.001.09".to_owned(),
        status,
        reason: Some(StatusReason::code("FF01")),
        groups,
    };
    match hear(&report.to_xml().expect("a file"), &account(), &KEY)? {
        Heard::Statuses(statuses) => Ok(statuses),
        heard => panic!("{heard:?}"),
    }
}

fn payment(id: Uuid, status: Option<TransactionStatus>, reason: &str) -> PaymentStatus {
    PaymentStatus {
        original_instruction_id: None,
        original_end_to_end_id: Some(id.simple().to_string()),
        status,
        reason: Some(StatusReason::code(reason)),
        accepted_at: None,
        account_servicer_reference: None,
    }
}

fn told(code: &str, status: Status) -> Option<Told> {
    Some(Told { code: code.to_owned(), status, is_duplicate: false })
}

#[test]
fn a_status_above_counts_for_all_that_the_report_does_not_name() {
    let group =
        |status, payments| GroupStatus { original_id: "FLORIN-1".to_owned(), status, reason: None, payments };
    let rejected = told("RJCT", Status::Rejected(Reason::new(*b"AC04")));
    let one = payment(PAYMENT, Some(TransactionStatus::Rejected), "AC04");
    let part = Some(TransactionStatus::PartiallyAccepted);
    let single = status_report(part, vec![group(None, vec![one.clone()])]).expect("statuses");
    assert_eq!((&single.named[..], single.others), (&[(PAYMENT, rejected.clone())][..], None));
    let settled = Some(TransactionStatus::SettledForDebtor);
    let waits = payment(Uuid::from_u128(2), Some(TransactionStatus::Pending), "MS03");
    let bare = payment(Uuid::from_u128(3), None, "MS03");
    let groups = vec![group(settled.clone(), vec![one]), group(settled, vec![waits, bare])];
    let both = status_report(None, groups).expect("statuses");
    assert_eq!(both.others, told("ACSC", Status::Settled));
    assert_eq!(both.names(), [PAYMENT, Uuid::from_u128(2), Uuid::from_u128(3)].into(), "of all groups");
    let expected = [rejected, None, told("ACSC", Status::Settled)];
    assert_eq!(both.named.into_iter().map(|(_, told)| told).collect::<Vec<_>>(), expected);
    let refused = status_report(Some(TransactionStatus::Rejected), Vec::new()).expect("statuses");
    assert_eq!(refused.others, told("RJCT", Status::Rejected(Reason::new(*b"FF01"))));
    let accepted = status_report(Some(TransactionStatus::AcceptedProfile), Vec::new()).expect("statuses");
    assert_eq!((accepted.others, accepted.named), (None, Vec::new()));
    let other = GroupStatus {
        original_id: "FLORIN-2".to_owned(),
        ..group(Some(TransactionStatus::Rejected), vec![])
    };
    assert_eq!(status_report(None, vec![other]), Err(NotHeard::Group));
}

#[test]
fn a_refusal_as_a_duplicate_is_marked() {
    for (code, is_duplicate) in
        [("AM05", true), ("DUPL", true), ("DU03", true), ("AC04", false), ("FF01", false)]
    {
        let one = payment(PAYMENT, Some(TransactionStatus::Rejected), code);
        let group = GroupStatus {
            original_id: "FLORIN-1".to_owned(),
            status: Some(TransactionStatus::Rejected),
            reason: Some(StatusReason::code(code)),
            payments: vec![one],
        };
        let statuses = status_report(None, vec![group]).expect("statuses");
        let found = [statuses.named[0].1.clone(), statuses.others];
        assert!(found.into_iter().flatten().all(|told| told.is_duplicate == is_duplicate), "{code}");
    }
}
