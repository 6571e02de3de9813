//! What files say.

use super::*;
use florin_iso20022::{
    Balance, GroupStatus, Original, Party, PaymentStatus, RecallRequest, RecalledPayment, ReportKind,
    TransactionCode,
};
use florin_types::{Bic, Date, Text, Timestamp};

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

fn told(entries: Vec<Entry>) -> Vec<Notice> {
    let [notified, stated] = [ReportKind::Notification, ReportKind::Statement].map(|kind| {
        hear(&report(kind, account(), entries.clone()), &account()).expect("it is understood").notices
    });
    assert_eq!(notified, stated, "both tell the same under the same ids");
    notified
}

fn ids(notices: &[Notice]) -> Vec<String> {
    let id = |notice: &Notice| match notice {
        Notice::Said(said) | Notice::CameBack(said, _) => said.id.clone(),
        Notice::Other(id, _) | Notice::File { report: id, .. } => id.clone(),
    };
    notices.iter().map(id).collect()
}

#[test]
fn bookings_become_messages() {
    let to_user = Transaction {
        creditor: Party { name: None, account: Some(AccountNumber::Iban(other())), bic: None },
        ..from_anna(500)
    };
    let ours =
        |cents| Transaction { end_to_end_id: Some(PAYMENT.simple().to_string()), ..Transaction::new(cents) };
    let returned = Transaction { return_reason: Some(StatusReason::code("AC04")), ..ours(1_602) };
    let notices = told(vec![
        entry(500, true, Some("A"), vec![to_user]),
        entry(1_602, false, Some("B"), vec![ours(1_602)]),
        entry(1_602, true, Some("C"), vec![returned]),
        entry(250, false, Some("D"), Vec::new()),
        Entry { status: EntryStatus::Pending, ..entry(1, true, Some("E"), Vec::new()) },
        // Somebody else's payment may have an end-to-end id in the form of ours.
        entry(7, true, Some("F"), vec![ours(7)]),
    ]);
    assert_eq!(ids(&notices), ["C500/A", "D1602/B", "C1602/C", "D250/D", "C7/F"]);
    let expected = Credit {
        iban: other().into_string(),
        amount: 500,
        sender_name: "Anna Muster".to_owned(),
        sender_iban: other().into_string(),
        title: "Savings".to_owned(),
    };
    let Notice::Said(Said { message: Message::Credit(credit), .. }) = &notices[0] else {
        panic!("{notices:?}")
    };
    assert_eq!(*credit, expected);
    let Notice::Said(Said { message, .. }) = &notices[1] else { panic!("{notices:?}") };
    assert_eq!(*message, Message::Payment(PAYMENT, Status::Settled));
    let Notice::CameBack(Said { message, .. }, otherwise) = &notices[2] else { panic!("{notices:?}") };
    assert_eq!(*message, Message::Payment(PAYMENT, Status::Returned(1_602, Reason::new(*b"AC04"))));
    assert_eq!(otherwise.amount, 1_602);
    assert_eq!(notices[3], Notice::Other("D250/D".to_owned(), -250));
    assert!(matches!(&notices[4], Notice::Said(Said { message: Message::Credit(_), .. })));
}

#[test]
fn bookings_without_a_reference_of_their_own_are_told_apart() {
    let named =
        |name: &str| Transaction { account_servicer_reference: Some(name.to_owned()), ..from_anna(100) };
    let batches = told(vec![
        entry(200, true, Some("A"), vec![named("1"), named("2")]),
        entry(200, true, Some("B"), vec![named("3"), Transaction { remittance: None, ..named("3") }]),
    ]);
    let found = ids(&batches);
    assert_eq!(found[..2], ["C100/1", "C100/2"]);
    assert!(found[2] != found[3] && found[2].starts_with("C100/B/"), "{found:?}");
    let gifts = told(vec![
        entry(100, true, None, vec![from_anna(100)]),
        entry(100, true, None, vec![from_anna(100)]),
    ]);
    let found = ids(&gifts);
    assert_eq!(found[1], format!("{}/2", found[0]));
}

#[test]
fn reports_of_other_accounts_and_other_messages_are_refused() {
    let xml = report(ReportKind::Statement, other(), vec![entry(500, true, Some("A"), vec![from_anna(500)])]);
    assert_eq!(hear(&xml, &account()), Err(NotHeard::Account));
    assert!(matches!(hear(b"<!DOCTYPE x>", &account()), Err(NotHeard::Unreadable(_))));
    let bank = Bic::parse("BYLADEM1001").expect("a BIC");
    let original = Original { cents: Some(500), ..Original::default() };
    let recall = RecallRequest {
        id: "R-1".to_owned(),
        created_at: Timestamp::from_micros(1_795_435_200_000_000),
        from: Some(bank.clone()),
        to: Some(bank),
        payments: vec![RecalledPayment {
            recall_id: None,
            original,
            reason: Some(StatusReason::code("DUPL")),
        }],
    };
    let heard = hear(&recall.to_xml().expect("a file"), &account());
    assert_eq!(heard, Err(NotHeard::Recall), "an operator is told");
}

fn status_report(status: Option<TransactionStatus>, groups: Vec<GroupStatus>) -> Vec<Notice> {
    let report = StatusReport {
        message_id: "R-1".to_owned(),
        created_at: Timestamp::from_micros(1_795_435_200_000_000),
        original_message_id: "FLORIN-1".to_owned(),
        original_message_name: "pain.001.001.09".to_owned(),
        status,
        reason: Some(StatusReason::code("FF01")),
        groups,
    };
    hear(&report.to_xml().expect("a file"), &account()).expect("it is understood").notices
}

#[test]
fn a_status_above_counts_for_all_that_have_none_of_their_own() {
    let payment = PaymentStatus {
        original_instruction_id: None,
        original_end_to_end_id: Some(PAYMENT.simple().to_string()),
        status: Some(TransactionStatus::Rejected),
        reason: Some(StatusReason::code("AC04")),
        accepted_at: None,
        account_servicer_reference: None,
    };
    let group =
        |status, payments| GroupStatus { original_id: "FLORIN-1".to_owned(), status, reason: None, payments };
    let said = Notice::Said(Said {
        id: format!("S/R-1/{}/RJCT", PAYMENT.simple()),
        message: Message::Payment(PAYMENT, Status::Rejected(Reason::new(*b"AC04"))),
    });
    let of_all =
        |status, but| Notice::File { file: "FLORIN-1".to_owned(), report: "R-1".to_owned(), status, but };
    let part = Some(TransactionStatus::PartiallyAccepted);
    let single = status_report(part, vec![group(None, vec![payment.clone()])]);
    assert_eq!(single, std::slice::from_ref(&said));
    let settled = Some(TransactionStatus::SettledForDebtor);
    let notices = status_report(None, vec![group(settled, vec![payment])]);
    assert_eq!(notices, [said, of_all(Status::Settled, vec![PAYMENT])]);
    let refused = status_report(Some(TransactionStatus::Rejected), Vec::new());
    assert_eq!(refused, [of_all(Status::Rejected(Reason::new(*b"FF01")), Vec::new())]);
    assert_eq!(status_report(Some(TransactionStatus::AcceptedProfile), Vec::new()), []);
}
