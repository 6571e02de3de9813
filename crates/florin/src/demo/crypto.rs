//! The steps of the demo that tell of chains: wallets, a deposit that is explained, a withdrawal, and an order.

use super::client::{Answer, Call, Client};
use super::story::euros;
use crate::Failed;
use serde_json::{Value, json};

/// Lists that are hidden.
const CRYPTO: &[&str] = &["cryptoBalances"];

/// The network of these steps. Its blocks come fast, and its fees are small.
const NETWORK: &str = "polygon";

/// Somebody's address outside.
const OUTSIDE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// Blocks that a payment on the network needs.
const CONFIRMATIONS: u64 = 32;

/// Runs the steps.
pub async fn tell(client: &mut Client) -> Result<(), Failed> {
    let wallet = show_wallets(client).await?;
    receive(client, &wallet).await?;
    send(client).await?;
    sell(client).await
}

/// Returns the address of Ada's wallet on the network.
async fn show_wallets(client: &mut Client) -> Result<String, Failed> {
    client.step(
        "Ada's wallets",
        "Ada's wallets were made with her balances: a currency on a network, and the address at which it is paid. \
         Asking for one again answers 200 instead of 201.",
    )?;
    let wallet = async |currency: &str, network: &str| {
        let wanted = json!({ "currency": currency, "network": network });
        client.call(Call::post("/v1/user/wallet/ada", wanted), 200).await
    };
    let bitcoin = wallet("btc", "btc").await?;
    client.check("the form of the address", bitcoin.text("/address").get(..4), Some("tb1q"))?;
    let dollars = wallet("usdc", NETWORK).await?;
    client.check("the form of the address", dollars.text("/address").get(..2), Some("0x"))?;
    Ok(dollars.text("/address").to_owned())
}

async fn receive(client: &mut Client, wallet: &str) -> Result<(), Failed> {
    client.step(
        "Ada is paid on a chain",
        "In a sandbox you pay, and make the blocks that confirm it. The deposit is worth more than EUR 1,000, so it \
         waits until you say who sent it (the travel rule). Ada did, from a wallet of her own.",
    )?;
    let made = pay(client, wallet, "2000.00").await?;
    let path = format!("/v1/crypto-deposit/details/{}", made.text("/cryptoDepositId"));
    let details = client.call(Call::get(path.clone()), 200).await?;
    client.check("status", details.text("/status"), "WAITING_FOR_TR_DATA")?;
    let sender = json!({
        "walletType": "SELF_CUSTODY", "externalUserId": "ada", "details": { "iAmOwnerOfWallet": true },
    });
    let explain = format!("/v1/crypto-deposit/update-travel-rule/{}", made.text("/cryptoDepositId"));
    client.call(Call::patch(explain, sender), 200).await?;
    let details = client.call(Call::get(path), 200).await?;
    client.check("status", details.text("/status"), "SUCCESSFUL")?;
    let history = client.call(Call::get("/v1/user/transactions/ada?limit=1"), 200).await?;
    client.check("the newest entry", history.text("/data/0/type"), "CRYPTO_DEPOSIT")?;
    client.check("the balance after it", history.text("/data/0/balanceAfter"), "2000.000000")
}

async fn send(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Ada pays on a chain",
        "Service fee and network fee come on top, in the currency. The network fee changes with each block; what holds \
         is the one of the moment when the withdrawal is made. All is on hold until the transaction is confirmed.",
    )?;
    let fee = format!("/v1/crypto-withdrawal/get-network-fee?currency=usdc&network={NETWORK}");
    client.call(Call::get(fee), 200).await?;
    let wanted = json!({
        "sourceExternalUserId": "ada", "currency": "usdc", "amount": "20.00", "network": NETWORK,
        "walletAddress": OUTSIDE, "name": "Charles Babbage", "walletType": "NON_CUSTODIAL", "receiverType": "NATURAL",
    });
    let made = client.call(Call::post("/v1/crypto-withdrawal", wanted).key("babbage-0001"), 200).await?;
    // The first second brings the block that has it, the next one those that confirm it.
    for _ in 0..2 {
        client.call(Call::post("/v1/sandbox/clock/advance", json!({ "seconds": 1 })), 200).await?;
    }
    let path = format!("/v1/crypto-withdrawal/details/{}", made.text("/withdrawalId"));
    let details = client.call(Call::get(path), 200).await?;
    client.check("status", details.text("/status"), "SUCCESSFUL")?;
    client.check("confirmations", details.at("/confirmations"), &json!(CONFIRMATIONS))
}

async fn sell(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "An order is paid in two parts",
        "A customer of your shop, who is no user, pays 100 euros in USDC. The rate is set here, so that the amounts \
         are the same each time; a lock guarantees it. The order has an address of its own.",
    )?;
    let rate = json!({ "currency": "usdc", "rate": "0.86" });
    client.call(Call::post("/v1/sandbox/rates", rate), 200).await?;
    let wanted = json!({ "currency": "usdc", "amount": "100.00", "network": NETWORK });
    let lock = client.call(Call::post("/v1/order/lock-rate", wanted), 200).await?;
    client.check("what must be paid", lock.at("/amount").to_string(), "116.279069".to_owned())?;
    let wanted = json!({ "lockId": lock.text("/lockId") });
    let made = client.call(Call::post("/v1/order", wanted).key("order-0001"), 200).await?;
    let events = client.call(Call::get("/v1/events?type=order&wait=10"), 200).await?;
    let address = events.text("/data/0/payload/walletAddress").to_owned();
    let path = format!("/v1/order/details/{}", made.text("/orderId"));
    for (amount, status, settled) in [("50.00", "AWAITING_COMPLETION", 43), ("66.279069", "COMPLETED", 100)] {
        pay(client, &address, amount).await?;
        let details = client.call(Call::get(path.clone()).items(2), 200).await?;
        client.check("status", details.text("/status"), status)?;
        client.check("what is settled", details.at("/settledAmount"), &json!(settled))?;
    }
    let balances = client.call(Call::get("/v1/partner/balances").hide(CRYPTO), 200).await?;
    client.check("the partner's euros", euros(&balances), "587.00")?;
    client.remark("43.00 for the first part and 57.00 for the second: 487.00 + 100.00 = 587.00.")
}

/// Somebody pays USDC to an address, with all confirmations.
async fn pay(client: &Client, to: &str, amount: &str) -> Result<Answer, Failed> {
    let body: Value = json!({
        "address": to, "currency": "usdc", "network": NETWORK, "amount": amount, "confirmations": CONFIRMATIONS,
    });
    client.call(Call::post("/v1/sandbox/chain/deposit", body), 201).await
}
