//! The steps of the demo that tell of bank accounts: money in, money out, money that comes back.

use super::client::{Call, Client};
use super::story::euros;
use crate::Failed;
use serde_json::{Value, json};

/// Lists that are hidden.
const CRYPTO: &[&str] = &["cryptoBalances"];

/// Ada's account at another bank.
const OWN_ACCOUNT: &str = "DE89370400440532013000";

/// An account of the sandbox's made-up bank, whose payments come back.
const CLOSED_ACCOUNT: &str = "LT779999800000000014";

/// Runs the steps.
pub async fn tell(client: &mut Client) -> Result<(), Failed> {
    receive(client).await?;
    send(client).await?;
    send_in_vain(client).await
}

async fn receive(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Ada is paid by SEPA",
        "Ada sends money from her account at another bank; in a sandbox you play that bank. The sender's name is \
         hers, so the money is credited, and the account is known as her own from now on.",
    )?;
    let info = client.call(Call::get("/v1/sepa-deposit/info/ada"), 200).await?;
    let incoming = json!({
        "iban": info.text("/iban"), "amount": "50.00", "senderName": "LINDQVIST, Ada", "senderIban": OWN_ACCOUNT,
        "title": "Savings",
    });
    client.call(Call::post("/v1/sandbox/sepa/incoming", incoming), 201).await?;
    client.call(Call::get("/v1/sepa-deposit/contacts/ada"), 200).await?;
    let balances = client.call(Call::get("/v1/user/balances/ada").hide(CRYPTO), 200).await?;
    client.check("Ada's euros", euros(&balances), "132.75")
}

async fn send(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Ada pays by SEPA",
        "Amount and fee are on hold until the other bank has the money. Here the clock is moved by a second; without \
         that it happens by itself.",
    )?;
    let id = create(client, OWN_ACCOUNT, "20.00", "savings-0001").await?;
    let path = format!("/v1/sepa-transfer/details/{id}");
    let details = client.call(Call::get(path.clone()).hide(&["user"]), 200).await?;
    client.check("status", details.text("/status"), "PENDING")?;
    let balances = client.call(Call::get("/v1/user/balances/ada").hide(CRYPTO), 200).await?;
    client.check("Ada's euros", euros(&balances), "111.75")?;
    client.check("on hold", balances.text("/fiatBalances/0/onHold"), "21.00")?;
    client.call(Call::post("/v1/sandbox/clock/advance", json!({ "seconds": 1 })), 200).await?;
    let details = client.call(Call::get(path).hide(&["user"]), 200).await?;
    client.check("status", details.text("/status"), "SUCCESSFUL")
}

async fn send_in_vain(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "A payment comes back",
        "This account was closed. The payee's bank sends the money back, which is a line of its own in the history. \
         The fee is not given back. `/v1/sandbox/scenarios` lists an account for every failure.",
    )?;
    let id = create(client, CLOSED_ACCOUNT, "10.00", "savings-0002").await?;
    client.call(Call::post("/v1/sandbox/clock/advance", json!({ "seconds": 2 })), 200).await?;
    let details =
        client.call(Call::get(format!("/v1/sepa-transfer/details/{id}")).hide(&["user"]), 200).await?;
    client.check("status", details.text("/status"), "FAILED")?;
    client.check("the reason", details.text("/error/reason"), "AC04")?;
    let history = client.call(Call::get("/v1/user/transactions/ada?limit=2"), 200).await?;
    client.check("the newest entry", history.text("/data/0/type"), "REFUND")?;
    client.check("the balance after it", history.text("/data/0/balanceAfter"), "110.75")
}

/// Creates a transfer of Ada's. Returns its id.
async fn create(client: &mut Client, iban: &str, amount: &str, key: &'static str) -> Result<String, Failed> {
    let body: Value = json!({
        "sourceExternalUserId": "ada", "amount": amount, "currency": "eur", "destinationIban": iban,
        "transferTitle": "Savings",
    });
    let answer = client.call(Call::post("/v1/sepa-transfer", body).key(key), 200).await?;
    Ok(answer.text("/transferId").to_owned())
}
