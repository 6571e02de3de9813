//! The values that make a simulated chain, or the platform over it, do something else than credit and pay.

use super::chain::{NETS, Net, is_simulated};
use super::withdrawals;
use crate::kit::app::App;
use crate::kit::endpoint::family::Scenario;
use florin_types::format_minor;

const DEPOSIT: &str = "POST /v1/sandbox/chain/deposit";
const REORGANISE: &str = "POST /v1/sandbox/chain/reorganise";

/// Decimals of EUR.
const CENTS: u8 = 2;

const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// The scenarios of deposits and withdrawals, on the networks whose chains are simulated.
pub fn scenarios(app: &App) -> Vec<Scenario> {
    let simulated: Vec<_> = NETS.into_iter().filter(|net| is_simulated(app, *net)).collect();
    if simulated.is_empty() {
        return Vec::new();
    }
    let small = simulated.into_iter().flat_map(|net| too_small(app, net));
    of_deposits(app).into_iter().chain(small).chain(withdrawals::scenarios(app)).collect()
}

fn of_deposits(app: &App) -> [Scenario; 4] {
    let chains = &app.settings.chains;
    let days = chains.explain_within.as_secs() / SECONDS_OF_A_DAY;
    let scenario = |call, field, value: String, outcome: String| Scenario { call, field, value, outcome };
    let lost = "what was paid in the newest blocks is lost: a deposit is WAITING_FOR_VERIFICATION with 0 \
                confirmations, and after a day UNSUCCESSFUL with GONE; what was credited or settled is taken back";
    let waits = "what was paid in the newest blocks waits for the next ones: a deposit is WAITING_FOR_VERIFICATION \
                 with 0 confirmations; what was credited or settled is taken back until then";
    [
        scenario(
            DEPOSIT,
            "confirmations",
            "0".to_owned(),
            "in no block, and no deposit, until POST /v1/sandbox/chain/mine".to_owned(),
        ),
        scenario(
            DEPOSIT,
            "amount",
            format!("worth EUR {} or more", format_minor(chains.travel_rule_from, CENTS)),
            format!(
                "WAITING_FOR_TR_DATA until PATCH /v1/crypto-deposit/update-travel-rule/{{cryptoDepositId}}, and after \
                 {days} days UNSUCCESSFUL with UNEXPLAINED or RETURNED"
            ),
        ),
        scenario(REORGANISE, "drops", "true".to_owned(), lost.to_owned()),
        scenario(REORGANISE, "drops", "false".to_owned(), waits.to_owned()),
    ]
}

/// The largest amounts that are too small on a network.
fn too_small(app: &App, net: Net) -> Vec<Scenario> {
    let of_currency = |code| {
        let least = app.settings.reference.network(code, net.slug)?.min_deposit;
        let amount = Some(least - 1).filter(|amount| *amount > 0)?;
        let decimals = app.currencies.get(code)?.decimals;
        let outcome = format!("{code} on {}: UNSUCCESSFUL with TOO_SMALL, unless it pays an order", net.slug);
        Some(Scenario { call: DEPOSIT, field: "amount", value: format_minor(amount, decimals), outcome })
    };
    app.currencies.codes().into_iter().filter_map(of_currency).collect()
}
