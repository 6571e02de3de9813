//! What may follow what, and that reasons add up whatever happens in whatever order.

use super::*;
use crate::cards::decide::DeclineReason;
use florin_ledger::BookId;
use proptest::prelude::*;

fn payment(rate: &str, decimals: u8, percentage: &str) -> CardPayment {
    let (rate, percentage) = (Rate::parse(rate).unwrap(), Percentage::parse(percentage).unwrap());
    let price = Price { rate, decimals };
    let (currency, at) = (CurrencyCode::new("usd"), Timestamp::from_micros(0));
    let holder = HolderId(BookId(3).position(7).0);
    let charge = Charge { currency, price, percentage, at };
    CardPayment::new(Uuid::nil(), (holder, Uuid::nil()), CardChannel::Pos, charge)
}

fn in_eur() -> CardPayment {
    payment("1", 2, "0")
}

const LATER: Timestamp = Timestamp::from_micros(1);

fn approved(amount: i64) -> CardPayment {
    in_eur().authorise(amount, LATER).unwrap().0
}

/// Hold, paid and fee after a step.
fn shown((payment, change): &(CardPayment, Change)) -> (&'static str, i64, i64, i64) {
    (payment.state.as_str(), payment.held, change.held, change.paid)
}

#[test]
fn a_purchase_goes_its_way() {
    let step = in_eur().authorise(1_000, LATER).unwrap();
    assert_eq!(shown(&step), ("AUTHORISED", 1_000, 1_000, 0));
    let step = step.0.authorise(500, LATER).unwrap();
    assert_eq!(shown(&step), ("AUTHORISED", 1_500, 500, 0));
    let step = step.0.clear(Some(400), false).unwrap();
    assert_eq!(shown(&step), ("AUTHORISED", 1_100, -400, 400));
    let step = step.0.reverse(Some(100)).unwrap();
    assert_eq!(shown(&step), ("AUTHORISED", 1_000, -100, 0));
    let step = step.0.clear(Some(300), true).unwrap();
    assert_eq!(shown(&step), ("CLEARED", 0, -1_000, 300));
    let step = step.0.refund(Some(200)).unwrap();
    assert_eq!(shown(&step), ("CLEARED", 0, 0, -200));
    let step = step.0.charge_back(None).unwrap();
    assert_eq!(shown(&step), ("CLEARED", 0, 0, -500));
    let step = step.0.represent(Some(499)).unwrap();
    assert_eq!(shown(&step), ("CLEARED", 0, 0, 499));
    assert_eq!(step.0.totals().unwrap(), Totals { held: 0, paid: 499, fee: 0 });
    assert_eq!(step.0.counted().unwrap(), 700);
}

#[test]
fn money_that_leaves_is_never_refused() {
    let over = approved(1_000).clear(Some(1_200), false).unwrap();
    assert_eq!(shown(&over), ("CLEARED", 0, -1_000, 1_200));
    let late = approved(1_000).expire().unwrap();
    assert_eq!(shown(&late), ("EXPIRED", 0, -1_000, 0));
    assert_eq!(late.0.expires_at, None);
    assert_eq!(shown(&late.0.clear(Some(900), false).unwrap()), ("CLEARED", 0, 0, 900));
    let reversed = approved(1_000).reverse(None).unwrap().0;
    assert_eq!(shown(&reversed.clear(Some(1), true).unwrap()), ("CLEARED", 0, 0, 1));
    assert_eq!(shown(&in_eur().clear(Some(5), true).unwrap()), ("CLEARED", 0, 0, 5));
    let again = over.0.clear(Some(100), false).unwrap();
    assert_eq!(shown(&again), ("CLEARED", 0, 0, 100));
    assert_eq!(shown(&in_eur().credit(700).unwrap()), ("CREDITED", 0, 0, -700));
}

#[test]
fn what_cannot_follow_is_refused() {
    let declined = CardPayment { decline: Some(DeclineReason::InsufficientFunds), ..in_eur() };
    let credited = in_eur().credit(700).unwrap().0;
    let expired = approved(1_000).expire().unwrap().0;
    let cleared = approved(1_000).clear(None, false).unwrap().0;
    let charged_back = cleared.clone().charge_back(Some(600)).unwrap().0;
    for step in [
        declined.clone().clear(Some(1), false),
        declined.clone().reverse(None),
        declined.clone().expire(),
        declined.refund(None),
        credited.clone().clear(Some(1), false),
        credited.clone().refund(Some(1)),
        credited.clone().charge_back(Some(1)),
        credited.reverse(None),
        expired.clone().clear(None, false),
        expired.clone().reverse(None),
        expired.clone().authorise(1, LATER),
        expired.refund(None),
        cleared.clone().authorise(1, LATER),
        cleared.clone().reverse(None),
        cleared.clone().refund(Some(1_001)),
        cleared.clone().represent(None),
        cleared.clone().clear(None, false),
        cleared.clear(Some(i64::MAX), false),
        charged_back.clone().refund(Some(401)),
        charged_back.clone().charge_back(Some(401)),
        charged_back.represent(Some(601)),
        approved(1_000).reverse(Some(1_001)),
        approved(1_000).clear(Some(0), false),
        approved(1_000).clear(Some(-1), false),
        approved(1_000).refund(None),
        in_eur().authorise(0, LATER),
        in_eur().authorise(i64::MAX, LATER),
    ] {
        assert!(step.is_err(), "{step:?}");
    }
}

#[test]
fn a_foreign_currency_is_charged_with_its_fee() {
    // 100.00 USD at 0.86 are 86.00 EUR; 1.49 % of that are 1.2814.
    let hold = payment("0.86", 2, "1.49").authorise(10_000, LATER).unwrap();
    assert_eq!((hold.1.held, hold.0.fee), (8_729, 0));
    let part = hold.0.clear(Some(3_333), false).unwrap();
    // 33.33 USD are 28.6638 EUR, with the fee 29.0909.
    assert_eq!((part.1.paid, part.1.fee, part.0.held), (2_910, 43, 8_729 - 2_910));
    let rest = part.0.clear(Some(6_667), false).unwrap();
    assert_eq!((rest.1.paid, rest.0.fee, rest.0.held), (8_729 - 2_910, 129, 0));
    let back = rest.0.refund(None).unwrap();
    assert_eq!((back.1.paid, back.0.fee), (-8_729, 0));
    assert_eq!(back.0.totals().unwrap(), Totals::default());
}

#[derive(Clone, Debug)]
enum Act {
    Authorise(i64),
    Clear(Option<i64>, bool),
    Reverse(Option<i64>),
    Expire,
    Refund(Option<i64>),
    ChargeBack(Option<i64>),
    Represent(Option<i64>),
}

fn any_act() -> impl Strategy<Value = Act> {
    let amount = 1_i64..200_000;
    let part = || prop::option::of(1_i64..200_000);
    prop_oneof![
        amount.prop_map(Act::Authorise),
        (part(), any::<bool>()).prop_map(|(part, last)| Act::Clear(part, last)),
        part().prop_map(Act::Reverse),
        Just(Act::Expire),
        part().prop_map(Act::Refund),
        part().prop_map(Act::ChargeBack),
        part().prop_map(Act::Represent),
    ]
}

fn act(payment: CardPayment, act: &Act) -> Step {
    match *act {
        Act::Authorise(amount) => payment.authorise(amount, LATER),
        Act::Clear(amount, is_last) => payment.clear(amount, is_last),
        Act::Reverse(amount) => payment.reverse(amount),
        Act::Expire => payment.expire(),
        Act::Refund(amount) => payment.refund(amount),
        Act::ChargeBack(amount) => payment.charge_back(amount),
        Act::Represent(amount) => payment.represent(amount),
    }
}

proptest! {
    /// Whatever happens in whatever order: nothing on hold is below zero or without a reason, changes sum to totals,
    /// the house keeps no more than was paid, and nobody gets back more than was paid.
    #[test]
    fn reasons_add_up(
        rate in 1_u64..5_000_000, decimals in 0_u8..4, percentage in 0_u32..500,
        first in 1_i64..200_000, acts in prop::collection::vec(any_act(), 0..24),
    ) {
        let rate = format!("{}.{:05}", rate / 100_000, rate % 100_000);
        let percentage = format!("{}.{:02}", percentage / 100, percentage % 100);
        let (mut payment, first) = payment(&rate, decimals, &percentage).authorise(first, LATER).unwrap();
        let mut sum = Totals { held: first.held, paid: first.paid, fee: first.fee };
        for next in acts {
            let before = payment.clone();
            let Ok((after, change)) = act(payment.clone(), &next) else { continue };
            prop_assert_eq!(change.held_before, before.held);
            sum = Totals {
                held: sum.held + change.held, paid: sum.paid + change.paid, fee: sum.fee + change.fee,
            };
            let totals = after.totals().unwrap();
            prop_assert_eq!(totals, sum);
            prop_assert_eq!((after.held, after.fee), (totals.held, totals.fee));
            prop_assert!(after.held >= 0 && totals.paid >= 0);
            prop_assert!(after.fee >= 0 && after.fee <= totals.paid);
            prop_assert!((0..=after.counters.cleared).contains(&after.counters.returned()));
            let is_open = after.state == PaymentState::Authorised;
            prop_assert_eq!(is_open, after.counters.open() > 0);
            prop_assert!(is_open || (after.held == 0 && after.expires_at.is_none()));
            match next {
                // Taking money lets no more go than what is on hold, and giving back holds nothing.
                Act::Clear(..) => prop_assert!(change.paid >= 0 && change.held <= 0),
                Act::Reverse(_) | Act::Expire => prop_assert!(change.paid == 0 && change.held <= 0),
                Act::Authorise(_) => prop_assert!(change.paid == 0 && change.held >= 0),
                Act::Refund(_) | Act::ChargeBack(_) => prop_assert!(change.paid <= 0 && change.held == 0),
                Act::Represent(_) => prop_assert!(change.paid >= 0 && change.held == 0),
            }
            prop_assert!(after.counted().unwrap() >= after.held + totals.paid);
            payment = after;
        }
        if let Ok((ended, _)) = payment.clone().expire() {
            payment = ended;
        }
        prop_assert_eq!(payment.held, 0);
        if let Ok((back, _)) = payment.refund(None) {
            prop_assert_eq!(back.totals().unwrap(), Totals::default());
        }
    }

    /// A part that is afforded costs no more than what is there, and one unit more would.
    #[test]
    fn what_is_afforded_is_the_most(rate in 1_u64..5_000_000, minor in 1_i64..100_000, cents in 0_i64..100_000) {
        let rate = format!("{}.{:05}", rate / 100_000, rate % 100_000);
        let payment = payment(&rate, 2, "1.49");
        let most = payment.affordable(minor, cents).unwrap();
        prop_assert!((0..=minor).contains(&most));
        prop_assert!(most == 0 || payment.cost_of(most).unwrap() <= cents);
        prop_assert!(most == minor || payment.cost_of(most + 1).unwrap() > cents);
    }

    /// A purchase in EUR that is cleared in any parts costs what was authorised.
    #[test]
    fn parts_cost_the_whole(
        rate in 1_u64..5_000_000, whole in 1_i64..1_000_000,
        parts in prop::collection::vec(1_i64..100_000, 0..12),
    ) {
        let rate = format!("{}.{:05}", rate / 100_000, rate % 100_000);
        let (mut payment, first) = payment(&rate, 2, "1.49").authorise(whole, LATER).unwrap();
        let mut paid = 0;
        for part in parts {
            let part = part.min(payment.counters.open());
            if part > 0 {
                let (next, change) = payment.clear(Some(part), false).unwrap();
                // Of what was on hold nothing is taken twice.
                prop_assert_eq!(change.held, -change.paid);
                paid += change.paid;
                payment = next;
            }
        }
        if payment.counters.open() > 0 {
            paid += payment.clear(None, false).unwrap().1.paid;
        }
        prop_assert_eq!(paid, first.held);
    }
}
