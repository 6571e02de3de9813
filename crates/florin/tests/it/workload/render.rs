//! A request of the model as bytes: fields in any order, amounts as number or string, fields nobody knows.

use super::draw::Draw;
use crate::model::{Change, Money, Request, first_email};
use crate::support::{Call, person};
use rand::RngExt;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

/// Names and JSON texts, in the order they are sent.
type Fields = Vec<(&'static str, String)>;

/// One of the many spellings of the same request.
pub fn render(request: &Request, draw: &mut Draw) -> Call {
    match request {
        Request::Create { id, country, terms } => {
            let mut body = person(id);
            body["email"] = first_email(id).into();
            body["country"] = (*country).into();
            if !terms {
                body.as_object_mut().expect("an object").shift_remove("hasAcceptedP100Tc");
            }
            Call::post("/v1/user/balances/crypto-and-fiat", &body)
        }
        Request::Decide { id, approve } => {
            let approval = json!({"decision": "APPROVE"});
            let rejection = json!({"decision": "REJECT", "rejectionReason": "DOCUMENT_UNREADABLE"});
            Call::post(format!("/v1/sandbox/kyc/{id}"), if *approve { &approval } else { &rejection })
        }
        Request::Fund { to, money } => {
            let mut fields = money_fields(money, draw);
            fields.extend(to.as_ref().map(|id| ("externalUserId", quoted(id))));
            call("POST", "/v1/sandbox/fund".to_owned(), fields, draw)
        }
        Request::Transfer { master, source, destination, money, reference } => {
            let mut fields = money_fields(money, draw);
            fields.extend(source.as_ref().map(|id| ("sourceExternalUserId", quoted(id))));
            fields.extend(destination.as_ref().map(|id| ("destinationExternalUserId", quoted(id))));
            fields.extend(reference.as_ref().map(|text| ("reference", quoted(text))));
            let path = if *master { "/v1/partner/transfer-master-balance" } else { "/v1/transfer" };
            call("POST", path.to_owned(), fields, draw)
        }
        Request::Exchange { owner, money, to, lock } => {
            let mut fields = money_fields(money, draw);
            for (name, _) in &mut fields {
                *name = if *name == "currency" { "currencyFrom" } else { *name };
            }
            fields.push(("currencyTo", quoted(to)));
            fields.push(("lockId", quoted(lock)));
            fields.extend(owner.as_ref().map(|id| ("sourceExternalUserId", quoted(id))));
            let path = if owner.is_some() { "/v1/exchange" } else { "/v1/partner/exchange" };
            call("POST", path.to_owned(), fields, draw)
        }
        Request::Suspend { id, on } => {
            let verb = if *on { "suspend" } else { "unsuspend" };
            Call::bare("PATCH", format!("/v1/user/{verb}/{id}"), None)
        }
        Request::Delete { id } => Call::delete(format!("/v1/user/{id}")),
        Request::Update { id, change } => {
            call("PATCH", format!("/v1/user/{id}"), vec![changed(change)], draw)
        }
    }
}

fn changed(change: &Change) -> (&'static str, String) {
    match change {
        Change::Email(email) => ("email", quoted(email)),
        Change::City(city) => ("city", quoted(city)),
        Change::FirstName(name) => ("firstName", quoted(name)),
        Change::Country(country) => ("country", quoted(country)),
        Change::Terms => ("hasAcceptedP100Tc", "true".to_owned()),
    }
}

fn money_fields(money: &Money, draw: &mut Draw) -> Fields {
    let whole = money.text.trim() == money.text;
    let as_number = whole && serde_json::from_str::<Value>(&money.text).is_ok_and(|value| value.is_number());
    let amount = if as_number && draw.one_in(2) { money.text.clone() } else { quoted(&money.text) };
    let currency = if draw.one_in(4) { money.currency.to_uppercase() } else { money.currency.clone() };
    vec![("amount", amount), ("currency", quoted(&currency))]
}

fn call(method: &'static str, path: String, mut fields: Fields, draw: &mut Draw) -> Call {
    if draw.one_in(5) {
        fields.push(("clientNote", format!("{{\"unknown\":[{}]}}", draw.rng.random_range(0..9))));
    }
    fields.shuffle(&mut draw.rng);
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    Call::bare(method, path, Some(format!("{{{}}}", body.join(","))))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
