//! SIGKILL in the middle of card payments: among authorisations, clearings, reversals, refunds and disputes. Each
//! message has an id of the network's and is sent again after the restart: it happens once, the balances are exact to
//! the cent, and no hold is left.

use crate::support::{Answer, Call, Calls, Client, Options, Server, ambient_seed, call_until_killed};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const ROUNDS: u64 = 5;
const CLIENTS: usize = 8;
/// The crash comes after at most so many acknowledged messages of a round: so no card is used 30 times in an hour,
/// which would be declined.
const LATEST: u64 = 120;

/// What each user has, in cents: more than all payments take.
const FUNDS: i128 = 1_000_000;

/// What a merchant says about a payment; the amount, none for all of it.
#[derive(Copy, Clone, Debug)]
enum Step {
    Authorise(&'static str),
    More(&'static str),
    Clear(Option<&'static str>),
    /// The last time: the rest of the hold is let go.
    ClearLast(&'static str),
    Reverse(Option<&'static str>),
    Refund(Option<&'static str>),
    ChargeBack,
    Represent,
}

use Step::{Authorise, ChargeBack, Clear, ClearLast, More, Refund, Represent, Reverse};

/// What happens to a payment, and the cents that the user has paid at the end.
const STORIES: [(&[Step], i128); 8] = [
    (&[Authorise("10"), Clear(None)], 1_000),
    (&[Authorise("10"), ClearLast("6"), Refund(Some("2"))], 400),
    (&[Authorise("10"), Reverse(None)], 0),
    (&[Authorise("10"), Reverse(Some("3")), Clear(None)], 700),
    (&[Authorise("10"), More("5"), Clear(None), Refund(None)], 0),
    (&[Authorise("10"), Clear(Some("12"))], 1_200),
    (&[Authorise("10"), Clear(Some("4")), Clear(None), ChargeBack, Represent], 1_000),
    (&[Authorise("10"), Clear(None), ChargeBack], 0),
];

impl Step {
    /// The last part of the path.
    fn word(self) -> &'static str {
        match self {
            Authorise(_) | More(_) => "authorize",
            Clear(_) | ClearLast(_) => "clear",
            Reverse(_) => "reverse",
            Refund(_) => "refund",
            ChargeBack => "chargeback",
            Represent => "represent",
        }
    }

    fn amount(self) -> Option<&'static str> {
        match self {
            Authorise(amount) | More(amount) | ClearLast(amount) => Some(amount),
            Clear(amount) | Reverse(amount) | Refund(amount) => amount,
            ChargeBack | Represent => None,
        }
    }

    /// The type of its event.
    fn told(self) -> &'static str {
        match self {
            Authorise(_) | More(_) => "AUTHORIZATION",
            Clear(_) | ClearLast(_) | Represent => "CLEARING",
            Reverse(_) => "REVERSAL",
            Refund(_) | ChargeBack => "REFUND",
        }
    }
}

/// A merchant that has its payments paid by one card, one after the other.
#[derive(Clone, Debug)]
struct Merchant {
    card: Arc<str>,
    /// Begins its messages' ids.
    name: String,
    payment: usize,
    step: usize,
    transaction: String,
}

/// A merchant as it was when it said something.
type Said = Merchant;

impl Merchant {
    fn story(&self) -> &'static [Step] {
        STORIES[self.payment % STORIES.len()].0
    }

    fn call(&self) -> Call {
        let step = self.story()[self.step];
        let mut body = json!({"messageId": format!("{}-{}-{}", self.name, self.payment, self.step)});
        if let Some(amount) = step.amount() {
            body["amount"] = json!(amount);
        }
        if let Authorise(_) = step {
            body["currency"] = json!("eur");
            body["merchantName"] = json!("Bookshop");
            body["mcc"] = json!("5942");
            body["channel"] = json!("POS");
        } else {
            body["transactionId"] = json!(self.transaction);
        }
        if let ClearLast(_) = step {
            body["final"] = json!(true);
        }
        Call::post(format!("/v1/sandbox/cards/{}/{}", self.card, step.word()), &body)
    }

    /// Goes on after an answer.
    fn hear(&mut self, answer: &Answer) {
        let body = answer.expect(201);
        let transaction = body["transactionId"].as_str().expect("an id");
        match self.story()[self.step] {
            Authorise(_) => {
                assert_eq!(body["status"], "APPROVED", "{}", answer.summary());
                transaction.clone_into(&mut self.transaction);
            }
            _ => assert_eq!(transaction, self.transaction),
        }
        self.step += 1;
        if self.step == self.story().len() {
            self.payment += 1;
            self.step = 0;
        }
    }
}

impl Calls<Said> for Merchant {
    fn next_call(&mut self, answer: Option<&Answer>) -> (Said, Call) {
        if let Some(answer) = answer {
            self.hear(answer);
        }
        (self.clone(), self.call())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_hears_each_message_once() {
    let seed = ambient_seed();
    eprintln!("cards crash: FLORIN_TEST_SEED={seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut server = Server::start_with(Options { settle_ms: 20, ..Options::default() }).await;
    let mut cards: Vec<Arc<str>> = Vec::new();
    for number in 0..CLIENTS {
        cards.push(card_of(&server.client(), &user(number)).await);
    }
    // The stories that were told to the end, by the transaction.
    let mut told: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for round in 0..ROUNDS {
        let merchants = cards.iter().enumerate().map(|(number, card)| Merchant {
            card: card.clone(),
            name: format!("{round}-{number}"),
            payment: rng.random_range(0..STORIES.len()),
            step: 0,
            transaction: String::new(),
        });
        let merchants: Vec<_> = merchants.collect();
        let (name, at) = (format!("cards crash: round {round}"), rng.random_range(1..LATEST));
        let all = call_until_killed(&mut server, &name, at, merchants.into_iter()).await;
        server.start_again().await;
        let client = server.client();
        for sent in all {
            let mut last = None;
            for (said, answer) in sent.acknowledged {
                let again = client.send(&said.call()).await;
                assert_eq!((again.status, &again.body), (201, &answer.body), "{said:?}: {}", again.summary());
                let number = cards.iter().position(|card| *card == said.card).expect("a card");
                last = Some(finish_step(&mut told, number, said, &answer));
            }
            // What got no answer is sent again, twice.
            if let Some((said, call)) = sent.in_flight {
                let (first, second) = (client.send(&call).await, client.send(&call).await);
                assert_eq!(first.body, second.body, "{call:?}: {}", second.summary());
                let number = cards.iter().position(|card| *card == said.card).expect("a card");
                last = Some(finish_step(&mut told, number, said, &first));
            }
            // The merchant goes on to the end of its payment.
            let mut merchant = last.expect("something was sent");
            while merchant.step > 0 {
                let answer = client.send(&merchant.call()).await;
                let number = cards.iter().position(|card| *card == merchant.card).expect("a card");
                merchant = finish_step(&mut told, number, merchant, &answer);
            }
        }
        check(&client, &told).await;
        // The card may be used 30 times more.
        client.send(&Call::post("/v1/sandbox/clock/advance", &json!({"seconds": 3_600}))).await.expect(200);
        server.stop();
        server.verify();
        server.start_again().await;
    }
    server.finish().await;
}

fn user(number: usize) -> String {
    format!("user-{number}")
}

/// A card of a new user with money.
async fn card_of(client: &Client, user: &str) -> Arc<str> {
    client.verified_user(user).await;
    client.settled(&[user]).await;
    client.fund(Some(user), "10000", "eur").await;
    let body = json!({"externalUserId": user, "label": "Travel", "pin": "4829"});
    let made = client.send(&Call::post("/v1/card/virtual", &body)).await.expect(200);
    made["cardId"].as_str().expect("an id").into()
}

/// Notes the story of a merchant that has an answer; the merchant after it.
fn finish_step(
    told: &mut BTreeMap<String, (usize, usize)>,
    number: usize,
    mut merchant: Merchant,
    answer: &Answer,
) -> Merchant {
    let story = merchant.payment % STORIES.len();
    merchant.hear(answer);
    told.insert(merchant.transaction.clone(), (number, story));
    merchant
}

/// Each step was told once, in its order, and moved its money once.
async fn check(client: &Client, stories: &BTreeMap<String, (usize, usize)>) {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in client.events().await {
        if event.kind == "card.transaction" {
            let text = |name: &str| event.payload[name].as_str().expect("a text").to_owned();
            told.entry(text("id")).or_default().push(text("type"));
        }
    }
    let mut funds = [FUNDS; CLIENTS];
    for (id, (number, story)) in stories {
        let (steps, paid) = STORIES[*story];
        let expected: Vec<_> = steps.iter().map(|step| step.told()).collect();
        assert_eq!(told.remove(id).unwrap_or_default(), expected, "what was told of {id}");
        funds[*number] -= paid;
    }
    assert!(told.is_empty(), "told of payments that nobody made: {told:?}");
    for (number, expected) in funds.into_iter().enumerate() {
        let user = user(number);
        assert_eq!(client.balance(Some(&user), "eur").await, expected, "{user}");
        let holds = &client.balances(Some(&user)).await["fiatBalances"][0]["onHold"];
        assert_eq!(holds, "0.00", "a hold of {user} is left");
    }
}
