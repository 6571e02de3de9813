//! Strategies for messages that can be written and read again without a loss.

use std::ops::RangeInclusive;

use florin_iso20022::*;
use florin_types::{Bic, Date, Iban, Text, Timestamp, lithuanian, sepa_text};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

const MICROS_PER_MILLI: i64 = 1_000;
/// 2000-01-01 and 2100-01-01, in milliseconds.
const TIMES: RangeInclusive<i64> = 946_684_800_000..=4_102_444_800_000;
/// The amounts of the scheme.
const CENTS: RangeInclusive<i64> = 1..=99_999_999_999;

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9][A-Za-z0-9:+-]{0,33}[A-Za-z0-9]"
}

/// A text that is the same in the SEPA character set.
fn text<const MAX: usize>(characters: usize) -> impl Strategy<Value = Text<MAX>> {
    "[A-Za-zäöüß0-9 ,.'()/+-]{1,160}".prop_filter_map("something must be left", move |text| {
        Text::parse(&sepa_text(&text, characters)).ok()
    })
}

fn time() -> impl Strategy<Value = Timestamp> {
    TIMES.prop_map(|millis| Timestamp::from_micros(millis * MICROS_PER_MILLI))
}

fn date() -> impl Strategy<Value = Date> {
    time().prop_map(Timestamp::date)
}

fn iban() -> impl Strategy<Value = Iban> {
    (0_u32..100_000, 0_u64..100_000_000_000).prop_map(|(bank, account)| lithuanian(bank, account))
}

fn bic() -> impl Strategy<Value = Bic> {
    prop_oneof!["HABALT22", "DEUTDEFF500", "NBKOXKPR"].prop_map(|text| Bic::parse(&text).unwrap())
}

fn uetr() -> impl Strategy<Value = uuid::Uuid> {
    any::<[u8; 16]>().prop_map(|bytes| uuid::Builder::from_random_bytes(bytes).into_uuid())
}

fn reason() -> impl Strategy<Value = StatusReason> {
    let coded = prop_oneof!["[A-Z0-9]{4}".prop_map(Coded::Code), id().prop_map(Coded::Proprietary)];
    (of(coded), of(text(105))).prop_map(|(reason, info)| StatusReason { reason, info })
}

pub fn credit_transfer() -> impl Strategy<Value = Document> {
    let debtor = (text(70), iban(), bic()).prop_map(|(name, iban, bic)| Debtor { name, iban, bic });
    let payment = (of(id()), of(id()), CENTS, text(70), iban(), of(bic()), of(text(140)));
    let payment = payment.prop_map(|(end_to_end_id, instruction_id, cents, name, iban, bic, remittance)| {
        CreditTransfer {
            end_to_end_id,
            instruction_id,
            cents,
            creditor_name: name,
            creditor_iban: iban,
            creditor_bic: bic,
            remittance,
        }
    });
    (id(), time(), date(), any::<bool>(), debtor, vec(payment, 1..5)).prop_map(
        |(message_id, created_at, requested_date, instant, debtor, payments)| {
            Document::CreditTransfer(CreditTransferFile {
                message_id,
                created_at,
                requested_date,
                instant,
                debtor,
                payments,
            })
        },
    )
}

fn status() -> impl Strategy<Value = TransactionStatus> {
    prop_oneof!["RCVD", "ACCP", "ACSP", "ACSC", "ACCC", "RJCT", "PDNG", "PART", "[A-Z]{4}"]
        .prop_map(|code| TransactionStatus::from_code(&code))
}

pub fn status_report() -> impl Strategy<Value = Document> {
    let payment = (of(id()), id(), of(status()), of(reason()), of(time()), of(id()));
    let payment =
        payment.prop_map(|(instruction, end_to_end, status, reason, accepted_at, reference)| PaymentStatus {
            original_instruction_id: instruction,
            original_end_to_end_id: Some(end_to_end),
            status,
            reason,
            accepted_at,
            account_servicer_reference: reference,
        });
    let group = (id(), of(status()), of(reason()), vec(payment, 0..4));
    let group = group.prop_map(|(original_id, status, reason, payments)| GroupStatus {
        original_id,
        status,
        reason,
        payments,
    });
    (id(), time(), id(), of(status()), of(reason()), vec(group, 0..3)).prop_map(
        |(message_id, created_at, original_message_id, status, reason, groups)| {
            Document::StatusReport(StatusReport {
                message_id,
                created_at,
                original_message_id,
                original_message_name: "pain.001.001.09".to_owned(),
                status,
                reason,
                groups,
            })
        },
    )
}

fn party() -> impl Strategy<Value = Party> {
    let account = prop_oneof![iban().prop_map(AccountNumber::Iban), text(34).prop_map(AccountNumber::Other)];
    // A number that happens to be an IBAN would be read as one.
    let account = account.prop_filter("an IBAN", |account| match account {
        AccountNumber::Other(text) => Iban::parse(text.as_str()).is_err(),
        AccountNumber::Iban(_) => true,
    });
    (of(text(140)), of(account), of(bic())).prop_map(|(name, account, bic)| Party { name, account, bic })
}

fn code() -> impl Strategy<Value = TransactionCode> {
    let iso = ("[A-Z]{4}", "[A-Z]{4}", "[A-Z]{4}").prop_map(|(domain, family, sub_family)| IsoCode {
        domain,
        family,
        sub_family,
    });
    (of(iso), of(id())).prop_map(|(iso, proprietary)| TransactionCode { iso, proprietary })
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let references = (of(id()), of(id()), of(id()), of(uetr()), of(id()));
    (CENTS, references, of(code()), party(), party(), of(text(140)), of(id()), of(reason())).prop_map(
        |(cents, references, code, debtor, creditor, remittance, creditor_reference, return_reason)| {
            let (end_to_end_id, instruction_id, transaction_id, uetr, account_servicer_reference) =
                references;
            Transaction {
                cents,
                end_to_end_id,
                instruction_id,
                transaction_id,
                uetr,
                account_servicer_reference,
                code,
                debtor,
                creditor,
                remittance,
                creditor_reference,
                return_reason,
            }
        },
    )
}

fn booked() -> impl Strategy<Value = (Date, Option<Timestamp>)> {
    (time(), any::<bool>()).prop_map(|(time, has_time)| (time.date(), has_time.then_some(time)))
}

fn entry() -> impl Strategy<Value = Entry> {
    use EntryStatus::*;
    let status = prop::sample::select(vec![Booked, Pending, Information, Future]);
    (0..=99_999_i64, any::<[bool; 3]>(), status, of(booked()), of(date()), code(), vec(transaction(), 0..4))
        .prop_map(
            |(
                fee,
                [is_credit, is_reversal, has_reference],
                status,
                booked,
                value_date,
                code,
                transactions,
            )| Entry {
                cents: if transactions.is_empty() {
                    fee
                } else {
                    transactions.iter().map(|one| one.cents).sum()
                },
                is_credit,
                is_reversal,
                status,
                booked,
                value_date,
                account_servicer_reference: has_reference.then(String::new),
                code,
                transactions,
            },
        )
}

fn balance() -> impl Strategy<Value = Balance> {
    (-99_999_999_999_999..=99_999_999_999_999_i64, date()).prop_map(|(cents, date)| Balance { cents, date })
}

fn account(kind: ReportKind) -> impl Strategy<Value = AccountReport> {
    let numbers = (id(), of(any::<u32>()), of(any::<u32>()), of(1_u64..9), any::<[bool; 2]>());
    let balances = [balance(), balance()];
    (numbers, of((time(), time())), iban(), of(bic()), balances, vec(entry(), 0..4)).prop_map(
        move |(
            (id, sequence, legal, page, [is_last, is_duplicate]),
            period,
            iban,
            bic,
            balances,
            mut entries,
        )| {
            let has_balances = kind == ReportKind::Statement;
            for (number, entry) in entries.iter_mut().enumerate() {
                entry.account_servicer_reference =
                    entry.account_servicer_reference.take().map(|_| format!("REF{number}"));
            }
            AccountReport {
                id,
                sequence: sequence.map(u64::from),
                legal_sequence: legal.map(u64::from),
                page: page.map(|number| Page { number, is_last }),
                is_duplicate,
                period,
                iban,
                bic,
                opening: has_balances.then_some(balances[0]),
                closing: has_balances.then_some(balances[1]),
                entries,
            }
        },
    )
}

fn report(kind: ReportKind) -> impl Strategy<Value = BankReport> {
    (id(), time(), vec(account(kind), 1..3)).prop_map(move |(message_id, created_at, accounts)| BankReport {
        kind,
        message_id,
        created_at,
        accounts,
    })
}

pub fn notification() -> impl Strategy<Value = Document> {
    report(ReportKind::Notification).prop_map(Document::Notification)
}

pub fn statement() -> impl Strategy<Value = Document> {
    report(ReportKind::Statement).prop_map(Document::Statement)
}

fn original() -> impl Strategy<Value = Original> {
    (of(id()), of(id()), of(id()), of(id()), of(uetr()), CENTS, of(date())).prop_map(
        |(message_id, instruction_id, end_to_end_id, transaction_id, uetr, cents, settlement_date)| {
            Original {
                message_name: message_id.as_ref().map(|_| "pacs.008.001.08".to_owned()),
                message_id,
                instruction_id,
                end_to_end_id,
                transaction_id,
                uetr,
                cents: Some(cents),
                settlement_date,
            }
        },
    )
}

pub fn recall_request() -> impl Strategy<Value = Document> {
    let payment = (of(id()), original(), of(reason()));
    let payment =
        payment.prop_map(|(recall_id, original, reason)| RecalledPayment { recall_id, original, reason });
    (id(), time(), bic(), bic(), vec(payment, 1..4)).prop_map(|(id, created_at, from, to, payments)| {
        Document::RecallRequest(RecallRequest { id, created_at, from: Some(from), to: Some(to), payments })
    })
}

pub fn recall_answer() -> impl Strategy<Value = Document> {
    use RecallOutcome::*;
    let outcome = prop::sample::select(vec![Accepted, Refused, Pending]);
    let decision = (of(id()), of(id()), original(), outcome, of(reason()));
    let decision = decision.prop_map(|(answer_id, recall, original, outcome, reason)| RecallDecision {
        answer_id,
        recall_ids: recall.into_iter().collect(),
        original,
        outcome,
        reason,
    });
    (id(), time(), bic(), bic(), vec(decision, 1..4)).prop_map(|(id, created_at, from, to, decisions)| {
        Document::RecallAnswer(RecallAnswer {
            id,
            created_at,
            from: Some(from),
            to: Some(to),
            confirmation: "RJCR".to_owned(),
            decisions,
        })
    })
}

pub fn payment_return() -> impl Strategy<Value = Document> {
    let payment = (of(id()), original(), 0_i64..100, of(reason()));
    let payment = payment.prop_map(|(return_id, original, fee, reason)| {
        let cents = (original.cents.unwrap() - fee).max(1);
        ReturnedPayment { return_id, original, cents, reason }
    });
    (id(), time(), of(date()), of(bic()), vec(payment, 1..4)).prop_map(
        |(message_id, created_at, settlement_date, from, payments)| {
            Document::PaymentReturn(PaymentReturn { message_id, created_at, settlement_date, from, payments })
        },
    )
}
