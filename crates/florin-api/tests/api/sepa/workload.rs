//! A random workload over a bank that fails, repeats, delays and reorders its messages. At every step the settlement
//! account is what the bank says that it holds for us, and suspense is the sum of what waits; at the end every transfer
//! and every recall stands as the bank has left it. Instant payments fall back, and money is asked back both ways.

use super::*;
use crate::support::{Setup, allow_errors, run_workload};
use florin_api::kit::book::registry::book_of;
use florin_api::kit::settings::{Sepa, Settings};
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::{
    Boxed, Credit, Later, Order, PayeeCheck, RailError, Reason, RecallOrder, RecallRequest, RecallWhat,
    SepaRail, Speed,
};
use florin_types::{ExternalUserId, Iban, Text, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WHY: Reason = Reason::new(*b"AC04");
/// Why an instant payment falls back.
const OFFLINE: Reason = Reason::new(*b"AB08");
const FALLS_BACK: &str = "INSTANT_OR_STANDARD";
const SPEEDS: [&str; 4] = ["STANDARD", "INSTANT", FALLS_BACK, FALLS_BACK];
const USERS: [&str; 3] = ["anna", "ben", "charles"];

/// What the bank knows.
#[derive(Default)]
struct Ledger {
    /// Orders that it has, with what it has said of each so far.
    orders: BTreeMap<Uuid, (i64, Fate)>,
    /// What it has said of each, but for money that came back: whoever asks is told it again.
    said: BTreeMap<Uuid, Vec<Said>>,
    /// Our recalls, with the order of each and whether it is answered.
    asked: BTreeMap<Uuid, (Uuid, bool)>,
    /// Recalls that we refused.
    refused: BTreeSet<Uuid>,
    given_twice: bool,
    loses_answer: bool,
    is_away: bool,
}

/// Where an order is with the bank.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Settled,
    Rejected,
    Returned(i64),
}

#[derive(Default)]
struct Bank(Mutex<Ledger>);

impl SepaRail for Bank {
    fn name(&self) -> &'static str {
        "test"
    }

    fn speeds(&self) -> &'static [Speed] {
        &[Speed::Standard, Speed::Instant]
    }

    fn has_recalls(&self) -> bool {
        true
    }

    fn submit_recall<'a>(&'a self, recall: &'a RecallOrder) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async move {
            let mut ledger = self.0.lock().expect("a ledger");
            if ledger.is_away {
                return Err(RailError::Unavailable("away".to_owned()));
            }
            let is_new = match &recall.what {
                RecallWhat::Ask { order, .. } => ledger.asked.insert(recall.id, (order.id, false)).is_none(),
                RecallWhat::Refuse { .. } | RecallWhat::Accept { .. } => ledger.refused.insert(recall.id),
            };
            ledger.given_twice |= !is_new;
            if std::mem::take(&mut ledger.loses_answer) {
                return Err(RailError::Unavailable("no answer".to_owned()));
            }
            Ok(Vec::new())
        })
    }

    fn find_recall<'a>(&'a self, recall: &'a RecallOrder) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async move {
            let ledger = self.0.lock().expect("a ledger");
            let has_it = ledger.asked.contains_key(&recall.id) || ledger.refused.contains(&recall.id);
            Ok(has_it.then(Vec::new))
        })
    }

    fn handed_over_at(&self, _: Speed, now: Timestamp) -> Timestamp {
        now
    }

    fn submit<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Later, RailError>> {
        Box::pin(async move {
            let mut ledger = self.0.lock().expect("a ledger");
            if ledger.is_away {
                return Err(RailError::Unavailable("away".to_owned()));
            }
            let before = ledger.orders.insert(order.id, (order.amount, Fate::Open));
            ledger.given_twice |= before.is_some();
            if std::mem::take(&mut ledger.loses_answer) {
                return Err(RailError::Unavailable("no answer".to_owned()));
            }
            Ok(Vec::new())
        })
    }

    fn find<'a>(&'a self, order: &'a Order) -> Boxed<'a, Result<Option<Later>, RailError>> {
        Box::pin(async move {
            let ledger = self.0.lock().expect("a ledger");
            let said = ledger.said.get(&order.id).cloned().unwrap_or_default();
            let said = || said.into_iter().map(|said| (Duration::ZERO, said)).collect();
            Ok(ledger.orders.contains_key(&order.id).then(said))
        })
    }

    fn verify_payee<'a>(&'a self, _: &'a Iban, _: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>> {
        Box::pin(async { Ok(PayeeCheck::Match) })
    }
}

/// What happens in a step; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    /// A user pays to the own account, or to one that is not, at a speed.
    Pay(usize, i64, bool, usize),
    /// Money comes in for a user under a name: the own one, one nearly so, another, or to nobody.
    Receive(usize, i64, usize),
    /// The bank settles, rejects or returns an order, and its message is on its way.
    Bank(usize, usize),
    /// A bank asks for money that came in, or is on its way, or never was.
    AskUs(usize),
    /// The partner accepts or refuses one of the recalls.
    Answer(usize, bool),
    /// The partner asks for the money of a transfer.
    AskBank(usize),
    /// The bank answers one of our recalls: with the money, with a part of it, or with a refusal.
    BankAnswers(usize, usize),
    /// A message arrives: any of those on their way, perhaps to arrive again.
    Deliver(usize, bool),
    Suspend(usize, bool),
    /// The bank is away for the next hand-overs, or loses an answer.
    Trouble(bool),
    /// Time passes: what failed is tried again.
    Wait,
    /// A person decides about something that waits.
    Decide(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = 0_usize..USERS.len();
    let step = prop_oneof![
        4 => (user.clone(), 1_i64..5_000, prop::bool::weighted(0.8), 0..SPEEDS.len())
            .prop_map(|(u, a, own, speed)| Step::Pay(u, a, own, speed)),
        3 => (user.clone(), 1_i64..5_000, 0_usize..4).prop_map(|(u, a, kind)| Step::Receive(u, a, kind)),
        5 => (0_usize..1 << 20, 0_usize..5).prop_map(|(index, what)| Step::Bank(index, what)),
        2 => (0_usize..1 << 20).prop_map(Step::AskUs),
        2 => (0_usize..1 << 20, any::<bool>()).prop_map(|(index, accepts)| Step::Answer(index, accepts)),
        2 => (0_usize..1 << 20).prop_map(Step::AskBank),
        2 => (0_usize..1 << 20, 0_usize..3).prop_map(|(index, what)| Step::BankAnswers(index, what)),
        5 => (0_usize..1 << 20, any::<bool>()).prop_map(|(index, again)| Step::Deliver(index, again)),
        1 => (user, any::<bool>()).prop_map(|(u, on)| Step::Suspend(u, on)),
        1 => any::<bool>().prop_map(Step::Trouble),
        2 => Just(Step::Wait),
        1 => (0_usize..1 << 20, 0_usize..3).prop_map(|(index, what)| Step::Decide(index, what)),
    ];
    prop::collection::vec(step, 200)
}

/// The run so far.
struct Run {
    app: TestApp,
    bank: Arc<Bank>,
    book: BookId,
    /// Messages on their way.
    mail: Vec<Said>,
    numbers: usize,
    /// What the bank holds for us, as far as it has said so.
    cash: i64,
    heard: BTreeMap<String, ()>,
    /// The messages that bring money.
    credits: Vec<String>,
    /// Transfers that were made.
    transfers: Vec<String>,
    /// The order of each message about one.
    order_of: BTreeMap<String, Uuid>,
}

impl Run {
    async fn start() -> Self {
        let bank = Arc::new(Bank::default());
        let base = Settings::sandbox();
        let sepa = Sepa { rail: bank.clone(), ..base.sepa.clone() };
        let settings = Settings { sepa, ..base };
        let app = TestApp::with(Setup { settings, ..Setup::default() }).await;
        let a = app.a();
        for user in USERS {
            a.verified_user(user).await;
            a.fund(Some(user), "200", "eur").await;
        }
        let book = book_of(&app.app.store, app.partners[0]).await.expect("a read").expect("a book");
        let mut run = Self {
            app,
            bank,
            book,
            mail: Vec::new(),
            numbers: 0,
            cash: 0,
            heard: BTreeMap::new(),
            credits: Vec::new(),
            transfers: Vec::new(),
            order_of: BTreeMap::new(),
        };
        for user in 0..USERS.len() {
            run.receive(user, 100, 0).await;
        }
        run
    }

    async fn step(&mut self, step: &Step) {
        let a = self.app.a();
        match *step {
            Step::Pay(user, cents, is_own, speed) => {
                let iban = if is_own { OUTSIDE } else { "FR1420041010050500013M02606" };
                let amount = florin_types::format_minor(cents, 2);
                let to = (iban, Some(SPEEDS[speed]));
                let answer = outgoing_at(&a, Some(USERS[user]), &amount, to).send().await;
                assert!(answer.status == 200 || answer.code() == "P455", "{}", answer.text());
                if answer.status == 200 {
                    self.transfers.push(id_of(&answer));
                }
            }
            Step::Receive(user, cents, kind) => self.receive(user, cents, kind).await,
            Step::Bank(index, what) => self.act(index, what),
            Step::AskUs(index) => self.ask_us(index),
            Step::Answer(index, accepts) => self.answer(index, accepts).await,
            Step::AskBank(index) => self.ask_bank(index).await,
            Step::BankAnswers(index, what) => self.bank_answers(index, what),
            Step::Deliver(index, again) => self.deliver(index, again).await,
            Step::Suspend(user, is_on) => {
                let verb = if is_on { "suspend" } else { "unsuspend" };
                let path = format!("/v1/user/{verb}/{}", USERS[user]);
                a.call(http::Method::PATCH, &path).send().await.expect(200);
            }
            Step::Trouble(is_away) => {
                let mut ledger = self.bank.0.lock().expect("a ledger");
                (ledger.is_away, ledger.loses_answer) = (is_away, !is_away);
            }
            Step::Wait => {
                self.bank.0.lock().expect("a ledger").is_away = false;
                self.app.clock.advance(Duration::from_secs(1_000));
            }
            Step::Decide(index, what) => self.decide(index, what).await,
        }
        a.run_jobs().await;
        self.check().await;
    }

    async fn receive(&mut self, user: usize, cents: i64, kind: usize) {
        let a = self.app.a();
        let iban = if kind == 3 { OUTSIDE.to_owned() } else { iban_of(&a, Some(USERS[user])).await };
        let (sender_name, sender_iban) = [
            ("Ada Lovelace", OUTSIDE),
            ("Ada Lovelaco", "LT121000011101001000"),
            ("Charles Babbage", "NL91ABNA0417164300"),
            ("Ada Lovelace", "NL91ABNA0417164300"),
        ][kind];
        let (sender_name, sender_iban) = (sender_name.to_owned(), sender_iban.to_owned());
        let credit = Credit { iban, amount: cents, sender_name, sender_iban, title: "Savings".to_owned() };
        self.numbers += 1;
        let id = format!("credit/{}", self.numbers);
        self.credits.push(id.clone());
        self.mail.push(Said { id, message: Message::Credit(credit) });
        // The first of a user must be there before the user pays.
        if self.numbers <= USERS.len() {
            self.deliver(self.mail.len() - 1, false).await;
        }
    }

    /// The bank does something with an order that it has.
    fn act(&mut self, index: usize, what: usize) {
        let mut ledger = self.bank.0.lock().expect("a ledger");
        if ledger.orders.is_empty() {
            return;
        }
        let index = index % ledger.orders.len();
        let Some((id, (amount, fate))) = ledger.orders.iter_mut().nth(index) else { return };
        let status = match (*fate, what) {
            (Fate::Open, 0 | 1) => (Fate::Settled, Status::Settled),
            (Fate::Open, 2) => (Fate::Rejected, Status::Rejected(WHY)),
            (Fate::Open, 3) => (Fate::Rejected, Status::Rejected(OFFLINE)),
            (Fate::Open, _) => (Fate::Open, Status::Accepted),
            (Fate::Settled, 0) => (Fate::Returned(*amount), Status::Returned(*amount, WHY)),
            // The banks on the way take their charges.
            (Fate::Settled, 1) if *amount > 10 => {
                (Fate::Returned(*amount - 10), Status::Returned(*amount - 10, WHY))
            }
            // It sends a part back, and then another.
            (Fate::Settled, 2) if *amount > 1 => {
                (Fate::Returned(*amount / 2), Status::Returned(*amount / 2, WHY))
            }
            (Fate::Returned(back), _) if back < *amount => {
                let part = (*amount - back).min(1 + back);
                (Fate::Returned(back + part), Status::Returned(part, WHY))
            }
            // It takes its rejection back.
            (Fate::Rejected, 0) => (Fate::Settled, Status::Settled),
            _ => return,
        };
        *fate = status.0;
        let id = *id;
        self.numbers += 1;
        let said = Said { id: format!("status/{}", self.numbers), message: Message::Payment(id, status.1) };
        self.order_of.insert(said.id.clone(), id);
        if !matches!(status.1, Status::Returned(..)) {
            ledger.said.entry(id).or_default().push(said.clone());
        }
        self.mail.push(said);
    }

    /// A bank asks for money that came in; or that is on its way, or never was, which is answered at once.
    fn ask_us(&mut self, index: usize) {
        self.numbers += 1;
        let credit = self.credits.get(index % (self.credits.len() + 1)).cloned().unwrap_or_default();
        let request = RecallRequest { credit, amount: 100, reason: WHY, text: String::new(), case: None };
        self.mail.push(Said { id: format!("recall/{}", self.numbers), message: Message::Recall(request) });
    }

    /// The recalls, newest first.
    async fn recalls(&self) -> Vec<Value> {
        let (a, mut all, mut query) = (self.app.a(), Vec::new(), "?limit=20".to_owned());
        loop {
            let page = a.get(&format!("/v1/sepa-recalls{query}")).await.expect(200);
            all.extend(page["data"].as_array().expect("a list").clone());
            match page["nextCursor"].as_str() {
                Some(cursor) => query = format!("?limit=20&cursor={cursor}"),
                None => return all,
            }
        }
    }

    async fn answer(&self, index: usize, accepts: bool) {
        let mut all = self.recalls().await;
        // Those that wait, most of the time.
        let is_answerable = |one: &Value| one["direction"] == "INCOMING" && one["status"] == "OPEN";
        if !index.is_multiple_of(8) {
            all.retain(is_answerable);
        }
        let Some(one) = all.get(index % all.len().max(1)) else { return };
        let decision = json!({"decision": if accepts { "ACCEPT" } else { "REFUSE" }});
        let path = format!("/v1/sepa-recall/{}/answer", one["id"].as_str().expect("an id"));
        let answer = self.app.a().post(&path, &decision).send().await;
        match is_answerable(one) {
            true => assert!(answer.status == 200 || answer.code() == "P433", "{}", answer.text()),
            false => assert_eq!(answer.code(), "P473"),
        }
    }

    async fn ask_bank(&self, index: usize) {
        let Some(id) = self.transfers.get(index % self.transfers.len().max(1)) else { return };
        let path = format!("/v1/sepa-transfer/{id}/recall");
        let answer = self.app.a().post(&path, &json!({"reason": "DUPL"})).send().await;
        assert!(answer.status == 201 || answer.code() == "P473", "{}", answer.text());
    }

    fn bank_answers(&mut self, index: usize, what: usize) {
        let mut ledger = self.bank.0.lock().expect("a ledger");
        let ledger = &mut *ledger;
        let Some(index) = index.checked_rem(ledger.asked.len()) else { return };
        let Some((recall, (order, is_answered))) = ledger.asked.iter_mut().nth(index) else { return };
        let Some((amount, fate)) = ledger.orders.get_mut(order) else { return };
        if *is_answered || *fate != Fate::Settled {
            return;
        }
        *is_answered = true;
        self.numbers += 1;
        let message = if what == 0 {
            Message::RecallRefused(*recall, WHY)
        } else {
            let back = if what == 1 || *amount <= 10 { *amount } else { *amount - 10 };
            *fate = Fate::Returned(back);
            Message::Payment(*order, Status::Returned(back, Reason::RECALLED))
        };
        let id = format!("answer/{}", self.numbers);
        self.order_of.insert(id.clone(), *order);
        self.mail.push(Said { id, message });
    }

    /// A message arrives. What it says of our cash counts the first time.
    async fn deliver(&mut self, index: usize, again: bool) {
        if self.mail.is_empty() {
            return;
        }
        let index = index % self.mail.len();
        // Two settlements of one order, before and after a rejection, cannot overtake the rejection between them.
        let index = match self.mail[index].message {
            Message::Payment(id, _) => {
                let of_order =
                    |said: &Said| matches!(said.message, Message::Payment(other, _) if other == id);
                let has_two = self.mail.iter().filter(|said| of_order(said)).count() > 1;
                let first = self.mail.iter().position(of_order).unwrap_or(index);
                if has_two && self.has_been_rejected(id) { first } else { index }
            }
            Message::Credit(_) | Message::Recall(_) | Message::RecallRefused(..) => index,
        };
        let said = if again { self.mail[index].clone() } else { self.mail.remove(index) };
        let is_new = self.heard.insert(said.id.clone(), ()).is_none();
        let amount = match &said.message {
            Message::Credit(credit) => credit.amount,
            Message::Payment(_, Status::Returned(amount, _)) => *amount,
            Message::Payment(..) | Message::Recall(_) | Message::RecallRefused(..) => 0,
        };
        let deposits = self.number("SELECT COUNT(*) FROM sepa_deposit").await;
        bring(&self.app.app, self.book, said).await;
        // What comes in is a deposit, but for what comes back of a refund whose way out a person has to settle.
        let booked = self.number("SELECT COUNT(*) FROM sepa_deposit").await - deposits;
        assert!(is_new || booked == 0, "a message was booked twice");
        self.cash += amount * booked;
    }

    fn has_been_rejected(&self, id: Uuid) -> bool {
        let rejects =
            |said: &Said| matches!(said.message, Message::Payment(other, Status::Rejected(_)) if other == id);
        self.mail.iter().any(rejects)
    }

    async fn decide(&self, index: usize, what: usize) {
        let operator = SepaOperator { app: &self.app.app, name: Text::parse("olga").expect("a name") };
        let waiting = operator.suspense().await.expect("a list");
        let Some(one) = waiting.get(index % waiting.len().max(1)) else { return };
        let anna = ExternalUserId::parse("anna").expect("an id");
        // What does not fit where the money stands is refused, and changes nothing.
        let _ = match what {
            0 => operator.approve(one.id).await,
            1 => operator.send_back(one.id, WHY).await,
            _ => operator.assign(one.id, &anna).await,
        };
    }

    async fn number(&self, sql: &str) -> i64 {
        self.app.database().count(sql).await
    }

    /// What the books say is what the bank says, to the cent.
    async fn check(&self) {
        let out = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sepa_transfer \
                   WHERE state IN ('SETTLED', 'RETURNED')";
        let settlement = "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM account WHERE kind = 5";
        assert_eq!(
            self.number(settlement).await,
            self.number(out).await - self.cash,
            "the settlement account"
        );
        let waits = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sepa_deposit \
                     WHERE state NOT IN ('CREDITED', 'REFUNDED', 'CAME_BACK')";
        let suspense = "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM account WHERE kind = 8";
        assert_eq!(self.number(suspense).await, self.number(waits).await, "suspense");
        let below = "SELECT COUNT(*) FROM account WHERE kind = 1 AND balance - held < 0";
        assert_eq!(self.number(below).await, 0, "nobody spends what is not there");
    }

    /// All that is on its way arrives; then every order stands as the bank has left it.
    async fn end(mut self) {
        self.step(&Step::Wait).await;
        for _ in 0..20 {
            while !self.mail.is_empty() {
                self.deliver(0, false).await;
                self.app.a().run_jobs().await;
                self.check().await;
            }
            self.step(&Step::Wait).await;
        }
        let (orders, refused): (BTreeMap<Uuid, Fate>, _) = {
            let ledger = self.bank.0.lock().expect("a ledger");
            assert!(!ledger.given_twice, "something was given twice");
            let orders = ledger.orders.iter().map(|(id, (_, fate))| (*id, *fate)).collect();
            (orders, ledger.refused.clone())
        };
        let operator = SepaOperator { app: &self.app.app, name: Text::parse("olga").expect("a name") };
        let waiting = operator.refused().await.expect("a list");
        let waiting: BTreeSet<Uuid> =
            waiting.iter().filter_map(|(_, item)| self.order_of.get(&item.external_id)).copied().collect();
        for id in &self.transfers {
            self.check_transfer(id, (&orders, &waiting)).await;
        }
        self.check_recalls(&refused).await;
        allow_errors(&["a job failed; it will be tried again", "a message of the bank was refused"]);
        self.app.finish().await;
    }

    /// A transfer is paid as often as the bank says that it paid its tries: once, or never. Else a message about one of
    /// them waits for a person.
    async fn check_transfer(&self, id: &str, (orders, waiting): (&BTreeMap<Uuid, Fate>, &BTreeSet<Uuid>)) {
        let shown = details(&self.app.a(), id).await;
        let id: Uuid = id.parse().expect("an id");
        // The second try has the same id in another version.
        let second: Uuid = {
            let mut text = id.to_string();
            text.replace_range(14..15, "8");
            text.parse().expect("an id")
        };
        let waits = waiting.contains(&id) || waiting.contains(&second);
        let (first, second) = (orders.get(&id), orders.get(&second));
        let newest = second.or(first);
        let is_paid = |fate: &&Fate| matches!(fate, Fate::Settled | Fate::Returned(_));
        let paid = [first, second].into_iter().flatten().filter(is_paid).count();
        let ours = usize::from(shown["status"] == "SUCCESSFUL" || shown["error"]["status"] == "RETURNED");
        assert!(
            paid == ours || waits,
            "{id}: paid {paid} times, and in the books {ours}: {first:?} {second:?}"
        );
        if waits || second.is_some() && first != Some(&Fate::Rejected) {
            return;
        }
        let expected = match newest {
            Some(Fate::Open) => "PENDING",
            Some(Fate::Settled) => "SUCCESSFUL",
            Some(Fate::Rejected | Fate::Returned(_)) | None => "FAILED",
        };
        assert_eq!(shown["status"], expected, "{id} {newest:?}");
        if second.is_some() {
            assert_eq!((&shown["speed"], &shown["requestedSpeed"]), (&json!("STANDARD"), &json!(FALLS_BACK)));
        }
    }

    /// The bank was told of every refusal, and of no other; our recalls stand as the money does.
    async fn check_recalls(&self, refused: &BTreeSet<Uuid>) {
        let mut ours = BTreeSet::new();
        for recall in self.recalls().await {
            let id: Uuid = recall["id"].as_str().expect("an id").parse().expect("an id");
            let status = recall["status"].as_str().expect("a word");
            if recall["direction"] == "INCOMING" {
                assert_eq!(refused.contains(&id), status == "REFUSED", "{recall}");
                ours.insert(id);
                continue;
            }
            let transfer = details(&self.app.a(), recall["transferId"].as_str().expect("an id")).await;
            let has_come = transfer["error"]["status"] == "RETURNED";
            let has_all_come = has_come && transfer["error"]["returnedAmount"] == transfer["amount"];
            // One that was refused before is not the newest.
            assert!(has_come || status != "ACCEPTED", "{recall} {transfer}");
            assert!(!has_all_come || status != "OPEN", "{recall} {transfer}");
        }
        assert!(refused.is_subset(&ours));
    }
}

#[test]
fn the_books_agree_with_a_bank_that_misbehaves() {
    run_workload((6, 2), &steps(), async |steps| {
        let mut run = Run::start().await;
        for step in &steps {
            run.step(step).await;
        }
        run.end().await;
    });
}
