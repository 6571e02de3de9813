//! A random workload over a bank that repeats its files, mixes them up and loses none, asks for money back and gets one
//! answer each time, while the process ends at any step. At the end the settlement account is what the
//! bank holds, every payment stands as the bank has left it, and the statement of the whole time agrees with the books.

use super::bank::{entry, from, ours, report};
use super::recalling::{asks, original, standing};
use super::*;
use crate::support::{allow_errors, run_workload};
use florin_api::sepa::{SepaOperator, reconcile};
use florin_rails::sepa::files::iso20022::{Entry, Original, RecallOutcome, StatusReason, Transaction};
use florin_types::Text;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the bank has done with a payment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Paid,
    Rejected,
    Returned,
}

struct Run {
    app: TestApp,
    bank: Bank,
    /// What the bank has of each payment, with the message id of its file.
    payments: BTreeMap<String, (i64, Fate, String)>,
    /// All bookings so far.
    booked: Vec<Entry>,
    /// The credits that the bank has not asked for yet: their transaction ids, and cents.
    credits: Vec<(String, i64)>,
    /// Those that it has asked for, with its answer.
    asked: BTreeMap<String, Option<RecallOutcome>>,
    /// Files that are made and not delivered.
    mail: Vec<Vec<u8>>,
    to_anna: String,
    numbers: usize,
}

impl Run {
    async fn start() -> Self {
        let (app, a, mut bank) = with_files().await;
        bank.step().await;
        let to_anna = iban_of(&a, Some("anna")).await;
        let (payments, booked, mail) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (credits, asked) = (Vec::new(), BTreeMap::new());
        Self { app, bank, payments, booked, credits, asked, mail, to_anna, numbers: 0 }
    }

    fn number(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }

    async fn step(&mut self, (what, pick): (u8, usize)) {
        let a = self.app.a();
        match what {
            0..3 => {
                let cents = i64::try_from(pick % 900).expect("cents") + 1;
                let amount = florin_types::format_minor(cents, 2);
                let user = if pick.is_multiple_of(2) { Some("anna") } else { None };
                let answer = outgoing(&a, user, &amount, SETTLES).send().await;
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
            3 => self.receive(pick),
            4..7 => self.act(pick),
            7 => {
                self.app.clock.advance(Duration::from_secs(86_400));
                self.work(None).await;
            }
            8 => {
                let folders = ["staging", "outbox", "done", "reading"];
                self.work(Some(folders[pick % folders.len()])).await;
                self.bank.restart(&self.app).await;
            }
            12 => self.ask(pick),
            13 => self.answer(pick).await,
            _ => {
                if !self.mail.is_empty() {
                    let file = self.mail[pick % self.mail.len()].clone();
                    // Some come again later.
                    if !pick.is_multiple_of(3) {
                        self.mail.retain(|other| *other != file);
                    }
                    self.bank.put(&file);
                }
                self.work(None).await;
            }
        }
    }

    /// One round, perhaps without a folder; then the bank takes what is in the outbox.
    async fn work(&mut self, without: Option<&str>) {
        match without {
            None => self.bank.step().await,
            Some(of) => self.bank.round_without(of).await,
        }
        for file in self.bank.take() {
            for payment in file.payments {
                if payment.creditor_iban.as_str() == OUTSIDE {
                    // Money that goes back arrives.
                    let (id, number) = (payment.end_to_end_id, self.number());
                    let back = Transaction { end_to_end_id: id, ..Transaction::new(payment.cents) };
                    self.tell(entry(&format!("G{number}"), -payment.cents, back));
                    continue;
                }
                let id = payment.end_to_end_id.expect("an id");
                let before = self.payments.insert(id, (payment.cents, Fate::Open, file.message_id.clone()));
                assert_eq!(before, None, "a payment came twice");
            }
        }
        self.app.a().run_jobs().await;
        for answer in self.bank.take_answers() {
            let [decision] = &answer.decisions[..] else { panic!("{answer:?}") };
            let payment = decision.original.transaction_id.clone().expect("an id");
            let before = self.asked.insert(payment, Some(decision.outcome));
            assert_eq!(before, Some(None), "an answer came twice, or nobody asked");
        }
    }

    /// The bank asks for a credit.
    fn ask(&mut self, pick: usize) {
        if self.credits.is_empty() {
            return;
        }
        let (payment, cents) = self.credits.swap_remove(pick % self.credits.len());
        let number = self.number();
        let original = Original { cents: Some(cents), ..original([None, Some(&payment)], "2026-11-23") };
        self.mail.push(asks(&format!("Q{number}"), &[original]));
        self.asked.insert(payment, None);
    }

    /// The partner answers an open recall.
    async fn answer(&mut self, pick: usize) {
        let open = self.open_recalls().await;
        let Some(id) = open.get(pick % open.len().max(1)) else { return };
        let decision = if pick.is_multiple_of(2) { "ACCEPT" } else { "REFUSE" };
        let path = format!("/v1/sepa-recall/{id}/answer");
        let answer = self.app.a().post(&path, &json!({"decision": decision})).send().await;
        assert!(answer.status == 200 || answer.code() == "P433", "{}", answer.text());
    }

    async fn open_recalls(&self) -> Vec<String> {
        let all = standing(&self.app.a()).await;
        all.into_iter().filter(|(_, status, _)| status == "OPEN").map(|(id, ..)| id).collect()
    }

    /// At the end a person looks again for what had not come, and everything is answered.
    async fn end_recalls(&mut self) {
        let operator = SepaOperator { app: &self.app.app, name: Text::parse("olga").expect("a name") };
        for (_, item) in operator.refused().await.expect("a list") {
            let may_come = item.reason.as_ref().is_some_and(|reason| reason.contains("may come yet"));
            assert!(may_come, "{item:?}");
            operator.book(&item.id.to_string(), None).await.expect("it is found").expect("a message");
        }
        for id in self.open_recalls().await {
            let path = format!("/v1/sepa-recall/{id}/answer");
            self.app.a().post(&path, &json!({"decision": "REFUSE"})).send().await.expect(200);
        }
        self.work(None).await;
        assert!(self.asked.values().all(Option::is_some), "{:?}", self.asked);
        let accepted =
            self.asked.values().filter(|outcome| **outcome == Some(RecallOutcome::Accepted)).count();
        let all = standing(&self.app.a()).await;
        assert_eq!(all.iter().filter(|(_, status, _)| status == "ACCEPTED").count(), accepted);
        assert_eq!(all.len(), self.asked.len());
    }

    fn receive(&mut self, pick: usize) {
        let cents = i64::try_from(pick % 700).expect("cents") + 1;
        let number = self.number();
        // Some have no reference of their own; then the title tells them apart.
        let reference = if pick.is_multiple_of(4) { "NONREF".to_owned() } else { format!("R{number}") };
        let title = format!("Savings {number}");
        let payment = format!("T{number}");
        let money = from("Ada Lovelace", OUTSIDE, &self.to_anna, cents, &title);
        self.tell(entry(&reference, cents, Transaction { transaction_id: Some(payment.clone()), ..money }));
        self.credits.push((payment, cents));
    }

    /// The bank does something with a payment that it has.
    fn act(&mut self, pick: usize) {
        let place = pick % self.payments.len().max(1);
        let Some((id, (cents, fate, file))) = self.payments.iter_mut().nth(place) else {
            return;
        };
        let (id, cents, file) = (id.clone(), *cents, file.clone());
        let number = self.numbers + 1;
        match (*fate, pick % 5) {
            (Fate::Open, 0..3) => {
                *fate = Fate::Paid;
                self.tell(entry(&format!("D{number}"), -cents, ours(cents, &id)));
            }
            (Fate::Open, 3) => {
                *fate = Fate::Rejected;
                let status = [(id.as_str(), TransactionStatus::Rejected, Some("AC04"))];
                let report = self.bank.status_of(&format!("P{number}"), &file, &status);
                self.mail.push(report);
            }
            // It accepts it, or refuses it as a duplicate: both change nothing.
            (Fate::Open, _) => {
                let status = [(id.as_str(), TransactionStatus::SettlementInProcess, None)];
                let report = self.bank.status_of(&format!("P{number}"), &file, &status);
                self.mail.push(report);
            }
            (Fate::Paid, 0) => {
                *fate = Fate::Returned;
                let reason = Some(StatusReason::code("AC04"));
                let back = Transaction { return_reason: reason, ..ours(cents, &id) };
                self.tell(entry(&format!("B{number}"), cents, back));
            }
            _ => {}
        }
        self.number();
    }

    /// A booking is told by a notification, and perhaps by a second one with what was told before.
    fn tell(&mut self, one: Entry) {
        let number = self.number();
        let mut entries = vec![one.clone()];
        if number.is_multiple_of(3) {
            let known = |one: &&Entry| one.account_servicer_reference.as_deref() != Some("NONREF");
            entries.extend(self.booked.iter().rev().filter(known).take(2).cloned());
        }
        self.booked.push(one);
        self.mail.push(report(ReportKind::Notification, ACCOUNT, &format!("N{number}"), &entries));
        if number.is_multiple_of(5) {
            self.mail.push(report(ReportKind::Statement, ACCOUNT, &format!("S{number}"), &self.booked));
        }
    }

    async fn check(&self) {
        let settlement = "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM account WHERE kind = 5";
        let booked = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sepa_booking WHERE booked = 1";
        let database = self.app.database();
        assert_eq!(database.count(settlement).await, -database.count(booked).await, "the settlement account");
    }

    async fn end(mut self) {
        self.app.clock.advance(Duration::from_secs(86_400));
        self.work(None).await;
        for file in std::mem::take(&mut self.mail) {
            self.bank.put(&file);
        }
        self.work(None).await;
        self.bank.read().await;
        self.end_recalls().await;
        self.check().await;
        let a = self.app.a();
        for (id, (_, fate, _)) in &self.payments {
            let expected = match fate {
                Fate::Open => "PENDING",
                Fate::Paid => "SUCCESSFUL",
                Fate::Rejected | Fate::Returned => "FAILED",
            };
            let id: Uuid = id.parse().expect("an id");
            assert_eq!(details(&a, &id.to_string()).await["status"], expected, "{fate:?}");
        }
        let operator = SepaOperator { app: &self.app.app, name: Text::parse("olga").expect("a name") };
        assert_eq!(operator.refused().await.expect("a list"), [], "nothing waits for a person");
        if !self.booked.is_empty() {
            let file = self.bank.path("all.xml");
            std::fs::write(&file, report(ReportKind::Statement, ACCOUNT, "ALL", &self.booked))
                .expect("a file");
            let compared = reconcile(&self.app.app, Some(&file)).await.expect("a comparison").expect("one");
            assert_eq!(compared.differences, []);
        }
        allow_errors(&["a message of the bank was refused"]);
        self.app.finish().await;
    }
}

#[test]
fn the_books_agree_with_a_bank_whose_files_come_in_any_order() {
    run_workload((6, 2), &prop::collection::vec((0_u8..14, 0_usize..1 << 20), 80), async |steps| {
        let mut run = Run::start().await;
        for step in steps {
            run.step(step).await;
        }
        run.end().await;
    });
}
