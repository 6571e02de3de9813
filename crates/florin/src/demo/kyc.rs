//! How the two users are verified: files, the data of their documents, and a review that nobody needs to ask after.

use super::client::{Call, Client};
use super::documents::{ADA, CARD, NO_PHOTO, PASSPORT, ada, borys};
use crate::Failed;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the data of a document go.
const VERIFICATION: &str = "/v1/user/verification";

/// What each of the users goes through, as the events tell it.
const WAY: [&str; 3] = ["PENDING", "VERIFICATION", "SUCCESSFUL"];

/// Both of them, until they are active. Gives back the number of the last event.
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
        "To verify Ada, your app has taken photos of both sides of her card: a specimen, for neither Ada nor her \
         country exists. Files may come at once or one by one, in any order. The bank keeps them encrypted under a \
         key of Ada's own, and nobody gets them back through the API.",
    )?;
    client.call(Call::upload("/v1/user/kyc-files/ada", &CARD), 201).await?;
    Ok(())
}

async fn refuse(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Not yet, and not that",
        "The data of the card come last: as long as a file is missing, they are refused. And what a file is, its \
         content says, not its name.",
    )?;
    client.refused(Call::post(VERIFICATION, ada()), "P449").await?;
    client.refused(Call::upload("/v1/user/kyc-files/ada", &[NO_PHOTO]), "P426").await?;
    Ok(())
}

async fn complete_ada(client: &mut Client) -> Result<(), Failed> {
    client.step("The missing part", "With Ada's face the files are complete, and the review can begin.")?;
    client.call(Call::upload("/v1/user/kyc-files/ada", &[ADA]), 201).await?;
    client.call(Call::post(VERIFICATION, ada()), 201).await?;
    Ok(())
}

async fn verify_borys(client: &mut Client) -> Result<(), Failed> {
    client.step(
        "Borys's passport",
        "Of a passport the bank wants no back. Here all files come at once, and the data after them. The status is \
         VERIFICATION as long as the review is open.",
    )?;
    client.call(Call::upload("/v1/user/kyc-files/borys", &PASSPORT), 201).await?;
    client.call(Call::post(VERIFICATION, borys()), 201).await?;
    let answer = client.call(Call::get("/v1/kyc/status/borys"), 200).await?;
    // Half a second is enough to look, but for a machine that is very busy.
    match answer.text("/attemptStatus") {
        "SUCCESSFUL" => client.check("verificationStatus", answer.text("/verificationStatus"), "VERIFIED"),
        under_review => client.check("attemptStatus", under_review, "VERIFICATION"),
    }
}

async fn wait_for_approval(client: &mut Client) -> Result<u64, Failed> {
    client.step(
        "Wait for the approval",
        "In this sandbox the reviewer is a program and takes half a second. Instead of asking again and again, wait \
         for the event: with `wait` the call answers as soon as there is something after `after`, or with an empty \
         list after so many seconds.",
    )?;
    follow(client, "kyc_verification.status", "attemptStatus", &WAY).await?;
    client.remark("Both are VERIFIED. Now their accounts are opened, which takes another moment.")?;
    let last = follow(client, "user.status", "status", &["ACTIVE"]).await?;
    client.remark("Both are ACTIVE.")?;
    Ok(last)
}

/// Reads events of a kind until both users have gone all of a way. Gives back the number to go on after.
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
