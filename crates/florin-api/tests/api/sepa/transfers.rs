//! Payments out.

use super::*;
use std::time::Duration;

/// A closed account: payments to it are rejected.
const CLOSED: &str = "LT569999800000000004";
/// One that was closed after the settlement: payments to it come back.
const COMES_BACK: &str = "LT779999800000000014";
/// One whose bank says nothing.
const HOLDS: &str = "LT129999800000000020";

/// What can be spent, and what is on hold.
async fn eur(client: &Client, user: Option<&str>) -> (String, String) {
    let balances = client.balances(user).await;
    let balance = &balances["fiatBalances"][0];
    let text = |field: &str| balance[field].as_str().expect("an amount").to_owned();
    (text("amount"), text("onHold"))
}

fn both(amount: &str, held: &str) -> (String, String) {
    (amount.to_owned(), held.to_owned())
}

#[tokio::test]
async fn a_transfer_is_held_and_then_settled() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let made = outgoing(&a, Some("anna"), "16.02", SETTLES).keyed("k").send().await;
    let id = id_of(&made);
    made.is(200, &format!(r#"{{"transferId":"{id}"}}"#));
    assert_eq!(eur(&a, Some("anna")).await, both("82.98", "17.02"));
    let pending = details(&a, &id).await;
    assert_eq!((&pending["status"], &pending["fee"]), (&json!("PENDING"), &json!(1)));
    assert_eq!(told(&a).await, [], "nothing has happened yet");
    a.settle().await;
    assert_eq!(eur(&a, Some("anna")).await, both("82.98", "0.00"));
    let expected = json!({
        "id": id, "type": "external", "amount": "16.02", "transferTitle": "Rent", "destinationIban": SETTLES,
        "receiverFirstName": "Ada", "receiverLastName": "Lovelace", "companyName": null, "status": "SUCCESSFUL",
        "speed": "STANDARD", "requestedSpeed": "STANDARD", "currency": "eur",
        "fee": 1, "createdAt": "2026-11-23T12:00:00.501Z",
    });
    assert_eq!(told(&a).await, [("sepa_transfer".to_owned(), expected.clone())]);
    let mut shown = details(&a, &id).await;
    let user = shown.as_object_mut().expect("an object").remove("user").expect("the user");
    assert_eq!(shown, expected);
    let expected = json!({
        "externalUserId": "anna", "email": "anna@example.com", "firstName": "Ada", "lastName": "Lovelace",
        "address": "St James's Square 12", "city": "London", "country": "GB", "documentType": null,
        "documentNumber": null, "pesel": null, "birthCountry": null, "birthDate": "1990-12-10",
    });
    assert_eq!(user, expected);
    let line = &a.history(Some("anna")).await[0];
    assert_eq!(
        (&line["type"], &line["status"], &line["amount"], &line["fee"], &line["id"], &line["reference"]),
        (
            &json!("SEPA_TRANSFER"),
            &json!("SUCCESSFUL"),
            &json!("-16.02"),
            &json!("1.00"),
            &json!(id),
            &json!("Rent")
        )
    );
    app.finish().await;
}

#[tokio::test]
async fn what_a_bank_rejects_is_on_the_balance_again() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", CLOSED).send().await);
    a.settle().await;
    assert_eq!(eur(&a, Some("anna")).await, both("100.00", "0.00"));
    let error = json!({
        "description": "A bank rejected the transfer: the account is closed (AC04)", "status": "REJECTED",
        "reason": "AC04",
    });
    let expected = json!({"id": id, "status": "FAILED", "error": error});
    assert_eq!(told(&a).await, [("sepa_transfer".to_owned(), expected)]);
    let shown = details(&a, &id).await;
    assert_eq!((&shown["status"], &shown["error"]), (&json!("FAILED"), &error));
    assert_eq!(a.history(Some("anna")).await[0]["status"], "FAILED");
    app.finish().await;
}

#[tokio::test]
async fn what_comes_back_is_a_line_of_its_own() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for user in [Some("anna"), None] {
        let before = told(&a).await.len();
        let id = id_of(&outgoing(&a, user, "10", COMES_BACK).send().await);
        a.settle().await;
        assert_eq!(eur(&a, user).await, both("89.00", "0.00"));
        assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
        a.settle().await;
        assert_eq!(eur(&a, user).await, both("99.00", "0.00"), "the fee is not given back");
        let shown = details(&a, &id).await;
        assert_eq!((&shown["status"], &shown["error"]["status"]), (&json!("FAILED"), &json!("RETURNED")));
        let told = told(&a).await.split_off(before);
        assert_eq!(
            told.iter().map(|(_, payload)| &payload["status"]).collect::<Vec<_>>(),
            ["SUCCESSFUL", "FAILED"]
        );
        let history = a.history(user).await;
        let lines: Vec<_> =
            history[..2].iter().map(|line| (&line["type"], &line["status"], &line["amount"])).collect();
        let expected = [
            (&json!("REFUND"), &json!("SUCCESSFUL"), &json!("10.00")),
            (&json!("SEPA_TRANSFER"), &json!("SUCCESSFUL"), &json!("-10.00")),
        ];
        assert_eq!(lines, expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn too_little_money_and_foreign_accounts_fail_at_once() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    for (user, amount, iban, why) in [
        (Some("anna"), "99.01", SETTLES, "INSUFFICIENT_FUNDS"),
        (Some("anna"), "10", OUTSIDE, "DESTINATION_NOT_ALLOWED"),
        (None, "99.01", SETTLES, "INSUFFICIENT_FUNDS"),
        (None, "10", OUTSIDE, "DESTINATION_NOT_ALLOWED"),
    ] {
        let id = id_of(&outgoing(&a, user, amount, iban).send().await);
        let shown = details(&a, &id).await;
        assert_eq!(
            (&shown["status"], &shown["error"]["status"]),
            (&json!("FAILED"), &json!(why)),
            "{amount}"
        );
        assert_eq!(shown.get("user").is_some(), user.is_some());
        assert_eq!(eur(&a, user).await, both("100.00", "0.00"));
        assert_eq!(told(&a).await.pop().expect("an event").1["error"]["status"], why);
    }
    // To the last cent.
    outgoing(&a, Some("anna"), "99", SETTLES).send().await.expect(200);
    assert_eq!(eur(&a, Some("anna")).await, both("0.00", "100.00"));
    a.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn the_fee_is_a_share_and_at_least_one_euro() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    a.fund(Some("anna"), "100000", "eur").await;
    for (amount, fee) in [("0.01", "1"), ("1000", "1"), ("1000.01", "1.01"), ("12345.67", "12.35")] {
        let id = id_of(&outgoing(&a, Some("anna"), amount, SETTLES).send().await);
        assert_eq!(details(&a, &id).await["fee"].to_string(), fee, "{amount}");
    }
    a.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn an_open_loop_needs_the_payees_name() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    open_the_loop(&app).await;
    let call = |receiver: Value| {
        let mut body = json!({
            "externalUserId": "anna", "amount": 10, "currency": "EUR", "destinationIban": OUTSIDE,
            "transferTitle": "Rent",
        });
        body.as_object_mut().expect("an object").extend(receiver.as_object().expect("an object").clone());
        a.post("/v1/sepa-transfer", &body)
    };
    call(json!({})).send().await.is_invalid("receiverType is required");
    let of_person = "receiverFirstName and receiverLastName are required with NATURAL";
    call(json!({"receiverType": "NATURAL", "receiverFirstName": "Ben"})).send().await.is_invalid(of_person);
    call(json!({"receiverType": "LEGAL"})).send().await.is_invalid("companyName is required with LEGAL");
    let natural = json!({"receiverType": "NATURAL", "receiverFirstName": "Ben", "receiverLastName": "Okri"});
    let id = id_of(&call(natural).send().await);
    let shown = details(&a, &id).await;
    assert_eq!((&shown["receiverFirstName"], &shown["receiverLastName"]), (&json!("Ben"), &json!("Okri")));
    let id = id_of(&call(json!({"receiverType": "LEGAL", "companyName": "Okri Ltd"})).send().await);
    assert_eq!(details(&a, &id).await["companyName"], "Okri Ltd");
    // A bank that is not in SEPA.
    let mut body = json!({
        "sourceExternalUserId": "anna", "amount": 10, "currency": "EUR",
        "destinationIban": "TR330006100519786457841326", "transferTitle": "Rent", "receiverType": "LEGAL",
        "companyName": "Okri",
    });
    let id = id_of(&a.post("/v1/sepa-transfer", &body).send().await);
    assert_eq!(details(&a, &id).await["error"]["status"], "DESTINATION_NOT_ALLOWED");
    body["externalUserId"] = json!("ben");
    let answer = a.post("/v1/sepa-transfer", &body).send().await;
    answer.is_invalid("externalUserId must be the same as sourceExternalUserId");
    a.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn a_payment_within_comes_in_again() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    open_the_loop(&app).await;
    a.verified_user("ben").await;
    let iban = iban_of(&a, Some("ben")).await;
    let body = json!({
        "amount": "10", "currency": "eur", "destinationIban": iban, "transferTitle": "Rent",
        "receiverType": "NATURAL", "receiverFirstName": "Ada", "receiverLastName": "Lovelace",
        "sourceExternalUserId": "anna",
    });
    id_of(&a.post("/v1/sepa-transfer", &body).send().await);
    a.settle().await;
    // Both have the same name here.
    assert_eq!(eur(&a, Some("ben")).await, both("10.00", "0.00"));
    assert_eq!(eur(&a, Some("anna")).await, both("89.00", "0.00"));
    app.finish().await;
}

#[tokio::test]
async fn the_sandbox_decides() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let decide = |id: &str, body: Value| a.post(&format!("/v1/sandbox/sepa/{id}"), &body);
    let made = || async { id_of(&outgoing(&a, Some("anna"), "10", HOLDS).send().await) };
    let id = made().await;
    a.settle().await;
    assert_eq!(details(&a, &id).await["status"], "PENDING");
    decide(&id, json!({"outcome": "SETTLE"})).send().await.is(200, r#"{"message":"SEPA transfer settled"}"#);
    assert_eq!(eur(&a, Some("anna")).await, both("89.00", "0.00"));
    let again = decide(&id, json!({"outcome": "SETTLE"})).send().await;
    again.is_invalid("outcome does not fit: the transfer has settled");
    decide(&id, json!({"outcome": "RETURN", "reason": "FOCR"})).send().await.expect(200);
    assert_eq!(details(&a, &id).await["error"]["reason"], "FOCR");
    assert_eq!(eur(&a, Some("anna")).await, both("99.00", "0.00"));
    // Before it was handed over.
    let id = made().await;
    decide(&id, json!({"outcome": "REJECT"})).send().await.expect(200);
    assert_eq!(details(&a, &id).await["error"]["reason"], "MS03");
    let id = made().await;
    decide(&id, json!({"outcome": "RETURN", "reason": "AC06"})).send().await.expect(200);
    assert_eq!(eur(&a, Some("anna")).await, both("98.00", "0.00"));
    for (body, why) in [
        (json!({"outcome": "SETTLE"}), "outcome does not fit: the transfer has returned"),
        (
            json!({"outcome": "SETTLED"}),
            "outcome must be one of the following values: SETTLE, REJECT, RETURN",
        ),
        (
            json!({"outcome": "REJECT", "reason": "ac4"}),
            "reason must be a reason code of ISO 20022: four capital letters and digits, such as AC04",
        ),
    ] {
        decide(&id, body).send().await.is_invalid(why);
    }
    a.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn a_user_with_a_pending_transfer_stays() {
    let app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&outgoing(&a, Some("anna"), "99", HOLDS).send().await);
    assert_eq!(a.delete("/v1/user/anna").await.code(), "P456");
    a.settle().await;
    assert_eq!(a.delete("/v1/user/anna").await.code(), "P456");
    a.post(&format!("/v1/sandbox/sepa/{id}"), &json!({"outcome": "SETTLE"})).send().await.expect(200);
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    // What came back after that is nobody's.
    a.post(&format!("/v1/sandbox/sepa/{id}"), &json!({"outcome": "RETURN"})).send().await.expect(200);
    let shown = details(&a, &id).await;
    assert_eq!((&shown["destinationIban"], &shown["transferTitle"]), (&Value::Null, &Value::Null));
    app.finish().await;
}

#[tokio::test]
async fn a_transfer_goes_on_after_a_restart_at_any_step() {
    let mut app = TestApp::start().await;
    let a = with_anna(&app).await;
    let id = id_of(&outgoing(&a, Some("anna"), "10", SETTLES).send().await);
    // Due at once, but never handed over by a server that is stopped.
    app.reopen(crate::support::Setup::default()).await;
    let a = app.a();
    app.clock.advance(Duration::from_secs(3_600));
    a.settle().await;
    assert_eq!(details(&a, &id).await["status"], "SUCCESSFUL");
    app.finish().await;
}

#[tokio::test]
async fn a_payee_is_verified() {
    let app = TestApp::start().await;
    let (a, b) = (with_anna(&app).await, app.b());
    let (of_anna, of_partner) = (iban_of(&a, Some("anna")).await, iban_of(&a, None).await);
    let unknown = "LT029999900000000001";
    let own = |name: &str| json!({"result": "CLOSE_MATCH", "suggestedName": name});
    for (iban, name, expected) in [
        (of_anna.as_str(), "LOVELACE, Ada", json!({"result": "MATCH"})),
        (&of_anna, "A. Lovelace", own("Ada Lovelace")),
        (&of_anna, "Charles Babbage", json!({"result": "NO_MATCH"})),
        (&of_anna, "-", json!({"result": "NOT_POSSIBLE", "reason": "the name cannot be compared"})),
        (&of_partner, "Florin Sandbox", json!({"result": "MATCH"})),
        (&of_partner, "Florin Sandbox Ltd", own("Florin Sandbox")),
        (unknown, "Ada", json!({"result": "NOT_POSSIBLE", "reason": "there is no such account"})),
        (OUTSIDE, "Ada Lovelace", json!({"result": "MATCH"})),
        (OUTSIDE, "close match", own("Klose Match")),
        (OUTSIDE, "No Match", json!({"result": "NO_MATCH"})),
        (
            OUTSIDE,
            "Not Possible",
            json!({"result": "NOT_POSSIBLE", "reason": "the payee's bank does not answer"}),
        ),
    ] {
        // Of another partner's user too: every bank tells so much.
        for (client, path) in
            [(&a, "/v1/sepa-transfer/verify-payee"), (&b, "/v1/partner/sepa-transfer/verify-payee")]
        {
            let answer = client.post(path, &json!({"iban": iban, "name": name})).send().await;
            assert_eq!(answer.expect(200), expected, "{iban} {name}");
        }
    }
    app.finish().await;
}
