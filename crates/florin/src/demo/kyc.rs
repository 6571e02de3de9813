//! The verification of the two users: files, the data of their documents, and a review whose end is an event.

use super::client::{Call, Client};
use super::documents::{ADA, CARD, NO_PHOTO, PASSPORT, ada, borys};
use crate::Failed;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The call that takes the data of a document.
const VERIFICATION: &str = "/v1/user/verification";

/// The statuses of each user's verification, in the order of their events.
const WAY: [&str; 3] = ["PENDING", "VERIFICATION", "SUCCESSFUL"];

/// Verifies both users and waits until they are active. Returns the number of the last event.
pub async fn verify_users(client: &mut Client) -> Result<u64, Failed> {
    begin_with_ada(client).await?;
    refuse(client).await?;
    complete_ada(client).await?;
    verify_borys(client).await?;
    wait_for_approval(client).await
}

async fn begin_with_ada(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Ada's identity card",
        "To verify Ada, your app has taken photos of both sides of her card. (It is a specimen of a country that does \
         not exist.) You may send the files together or one by one, in any order. The bank encrypts them with a key \
         of Ada's own. No call of the API returns them.",
    )?;
    client.call(Call::upload("/v1/user/kyc-files/ada", &CARD), 201).await?;
    Ok(())
}

async fn refuse(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Two refusals",
        "Send the data of the card last: they are refused while a file is missing. The type of a file is decided by \
         its content, not by its name.",
    )?;
    client.refused(Call::post(VERIFICATION, ada()), "P449").await?;
    client.refused(Call::upload("/v1/user/kyc-files/ada", &[NO_PHOTO]), "P426").await?;
    Ok(())
}

async fn complete_ada(client: &mut Client) -> Result<(), Failed> {
    client.step("The missing part", "With Ada's selfie the files are complete, and the review can begin.")?;
    client.call(Call::upload("/v1/user/kyc-files/ada", &[ADA]), 201).await?;
    client.call(Call::post(VERIFICATION, ada()), 201).await?;
    Ok(())
}

async fn verify_borys(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Borys's passport",
        "A passport needs no back side. Here one request has all files, and the data follow. The status is \
         VERIFICATION while the review is open.",
    )?;
    client.call(Call::upload("/v1/user/kyc-files/borys", &PASSPORT), 201).await?;
    client.call(Call::post(VERIFICATION, borys()), 201).await?;
    let answer = client.call(Call::get("/v1/kyc/status/borys"), 200).await?;
    // The review takes half a second, so it is usually still open here.
    match answer.text("/attemptStatus") {
        "SUCCESSFUL" => client.check("verificationStatus", answer.text("/verificationStatus"), "VERIFIED"),
        under_review => client.check("attemptStatus", under_review, "VERIFICATION"),
    }
}

async fn wait_for_approval(client: &mut Client) -> Result<u64, Failed> {
    client.step(
        "Wait for the approval",
        "In a sandbox the reviewer is a program and takes half a second. Do not poll the status: wait for the event. \
         With `wait` the call answers as soon as there is an event after `after`, or with an empty list after that \
         many seconds.",
    )?;
    follow(client, "kyc_verification.status", "attemptStatus", &WAY).await?;
    client.remark("Both are VERIFIED. Opening their accounts takes another moment.")?;
    let last = follow(client, "user.status", "status", &["ACTIVE"]).await?;
    client.remark("Both are ACTIVE.")?;
    Ok(last)
}

/// Reads events of a type until both users have had all statuses of `way`. Returns the number to continue after.
async fn follow(client: &Client, kind: &str, field: &str, way: &[&str]) -> Result<u64, Failed> {
    let (mut gone, mut after) = (BTreeMap::<String, usize>::new(), 0);
    while gone.values().filter(|steps| **steps == way.len()).count() < 2 {
        let path = format!("/v1/events?type={kind}&after={after}&wait=30");
        let answer = client.call(Call::get(path).items(1), 200).await?;
        let events = answer.list("/data");
        if events.is_empty() {
            return Err(client.wrong(format!("no {kind} within 30 s")));
        }
        for event in events {
            let payload = &event["payload"];
            let steps = gone.entry(payload["externalUserId"].to_string()).or_default();
            client.check(field, &payload[field], &way.get(*steps).map_or(Value::Null, |next| json!(next)))?;
            *steps += 1;
        }
        after = answer.at("/nextAfter").as_u64().unwrap_or_default();
    }
    Ok(after)
}
