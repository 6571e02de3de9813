//! A random workload of cards, against a model that knows nothing of the platform: what each user can spend and owes,
//! what each purchase has on hold, what is declined and why. Authorisations, clearings in any order and amount,
//! reversals, refunds, chargebacks, transfers, limits and time, of several users and cards, in two currencies and all
//! channels.

use super::*;
use crate::support::{TestApp, run_workload};
use proptest::prelude::*;
use std::collections::BTreeMap;

const USERS: [&str; 2] = ["anna", "ben"];
const CARDS_EACH: usize = 2;
const CHANNELS: [&str; 3] = ["ECOM", "POS", "ATM"];
const HOUR: i64 = 3_600;

/// What happens in a step; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    /// A purchase: card, amount, channel, currency, whether the merchant takes a part.
    Buy(usize, i64, usize, bool, bool),
    /// More of a purchase.
    More(usize, i64),
    /// Something that follows on a purchase: which, what, and how much of it in percent; none is the whole.
    Follow(usize, usize, Option<i64>),
    /// Money that was never authorised is taken, or given.
    Without(usize, i64, bool),
    /// Money between the users, or made up for one.
    Move(usize, i64, bool),
    /// Limits of a card: of a day in all, and the shares of cash and web shops in percent.
    Limits(usize, i64, i64, i64),
    /// A card is locked or unlocked.
    Lock(usize, bool),
    /// Hours pass.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let card = || 0..USERS.len() * CARDS_EACH;
    let some = || 0_usize..1 << 20;
    let share = || prop::option::weighted(0.7, 1_i64..150);
    let step = prop_oneof![
        8 => (card(), 1_i64..30_000, 0..CHANNELS.len(), any::<bool>(), any::<bool>())
            .prop_map(|(card, amount, channel, usd, part)| Step::Buy(card, amount, channel, usd, part)),
        2 => (some(), 1_i64..10_000).prop_map(|(index, amount)| Step::More(index, amount)),
        12 => (some(), 0_usize..7, share()).prop_map(|(index, what, share)| Step::Follow(index, what, share)),
        1 => (card(), 1_i64..5_000, any::<bool>()).prop_map(|(card, amount, takes)| Step::Without(card, amount, takes)),
        3 => (0..USERS.len(), 1_i64..40_000, any::<bool>())
            .prop_map(|(user, amount, made)| Step::Move(user, amount, made)),
        1 => (card(), 0_i64..100_000, 0_i64..=100, 0_i64..=100)
            .prop_map(|(card, day, atm, ecom)| Step::Limits(card, day, atm, ecom)),
        1 => (card(), any::<bool>()).prop_map(|(card, on)| Step::Lock(card, on)),
        1 => (1_i64..40).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 150)
}

/// A purchase as the model has it, in minor units of its currency.
#[derive(Clone, Debug)]
struct Bought {
    card: usize,
    channel: usize,
    usd: bool,
    at: i64,
    ends: i64,
    authorised: i64,
    released: i64,
    cleared: i64,
    refunded: i64,
    disputed: i64,
    represented: i64,
}

/// What an amount is charged with: USD at 0.86 and 1.49 %, rounded up.
fn charged(usd: bool, minor: i64) -> i64 {
    let exact = i128::from(minor) * 86 * 10_149;
    if usd { i64::try_from((exact + 999_999) / 1_000_000).expect("an amount") } else { minor }
}

/// What comes back for it: rounded down.
fn cut(usd: bool, minor: i64) -> i64 {
    let exact = i128::from(minor) * 86 * 10_149;
    if usd { i64::try_from(exact / 1_000_000).expect("an amount") } else { minor }
}

impl Bought {
    fn charged(&self, minor: i64) -> i64 {
        charged(self.usd, minor)
    }

    fn open(&self) -> i64 {
        (self.authorised - self.released - self.cleared).max(0)
    }

    fn held(&self) -> i64 {
        (self.charged(self.authorised - self.released) - self.charged(self.cleared)).max(0)
    }

    fn back(&self) -> i64 {
        self.refunded + self.disputed - self.represented
    }

    fn paid(&self) -> i64 {
        let is_whole = self.back() == self.cleared;
        self.charged(self.cleared)
            - if is_whole { self.charged(self.back()) } else { cut(self.usd, self.back()) }
    }

    fn counted(&self) -> i64 {
        self.charged(self.cleared.max(self.authorised - self.released))
    }
}

#[derive(Clone, Debug)]
struct Plastic {
    id: String,
    is_locked: bool,
    /// All, cash, web shops: of a day; and of a month.
    day: [i64; 3],
    month: [i64; 3],
    uses: Vec<i64>,
}

struct Run {
    app: TestApp,
    now: i64,
    /// What is on each user's balance, and what each owes.
    balance: [i64; 2],
    owed: [i64; 2],
    cards: Vec<Plastic>,
    bought: BTreeMap<String, Bought>,
    /// In the order in which they were made.
    order: Vec<String>,
    /// What came in without a purchase, less what went out.
    credited: i64,
    said: usize,
}

fn money(cents: i64) -> String {
    florin_types::format_minor(cents, 2)
}

impl Run {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let a = app.a();
        let mut cards = Vec::new();
        for user in USERS {
            a.verified_user(user).await;
            a.move_to(user, "DE").await;
            a.fund(Some(user), "500", "eur").await;
            for _ in 0..CARDS_EACH {
                let id = card_of(&a, user).await.id;
                let (day, month) = ([250_000, 50_000, 250_000], [1_000_000, 250_000, 1_000_000]);
                cards.push(Plastic { id, is_locked: false, day, month, uses: Vec::new() });
            }
        }
        let (bought, order) = (BTreeMap::new(), Vec::new());
        Self { app, now: 0, balance: [50_000; 2], owed: [0; 2], cards, bought, order, credited: 0, said: 0 }
    }

    fn user_of(card: usize) -> usize {
        card / CARDS_EACH
    }

    fn held(&self, user: usize) -> i64 {
        let of_user = self.bought.values().filter(|bought| Self::user_of(bought.card) == user);
        of_user.map(Bought::held).sum()
    }

    fn free(&self, user: usize) -> i64 {
        self.balance[user] - self.held(user)
    }

    /// Why so many cents more of a card are declined.
    fn declines(&self, card: usize, cents: i64, channel: usize) -> Option<&'static str> {
        let of_card = || self.bought.values().filter(move |bought| bought.card == card);
        let plastic = &self.cards[card];
        if plastic.is_locked {
            return Some("CARD_NOT_ACTIVE");
        }
        if plastic.uses.iter().filter(|at| **at > self.now - HOUR).count() >= 30 {
            return Some("VELOCITY");
        }
        let sum = |length: i64, channel: Option<usize>| -> i64 {
            let counts = |bought: &&Bought| {
                bought.at > self.now - length && channel.is_none_or(|channel| channel == bought.channel)
            };
            of_card().filter(counts).map(Bought::counted).sum()
        };
        let (day, month) = (24 * HOUR, 30 * 24 * HOUR);
        let over = |limit: i64, used: i64| used + cents > limit;
        let [ecom, atm] = [channel == 0, channel == 2];
        let all = [
            (over(plastic.day[0], sum(day, None)), "DAILY_LIMIT"),
            (over(plastic.month[0], sum(month, None)), "MONTHLY_LIMIT"),
            (atm && over(plastic.day[1], sum(day, Some(2))), "DAILY_ATM_LIMIT"),
            (atm && over(plastic.month[1], sum(month, Some(2))), "MONTHLY_ATM_LIMIT"),
            (ecom && over(plastic.day[2], sum(day, Some(0))), "DAILY_ECOM_LIMIT"),
            (ecom && over(plastic.month[2], sum(month, Some(0))), "MONTHLY_ECOM_LIMIT"),
            (cents > self.free(Self::user_of(card)), "INSUFFICIENT_FUNDS"),
        ];
        all.into_iter().find(|(is_over, _)| *is_over).map(|(_, reason)| reason)
    }

    fn uses(&mut self, card: usize, reason: Option<&str>) {
        if reason != Some("VELOCITY") {
            let now = self.now;
            self.cards[card].uses.push(now);
        }
    }

    async fn buy(&mut self, (card, amount): (usize, i64), channel: usize, usd: bool, takes_part: bool) {
        let body = json!({"amount": money(amount), "currency": if usd { "usd" } else { "eur" },
            "merchantName": "Florin Hotel", "mcc": "7011", "channel": CHANNELS[channel],
            "partialApproval": takes_part, "pin": "4829"});
        let answer = authorise(&self.app.a(), &self.cards[card].id, &body).await;
        self.said += 1;
        let free = self.free(Self::user_of(card));
        let cents = charged(usd, amount);
        let part = takes_part && free > 0 && cents > free;
        let reason = self.declines(card, if part { free } else { cents }, channel);
        // The largest part that is there, one unit after the other.
        let affordable = (0..=amount).rev().find(|minor| charged(usd, *minor) <= free).unwrap_or_default();
        let approved = if part { affordable } else { amount };
        let reason = reason.or((approved == 0).then_some("INSUFFICIENT_FUNDS"));
        self.uses(card, reason);
        assert_eq!(answer["declineReason"].as_str(), reason, "{answer} {card} {amount} {free}");
        if reason.is_none() {
            assert_eq!(answer["approvedAmount"], money(approved));
            let id = answer["transactionId"].as_str().expect("an id").to_owned();
            let (at, ends) = (self.now, self.now + 7 * 24 * HOUR);
            let bought = Bought {
                card,
                channel,
                usd,
                at,
                ends,
                authorised: approved,
                released: 0,
                cleared: 0,
                refunded: 0,
                disputed: 0,
                represented: 0,
            };
            self.bought.insert(id.clone(), bought);
            self.order.push(id);
        }
    }

    fn chosen(&self, index: usize) -> Option<(String, Bought)> {
        let id = self.order.get(index.checked_rem(self.order.len())?)?;
        Some((id.clone(), self.bought.get(id)?.clone()))
    }

    async fn more(&mut self, index: usize, amount: i64) {
        let Some((id, bought)) = self.chosen(index) else { return };
        let body = json!({"transactionId": id, "amount": money(amount), "pin": "4829"});
        let card = &self.cards[bought.card].id;
        if bought.open() == 0 {
            call(&self.app.a(), card, "authorize", &body).send().await.is_refused("P403");
            return;
        }
        let answer = authorise(&self.app.a(), card, &body).await;
        self.said += 1;
        let authorised = bought.authorised - bought.released;
        let cents = bought.charged(authorised + amount) - bought.charged(authorised);
        let reason = self.declines(bought.card, cents, bought.channel);
        self.uses(bought.card, reason);
        assert_eq!(answer["declineReason"].as_str(), reason, "{answer} {bought:?} {amount}");
        if reason.is_none() {
            let ends = self.now + 7 * 24 * HOUR;
            self.bought
                .insert(id, Bought { authorised: bought.authorised + amount, ends, at: self.now, ..bought });
        }
    }

    async fn follow(&mut self, index: usize, what: usize, share: Option<i64>) {
        let Some((id, before)) = self.chosen(index) else { return };
        let (word, is_last) = [
            ("clear", false),
            ("clear", false),
            ("clear", true),
            ("reverse", false),
            ("refund", false),
            ("chargeback", false),
            ("represent", false),
        ][what];
        let most = match word {
            "clear" | "reverse" => before.open(),
            "represent" => before.disputed - before.represented,
            _ => before.cleared - before.back(),
        };
        let of = if word == "clear" { before.authorised } else { most };
        let amount = share.map(|share| (of * share / 100).max(1));
        let minor = amount.unwrap_or(most);
        let is_possible = minor > 0 && (word == "clear" || minor <= most) && most >= 0;
        let is_possible = is_possible && (word == "clear" || most > 0);
        let mut body = json!({"transactionId": id, "final": is_last});
        if word != "clear" {
            body = json!({"transactionId": id});
        }
        if let Some(amount) = amount {
            body["amount"] = json!(money(amount));
        }
        let answer = call(&self.app.a(), &self.cards[before.card].id, word, &body).send().await;
        if !is_possible {
            assert_eq!(answer.code(), "P403", "{word} {minor} {before:?}");
            return;
        }
        answer.expect(201);
        self.said += 1;
        let mut after = before.clone();
        match word {
            "clear" => {
                after.cleared += minor;
                if is_last {
                    after.released += after.open();
                }
            }
            "reverse" => after.released += minor,
            "refund" => after.refunded += minor,
            "chargeback" => after.disputed += minor,
            _ => after.represented += minor,
        }
        let user = Self::user_of(before.card);
        let (paid, held) = (after.paid() - before.paid(), after.held() - before.held());
        self.bought.insert(id, after);
        self.pays(user, paid, held);
    }

    /// A user pays, or is paid: what is not free the user owes, and what is owed is paid back first. `held`: how what
    /// is on hold has changed by it.
    fn pays(&mut self, user: usize, cents: i64, held: i64) {
        if cents < 0 {
            let repaid = self.owed[user].min(-cents);
            self.owed[user] -= repaid;
            self.balance[user] += -cents - repaid;
            return;
        }
        // What was let go by the same step pays too, but only what was on hold for it.
        let free = self.free(user) + held.min(0) + (-held).min(cents);
        let free = free.max(0);
        let from_balance = cents.min(free);
        self.balance[user] -= from_balance;
        self.owed[user] += cents - from_balance;
    }

    async fn without(&mut self, card: usize, amount: i64, takes: bool) {
        let body = json!({"amount": money(amount), "currency": "eur", "merchantName": "Florin Hotel", "mcc": "7011",
            "channel": "POS"});
        let word = if takes { "clear" } else { "refund" };
        let made = call(&self.app.a(), &self.cards[card].id, word, &body).send().await.expect(201);
        self.said += 1;
        let user = Self::user_of(card);
        self.pays(user, if takes { amount } else { -amount }, 0);
        if !takes {
            self.credited += amount;
            return;
        }
        let id = made["transactionId"].as_str().expect("an id").to_owned();
        let bought = Bought {
            card,
            channel: 1,
            usd: false,
            at: self.now,
            ends: 0,
            authorised: 0,
            released: 0,
            cleared: amount,
            refunded: 0,
            disputed: 0,
            represented: 0,
        };
        self.bought.insert(id.clone(), bought);
        self.order.push(id);
    }

    async fn move_money(&mut self, user: usize, amount: i64, is_made: bool) {
        let a = self.app.a();
        if is_made {
            a.fund(Some(USERS[user]), &money(amount), "eur").await;
            self.balance[user] += amount;
            return;
        }
        let other = 1 - user;
        let answer = a.transfer(Some(USERS[user]), Some(USERS[other]), &money(amount)).send().await;
        let is_possible = amount <= self.free(user);
        assert_eq!(answer.status == 201, is_possible, "{}", answer.text());
        if is_possible {
            self.balance[user] -= amount;
            self.balance[other] += amount;
        }
    }

    async fn limit(&mut self, card: usize, day: i64, atm: i64, ecom: i64) {
        let number = |cents: i64| serde_json::from_str::<Value>(&money(cents)).expect("a number");
        let atm = (day * atm / 100).min(200_000);
        let days = [day, atm, day * ecom / 100];
        let months = days.map(|day| day * 2);
        let body = json!({"externalUserId": USERS[Self::user_of(card)], "cardId": self.cards[card].id,
            "dailyTrxAll": number(days[0]), "dailyTrxAtm": number(days[1]), "dailyTrxEcom": number(days[2]),
            "monthlyTrxAll": number(months[0]), "monthlyTrxAtm": number(months[1]),
            "monthlyTrxEcom": number(months[2])});
        self.app.a().patch("/v1/card/limits", &body).send().await.expect(200);
        (self.cards[card].day, self.cards[card].month) = (days, months);
    }

    async fn lock(&mut self, card: usize, on: bool) {
        let body = json!({"externalUserId": USERS[Self::user_of(card)], "cardId": self.cards[card].id});
        let path = if on { "/v1/card/block" } else { "/v1/card/unblock" };
        self.app.a().patch(path, &body).send().await.expect(200);
        self.cards[card].is_locked = on;
    }

    async fn wait(&mut self, hours: i64) {
        self.now += hours * HOUR;
        advance(&self.app.a(), Duration::from_secs(u64::try_from(hours * HOUR).expect("hours"))).await;
        for bought in self.bought.values_mut() {
            if bought.open() > 0 && bought.ends <= self.now {
                bought.released += bought.open();
                self.said += 1;
            }
        }
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Buy(card, amount, channel, usd, part) => self.buy((card, amount), channel, usd, part).await,
            Step::More(index, amount) => self.more(index, amount).await,
            Step::Follow(index, what, share) => self.follow(index, what, share).await,
            Step::Without(card, amount, takes) => self.without(card, amount, takes).await,
            Step::Move(user, amount, is_made) => self.move_money(user, amount, is_made).await,
            Step::Limits(card, day, atm, ecom) => self.limit(card, day, atm, ecom).await,
            Step::Lock(card, on) => self.lock(card, on).await,
            Step::Wait(hours) => self.wait(hours).await,
        }
        self.check(step).await;
    }

    /// Both sides say the same.
    async fn check(&self, step: &Step) {
        let a = self.app.a();
        for (user, name) in USERS.into_iter().enumerate() {
            let held = self.held(user);
            let expected = [money(self.balance[user] - held), money(held)];
            assert_eq!(funds(&a, name).await, expected, "{name} after {step:?}");
        }
    }

    /// The sum of all balances of a kind of account.
    async fn sum(&self, kind: u8) -> i64 {
        let sql =
            format!("SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM account WHERE kind = {kind}");
        self.app.database().count(&sql).await
    }

    /// At the end nothing is on hold, what is owed is what the books say, and everything was said once.
    async fn end(mut self) {
        self.wait(8 * 24).await;
        self.check(&Step::Wait(0)).await;
        assert!(self.bought.values().all(|bought| bought.held() == 0));
        let a = self.app.a();
        assert_eq!(self.sum(9).await, -self.owed.iter().sum::<i64>(), "what users owe");
        let paid: i64 = self.bought.values().map(Bought::paid).sum();
        let house = self.sum(7).await + self.sum(3).await;
        assert_eq!(house, paid - self.credited, "what the network and the house have");
        assert_eq!(told(&a).await.len(), self.said);
        for (card, plastic) in self.cards.iter().enumerate() {
            check_list(&a, USERS[Self::user_of(card)], &plastic.id).await;
        }
        self.app.finish().await;
    }
}

#[test]
fn the_books_agree_with_a_model_of_cards() {
    run_workload((8, 2), &steps(), async |steps| {
        let mut run = Run::start().await;
        for step in &steps {
            run.step(step).await;
        }
        run.end().await;
    });
}
