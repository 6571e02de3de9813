//! What does not happen after all, or not all of it: reversals, and money that goes back.

use super::*;

#[tokio::test]
async fn reversals_of_all_and_of_a_part() {
    let shop = Connected::start().await;
    let request = shop.purchase(1_250);
    shop.approved(&request).await;
    let mut of_a_part = shop.reversal(&request, 250);
    for is_repeat in [false, true] {
        of_a_part.is_repeat = is_repeat;
        assert_eq!(shop.reverse(&of_a_part).await, "00");
        shop.has("97.50", "2.50").await;
    }
    let of_all = shop.reversal(&request, 0);
    for kind in [ReversalKind::Request, ReversalKind::Advice] {
        assert_eq!(shop.reverse(&Reversal { kind, ..of_all.clone() }).await, "00");
        shop.has("100.00", "0.00").await;
    }
    // Once more, by another message: nothing is there any more, and that is fine.
    assert_eq!(shop.reverse(&shop.reversal(&request, 0)).await, "00");
    shop.has("100.00", "0.00").await;
    assert_eq!(told(&shop.a).await.len(), 3);
    shop.finish().await;
}

/// Over another connection a reversal can come first. What it reverses must not be approved then.
#[tokio::test]
async fn a_reversal_that_comes_first() {
    let shop = Connected::start().await;
    let request = shop.purchase(1_250);
    let reversal = shop.reversal(&request, 0);
    assert_eq!(shop.reverse(&reversal).await, "00");
    assert_eq!(shop.declined(&request).await, "12");
    shop.has("100.00", "0.00").await;
    // Another purchase of the same till is another one.
    shop.approved(&shop.purchase(1_250)).await;
    shop.finish().await;
}

/// Each message says how much of the original stays: a second one lets go what the first has left.
#[tokio::test]
async fn parts_are_taken_back_one_after_the_other() {
    let shop = Connected::start().await;
    // More of the same transaction is on hold, and stays.
    let first = shop.purchase(1_000);
    shop.approved(&first).await;
    let mut more = shop.purchase(500);
    more.payment.subject.key.reference = first.payment.subject.key.reference;
    more.original = Some(original_of(&first));
    shop.approved(&more).await;
    for (remaining, [amount, held]) in
        [(800, ["87.00", "13.00"]), (700, ["88.00", "12.00"]), (0, ["95.00", "5.00"])]
    {
        assert_eq!(shop.reverse(&shop.reversal(&first, remaining)).await, "00");
        shop.has(amount, held).await;
    }
    // And of completions: two of one transaction.
    let [one, other] = [shop.complete(&more, 2_000).await, shop.complete(&more, 1_000).await];
    shop.has("70.00", "0.00").await;
    for (completion, remaining, amount) in
        [(&one, 1_500, "75.00"), (&one, 1_400, "76.00"), (&other, 0, "86.00"), (&one, 0, "100.00")]
    {
        assert_eq!(shop.reverse(&shop.take_back(&more, completion, remaining)).await, "00");
        shop.has(amount, "0.00").await;
    }
    shop.finish().await;
}

/// A part of what has not come yet can't be let go: the processor says it again later.
#[tokio::test]
async fn a_part_that_comes_first_is_to_be_said_again() {
    let shop = Connected::start().await;
    let request = shop.purchase(1_000);
    let of_a_part = shop.reversal(&request, 400);
    assert_eq!(shop.reverse(&of_a_part).await, "91");
    shop.approved(&request).await;
    assert_eq!(shop.reverse(&of_a_part).await, "00");
    shop.has("96.00", "4.00").await;
    let completion = completion_of(&request, approval(), cents(400), shop.till.next().0);
    let back = shop.take_back(&request, &completion, 100);
    assert_eq!(shop.reverse(&back).await, "91");
    assert_eq!(shop.tell(Message::Advice(Box::new(completion))).await, "00");
    assert_eq!(shop.reverse(&back).await, "00");
    shop.has("99.00", "0.00").await;
    shop.finish().await;
}

#[tokio::test]
async fn money_that_goes_back() {
    let shop = Connected::start().await;
    let request = shop.purchase(3_000);
    shop.approved(&request).await;
    let completed = shop.complete(&request, 3_000).await;
    shop.has("70.00", "0.00").await;
    let refund = |minor: i64, original| {
        let mut advice = completion_of(&request, approval(), cents(minor), shop.till.next().0);
        advice.payment.subject.processing = ProcessingCode::REFUND;
        advice.original = original;
        Message::Advice(Box::new(advice))
    };
    // Of the purchase, of none, and more than is left of it.
    assert_eq!(shop.tell(refund(1_000, Some(original_of(&request)))).await, "00");
    shop.has("80.00", "0.00").await;
    assert_eq!(shop.tell(refund(500, None)).await, "00");
    shop.has("85.00", "0.00").await;
    // The completion itself is taken back: what is not back yet.
    let reversal = shop.take_back(&request, &completed, 0);
    for _ in 0..2 {
        assert_eq!(shop.reverse(&reversal).await, "00");
        shop.has("105.00", "0.00").await;
    }
    // The network has paid the refund of the purchase twice: the rest waits for a person.
    let operator = SepaOperator { app: &shop.app.app, name: Text::parse("kim").expect("a name") };
    let refused = operator.refused().await.expect("the list");
    assert_eq!(refused.len(), 1);
    let why = refused[0].1.reason.as_deref();
    assert_eq!(why, Some("more is taken back than is left of the payment, for refunds came between"));
    shop.finish().await;
}
