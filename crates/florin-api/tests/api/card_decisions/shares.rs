//! No partner's endpoint holds up another partner, and a partner cannot have more than its share.

use super::*;

/// Questions of one partner at once.
const SHARE: usize = 128;

#[tokio::test]
async fn an_endpoint_that_hangs_holds_up_no_other_partner() {
    let app = with_budget(LONG).await;
    let (a, _, slow) = decided(&app).await;
    // Thirty authorisations an hour for each card.
    let mut cards = Vec::new();
    for user in ["ben", "carla"] {
        a.verified_user(user).await;
        a.move_to(user, "DE").await;
        a.fund(Some(user), "1000", "eur").await;
        for _ in 0..3 {
            cards.push(card_of(&a, user).await.id);
        }
    }
    let b = app.b();
    b.verified_user("anna").await;
    b.move_to("anna", "DE").await;
    b.fund(Some("anna"), "100", "eur").await;
    let other = card_of(&b, "anna").await.id;
    let quick = Decider::start().await;
    register(&b, "http://127.0.0.1:9").await;
    decide_at(&b, &quick.url, ["DECLINE", "DECLINE"]).await;
    let hold = slow.holds(Reply::json(r#"{"decision":"APPROVE"}"#));
    let asked: Vec<_> = (0..SHARE + 12)
        .map(|index| {
            let (a, card) = (a.clone(), cards[index % cards.len()].clone());
            tokio::spawn(async move { authorise(&a, &card, &purchase("1")).await })
        })
        .collect();
    for _ in 0..SHARE {
        slow.arrived().await;
    }
    approved(&b, &other, "1").await;
    assert_eq!(quick.take().len(), 1);
    assert_eq!(slow.take().len(), SHARE, "the others wait for a place");
    // What waits in A's own book is no reason to wait there either.
    a.pay(Some("ben"), None, "1").await;
    hold.add_permits(SHARE + 12);
    for asked in asked {
        assert_eq!(asked.await.expect("no panic")["status"], "APPROVED");
    }
    app.finish().await;
}

/// Who gets no place in time is decided for as if the partner had not answered.
#[tokio::test]
async fn what_waits_too_long_for_a_place_is_a_time_out() {
    let app = with_budget(SHORT).await;
    let (a, card, decider) = decided(&app).await;
    decider.answers(Reply::Never);
    let body = purchase("1");
    let answers = futures_util::future::join_all((0..20).map(|_| authorise(&a, &card, &body))).await;
    assert!(answers.iter().all(|answer| answer["declineReason"] == "PARTNER_TIMEOUT"), "{answers:?}");
    decider.answers(Reply::json(r#"{"decision":"APPROVE"}"#));
    // Those that hang are let go: the next is asked.
    approved(&a, &card, "1").await;
    app.finish().await;
}
