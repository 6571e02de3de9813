//! `GET` and `POST /v1/sandbox/card-decisions`: who listens is asked, and nobody else.

use super::*;

const PATH: &str = "/v1/sandbox/card-decisions";

/// Waits for a question in the background.
fn wait_for(client: &Client) -> tokio::task::JoinHandle<Value> {
    let client = client.clone();
    tokio::spawn(async move { client.get(&format!("{PATH}?wait=30")).await.expect(200)["data"].clone() })
}

/// Until the call that was spawned waits.
async fn is_waiting(app: &TestApp) {
    while app.app.deciders.desk.waiting_calls() == 0 {
        tokio::task::yield_now().await;
    }
}

fn buy(client: &Client, card: &str) -> tokio::task::JoinHandle<Value> {
    let (client, card) = (client.clone(), card.to_owned());
    tokio::spawn(async move { authorise(&client, &card, &purchase("40")).await })
}

async fn say(client: &Client, question: &Value, decision: &str) -> Value {
    let body = json!({"id": question["id"], "decision": decision});
    client.post(PATH, &body).send().await.expect(200)["message"].clone()
}

#[tokio::test]
async fn who_listens_decides() {
    let app = with_budget(LONG).await;
    let (a, card, decider) = decided(&app).await;
    assert_eq!(a.get(PATH).await.expect(200), json!({"data": []}));
    approved(&a, &card, "1").await;
    assert_eq!(decider.take().len(), 1, "a look is no listening");
    for (decision, status) in [("APPROVE", "APPROVED"), ("DECLINE", "DECLINED")] {
        let listening = wait_for(&a);
        is_waiting(&app).await;
        let bought = buy(&a, &card);
        let questions = listening.await.expect("no panic");
        assert_eq!((questions.as_array().map(Vec::len), &questions[0]["amount"]), (Some(1), &json!("40.00")));
        assert_eq!(say(&app.b(), &questions[0], "APPROVE").await, "Nobody waits for this answer");
        assert_eq!(app.b().get(PATH).await.expect(200), json!({"data": []}));
        assert_eq!(say(&a, &questions[0], decision).await, "Answer taken");
        let answer = bought.await.expect("no panic");
        assert_eq!(
            (&answer["status"], &answer["transactionId"]),
            (&json!(status), &questions[0]["transactionId"])
        );
        let item = newest(&a, &card).await;
        let said = (&item["decidedBy"], &item["partnerDecision"]["decision"]);
        assert_eq!(said, (&json!("PARTNER"), &json!(decision)));
        assert_eq!(say(&a, &questions[0], "APPROVE").await, "Nobody waits for this answer");
    }
    assert!(decider.take().is_empty());
    // Who has gone is not asked any more.
    app.clock.advance(Duration::from_secs(5));
    approved(&a, &card, "1").await;
    assert_eq!(decider.take().len(), 1);
    app.finish().await;
}

#[tokio::test]
async fn a_listener_without_an_answer_is_a_time_out_and_may_answer_late() {
    let app = with_budget(SHORT).await;
    let (a, card) = with_card(&app, "100").await;
    let listening = wait_for(&a);
    is_waiting(&app).await;
    let bought = buy(&a, &card);
    let questions = listening.await.expect("no panic");
    // Nothing is registered: then nothing is paid without an answer.
    assert_eq!(bought.await.expect("no panic")["declineReason"], "PARTNER_TIMEOUT");
    assert_eq!(say(&a, &questions[0], "DECLINE").await, "Answer taken");
    while newest(&a, &card).await["partnerDecision"]["isLate"] != true {
        tokio::task::yield_now().await;
    }
    assert_eq!(newest(&a, &card).await["partnerDecision"]["decision"], "DECLINE");
    app.finish().await;
}

/// An answer with a key counts once, and the key is for it alone.
#[tokio::test]
async fn an_answer_with_a_key_counts_once() {
    let app = with_budget(LONG).await;
    let (a, card) = with_card(&app, "100").await;
    let say = async |id: &Value, decision: &str| {
        let body = json!({"id": id, "decision": decision});
        a.post(PATH, &body).keyed("k-1").send().await
    };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let listening = wait_for(&a);
        is_waiting(&app).await;
        let bought = buy(&a, &card);
        let id = listening.await.expect("no panic")[0]["id"].clone();
        ids.push(id.clone());
        if ids.len() == 1 {
            assert_eq!(say(&id, "APPROVE").await.expect(200)["message"], "Answer taken");
            assert_eq!(bought.await.expect("no panic")["status"], "APPROVED");
            let again = say(&id, "APPROVE").await;
            assert_eq!((again.is_replayed(), &again.expect(200)["message"]), (true, &json!("Answer taken")));
            continue;
        }
        // The key is another answer's: this is none, and the question still waits.
        say(&id, "APPROVE").await.is_refused("P470");
        say(&ids[0], "DECLINE").await.is_refused("P470");
        let body = json!({"id": id, "decision": "DECLINE"});
        assert_eq!(a.post(PATH, &body).keyed("k-2").send().await.expect(200)["message"], "Answer taken");
        assert_eq!(bought.await.expect("no panic")["declineReason"], "PARTNER_DECLINED");
    }
    app.finish().await;
}
