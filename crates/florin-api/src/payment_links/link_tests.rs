//! Where a link stands, in a table and for whatever orders.

use super::*;
use florin_types::{CurrencyCode, Rate};
use proptest::prelude::*;

/// A link of EUR 100.00 until 1,000.
fn link() -> PaymentLink {
    PaymentLink {
        id: Uuid::nil(),
        kind: PaymentLinkType::Link,
        amount: 10_000,
        status: PaymentLinkStatus::Active,
        told: Uuid::nil(),
        sealed: Vec::new(),
        created_at: Timestamp::from_micros(0),
        expires_at: Timestamp::from_micros(1_000),
        cancelled_at: None,
    }
}

/// An order at EUR 1.00 with two decimals: what was seen, confirmed, and settled of it, until 500.
fn order(settlement: i64, seen: i64, received: i64, settled: i64) -> Order {
    Order {
        id: Uuid::nil(),
        lock: Uuid::nil(),
        currency: CurrencyCode::new("usdc"),
        network: "polygon".to_owned(),
        settlement,
        required: settlement,
        rate: Rate::parse("1").unwrap(),
        state: OrderStatus::WaitingForPayment,
        address: None,
        seen,
        received,
        in_time: received,
        settled_locked: settled,
        settled,
        created_at: Timestamp::from_micros(0),
        expires_at: Some(Timestamp::from_micros(500)),
    }
}

#[test]
fn where_a_link_stands() {
    use PaymentLinkStatus as Status;
    let none = || order(10_000, 0, 0, 0);
    let table: Vec<(&str, Vec<Order>, [Status; 3])> = vec![
        ("nothing chosen", vec![], [Status::Active, Status::Active, Status::Expired]),
        ("chosen", vec![none()], [Status::AwaitingPayment, Status::Active, Status::Expired]),
        ("seen", vec![order(10_000, 1, 0, 0)], [Status::AwaitingConfirmation; 3]),
        ("seen by an old one", vec![order(10_000, 1, 0, 0), none()], [Status::AwaitingConfirmation; 3]),
        (
            "a part",
            vec![order(10_000, 4_000, 4_000, 4_000)],
            [Status::AwaitingCompletion, Status::AwaitingCompletion, Status::Expired],
        ),
        (
            "a part and a new order",
            vec![order(10_000, 4_000, 4_000, 4_000), order(6_000, 0, 0, 0)],
            [Status::AwaitingCompletion, Status::AwaitingCompletion, Status::Expired],
        ),
        ("whole", vec![order(10_000, 10_000, 10_000, 10_000)], [Status::Paid; 3]),
        (
            "in two orders",
            vec![order(10_000, 4_000, 4_000, 4_000), order(6_000, 6_000, 6_000, 6_000)],
            [Status::Paid; 3],
        ),
        ("late at a lower rate", vec![order(10_000, 10_000, 10_000, 5_813)], [Status::Paid; 3]),
        ("over", vec![order(10_000, 20_000, 20_000, 20_000)], [Status::Paid; 3]),
        ("over, and more is seen", vec![order(10_000, 20_000, 10_000, 10_000)], [Status::Paid; 3]),
        (
            "the second whole, but the first was lost",
            vec![order(10_000, 0, 0, 0), order(6_000, 6_000, 6_000, 6_000)],
            [Status::AwaitingCompletion, Status::AwaitingCompletion, Status::Expired],
        ),
        // Both were chosen, and both are paid a half.
        (
            "two halves",
            vec![order(10_000, 5_000, 5_000, 5_000), order(10_000, 5_000, 5_000, 5_000)],
            [Status::Paid; 3],
        ),
    ];
    for (name, orders, expected) in table {
        let at = [0, 500, 1_000].map(|at| link().status_at(&orders, Timestamp::from_micros(at)));
        assert_eq!(at, expected, "{name}");
        let cancelled = PaymentLink { cancelled_at: Some(Timestamp::from_micros(1)), ..link() };
        assert_eq!(cancelled.status_at(&orders, Timestamp::from_micros(1)), Status::Cancelled, "{name}");
    }
    // A payer who has chosen in time can pay in time.
    let open = Order { expires_at: Some(Timestamp::from_micros(1_500)), ..none() };
    for (at, expected) in [(1_000, Status::AwaitingPayment), (1_500, Status::Expired)] {
        assert_eq!(link().status_at(std::slice::from_ref(&open), Timestamp::from_micros(at)), expected);
    }
}

/// By their numbers, at 100 and at 600: an order that is paid comes before others that were chosen since.
#[test]
fn which_order_a_payer_is_shown() {
    let [none, seen, part, paid] = [(0, 0, 0), (1, 0, 0), (4_000, 4_000, 4_000), (10_000, 10_000, 10_000)]
        .map(|(seen, received, settled)| order(10_000, seen, received, settled));
    for (orders, expected) in [
        (vec![], [None, None]),
        (vec![&none], [Some(0), None]),
        (vec![&none, &none], [Some(1), None]),
        (vec![&seen, &none], [Some(0); 2]),
        (vec![&part, &none], [Some(0); 2]),
        (vec![&part, &seen, &none], [Some(1); 2]),
        (vec![&paid, &none], [Some(0); 2]),
    ] {
        let orders: Vec<Order> = orders.into_iter().cloned().collect();
        let shown = [100, 600].map(|at| {
            let shown = link().shown_order(&orders, Timestamp::from_micros(at));
            shown.and_then(|shown| orders.iter().position(|order| std::ptr::eq(order, shown)))
        });
        assert_eq!(shown, expected, "{orders:?}");
    }
}

#[test]
fn what_can_be_chosen() {
    let at = |micros| Timestamp::from_micros(micros);
    let (usdc, btc) = (("usdc", "polygon"), ("btc", "btc"));
    let whole = Amount::new(10_000).unwrap();
    let waits = [order(10_000, 0, 0, 0)];
    assert_eq!(link().choose(&[], usdc, at(0)), Ok(Choice::New(whole)));
    assert_eq!(link().choose(&waits, usdc, at(0)), Ok(Choice::Same(&waits[0])));
    // Another currency, another network, and the same one once its time is over.
    assert_eq!(link().choose(&waits, btc, at(0)), Ok(Choice::New(whole)));
    assert_eq!(link().choose(&waits, ("usdc", "ethereum"), at(0)), Ok(Choice::New(whole)));
    assert_eq!(link().choose(&waits, usdc, at(500)), Ok(Choice::New(whole)));
    // A part is completed where it was begun, and once its time is over the rest is chosen anew.
    let part = [order(10_000, 4_000, 4_000, 4_000)];
    assert!(link().choose(&part, btc, at(499)).is_err());
    assert_eq!(link().choose(&part, btc, at(500)), Ok(Choice::New(Amount::new(6_000).unwrap())));
    for (orders, now) in [
        (vec![], 1_000),
        (vec![order(10_000, 1, 0, 0)], 0),
        (vec![order(10_000, 10_000, 10_000, 10_000)], 0),
        (vec![order(10_000, 0, 0, 0); MAX_ORDERS], 500),
    ] {
        assert!(link().choose(&orders, usdc, at(now)).is_err());
    }
}

fn any_order() -> impl Strategy<Value = Order> {
    let sums = (1_i64..20_000, 0_i64..20_000, 0_i64..20_000, 0_i64..20_000, 0_i64..2_000);
    sums.prop_map(|(settlement, received, more, settled, until)| Order {
        expires_at: Some(Timestamp::from_micros(until)),
        ..order(settlement, received + if more % 3 == 0 { more } else { 0 }, received, settled)
    })
}

proptest! {
    /// The status goes by the sum of what covers the link, whichever order it came by, and what is done goes by the
    /// status.
    #[test]
    fn nothing_is_overlooked(
        orders in prop::collection::vec(any_order(), 0..5), now in 0_i64..2_500, is_cancelled: bool,
    ) {
        let now = Timestamp::from_micros(now);
        let link = PaymentLink { cancelled_at: is_cancelled.then_some(now), ..link() };
        let covered: i64 =
            orders.iter().map(|order| {
                if order.received >= order.required { order.settled.max(order.settlement) } else { order.settled }
            }).sum();
        let status = link.status_at(&orders, now);
        prop_assert_eq!(status == PaymentLinkStatus::Cancelled, is_cancelled);
        prop_assert_eq!(status == PaymentLinkStatus::Paid, !is_cancelled && covered >= link.amount);
        let mut turned = orders.clone();
        turned.reverse();
        prop_assert_eq!(link.status_at(&turned, now), status);
        let was_paid = orders.iter().any(|order| order.seen > 0 || order.received > 0);
        if link.may_cancel(&orders, now).is_ok() {
            prop_assert!(is_cancelled || !was_paid);
        }
        match link.choose(&orders, ("btc", "btc"), now) {
            Ok(Choice::New(amount)) => {
                prop_assert_eq!(amount.minor(), link.amount - covered);
                prop_assert!(!is_cancelled && now < link.expires_at);
                prop_assert!(orders.iter().all(|order| order.seen <= order.received));
            }
            Ok(Choice::Same(_)) => prop_assert!(false, "nothing in btc was chosen"),
            Err(_) => {}
        }
        let ends = [PaymentLinkStatus::Expired, PaymentLinkStatus::Cancelled];
        if now < link.expires_at && !is_cancelled {
            prop_assert!(!ends.contains(&status));
        }
    }
}
