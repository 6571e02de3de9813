//! Races: 64 clients want what only one can have. On PostgreSQL they are spread over two processes.

use crate::support::{Answer, Call, Client, Server, person, transfer_body};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const RACERS: usize = 64;

/// Sends all calls at the same moment, spread over the processes; the answers in the order of the calls.
async fn race(clients: &[Client], calls: Vec<Call>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let mut racers = JoinSet::new();
    for (number, call) in calls.into_iter().enumerate() {
        let (client, barrier) = (clients[number % clients.len()].clone(), barrier.clone());
        racers.spawn(async move {
            // A connection each before the start, so that the calls and not the handshakes race.
            client.get("/v1/partner/balances").await;
            barrier.wait().await;
            (number, client.send(&call).await)
        });
    }
    let mut answers = racers.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn same(call: &Call) -> Vec<Call> {
    vec![call.clone(); RACERS]
}

/// Exactly one 201; the code of everyone else.
fn one_winner(answers: &[Answer], loser: &str) {
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(won.len(), 1, "winners: {:?}", won.iter().map(|answer| answer.text()).collect::<Vec<_>>());
    lost.iter().for_each(|answer| answer.expect_refusal(loser));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_cent_is_spent_once() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let client = &clients[0];
    for id in ["anna", "bela"] {
        client.verified_user(id).await;
    }
    for (round, source) in [Some("anna"), None].into_iter().enumerate() {
        client.fund(source, "0.01", "eur").await;
        let call = Call::post("/v1/transfer", &transfer_body(source, Some("bela"), "0.01", "eur"));
        one_winner(&race(&clients, same(&call)).await, "P433");
        for client in &clients {
            assert_eq!(client.balance(source, "eur").await, 0);
            assert_eq!(client.balance(Some("bela"), "eur").await, round as i128 + 1);
        }
        assert_eq!(client.history(Some("bela")).await.len(), round + 1);
    }
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_goes_out_as_often_as_it_suffices() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    clients[0].verified_user("anna").await;
    clients[0].fund(Some("anna"), "0.40", "eur").await;
    let body = json!({"currency": "eur", "amount": 0.03, "sourceExternalUserId": "anna"});
    let answers = race(&clients, same(&Call::post("/v1/partner/transfer-master-balance", &body))).await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    answers.iter().filter(|answer| answer.status != 201).for_each(|answer| answer.expect_refusal("P433"));
    assert_eq!(won, 13);
    assert_eq!(clients[0].balance(Some("anna"), "eur").await, 1);
    assert_eq!(clients[0].balance(None, "eur").await, 39);
    server.finish().await;
}

/// One effect; everyone else hears that it is under way, or the same bytes.
fn one_effect(answers: &[Answer]) {
    let first: Vec<&Answer> =
        answers.iter().filter(|answer| answer.status == 201 && !answer.replayed()).collect();
    let [first] = first[..] else { panic!("{} first answers", first.len()) };
    for answer in answers.iter().filter(|answer| answer.status == 201) {
        assert_eq!(answer.body, first.body, "a replay is the first answer byte for byte");
    }
    answers.iter().filter(|answer| answer.status != 201).for_each(|answer| answer.expect_refusal("P471"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_has_one_effect() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let client = &clients[0];
    client.verified_user("anna").await;
    client.fund(None, "1000", "eur").await;
    let call = Call::post("/v1/transfer", &transfer_body(None, Some("anna"), "1.50", "eur")).keyed("the-one");
    one_effect(&race(&clients, same(&call)).await);
    for client in &clients {
        assert_eq!(client.balance(Some("anna"), "eur").await, 150);
        let again = client.send(&call).await;
        assert!(again.status == 201 && again.replayed(), "{}", again.summary());
    }
    assert_eq!(client.history(Some("anna")).await.len(), 1);
    let told = client.events().await.into_iter().filter(|event| event.kind == "transfer");
    let id = client.send(&call).await.json()["transferId"].clone();
    assert_eq!(told.filter(|event| event.payload["id"] == id).count(), 1);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_with_different_bodies_has_one_effect() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let client = &clients[0];
    client.verified_user("anna").await;
    client.fund(None, "1000", "eur").await;
    let body = |number: usize| transfer_body(None, Some("anna"), &format!("{}.00", number + 1), "eur");
    let calls = (0..RACERS).map(|number| Call::post("/v1/transfer", &body(number)).keyed("the-one"));
    let answers = race(&clients, calls.collect()).await;
    let winners: Vec<usize> = (0..RACERS).filter(|number| answers[*number].status == 201).collect();
    let [winner] = winners[..] else { panic!("winners: {winners:?}") };
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert!(["P470", "P471"].contains(&answer.code().as_str()), "{}", answer.summary());
    }
    assert_eq!(client.balance(Some("anna"), "eur").await, (winner as i128 + 1) * 100);
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_external_user_id_is_given_once() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let call = Call::post("/v1/user/balances/crypto-and-fiat", &person("anna"));
    one_winner(&race(&clients, same(&call)).await, "P411");
    let keyed = |number: usize| {
        Call::post("/v1/user/balances/crypto-and-fiat", &person("bela")).keyed(format!("key-{number}"))
    };
    one_winner(&race(&clients, (0..RACERS).map(keyed).collect()).await, "P411");
    for id in ["anna", "bela"] {
        clients[0].approve(id).await;
        clients[0].fund(Some(id), "1", "eur").await;
    }
    server.finish().await;
}

/// A user is closed, or gets the money: never both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_and_incoming_money_exclude_each_other() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let client = &clients[0];
    client.fund(None, "1000", "eur").await;
    for round in 0..6 {
        let id = format!("anna-{round}");
        client.verified_user(&id).await;
        client.settled(&[&id]).await;
        let pay = Call::post("/v1/transfer", &transfer_body(None, Some(&id), "1", "eur"));
        let delete = Call::delete(format!("/v1/user/{id}"));
        let mixed = (0..16).map(|number| if number % 2 == 0 { pay.clone() } else { delete.clone() });
        let answers = race(&clients, mixed.collect()).await;
        let paid = answers.iter().filter(|answer| answer.status == 201).count();
        let deleted = answers.iter().filter(|answer| answer.status == 200).count();
        assert!((deleted == 1 && paid == 0) || (deleted == 0 && paid == 8), "{deleted} deleted, {paid} paid");
        let expected = if deleted == 1 { "P412" } else { "P456" };
        let refused = answers.iter().filter(|answer| answer.status >= 400);
        refused.for_each(|answer| answer.expect_refusal(expected));
    }
    server.finish().await;
}

/// Both ways between two users at once: no deadlock, and nothing is lost or made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opposite_transfers_keep_the_sum() {
    let mut server = Server::start().await;
    let clients = server.everywhere().await;
    let client = &clients[0];
    let people = ["anna", "bela", "cili"];
    for id in people {
        client.verified_user(id).await;
        client.fund(Some(id), "5", "eur").await;
    }
    for _ in 0..5 {
        let call = |number: usize| {
            let (source, destination) = (people[number % 3], people[(number + 1 + number / 3 % 2) % 3]);
            Call::post("/v1/transfer", &transfer_body(Some(source), Some(destination), "1.37", "eur"))
        };
        for answer in race(&clients, (0..RACERS).map(call).collect()).await {
            assert!(answer.status == 201 || answer.code() == "P433", "{}", answer.summary());
        }
        let mut sum = 0;
        for id in people {
            sum += clients[clients.len() - 1].balance(Some(id), "eur").await;
        }
        assert_eq!(sum, 1500);
    }
    server.finish().await;
}
