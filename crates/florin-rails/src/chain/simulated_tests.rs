//! What holds of every simulated chain.

use super::*;
use florin_wallet::Net;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn ethereum() -> SimulatedAccounts {
    let tokens = [(CurrencyCode::new("usdc"), 6), (CurrencyCode::new("usdt"), 6)];
    SimulatedAccounts::new("ethereum", (CurrencyCode::new("eth"), 8), &tokens).unwrap()
}

#[test]
fn ids_are_written_as_the_chains_programs_do() {
    for (kind, length) in [(ChainKind::Bitcoin, 64), (ChainKind::Dogecoin, 64), (ChainKind::Evm, 66)] {
        let chain = SimulatedChain::new("a".to_owned(), kind, at(0));
        for id in [chain.tip().hash, chain.parent(0), chain.id(b"x")] {
            assert_eq!((id.len(), id.starts_with("0x")), (length, kind == ChainKind::Evm), "{id}");
        }
        assert_ne!(SimulatedChain::new("b".to_owned(), kind, at(0)).tip(), chain.tip());
    }
}

#[test]
fn fees_move_between_once_and_three_times_the_least() {
    for (kind, least) in [(ChainKind::Bitcoin, 10_000), (ChainKind::Dogecoin, 5_000_000)] {
        let chain = Chain { kind, net: Net::Test };
        let usual = |height| fees(chain, height).usual;
        assert_eq!([0, 10, 20, 30, 40].map(usual), [least, 2 * least, 3 * least, 2 * least, least]);
        // What nodes relay is sometimes mined, and sometimes not: half of the usual is.
        assert!(chain.relay_rate().unwrap() < usual(0) / 2);
    }
    let ethereum = ethereum();
    assert_eq!([40, 60].map(|height| ethereum.base_fee(height)), [10_000_000_000, 30_000_000_000]);
    let Offers { usual, urgent } = ethereum.offers(59);
    assert_eq!(usual, Offer { max_fee: 61_000_000_000, max_priority_fee: 1_000_000_000 });
    assert_eq!(ethereum.price(60, usual), Some(31_000_000_000));
    assert!(urgent.max_fee < ethereum.max_fee());
    let low = Offer { max_fee: 20_500_000_000, ..usual };
    assert_eq!(
        [40, 50, 60].map(|h| ethereum.price(h, low)),
        [Some(11_000_000_000), Some(20_500_000_000), None]
    );
}

#[test]
fn a_call_pays_what_it_was_made_for() {
    let ethereum = ethereum();
    let to = Address::parse(Chain::EVM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed").unwrap();
    for currency in ["eth", "usdc", "usdt"].map(CurrencyCode::new) {
        let call = ethereum.payment(&to, currency, 7).unwrap();
        assert_eq!(ethereum.paid(&call), Some(Paid { to: to.clone(), currency, amount: 7 }));
        let gas = if currency.as_str() == "eth" { COIN_GAS } else { TOKEN_GAS };
        assert_eq!(SimulatedAccounts::gas(&call), gas);
    }
    assert_eq!(ethereum.payment(&to, CurrencyCode::new("btc"), 7), None);
    assert_eq!(ethereum.paid(&Call::token(&to, &to, 7).unwrap()), None);
    assert_eq!(SimulatedAccounts::new("base", (CurrencyCode::new("eth"), 8), &[]), None);
}

proptest! {
    /// A block keeps its id until a reorganisation takes it out, and no id is used twice.
    #[test]
    fn only_a_reorganisation_changes_blocks(steps in proptest::collection::vec((any::<bool>(), 0..20_u64), 1..150)) {
        let mut chain = SimulatedChain::new("a".to_owned(), ChainKind::Evm, at(0));
        let mut known = vec![chain.tip().hash];
        let mut all = std::collections::BTreeSet::from([chain.tip().hash]);
        for (second, (is_mined, count)) in (1..).zip(steps) {
            let before = known.clone();
            let first = if is_mined {
                chain.mine(count, at(second));
                before.len() as u64
            } else {
                let first = chain.reorganise(count, at(second));
                prop_assert_eq!(chain.height(), before.len() as u64);
                first
            };
            known = (0..=chain.height()).map(|height| chain.hash(height).unwrap()).collect();
            let kept = usize::try_from(first).unwrap();
            prop_assert_eq!(&known[..kept], &before[..kept]);
            for (height, hash) in (0..).zip(&known).skip(kept) {
                prop_assert!(all.insert(hash.clone()), "{} again", hash);
                prop_assert_eq!(&chain.parent(height), &known[usize::try_from(height - 1).unwrap()]);
                let is_exact = second < i64::try_from(STRETCHES).unwrap();
                prop_assert!(chain.made_at(height) == at(second) || !is_exact);
            }
            prop_assert_eq!(chain.hash(chain.height() + 1), None);
            let text = serde_json::to_string(&chain).unwrap();
            prop_assert_eq!(&serde_json::from_str::<SimulatedChain>(&text).unwrap(), &chain);
        }
    }
}
