//! IBANs of other countries, and those that were given out before.

use super::{iban_of, incoming};
use crate::support::{Client, Setup, TestApp};
use florin_api::kit::settings::{Sepa, Settings};
use florin_types::IbanSeries;
use serde_json::json;

/// Accounts at a German bank, and those of another one before.
fn german(former: Vec<IbanSeries>) -> Setup {
    let usual = Settings::sandbox();
    let series = IbanSeries::parse("DE", "37040044").expect("a bank code");
    let sepa = Sepa { series, former_series: former, ..usual.sepa.clone() };
    Setup { settings: Settings { sepa, ..usual }, ..Setup::default() }
}

async fn check_payee(client: &Client, iban: &str, result: &str) {
    let body = json!({"iban": iban, "name": "Ada Lovelace"});
    let found = client.post("/v1/sepa-transfer/verify-payee", &body).send().await.expect(200);
    assert_eq!(found["result"], result, "{found}");
}

#[tokio::test]
async fn new_ibans_are_of_the_new_country_and_old_ones_stay() {
    let mut app = TestApp::start().await;
    app.a().verified_user("anna").await;
    let (of_anna, of_partner) = (iban_of(&app.a(), Some("anna")).await, iban_of(&app.a(), None).await);
    assert!(of_anna.starts_with("LT") && of_partner.starts_with("LT"));
    app.reopen(german(vec![IbanSeries::of_no_bank()])).await;
    let a = app.a();
    a.verified_user("ben").await;
    let (of_ben, of_other) = (iban_of(&a, Some("ben")).await, iban_of(&app.b(), None).await);
    for iban in [&of_ben, &of_other] {
        assert!(iban.starts_with("DE") && iban[4..].starts_with("37040044"), "{iban}");
    }
    assert_eq!(iban_of(&a, Some("anna")).await, of_anna);
    assert_eq!(iban_of(&a, None).await, of_partner);
    for (user, iban) in [("anna", &of_anna), ("ben", &of_ben)] {
        incoming(&a, iban, "5", "Ada Lovelace").send().await.expect(201);
        check_payee(&a, iban, "MATCH").await;
        let balances = a.get(&format!("/v1/user/balances/{user}")).await.expect(200);
        assert_eq!(balances["fiatBalances"][0]["amount"], "5.00", "{balances}");
    }
    // Of either bank, and nobody's.
    check_payee(&a, "LT299999900000000000", "NOT_POSSIBLE").await;
    check_payee(&a, "DE68370400440000000000", "NOT_POSSIBLE").await;
    // An account that is found in the books is ours, though nobody has said which bank codes were before.
    app.reopen(german(Vec::new())).await;
    check_payee(&app.a(), &of_anna, "MATCH").await;
    app.finish().await;
}
