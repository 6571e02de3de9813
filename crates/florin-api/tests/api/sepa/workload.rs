//! A random workload over a bank that fails, repeats, delays and reorders its messages. At every step the settlement
//! account is what the bank says that it holds for us, and suspense is the sum of what waits; at the end every transfer
//! stands as the bank has left it.

use super::*;
use crate::support::{Engine, Setup, allow_errors, engine};
use florin_api::kit::book::registry::book_of;
use florin_api::kit::settings::{Sepa, Settings};
use florin_api::sepa::SepaOperator;
use florin_rails::sepa::{Boxed, Credit, Later, Order, PayeeCheck, RailError, Reason, SepaRail, Speed};
use florin_types::{ExternalUserId, Iban, Text, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WHY: Reason = Reason::new(*b"AC04");
const USERS: [&str; 3] = ["anna", "ben", "charles"];

/// What the bank knows.
#[derive(Default)]
struct Ledger {
    /// Orders that it has, with what it has said of each so far.
    orders: BTreeMap<Uuid, (i64, Fate)>,
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
            Ok(ledger.orders.contains_key(&order.id).then(Vec::new))
        })
    }

    fn verify_payee<'a>(&'a self, _: &'a Iban, _: &'a str) -> Boxed<'a, Result<PayeeCheck, RailError>> {
        Box::pin(async { Ok(PayeeCheck::Match) })
    }
}

/// What happens in a step; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    /// A user pays to the own account, or to one that is not.
    Pay(usize, i64, bool),
    /// Money comes in for a user under a name: the own one, one nearly so, another, or to nobody.
    Receive(usize, i64, usize),
    /// The bank settles, rejects or returns an order, and its message is on its way.
    Bank(usize, usize),
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
        4 => (user.clone(), 1_i64..5_000, prop::bool::weighted(0.8)).prop_map(|(u, a, own)| Step::Pay(u, a, own)),
        3 => (user.clone(), 1_i64..5_000, 0_usize..4).prop_map(|(u, a, kind)| Step::Receive(u, a, kind)),
        4 => (0_usize..1 << 20, 0_usize..4).prop_map(|(index, what)| Step::Bank(index, what)),
        5 => (0_usize..1 << 20, any::<bool>()).prop_map(|(index, again)| Step::Deliver(index, again)),
        1 => (user, any::<bool>()).prop_map(|(u, on)| Step::Suspend(u, on)),
        1 => any::<bool>().prop_map(Step::Trouble),
        2 => Just(Step::Wait),
        1 => (0_usize..1 << 20, 0_usize..3).prop_map(|(index, what)| Step::Decide(index, what)),
    ];
    prop::collection::vec(step, 150)
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
        let mut run = Self { app, bank, book, mail: Vec::new(), numbers: 0, cash: 0, heard: BTreeMap::new() };
        for user in 0..USERS.len() {
            run.receive(user, 100, 0).await;
        }
        run
    }

    async fn step(&mut self, step: &Step) {
        let a = self.app.a();
        match *step {
            Step::Pay(user, cents, is_own) => {
                let iban = if is_own { OUTSIDE } else { "FR1420041010050500013M02606" };
                let amount = florin_types::format_minor(cents, 2);
                let answer = outgoing(&a, Some(USERS[user]), &amount, iban).send().await;
                assert!(answer.status == 200 || answer.code() == "P455", "{}", answer.text());
            }
            Step::Receive(user, cents, kind) => self.receive(user, cents, kind).await,
            Step::Bank(index, what) => self.act(index, what),
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
        self.mail.push(Said { id: format!("credit/{}", self.numbers), message: Message::Credit(credit) });
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
        self.numbers += 1;
        let message = Message::Payment(*id, status.1);
        self.mail.push(Said { id: format!("status/{}", self.numbers), message });
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
            Message::Credit(_) => index,
        };
        let said = if again { self.mail[index].clone() } else { self.mail.remove(index) };
        let is_new = self.heard.insert(said.id.clone(), ()).is_none();
        let amount = match &said.message {
            Message::Credit(credit) => credit.amount,
            Message::Payment(_, Status::Returned(amount, _)) => *amount,
            Message::Payment(..) => 0,
        };
        let deposits = self.number("SELECT COUNT(*) FROM sepa_deposit").await;
        let app = &self.app.app;
        let mut snapshot = app.store.snapshot(self.book).await.expect("a snapshot");
        let (ready, touches) = Ready::of(app, &mut snapshot, said).await.expect("a read");
        drop(snapshot);
        let log = ready.log();
        let hear = async move |work: &mut Work<'_>| hear(work, &ready).await.map(drop);
        run_inside(app, self.book, touches, hear).await.expect("a command");
        log();
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
                     WHERE state NOT IN ('CREDITED', 'REFUNDED')";
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
        let orders: Vec<(Uuid, Fate)> = {
            let ledger = self.bank.0.lock().expect("a ledger");
            assert!(!ledger.given_twice, "an order was given twice");
            ledger.orders.iter().map(|(id, (_, fate))| (*id, *fate)).collect()
        };
        let a = self.app.a();
        for (id, fate) in orders {
            let shown = a.get(&format!("/v1/sepa-transfer/details/{id}")).await;
            if shown.status != 200 {
                // Money of suspense that went back.
                continue;
            }
            let expected = match fate {
                Fate::Open => "PENDING",
                Fate::Settled => "SUCCESSFUL",
                Fate::Rejected | Fate::Returned(_) => "FAILED",
            };
            assert_eq!(shown.json()["status"], expected, "{id} {fate:?}");
        }
        allow_errors(&["a job failed; it will be tried again", "a message of the bank was refused"]);
        self.app.finish().await;
    }
}

#[test]
fn the_books_agree_with_a_bank_that_misbehaves() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Each look at the database is a connection there.
    let cases = if engine() == Engine::Sqlite { 6 } else { 2 };
    let config = Config { cases, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&steps(), |steps| {
            runtime.block_on(async {
                let mut run = Run::start().await;
                for step in &steps {
                    run.step(step).await;
                }
                run.end().await;
            });
            Ok(())
        })
        .expect("the books agree");
}
