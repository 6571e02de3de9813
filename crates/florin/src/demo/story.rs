//! The steps of the demo, in order. Every amount is checked: at the end the 600.00 euros of sandbox money must be where
//! they belong. Some texts name a step by its number: adjust them when you add a step.

use super::bank::Bank;
use super::client::{Answer, Call, Client};
use super::{cards, crypto, kyc, sepa};
use crate::Failed;
use serde_json::{Value, json};

/// Lists that are printed once and hidden later.
const CRYPTO: &[&str] = &["cryptoBalances"];

/// Runs all steps.
pub async fn tell(client: &mut Client, bank: &Bank) -> Result<(), Failed> {
    create_users(client).await?;
    refuse_unverified(client).await?;
    let after = kyc::verify_users(client).await?;
    show_balance(client).await?;
    fund(client).await?;
    let lunch = pay(client).await?;
    pay_and_be_paid(client).await?;
    refuse_without_funds(client).await?;
    retry(client, &lunch).await?;
    refuse_reused_key(client).await?;
    refuse_nonsense(client).await?;
    show_transfer(client, &lunch).await?;
    let next_day = advance_clock(client).await?;
    show_history(client, &next_day).await?;
    show_partner(client).await?;
    exchange(client).await?;
    let_a_lock_expire(client).await?;
    sepa::tell(client).await?;
    crypto::tell(client).await?;
    cards::tell(client).await?;
    show_events(client, after).await?;
    verify(client, bank).await
}

async fn create_users(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Create a user",
        "Ada is a customer of yours. You choose her id, `externalUserId`, and use it in every later call. \
         `hasAcceptedP100Tc` says that she accepted the terms.",
    )?;
    let ada = json!({
        "externalUserId": "ada",
        "email": "ada.lindqvist@example.com",
        "phone": "+46701740612",
        "firstName": "Ada",
        "lastName": "Lindqvist",
        "birthDate": "1990-12-10",
        "street": "Sankt Eriksgatan",
        "number": "27B",
        "city": "Stockholm",
        "postCode": "112 39",
        "country": "SE",
        "citizenship": "SE",
        "hasAcceptedP100Tc": true,
    });
    client.call(Call::post("/v1/user/balances/crypto-and-fiat", ada), 201).await?;
    client.step("Create another user", "Borys will get money from Ada, and from you.")?;
    let borys = json!({
        "externalUserId": "borys",
        "email": "borys.zielinski@example.com",
        "phone": "+48221234567",
        "firstName": "Borys",
        "lastName": "Zieliński",
        "birthDate": "1985-03-02",
        "street": "ulica Smolna",
        "number": "14/3",
        "city": "Warszawa",
        "postCode": "00-375",
        "country": "PL",
        "citizenship": "PL",
        "hasAcceptedP100Tc": true,
    });
    client.call(Call::post("/v1/user/balances/crypto-and-fiat", borys), 201).await?;
    Ok(())
}

async fn refuse_unverified(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Too early to pay",
        "The two users are not verified, so no money moves yet. A refusal has status 400 and a code for your program; \
         `/v1/reference/errors` lists all codes.",
    )?;
    client.refused(Call::post("/v1/transfer", transfer(Some("ada"), Some("borys"), "12.50")), "P459").await?;
    Ok(())
}

async fn show_balance(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Ada's balances",
        "Ada has a balance in euros with her own IBAN, and one for each cryptocurrency. The demo shows only the first \
         of these.",
    )?;
    let answer = client.call(Call::get("/v1/user/balances/ada"), 200).await?;
    client.check("Ada's euros", answer.text("/fiatBalances/0/amount"), "0.00")?;
    client.check("the country of Ada's IBAN", answer.text("/fiatBalances/0/iban").get(..2), Some("LT"))
}

async fn fund(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Create sandbox money",
        "This call exists only in a sandbox. The first creates money for Ada. The second names no user and creates \
         money for your own balance as the partner.",
    )?;
    let ada = json!({ "externalUserId": "ada", "amount": "100.00", "currency": "eur" });
    client.call(Call::post("/v1/sandbox/fund", ada), 201).await?;
    let partner = json!({ "amount": "500.00", "currency": "eur" });
    client.call(Call::post("/v1/sandbox/fund", partner), 201).await?;
    Ok(())
}

/// Ada pays Borys. Returns the transfer's id.
async fn pay(client: &mut Client) -> Result<String, Failed> {
    client.step(
        "Ada pays Borys",
        "The money has moved when you get the answer. The `Idempotency-Key`, a text of your choice, makes it safe to \
         send the request again if the answer is lost: step 15 shows it.",
    )?;
    let answer = client.call(lunch("12.50"), 201).await?;
    Ok(answer.text("/transferId").to_owned())
}

async fn pay_and_be_paid(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "You pay Borys",
        "A transfer without a source is paid from your own balance. Amounts may be strings or numbers; both are read \
         exactly.",
    )?;
    let mut bonus = transfer(None, Some("borys"), "20.00");
    bonus["amount"] = json!(20);
    client.call(Call::post("/v1/transfer", bonus).key("bonus-0001"), 201).await?;
    client.step(
        "Both pay you",
        "A transfer without a destination is paid to your balance. The second call does the same; it is the call for \
         the partner's master balance.",
    )?;
    client.call(Call::post("/v1/transfer", transfer(Some("ada"), None, "2.00")).key("fee-0001"), 201).await?;
    let back = transfer(Some("borys"), None, "5.00");
    client.call(Call::post("/v1/partner/transfer-master-balance", back).key("fee-0002"), 201).await?;
    Ok(())
}

async fn refuse_without_funds(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Insufficient funds",
        "Borys has 12.50 + 20.00 - 5.00 = 27.50 euros. No balance ever goes below zero.",
    )?;
    let too_much = transfer(Some("borys"), Some("ada"), "1000.00");
    client.refused(Call::post("/v1/transfer", too_much).key("rent-0001"), "P433").await?;
    Ok(())
}

async fn retry(client: &mut Client, lunch_id: &str) -> Result<(), Failed> {
    client.step(
        "The same request again",
        "Suppose the answer of step 11 was lost. Send the request again with the same key: you get the first answer, \
         and no money moves.",
    )?;
    let answer = client.call(lunch("12.50"), 201).await?;
    client.check("the header Idempotent-Replayed", answer.is_replayed, true)?;
    client.check("transferId", answer.text("/transferId"), lunch_id)?;
    let balances = client.call(Call::get("/v1/user/balances/ada").hide(CRYPTO), 200).await?;
    client.check("Ada's euros", euros(&balances), "85.50")?;
    client.remark("The same transferId, and Ada paid once: 100.00 - 12.50 - 2.00 = 85.50.")
}

async fn refuse_reused_key(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "The same key for another request",
        "A key belongs to one request. Another request with it is most likely a mistake, so it is refused.",
    )?;
    client.refused(lunch("21.50"), "P470").await?;
    Ok(())
}

async fn refuse_nonsense(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "An invalid request",
        "The answer lists everything that is wrong with the request. Nothing was done.",
    )?;
    let nonsense = json!({ "sourceExternalUserId": "a b", "amount": "12.505", "currency": "eur" });
    client.refused(Call::post("/v1/transfer", nonsense), "P403").await?;
    Ok(())
}

async fn show_transfer(client: &mut Client, lunch_id: &str) -> Result<(), Failed> {
    client.step("Look at a transfer", "This is the one that Ada sent to Borys.")?;
    let answer = client.call(Call::get(format!("/v1/transfer/details/{lunch_id}")), 200).await?;
    client.check("status", answer.text("/status"), "SUCCESSFUL")?;
    client.check("reference", answer.text("/reference"), "Lunch")
}

/// Returns the id of that day's transfer.
async fn advance_clock(client: &mut Client) -> Result<String, Failed> {
    client.step(
        "A day later",
        "You can advance the sandbox's clock instead of waiting. The next day Borys pays for his part of a taxi.",
    )?;
    client.call(Call::post("/v1/sandbox/clock/advance", json!({ "seconds": 86_400 })), 200).await?;
    let taxi = Call::post("/v1/transfer", transfer(Some("borys"), Some("ada"), "7.25")).key("taxi-0001");
    let answer = client.call(taxi, 201).await?;
    Ok(answer.text("/transferId").to_owned())
}

async fn show_history(client: &mut Client, next_day: &str) -> Result<(), Failed> {
    client.step(
        "Ada's history",
        "Newest first. Amounts are signed as Ada sees them. For the next page, send `nextCursor` as `cursor`.",
    )?;
    let answer = client.call(Call::get("/v1/user/transactions/ada?limit=3").items(3), 200).await?;
    client.check("the newest entry", answer.text("/data/0/id"), next_day)?;
    client.check("the amount", answer.text("/data/0/amount"), "7.25")?;
    client.check("the balance after it", answer.text("/data/0/balanceAfter"), "92.75")?;
    let path = format!("/v1/user/transactions/ada?limit=3&cursor={}", answer.text("/nextCursor"));
    let rest = client.call(Call::get(path), 200).await?;
    client.check("the entries of the last page", rest.list("/data").len(), 1)?;
    client.check("nextCursor", rest.at("/nextCursor"), &Value::Null)
}

async fn show_partner(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Borys's balances and yours",
        "Borys's balances, and the partner's own balances and history.",
    )?;
    let borys = client.call(Call::get("/v1/user/balances/borys").hide(CRYPTO), 200).await?;
    client.check("Borys's euros", euros(&borys), "20.25")?;
    let partner = client.call(Call::get("/v1/partner/balances").hide(CRYPTO), 200).await?;
    client.check("the partner's euros", euros(&partner), "487.00")?;
    client.remark("Ada 92.75 + Borys 20.25 + you 487.00 = 600.00, the money created in step 10.")?;
    let history = client.call(Call::get("/v1/partner/transactions?limit=10"), 200).await?;
    client.check("the entries of the partner's history", history.list("/data").len(), 4)
}

async fn exchange(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Ada buys bitcoin",
        "The rates move; in a sandbox a simulated market moves them. A lock guarantees the rates and the fee of now to \
         Ada, once, for 40 seconds.",
    )?;
    client.call(Call::get("/v1/exchange/get-rate"), 200).await?;
    let lock = client.call(Call::get("/v1/exchange/get-lock/ada"), 200).await?;
    let wanted = exchange_of_ada("10.00", lock.text("/id"));
    let made = client.call(Call::post("/v1/exchange", wanted).key("bitcoin-0001"), 201).await?;
    let path = format!("/v1/exchange/details/{}", made.text("/exchangeId"));
    let details = client.call(Call::get(path), 200).await?;
    client.check("status", details.text("/status"), "COMPLETED")?;
    client.check("the rate", details.at("/rateTo"), lock.at("/rates/btc"))?;
    let balances = client.call(Call::get("/v1/user/balances/ada").hide(CRYPTO), 200).await?;
    client.check("Ada's euros", euros(&balances), "82.75")?;
    client.check("Ada's bitcoins", balances.text("/cryptoBalances/0/amount"), details.text("/amountTo"))
}

async fn let_a_lock_expire(client: &mut Client) -> Result<(), Failed> {
    client.step("A lock expires", "Ada gets another lock, and thinks about it for a minute.")?;
    let lock = client.call(Call::get("/v1/exchange/get-lock/ada"), 200).await?;
    client.call(Call::post("/v1/sandbox/clock/advance", json!({ "seconds": 60 })), 200).await?;
    let late = exchange_of_ada("10.00", lock.text("/id"));
    client.refused(Call::post("/v1/exchange", late).key("bitcoin-0002"), "P435").await?;
    Ok(())
}

fn exchange_of_ada(amount: &str, lock: &str) -> Value {
    json!({
        "sourceExternalUserId": "ada", "amount": amount, "currencyFrom": "eur", "currencyTo": "btc", "lockId": lock,
    })
}

async fn show_events(client: &mut Client, after: u64) -> Result<(), Failed> {
    client.step(
        "The events",
        "Events are numbered without gaps, and kept. Continue after the last one that you have seen, here that of \
         step 8, and you miss none. These are the transfers, the exchange, what came and went by SEPA and on the \
         chain, the order, and the card.",
    )?;
    let answer = client.call(Call::get(format!("/v1/events?after={after}&limit=100")).items(2), 200).await?;
    let kinds: Vec<_> = answer.list("/data").iter().filter_map(|event| event["type"].as_str()).collect();
    let by_sepa =
        ["iban.status", "iban.status", "sepa_deposit", "sepa_transfer", "sepa_transfer", "sepa_transfer"];
    let on_chain = [["crypto_deposit"; 3].as_slice(), &["crypto_withdrawal"; 2]].concat();
    // Of an order's statuses those are left out that pass while nobody looks.
    let (of_orders, others): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|kind| *kind == "order");
    let [step, code] = ["card.transaction", "card.3ds"];
    let by_card = [step, step, step, code, step, step, step];
    let expected = [["transfer"; 5].as_slice(), &["exchange"], &by_sepa, &on_chain, &by_card].concat();
    client.check("the types of the events", others, expected)?;
    client.check("whether there are events of the order", of_orders.len() >= 3, true)?;
    let numbers: Vec<_> =
        answer.list("/data").iter().filter_map(|event| event["sequence"].as_u64()).collect();
    let last = after + u64::try_from(numbers.len())?;
    client.check("the numbers of the events", numbers, (after + 1..=last).collect())?;
    client.remark(
        "Events without a gap: of steps 11, 12, 13 (two), 19, 22, six of the steps 24 to 26, three of step 28, two of \
         step 29, those of the order, and seven of the steps 32 to 35.",
    )
}

async fn verify(client: &mut Client, bank: &Bank) -> Result<(), Failed> {
    client.step(
        "Check the books",
        "Another process reads all records while the bank runs. Every transaction must sum to zero, every balance must \
         equal the sum of its entries, and every record must continue the chain of hashes.",
    )?;
    let output = bank.run("verify").await?;
    let printed = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let command = format!("florin verify --data-dir {}", bank.data().display());
    client.show_command(&command, &String::from_utf8_lossy(&printed))?;
    client.check("the exit code of `florin verify`", output.status.code(), Some(0))
}

/// What Ada pays for lunch.
fn lunch(amount: &str) -> Call {
    let mut body = transfer(Some("ada"), Some("borys"), amount);
    body["reference"] = json!("Lunch");
    Call::post("/v1/transfer", body).key("lunch-0001")
}

/// A transfer of euros. A missing side is the partner.
fn transfer(source: Option<&str>, destination: Option<&str>, amount: &str) -> Value {
    let mut body = json!({});
    if let Some(source) = source {
        body["sourceExternalUserId"] = json!(source);
    }
    if let Some(destination) = destination {
        body["destinationExternalUserId"] = json!(destination);
    }
    body["amount"] = json!(amount);
    body["currency"] = json!("eur");
    body
}

pub(super) fn euros(balances: &Answer) -> &str {
    balances.text("/fiatBalances/0/amount")
}
