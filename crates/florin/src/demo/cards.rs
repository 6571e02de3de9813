//! The steps of the demo that tell of a virtual card: issuing, a purchase in dollars, a decline, 3-D Secure, a refund.

use super::client::{Answer, Call, Client};
use super::story::euros;
use crate::Failed;
use serde_json::{Value, json};

/// Lists that are hidden.
const CRYPTO: &[&str] = &["cryptoBalances"];

/// Nobody's log should have them, so the demo does not print them either.
const SECRETS: &[&str] = &["cardNumber", "cvv", "pin"];

/// A merchant of the sandbox that asks for 3-D Secure; `/v1/sandbox/scenarios` lists others.
const CAREFUL: &str = "Florin Secure";

/// Runs the steps.
pub async fn tell(client: &mut Client) -> Result<(), Failed> {
    let card = issue(client).await?;
    pay_in_dollars(client, &card).await?;
    decline(client, &card).await?;
    let purchase = authenticate(client, &card).await?;
    refund(client, &card, &purchase).await
}

/// Returns the card's id.
async fn issue(client: &mut Client) -> Result<String, Failed> {
    client.step(
        "Ada gets a virtual card",
        "It can be used at once, and spends her euros. Number and CVV are in these two answers only. You show them to \
         Ada and keep them nowhere, so the demo masks them.",
    )?;
    let wanted = json!({ "externalUserId": "ada", "label": "Travel", "pin": "4829" });
    let made =
        client.call(Call::post("/v1/card/virtual", wanted).key("card-0001").mask(SECRETS), 200).await?;
    let card = made.text("/cardId").to_owned();
    let details = client.call(Call::get(format!("/v1/card/details/ada/{card}")).mask(SECRETS), 200).await?;
    client.check("status", details.text("/status"), "ACTIVE")?;
    client.check("the card's number", details.text("/cardNumber"), made.text("/cardNumber"))?;
    Ok(card)
}

async fn pay_in_dollars(client: &mut Client, card: &str) -> Result<(), Failed> {
    client.step(
        "Ada pays in dollars",
        "In a sandbox you are the merchant and the card network. Two books for 20 dollars are 17.20 euros and a fee of \
         1.49 %: that is on hold. One is sold out, so the merchant takes 15 dollars, and with `final` lets the rest \
         go. `messageId` is the network's: the same message again has no other effect.",
    )?;
    let books = json!({
        "amount": "20.00", "currency": "usd", "merchantName": "Bookshop", "mcc": "5942", "channel": "ECOM",
        "country": "US",
    });
    let asked = authorise(client, card, books, "books-1").await?;
    client.check("status", asked.text("/status"), "APPROVED")?;
    check_euros(client, "93.29", "17.46").await?;
    let taken = json!({ "amount": "15.00", "final": true });
    follow(client, (card, "clear", asked.text("/transactionId")), taken, "books-2").await?;
    check_euros(client, "97.65", "0.00").await?;
    client.remark("12.90 and the fee of 0.20 are paid: 110.75 - 13.10 = 97.65.")
}

async fn decline(client: &mut Client, card: &str) -> Result<(), Failed> {
    client.step(
        "A payment is declined",
        "Ada cannot find her phone, and you block the card for her. A decline is no error of the call: the reason is \
         in the answer, and in an event for you.",
    )?;
    let named = json!({ "externalUserId": "ada", "cardId": card });
    client.call(Call::patch("/v1/card/block", named.clone()), 200).await?;
    let asked = authorise(client, card, in_euros("Bookshop", "9.90"), "novel-1").await?;
    client.check("status", asked.text("/status"), "DECLINED")?;
    client.check("the reason", asked.text("/declineReason"), "CARD_NOT_ACTIVE")?;
    client.call(Call::patch("/v1/card/unblock", named), 200).await?;
    Ok(())
}

/// Returns the id of the transaction.
async fn authenticate(client: &mut Client, card: &str) -> Result<String, Failed> {
    client.step(
        "3-D Secure",
        "This merchant has Ada confirm the payment. You get the code by a webhook, here from the list of events, and \
         show it to her; she types it at the merchant's.",
    )?;
    let wanted = json!({ "amount": "49.90", "currency": "eur", "merchantName": CAREFUL });
    let made = client.call(Call::post(format!("/v1/sandbox/cards/{card}/3ds"), wanted), 201).await?;
    client.check("status", made.text("/status"), "PENDING")?;
    let events = client.call(Call::get("/v1/events?type=card.3ds&wait=10"), 200).await?;
    let challenge = made.text("/challengeId");
    client.check("the challenge", events.text("/data/0/payload/challengeId"), challenge)?;
    let typed = json!({ "challengeId": challenge, "code": events.text("/data/0/payload/code") });
    let passed = client.call(Call::post(format!("/v1/sandbox/cards/{card}/3ds/answer"), typed), 200).await?;
    client.check("status", passed.text("/status"), "AUTHENTICATED")?;
    let mut shoes = in_euros(CAREFUL, "49.90");
    shoes["mcc"] = json!("5661");
    shoes["challengeId"] = json!(challenge);
    let asked = authorise(client, card, shoes, "shoes-1").await?;
    client.check("status", asked.text("/status"), "APPROVED")?;
    Ok(asked.text("/transactionId").to_owned())
}

async fn refund(client: &mut Client, card: &str, purchase: &str) -> Result<(), Failed> {
    client.step(
        "A refund",
        "The merchant takes the money, and later gives a part of it back. The list has all that happened by the card, \
         newest first.",
    )?;
    follow(client, (card, "clear", purchase), json!({}), "shoes-2").await?;
    follow(client, (card, "refund", purchase), json!({ "amount": "20.00" }), "shoes-3").await?;
    let path = format!("/v1/card/transactions/ada/{card}?limit=3");
    let list = client.call(Call::get(path), 200).await?;
    client.check("the newest step", list.text("/data/0/type"), "REFUND")?;
    client.check("the step before", list.text("/data/1/type"), "CLEARING")?;
    check_euros(client, "67.75", "0.00").await?;
    client.remark("97.65 - 49.90 + 20.00 = 67.75.")
}

/// A merchant asks whether something may be paid.
async fn authorise(client: &Client, card: &str, mut body: Value, message: &str) -> Result<Answer, Failed> {
    body["messageId"] = json!(message);
    client.call(Call::post(format!("/v1/sandbox/cards/{card}/authorize"), body), 201).await
}

/// A purchase on the internet, in euros.
fn in_euros(merchant: &str, amount: &str) -> Value {
    json!({
        "amount": amount, "currency": "eur", "merchantName": merchant, "mcc": "5942", "channel": "ECOM",
        "country": "DE",
    })
}

/// What a merchant does after an authorisation.
async fn follow(
    client: &Client,
    (card, what, purchase): (&str, &str, &str),
    mut body: Value,
    message: &str,
) -> Result<(), Failed> {
    body["transactionId"] = json!(purchase);
    body["messageId"] = json!(message);
    client.call(Call::post(format!("/v1/sandbox/cards/{card}/{what}"), body), 201).await?;
    Ok(())
}

/// Shows and checks what Ada can spend, and what is on hold.
async fn check_euros(client: &Client, amount: &str, on_hold: &str) -> Result<(), Failed> {
    let balances = client.call(Call::get("/v1/user/balances/ada").hide(CRYPTO), 200).await?;
    client.check("Ada's euros", euros(&balances), amount)?;
    client.check("on hold", balances.text("/fiatBalances/0/onHold"), on_hold)
}
