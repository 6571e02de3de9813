//! A commit whose answer never comes (PostgreSQL): whatever the server then says, money moves at most once,
//! what was answered with 201 has moved, and a key settles the rest.

use crate::support::{
    Answer, Call, Client, Database, Deadline, Engine, Loss, Options, Proxy, Server, engine, minor_units,
    transfer_body,
};
use florin_testing::skip;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;

const ROUNDS: usize = 4;
const TRANSFERS: usize = 5;
/// Longer than any time-out of the server's statements and queues.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bank behind a proxy, with a user, money and warm connections.
struct Bank {
    proxy: Proxy,
    server: Server,
    client: Client,
    /// Cents of the next transfer: no two are alike, so that the history tells them apart.
    next_amount: i128,
}

impl Bank {
    async fn open() -> Option<Self> {
        if engine() == Engine::Sqlite {
            skip("for PostgreSQL only");
            return None;
        }
        let Some(target) = Database::cluster_address() else {
            skip("the cluster is reached through a file");
            return None;
        };
        let proxy = Proxy::to(target).await;
        let options = Options { database_address: Some(proxy.address), ..Options::default() };
        let server = Server::start_with(options).await;
        let client = server.client();
        client.verified_user("anna").await;
        client.settled(&["anna"]).await;
        client.fund(None, "100000", "eur").await;
        let mut bank = Self { proxy, server, client, next_amount: 101 };
        // Before anything goes wrong: every connection and every statement has been used.
        let warm = bank.send(bank.calls(None)).await;
        warm.iter().for_each(|(_, answer)| drop(answer.expect(201)));
        bank.next_amount += TRANSFERS as i128;
        Some(bank)
    }

    /// Transfers of one amount each, from the next amount on; keyed by the amount if asked for.
    fn calls(&self, key: Option<&str>) -> Vec<(i128, Call)> {
        let call = |cents: i128| {
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            let call = Call::post("/v1/transfer", &transfer_body(None, Some("anna"), &amount, "eur"));
            let call = match key {
                Some(key) => call.keyed(format!("{key}-{cents}")),
                None => call,
            };
            (cents, call)
        };
        (self.next_amount..self.next_amount + TRANSFERS as i128).map(call).collect()
    }

    /// All at the same time.
    async fn send(&self, calls: Vec<(i128, Call)>) -> Vec<(i128, Answer)> {
        let mut sent = JoinSet::new();
        for (cents, call) in calls {
            let client = self.client.clone();
            sent.spawn(async move { (cents, client.send(&call).await) });
        }
        sent.join_all().await
    }

    /// The same, while the commit of one of them is lost.
    async fn send_and_lose(
        &mut self,
        calls: Vec<(i128, Call)>,
        loss: Loss,
        refusals: u32,
    ) -> Vec<(i128, Answer)> {
        let before = self.proxy.lost_commits();
        self.proxy.lose_commit(loss, refusals);
        let answers = self.send(calls).await;
        assert_eq!(self.proxy.lost_commits(), before + 1, "no commit was lost");
        self.next_amount += TRANSFERS as i128;
        self.proxy.mend();
        answers
    }

    /// How often each amount has come to anna.
    async fn times(&self) -> BTreeMap<i128, u32> {
        self.until_back(&Call::get("/v1/user/balances/anna")).await.expect(200);
        let mut times = BTreeMap::new();
        for row in self.client.history(Some("anna")).await {
            *times.entry(cents_of(&row)).or_default() += 1;
        }
        let sum: i128 = times.iter().map(|(cents, times)| cents * i128::from(*times)).sum();
        assert_eq!(
            self.client.balance(Some("anna"), "eur").await,
            sum,
            "the balance is not the history's sum"
        );
        assert_eq!(self.client.balance(None, "eur").await, 10_000_000 - sum);
        times
    }

    /// Asks until the answer is no P501 any more.
    async fn until_back(&self, call: &Call) -> Answer {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let answer = self.client.send(call).await;
            if answer.code() != "P501" {
                return answer;
            }
            deadline.pause("the database to be found again");
        }
    }
}

fn cents_of(row: &Value) -> i128 {
    let text = row["amount"].as_str().map_or_else(|| row["amount"].to_string(), str::to_owned);
    minor_units(&text, 2)
}

/// Every transfer is there at most once, and whatever was answered with 201 is; the rest was P501.
fn at_most_once(answers: &[(i128, Answer)], times: &BTreeMap<i128, u32>, round: &str) {
    for (cents, answer) in answers {
        let times = times.get(cents).copied().unwrap_or(0);
        assert!(times <= 1, "{round}: {cents} is there {times} times, answered {}", answer.summary());
        match answer.status {
            201 => assert_eq!(times, 1, "{round}: {cents} was answered with 201 and is not there"),
            _ => answer.expect_refusal("P501"),
        }
    }
    assert!(times.values().all(|times| *times == 1), "{round}: {times:?}");
}

fn ok(answers: &[(i128, Answer)]) -> usize {
    answers.iter().filter(|(_, answer)| answer.status == 201).count()
}

/// How many were made of those that were not answered with 201.
fn made_unsurely(answers: &[(i128, Answer)], times: &BTreeMap<i128, u32>) -> usize {
    let unsure = answers.iter().filter(|(_, answer)| answer.status != 201);
    unsure.filter(|(cents, _)| times.contains_key(cents)).count()
}

/// The database can be reached again at once: the server looks for its mark and knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_is_looked_up() {
    let Some(mut bank) = Bank::open().await else { return };
    bank.server.expect_error("a commit was lost");
    for number in 0..ROUNDS {
        for loss in [Loss::Answer, Loss::Request] {
            let calls = bank.calls(None);
            let answers = bank.send_and_lose(calls, loss, 0).await;
            let round = format!("round {number}, {loss:?}");
            let times = bank.times().await;
            at_most_once(&answers, &times, &round);
            // A commit that never arrived is given up if it held one command only: P501, and nothing moved.
            let given_up = TRANSFERS - ok(&answers);
            assert!(given_up <= usize::from(loss == Loss::Request), "{round}: {given_up} were given up");
            assert_eq!(made_unsurely(&answers, &times), 0, "{round}: P501, and yet it is there");
        }
    }
    bank.server.finish().await;
}

/// The database cannot be reached to look: who was in that commit hears P501, and nothing runs twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_that_cannot_be_looked_up_is_not_run_again() {
    let Some(mut bank) = Bank::open().await else { return };
    bank.server.expect_error("");
    for number in 0..ROUNDS {
        for loss in [Loss::Answer, Loss::Request] {
            let calls = bank.calls(None);
            let answers = bank.send_and_lose(calls, loss, 3).await;
            let round = format!("round {number}, {loss:?}");
            let times = bank.times().await;
            at_most_once(&answers, &times, &round);
            assert!(ok(&answers) < TRANSFERS, "{round}: nobody was told that it is not known");
            let made = made_unsurely(&answers, &times);
            assert_eq!(made > 0, loss == Loss::Answer, "{round}: {made} of the P501 were made");
        }
    }
    bank.server.finish().await;
}

/// With a key, asking again after the loss ends in exactly one transfer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_settles_a_lost_commit() {
    let Some(mut bank) = Bank::open().await else { return };
    bank.server.expect_error("");
    for number in 0..ROUNDS {
        for (loss, refusals) in [(Loss::Answer, 3), (Loss::Request, 3), (Loss::Answer, 0)] {
            let calls = bank.calls(Some("settle"));
            let answers = bank.send_and_lose(calls.clone(), loss, refusals).await;
            let round = format!("round {number}, {loss:?}, {refusals} refusals");
            let before = bank.times().await;
            at_most_once(&answers, &before, &round);
            for (cents, call) in &calls {
                let again = bank.until_back(call).await;
                again.expect(201);
                assert_eq!(again.replayed(), before.contains_key(cents), "{round}: {cents}");
                let (_, first) = answers.iter().find(|(known, _)| known == cents).expect("an answer");
                assert!(first.status != 201 || first.body == again.body, "{round}: {}", again.summary());
            }
            let after = bank.times().await;
            for (cents, _) in &calls {
                assert_eq!(after.get(cents), Some(&1), "{round}: {cents} after it was asked again");
            }
        }
    }
    bank.server.finish().await;
}
