//! Verification: what is sent, where it stands, and what comes of it.

mod dead_processes;
mod erasure;
mod expiry;
mod files;
mod framings;
mod hosted;
mod matrix;
mod operator;
mod ownership;
mod poa;
mod review;

use crate::support::{Answer, Call, Client};
use florin_document::{Kind, samples};
use http::Method;
use serde_json::{Value, json};

/// A part with a small valid photo.
fn photo(part: &str) -> (String, Vec<u8>) {
    (part.to_owned(), samples::valid(Kind::Jpeg, 64, 48))
}

/// An upload of these parts, not sent yet.
fn upload(client: &Client, user: &str, parts: &[(String, Vec<u8>)]) -> Call {
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, bytes)| (name.as_str(), "photo.jpg", "image/jpeg", bytes.as_slice()))
        .collect();
    client.call(Method::POST, &format!("/v1/user/kyc-files/{user}")).multipart(&parts)
}

/// The files of a passport, sent.
pub(crate) async fn send_passport(client: &Client, user: &str) {
    let sent = upload(client, user, &[photo("front_id"), photo("selfie")]).send().await;
    assert_eq!(sent.expect(201), json!({"message": "KYC files uploaded successfully"}));
}

/// A passport's data.
pub(crate) fn passport(user: &str) -> Value {
    json!({
        "externalUserId": user, "documentType": "PASSPORT", "documentNumber": "L898902C3",
        "documentIssueDate": "2021-04-16", "documentExpirationDate": "2031-04-15",
        "documentIssuingCountry": "GB", "incomeSource": "SALARY", "occupation": "ENGINEERING",
        "openAccountReason": "DAILY_USE",
    })
}

pub(crate) async fn submit(client: &Client, data: &Value) -> Answer {
    client.post("/v1/user/verification", data).send().await
}

/// `verificationStatus`, `attemptStatus` and `rejectionReason`, or the code.
async fn status(client: &Client, id: &str) -> [String; 3] {
    let answer = client.get(&format!("/v1/kyc/status/{id}")).await;
    if answer.status != 200 {
        return [answer.code(), String::new(), String::new()];
    }
    let status = answer.json();
    ["verificationStatus", "attemptStatus", "rejectionReason"]
        .map(|field| status[field].as_str().unwrap_or_default().to_owned())
}

/// Types and payloads of the events of this family and of `user.status`, oldest first, of one user.
async fn told(client: &Client, user: &str) -> Vec<String> {
    let events = client.events().await;
    let of_user = events.iter().filter(|event| event["payload"]["externalUserId"] == user);
    of_user
        .filter(|event| event["type"] != "wallet.created")
        .map(|event| {
            let (kind, payload) = (event["type"].as_str().unwrap_or_default(), &event["payload"]);
            let word = |field: &str| payload[field].as_str().unwrap_or_default().to_owned();
            let words = match kind {
                "kyc_verification.status" => {
                    [word("verificationStatus"), word("attemptStatus"), word("rejectionReason")].join(" ")
                }
                _ => word("status"),
            };
            format!("{kind} {words}").trim_end().to_owned()
        })
        .collect()
}
