//! Tests of the reference tables: the contract's figures to the letter, and what a configuration is refused
//! for.

use super::*;

fn code(slug: &str) -> CurrencyCode {
    CurrencyCode::parse(slug).unwrap()
}

#[test]
fn the_default_is_the_contract() {
    let reference = Reference::default();
    let config: Vec<String> = reference
        .currencies()
        .iter()
        .map(|row| {
            let networks = row.networks.iter().map(|network| {
                let terms = network.terms();
                format!(
                    " {}/{} {} {}/{}",
                    network.slug,
                    network.name,
                    terms.withdrawal.fee_withdrawal,
                    terms.withdrawal.min_withdrawal,
                    terms.deposit.min_deposit
                )
            });
            format!("{} {}{}", row.currency.code, row.rate, networks.collect::<String>())
        })
        .collect();
    assert_eq!(
        config,
        [
            "eur 1",
            "btc 95000.5 btc/test 0.0003 0.001/0",
            "eth 2500.5 ethereum/sepolia 0.003 0.006/0",
            "ltc 80 ltc/test 0.002 0.001/0",
            "doge 0.15 doge/test 5 20/0",
            "pol 0.4 polygon/amoy 0.5 0.00005/0",
            "usdc 0.86 ethereum/sepolia 10 1/5 polygon/amoy 0.5 2/0",
            "usdt 0.86 ethereum/sepolia 10 1/5 polygon/amoy 0.5 2/0",
        ]
    );
    let fees = reference.fees();
    assert_eq!(
        (fees.sepa_percentage.to_string(), fees.sepa_minimum.to_string()),
        ("0.1".to_owned(), "1".to_owned())
    );
    assert_eq!(
        (fees.exchange_percentage.to_string(), fees.card_monthly.to_string()),
        ("1.49".to_owned(), "0.25".to_owned())
    );
}

#[test]
fn network_config_is_the_contracts_example() {
    let reference = Reference::default();
    assert_eq!(
        reference.network_config(code("btc")).unwrap().get(),
        concat!(
            r#"{"btc":{"mainnet":false,"name":"test","#,
            r#""withdrawal":{"feeWithdrawal":0.0003,"minWithdrawal":0.001},"deposit":{"minDeposit":0}}}"#
        )
    );
    assert_eq!(
        reference.network_config(code("usdc")).unwrap().get(),
        concat!(
            r#"{"ethereum":{"mainnet":false,"name":"sepolia","#,
            r#""withdrawal":{"feeWithdrawal":10,"minWithdrawal":1},"deposit":{"minDeposit":5}},"#,
            r#""polygon":{"mainnet":false,"name":"amoy","#,
            r#""withdrawal":{"feeWithdrawal":0.5,"minWithdrawal":2},"deposit":{"minDeposit":0}}}"#
        )
    );
    assert_eq!(reference.network_config(code("eur")).unwrap().get(), "{}");
    assert!(reference.network_config(code("xmr")).is_none());
}

#[test]
fn lookups_are_in_minor_units_and_any_letter_case() {
    let reference = Reference::default();
    let polygon = reference.network(code("usdt"), "PolyGon").unwrap();
    assert_eq!(
        (polygon.withdrawal_fee, polygon.min_withdrawal, polygon.min_deposit),
        (500_000, 2_000_000, 0)
    );
    assert_eq!(reference.network(code("btc"), "btc").unwrap().withdrawal_fee, 30_000);
    assert!(reference.network(code("btc"), "polygon").is_none());
    assert_eq!(reference.rates().get(code("pol")), Rate::parse("0.4").ok());
}

#[test]
fn countries_follow_the_contract_and_regions_their_parent() {
    let reference = Reference::default();
    let facts = |code: &str| {
        let country = Country::parse(code).unwrap();
        (reference.is_accepted(country), reference.has_iban(country), reference.needs_poa(country))
    };
    assert_eq!(facts("PL"), (true, true, false));
    assert_eq!(facts("US"), (true, false, false));
    assert_eq!(facts("RU"), (false, false, false));
    assert_eq!(facts("AR"), (true, false, true));
    assert_eq!(facts("UA"), (true, true, true));
    for region in ["GP", "GF", "MQ", "RE", "MF", "SJ"] {
        assert_eq!(facts(region), (true, true, false), "{region}");
    }
    let accepted = Country::all().filter(|&country| reference.is_accepted(country)).count();
    assert_eq!((accepted, reference.iban.len()), (241, 39));
}

#[test]
fn wrong_tables_are_refused_with_the_reason() {
    let refused = |change: fn(&mut Tables)| {
        let mut tables = Tables::default();
        change(&mut tables);
        Reference::new(&tables, &Currencies::default()).unwrap_err()
    };
    assert_eq!(refused(|t| t.currencies[1].code = "xmr".into()), "currency xmr is not known");
    assert_eq!(
        refused(|t| t.currencies.push(t.currencies[0].clone())),
        "a currency of the reference is given twice"
    );
    assert_eq!(refused(|t| drop(t.currencies.pop())), "currency usdt has no rate in the reference");
    assert_eq!(
        refused(|t| t.fees.exchange_percentage = ExactNumber::whole(101)),
        "fees.exchange_percentage is too large"
    );
    assert_eq!(
        refused(|t| t.currencies[1].rate_eur = ExactNumber::whole(0)),
        "rate_eur of btc must be greater than zero"
    );
    assert_eq!(
        refused(|t| t.currencies[6].networks[0].min_deposit = ExactNumber::new(1, 7)),
        "min_deposit of usdc on ethereum is no amount of it: 0.0000001"
    );
    assert_eq!(
        refused(|t| t.currencies[6].networks[0].network = "polygon".into()),
        "a network of usdc is given twice"
    );
    assert_eq!(
        refused(|t| t.poa_countries.push("XX".into())),
        "country \"XX\" must be an ISO 3166-1 alpha-2 country code: two letters such as DE"
    );
}

#[test]
fn a_configuration_may_change_a_part() {
    let tables: Tables = serde_json::from_str(
        r#"{"fees":{"exchange_percentage":"0.99"},"denied_residences":["US"],"overseas":{}}"#,
    )
    .unwrap();
    let reference = Reference::new(&tables, &Currencies::default()).unwrap();
    assert_eq!(reference.fees().exchange_percentage.to_string(), "0.99");
    assert_eq!(reference.fees().card_monthly.to_string(), "0.25");
    assert!(!reference.is_accepted(Country::parse("US").unwrap()));
    assert!(reference.is_accepted(Country::parse("RU").unwrap()));
    assert!(serde_json::from_str::<Tables>(r#"{"fee":{}}"#).is_err());
}
