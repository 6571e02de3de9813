//! Tests of payments: the standard's examples, and what holds of every plan.

use super::*;
use crate::chain::{ChainKind, Net};
use crate::keychain::{Branch, Seed};
use bitcoin::consensus::encode::deserialize_hex;
use proptest::prelude::*;

const KINDS: [ChainKind; 3] = [ChainKind::Bitcoin, ChainKind::Litecoin, ChainKind::Dogecoin];
const HOUSE: Place = Place { book: 0, branch: Branch::House, number: 0 };

fn keys() -> Keychain {
    Keychain::new(Seed::new([7; 32]))
}

fn chain(kind: ChainKind) -> Chain {
    Chain { kind, net: Net::Main }
}

fn coin(number: u32, amount: i64) -> Coin {
    let place = Place { book: 1, branch: Branch::Holders, number: i64::from(number) };
    Coin { transaction: format!("{:064x}", number + 1), output: number % 3, amount, place }
}

fn payment(kind: ChainKind, amounts: &[i64]) -> Payment {
    let chain = chain(kind);
    let to = |number| keys().address(chain, Place { book: 2, branch: Branch::Holders, number }).unwrap();
    let outputs =
        amounts.iter().zip(0..).map(|(&amount, number)| Output { to: to(number), amount }).collect();
    Payment { chain, outputs, change: HOUSE, rate: 2_000, max_fee: chain.max_amount() }
}

/// BIP 143, "Native P2WPKH": the second input.
#[test]
fn a_witness_is_signed_as_the_standards_example() {
    let unsigned: Transaction = deserialize_hex(
        "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d1\
         82d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99\
         f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000",
    )
    .unwrap();
    let curve = Secp256k1::new();
    let key: SecretKey = "619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9".parse().unwrap();
    let public = key.public_key(&curve);
    assert_eq!(public.to_string(), "025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357");
    let hash = witness_hash(&mut SighashCache::new(&unsigned), 1, &public, 600_000_000).unwrap();
    assert_eq!(hex::encode(hash), "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670");
    assert_eq!(
        hex::encode(sign(&curve, &key, hash).to_vec()),
        "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f33\
         58f51928d43c212a8caed02de67eebee01"
    );
}

#[test]
fn the_largest_coins_are_spent_first_and_the_rest_comes_back() {
    let coins: Vec<_> =
        [30_000, 200_000, 90_000, 5_000].into_iter().zip(1..).map(|(a, n)| coin(n, a)).collect();
    let plan = payment(ChainKind::Bitcoin, &[250_000]).plan(&coins).unwrap();
    assert_eq!(plan.inputs.iter().map(|coin| coin.amount).collect::<Vec<_>>(), [200_000, 90_000]);
    let signed = keys().sign(&plan).unwrap();
    // Two inputs, two outputs.
    assert_eq!((signed.virtual_bytes, plan.fee, signed.change), (208, 416, Some(1)));
    assert_eq!(plan.change.map(|change| change.amount), Some(290_000 - 250_000 - 416));
    assert_eq!(keys().sign(&plan).unwrap(), signed);
}

#[test]
fn change_that_is_dust_goes_to_the_fee() {
    let plan = payment(ChainKind::Bitcoin, &[99_200]).plan(&[coin(1, 100_000)]).unwrap();
    assert_eq!((plan.change, plan.fee), (None, 800));
    assert_eq!(keys().sign(&plan).unwrap().change, None);
}

#[test]
fn what_cannot_be_paid_is_refused() {
    let coins = [coin(1, 100_000), coin(2, 40)];
    let pay = |amount| payment(ChainKind::Bitcoin, &[amount]);
    assert_eq!(pay(545).plan(&coins), Err(SpendError::Dust(546)));
    assert_eq!(pay(200_000).plan(&coins), Err(SpendError::NotEnough(100_220)));
    assert_eq!(pay(-1).plan(&coins), Err(SpendError::Dust(546)));
    assert_eq!(pay(i64::MAX).plan(&coins), Err(SpendError::Amount));
    assert_eq!(payment(ChainKind::Bitcoin, &[]).plan(&coins), Err(SpendError::Outputs));
    let high = Payment { rate: 600_000, max_fee: 10_000, ..pay(1_000) };
    assert_eq!(high.plan(&coins), Err(SpendError::FeeAboveLimit(84_600)));
    let high = Payment { rate: u128::MAX, ..high };
    assert!(matches!(high.plan(&coins), Err(SpendError::NotEnough(_))));
    let many: Vec<_> = (0..600).map(|number| coin(number, 10_000)).collect();
    assert_eq!(pay(5_500_000).plan(&many), Err(SpendError::TooManyInputs));
    let evm = Payment { chain: chain(ChainKind::Evm), ..pay(1_000) };
    assert_eq!(evm.plan(&coins), Err(SpendError::Kind));
    let other = Payment { chain: chain(ChainKind::Litecoin), ..pay(10_000) };
    assert_eq!(other.plan(&coins), Err(SpendError::Address));
}

#[test]
fn a_plan_that_was_changed_is_not_signed() {
    let plan = payment(ChainKind::Bitcoin, &[50_000]).plan(&[coin(1, 100_000)]).unwrap();
    let twice = vec![plan.inputs[0].clone(), plan.inputs[0].clone()];
    for wrong in [
        Plan { fee: plan.fee + 1, ..plan.clone() },
        Plan { change: None, ..plan.clone() },
        Plan { inputs: Vec::new(), ..plan.clone() },
        Plan { fee: plan.fee + 100_000, inputs: twice, ..plan.clone() },
    ] {
        assert_eq!(keys().sign(&wrong), Err(SpendError::Plan));
    }
    let mut wrong = plan;
    wrong.inputs[0].transaction = "no id".to_owned();
    assert_eq!(keys().sign(&wrong), Err(SpendError::Id));
}

#[test]
fn a_replacement_costs_what_nodes_ask_and_may_spend_more() {
    let coins = [coin(1, 100_000), coin(2, 90_000)];
    let slow = Payment { rate: 1_000, ..payment(ChainKind::Bitcoin, &[50_000]) };
    let waiting = slow.plan(&coins).unwrap();
    // The same rate again: the old fee, and the relay fee of the size.
    let next = slow.replacement(&waiting, &coins).unwrap();
    assert_eq!((waiting.fee, next.fee, next.inputs == waiting.inputs), (141, 282, true));
    // The change does not pay for it.
    let all = Payment { rate: 1_000, ..payment(ChainKind::Bitcoin, &[99_800]) };
    let waiting = all.plan(&coins[..1]).unwrap();
    assert_eq!(all.replacement(&waiting, &coins[..1]), Err(SpendError::NotEnough(110)));
    let next = all.replacement(&waiting, &coins).unwrap();
    assert_eq!(next.inputs, coins);
    assert!(next.fee >= waiting.fee + 208);
    let other = payment(ChainKind::Bitcoin, &[50_000]);
    assert_eq!(other.replacement(&waiting, &coins), Err(SpendError::OtherPayment));
}

#[test]
fn a_child_pays_for_both_out_of_the_change() {
    let slow = Payment { rate: 1_000, ..payment(ChainKind::Litecoin, &[50_000]) };
    let waiting = slow.plan(&[coin(1, 100_000)]).unwrap();
    let signed = keys().sign(&waiting).unwrap();
    let child = waiting.child(&signed, 10_000, 10_000).unwrap();
    // 141 and 110 virtual bytes at 10 for each, of which 141 are paid.
    assert_eq!((child.fee, child.outputs.len()), (2_510 - 141, 0));
    let raw: Transaction = deserialize_hex(&keys().sign(&child).unwrap().raw).unwrap();
    assert_eq!(raw.input[0].previous_output.to_string(), format!("{}:1", signed.id));
    assert_eq!((raw.output.len(), raw.vsize()), (1, 110));
    assert_eq!(waiting.child(&signed, 10_000, 2_000), Err(SpendError::FeeAboveLimit(2_369)));
    assert!(matches!(waiting.child(&signed, 1_000_000, 1_000_000), Err(SpendError::NotEnough(_))));
    let exact = Plan { change: None, ..waiting };
    assert!(matches!(exact.child(&signed, 10_000, 10_000), Err(SpendError::NotEnough(_))));
}

fn payments() -> impl Strategy<Value = (Payment, Vec<Coin>)> {
    let amounts = proptest::collection::vec(1_000_000_i64..3_000_000, 1..6);
    let coins = proptest::collection::vec(1_000_i64..5_000_000, 1..20);
    (0..3_usize, amounts, coins, 0_u128..4_000_000, 1_000_000_i64..9_000_000).prop_map(
        |(kind, amounts, coins, rate, max_fee)| {
            let coins = coins.into_iter().zip(1..).map(|(amount, number)| coin(number, amount)).collect();
            (Payment { rate, max_fee, ..payment(KINDS[kind], &amounts) }, coins)
        },
    )
}

/// What must hold of a plan and what is signed of it.
fn check(payment: &Payment, plan: &Plan) -> Result<Signed, TestCaseError> {
    let policy = payment.chain.policy().unwrap();
    let given: i64 = plan.inputs.iter().map(|coin| coin.amount).sum();
    let paid: i64 = plan.outputs.iter().map(|output| output.amount).sum();
    let change = plan.change.map_or(0, |change| change.amount);
    prop_assert_eq!(given, paid + change + plan.fee);
    prop_assert_eq!(&plan.outputs, &payment.outputs);
    prop_assert!(plan.change.is_none_or(|change| change.amount >= policy.dust));
    prop_assert!(plan.fee <= payment.max_fee);
    let signed = keys().sign(plan).unwrap();
    let read: Transaction = deserialize_hex(&signed.raw).unwrap();
    prop_assert_eq!(read.compute_txid().to_string(), &signed.id[..]);
    prop_assert_eq!(
        read.output.iter().map(|output| output.value.to_sat()).sum::<u64>() as i64,
        paid + change
    );
    prop_assert!(read.input.iter().all(|input| input.sequence.0 == 0xFFFF_FFFD));
    prop_assert!(read.output.iter().all(|output| output.value.to_sat() as i64 >= policy.dust));
    // The fee is at least the rate's, and at most so much more as the signatures are shorter than at most, and as is
    // not worth to come back.
    let exact = |bytes: u64| {
        i64::try_from((payment.rate.max(policy.relay) * u128::from(bytes)).div_ceil(1_000)).unwrap()
    };
    prop_assert!(plan.fee >= exact(signed.virtual_bytes));
    let inputs = u64::try_from(plan.inputs.len()).unwrap();
    let most = exact(signed.virtual_bytes + 2 * inputs + 1 + 34) + policy.dust;
    prop_assert!(plan.fee <= most, "{} {} {:?}", plan.fee, most, plan.change);
    Ok(signed)
}

proptest! {
    #[test]
    fn every_plan_adds_up_pays_its_rate_and_no_dust((payment, coins) in payments()) {
        match payment.plan(&coins) {
            Ok(plan) => drop(check(&payment, &plan)?),
            Err(SpendError::NotEnough(missing)) => {
                prop_assert!(missing > 0);
            }
            Err(SpendError::FeeAboveLimit(fee)) => prop_assert!(fee > payment.max_fee),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn a_replacement_conflicts_and_pays_more((payment, coins) in payments(), more in 0_u128..9_000_000) {
        let payment = Payment { max_fee: payment.chain.max_amount(), ..payment };
        let Ok(waiting) = payment.plan(&coins) else { return Ok(()) };
        let faster = Payment { rate: payment.rate + more, ..payment.clone() };
        let Ok(next) = faster.replacement(&waiting, &coins) else { return Ok(()) };
        let signed = keys().sign(&next).unwrap();
        prop_assert!(next.inputs.starts_with(&waiting.inputs));
        let relay = payment.chain.policy().unwrap().relay * u128::from(signed.virtual_bytes);
        prop_assert!(next.fee >= waiting.fee + i64::try_from(relay / 1_000).unwrap());
        prop_assert_eq!(next.outputs, waiting.outputs);
    }

    #[test]
    fn no_amount_panics(amounts in proptest::collection::vec(any::<i64>(), 0..4),
                        coins in proptest::collection::vec(any::<i64>(), 0..5),
                        rate in any::<u128>(), fee in any::<i64>()) {
        let coins: Vec<_> = coins.into_iter().zip(1..).map(|(amount, number)| coin(number, amount)).collect();
        for kind in KINDS {
            let payment = Payment { rate, max_fee: fee, ..payment(kind, &amounts) };
            if let Ok(plan) = payment.plan(&coins) {
                check(&payment, &plan)?;
                let _ = payment.replacement(&Plan { fee, ..plan }, &coins);
            }
        }
    }
}
