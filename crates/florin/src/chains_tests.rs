//! Reading the section `chains`.

use super::*;
use figment::Figment;
use figment::providers::{Format, Toml};
use florin_api::kit::settings::Settings;
use florin_api::kit::tables::Tables;

const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const USDT: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";

/// The networks of the reference.
#[derive(Copy, Clone, PartialEq)]
enum On {
    Main,
    Test,
    Local,
}

fn section(text: &str) -> Section {
    Figment::from(Toml::string(text)).extract().expect(text)
}

fn reference(on: On) -> Reference {
    let mut tables = Tables::default();
    for network in tables.currencies.iter_mut().flat_map(|currency| &mut currency.networks) {
        (network.mainnet, network.local) = (on == On::Main, on == On::Local);
    }
    Reference::new(&tables, &Currencies::default()).expect("tables")
}

/// The chains of a section, or the sentence.
fn chains(text: &str, on: On, change: impl FnOnce(&mut Around<'_>)) -> Result<Chains, String> {
    let reference = reference(on);
    let environment = if on == On::Main { Environment::Live } else { Environment::Sandbox };
    let mut around = Around { environment, reference: &reference, has_seed: true, test_networks: false };
    change(&mut around);
    section(text).chains(&Settings::sandbox().chains, &around).map_err(|error| error.to_string())
}

fn ethereum(more: &str) -> String {
    format!(
        "[ethereum]\nurl = \"http://127.0.0.1:8545/never-shown\"\ntokens.usdc = {{ contract = \"{USDC}\" }}\n\
         tokens.usdt = {{ contract = \"{USDT}\", chain_decimals = 6 }}\n{more}\n"
    )
}

fn bitcoin(more: &str) -> String {
    format!("[btc]\nurl = \"http://127.0.0.1:8332\"\n{more}\n")
}

#[test]
fn a_network_that_is_named_has_a_node() {
    let none = chains("", On::Test, |_| {}).expect("chains");
    assert!(none.nodes.is_empty() && none.travel_rule_from == 100_000);
    let all = format!(
        "travel_rule_from = \"12.50\"\nexplain_within_days = 3\n{}{}[ltc]\nurl = \"http://l\"\n[doge]\n\
         url = \"http://d\"\n",
        ethereum(""),
        bitcoin("")
    );
    for on in [On::Test, On::Main] {
        let found = chains(&all, on, |_| {}).expect("chains");
        let networks: Vec<_> = found.nodes.iter().map(|node| node.network()).collect();
        assert_eq!(networks, ["btc", "ltc", "doge", "ethereum"]);
        assert_eq!((found.travel_rule_from, found.explain_within.as_secs()), (1_250, 3 * 86_400));
    }
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (ethereum("").replace("url", "# url"), "chains.ethereum.url (FLORIN_CHAIN_ETHEREUM_URL)"),
        (ethereum("").replace("http:", "ftp:"), "chains.ethereum: the node's address must begin with"),
        (ethereum("").replace("http:", "nonsense"), "chains.ethereum: the node's address: "),
        (ethereum("chain_id = 1"), "chains.ethereum.chain_id 1 is that of a main network"),
        (ethereum("chain_id = 137"), "chains.ethereum.chain_id 137 is that of a main network"),
        (ethereum("max_fee = 0"), "chains.ethereum.max_fee"),
        (ethereum("").replace("86991c", "86991C"), "chains.ethereum.tokens.usdc.contract "),
        (
            ethereum("").replace("tokens.usdc", "tokens.pol"),
            "chains.ethereum.tokens.pol: the section reference has no",
        ),
        (ethereum("").replace("tokens.usdc", "# "), "chains.ethereum needs chains.ethereum.tokens.usdc"),
        (bitcoin("").replace("url", "# url"), "chains.btc.url (FLORIN_CHAIN_BTC_URL)"),
        (bitcoin("").replace("http:", "ftp:"), "chains.btc.url must begin with"),
        (bitcoin("").replace("http:", "nonsense"), "chains.btc.url: "),
        (bitcoin("").replace("http://", "http://a:b@"), "chains.btc: user and password must not be in"),
        (bitcoin("user = \"u\""), "FLORIN_CHAIN_BTC_PASSWORD"),
        (
            bitcoin("user = \"u\"\npassword = \"p\"\ncookie_file = \"c\""),
            "chains.btc.cookie_file is instead of",
        ),
        (bitcoin("genesis = \"00\""), "chains.btc: the first block's id"),
        (
            bitcoin(&format!("genesis = \"{}\"", known::first_blocks("btc").main)),
            "chains.btc.genesis is the first block",
        ),
        (bitcoin("min_fee = 600000"), "chains.btc: min_fee, fallback_fee and max_fee"),
        ("travel_rule_from = \"1.005\"".to_owned(), "chains.travel_rule_from"),
        ("travel_rule_from = \"-1\"".to_owned(), "chains.travel_rule_from"),
        ("explain_within_days = 0".to_owned(), "chains.explain_within_days"),
    ];
    for (text, expected) in cases {
        let said = chains(&text, On::Test, |_| {}).expect_err(&text);
        assert!(said.contains(expected), "{text}: {said}");
        assert!(!said.contains("never-shown"), "{said}");
    }
    for (text, on, expected) in [
        (ethereum("chain_id = 11155111"), On::Main, "chain_id 11155111 is not that of the main network"),
        (
            bitcoin(&format!("genesis = \"{}\"", "0".repeat(64))),
            On::Main,
            "chains.btc.genesis is not the first block",
        ),
        (ethereum(""), On::Local, "chains.ethereum is local, so it needs chains.ethereum.chain_id"),
        (bitcoin(""), On::Local, "chains.btc is local, so it needs chains.btc.genesis"),
    ] {
        let said = chains(&text, on, |_| {}).expect_err(&text);
        assert!(said.contains(expected), "{text}: {said}");
    }
    let wrong = Figment::from(Toml::string("[solana]\nurl = \"http://s\""))
        .extract::<Section>()
        .expect_err("unknown");
    assert!(wrong.to_string().contains("solana"), "{wrong}");
}

#[test]
fn networks_fit_what_the_installation_is_for() {
    let sandbox = |around: &mut Around<'_>| around.environment = Environment::Sandbox;
    let live = |around: &mut Around<'_>| around.environment = Environment::Live;
    let said = chains(&bitcoin(""), On::Main, sandbox).expect_err("made-up money");
    assert!(said.contains("chains.btc is a main network, and this is a sandbox"), "{said}");
    let seedless = |around: &mut Around<'_>| around.has_seed = false;
    let said = chains(&bitcoin(""), On::Main, seedless).expect_err("no keys");
    assert!(said.contains("FLORIN_WALLET_SEED"), "{said}");
    let said = chains("", On::Test, live).expect_err("worthless coins");
    assert!(said.contains("is no main network") && said.contains("FLORIN_TEST_NETWORKS"), "{said}");
    let meant =
        |around: &mut Around<'_>| (around.environment, around.test_networks) = (Environment::Live, true);
    assert!(chains(&bitcoin(""), On::Test, meant).is_ok());
    let live_seedless =
        |around: &mut Around<'_>| (around.environment, around.has_seed) = (Environment::Live, false);
    assert!(chains("", On::Test, live_seedless).is_ok());
    let genesis = format!("genesis = \"{}\"", "0f".repeat(32));
    assert!(chains(&bitcoin(&genesis), On::Local, |_| {}).is_ok());
}

#[test]
fn a_network_is_of_one_kind_and_of_some_currency() {
    let mut tables = Tables::default();
    let parse = |tables: &Tables| Reference::new(tables, &Currencies::default()).expect("tables");
    let said = |tables: &Tables| {
        let reference = parse(tables);
        let around = Around {
            environment: Environment::Sandbox,
            reference: &reference,
            has_seed: true,
            test_networks: false,
        };
        let chains = section(&ethereum("")).chains(&Settings::sandbox().chains, &around);
        chains.expect_err("refused").to_string()
    };
    for currency in tables.currencies.iter_mut().filter(|currency| currency.code == "usdc") {
        currency.networks.iter_mut().for_each(|network| network.local = true);
    }
    assert!(said(&tables).contains("must be the same for all its currencies"));
    tables.currencies.iter_mut().for_each(|currency| currency.networks.clear());
    assert!(said(&tables).contains("no currency of the section reference is on this network"));
}

#[test]
fn what_is_shown_hides_secrets_and_is_read_again() {
    let text = format!(
        "explain_within_days = 9\n{}{}",
        bitcoin("user = \"u\"\npassword = \"never-shown\""),
        ethereum("")
    );
    let (unset, shown) = section(&text).shown();
    assert!(!shown.contains("never-shown") && !unset.contains("never-shown"), "{shown}");
    assert!(unset.contains("# chains.ltc = (not set)") && unset.contains("# chains.btc.genesis"), "{unset}");
    let again = shown.replace("[chains.", "[");
    let again = section(again.strip_prefix("[chains]\n").expect("a section"));
    assert_eq!(again.shown(), (unset, shown));
}
