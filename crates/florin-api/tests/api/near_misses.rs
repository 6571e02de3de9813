//! Names that a call does not know. One that is close to a field that is absent is P403 and names the one that was
//! meant, because a missing field has a meaning (an absent source is the master balance). Any other is ignored, and the
//! answer's header `x-ignored-fields` names it.
//!
//! The fields of every JSON body, the parts of every multipart body and every query parameter come from the OpenAPI
//! document.

use crate::support::{
    Answer, Call, Client, Contract, File, Ids, TestApp, example_of, files_of, path_of, prepared, resolved,
    works,
};
use florin_api::endpoints;
use florin_api::kit::endpoint::table::{Access, Endpoint};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Close to no field of any call.
const UNKNOWN: &str = "zzUnfamiliar";

/// The shortest beginning or end that counts as the name that it was cut from.
const SHORTEST_CUT: usize = 4;

/// Where a name stands in a request.
#[derive(Copy, Clone, Debug, PartialEq)]
enum Place {
    Query,
    Json,
    Part,
}

/// A request that can be changed before it is sent.
struct Draft {
    path: String,
    query: Vec<(String, String)>,
    json: Option<Map<String, Value>>,
    parts: Vec<(String, Vec<u8>)>,
}

impl Draft {
    fn of(endpoint: &Endpoint, ids: &Ids) -> Self {
        let path = path_of(endpoint, ids);
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self {
            path: path.to_owned(),
            query: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            json: example_of(endpoint, ids).map(|body| body.as_object().expect("an object").clone()),
            parts: files_of(endpoint).into_iter().map(|(name, content)| (name.to_owned(), content)).collect(),
        }
    }

    fn names(&self, place: Place) -> BTreeSet<String> {
        match place {
            Place::Query => self.query.iter().map(|(name, _)| name.clone()).collect(),
            Place::Json => self.json.iter().flat_map(Map::keys).cloned().collect(),
            Place::Part => self.parts.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Takes a field out; its value is a field's of another name from now on.
    fn rename(&mut self, place: Place, name: &str, other: &str) {
        match place {
            Place::Query => {
                let value =
                    self.query.iter().find(|(known, _)| known == name).map_or("1", |(_, value)| value);
                let value = value.to_owned();
                self.query.retain(|(known, _)| known != name);
                self.query.push((other.to_owned(), value));
            }
            Place::Json => {
                let body = self.json.as_mut().expect("a JSON body");
                let value = body.shift_remove(name).unwrap_or_else(|| "1".into());
                body.insert(other.to_owned(), value);
            }
            Place::Part => {
                let content =
                    self.parts.iter().find(|(known, _)| known == name).expect("every part is given");
                let content = content.1.clone();
                self.parts.retain(|(known, _)| known != name);
                self.parts.push((other.to_owned(), content));
            }
        }
    }

    fn call(&self, client: &Client, endpoint: &Endpoint) -> Call {
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = client.call(endpoint.method.clone(), &format!("{}?{}", self.path, query.join("&")));
        if let Some(body) = &self.json {
            return call.json(&Value::Object(body.clone()));
        }
        let parts: Vec<File<'_>> = self
            .parts
            .iter()
            .map(|(name, content)| (&name[..], "file", "image/jpeg", &content[..]))
            .collect();
        if parts.is_empty() { call } else { call.multipart(&parts) }
    }
}

/// The names that the document gives for each place of a call.
fn documented(endpoint: &Endpoint) -> Vec<(Place, BTreeSet<String>)> {
    let document = &Contract::get().document;
    let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_ascii_lowercase()];
    let content = &operation["requestBody"]["content"];
    let properties = |media_type: &str| -> BTreeSet<String> {
        let schema = resolved(document, &content[media_type]["schema"]);
        schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned().collect()
    };
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| resolved(document, parameter));
    let query = parameters.filter(|parameter| parameter["in"] == "query");
    let query = query.map(|parameter| parameter["name"].as_str().expect("a name").to_owned()).collect();
    vec![
        (Place::Query, query),
        (Place::Json, properties("application/json")),
        (Place::Part, properties("multipart/form-data")),
    ]
}

/// Ways to misspell a name.
fn misspelt(name: &str) -> BTreeSet<String> {
    let letters: Vec<char> = name.chars().collect();
    let middle = letters.len() / 2;
    let text = |letters: &[char]| letters.iter().collect::<String>();
    let (before, after) = (text(&letters[..middle]), text(&letters[middle..]));
    let mut flipped = letters.clone();
    flipped[0] = match flipped[0].is_lowercase() {
        true => flipped[0].to_ascii_uppercase(),
        false => flipped[0].to_ascii_lowercase(),
    };
    let mut all = BTreeSet::from([
        name.to_uppercase(),
        name.to_lowercase(),
        text(&flipped),
        format!("{before}_{after}"),
        format!("{before}-{after}"),
        name.replace('_', ""),
        // One letter more, one less, another one.
        format!("{before}q{after}"),
        format!("{before}{}", &after[1..]),
        format!("{before}q{}", &after[1..]),
    ]);
    if letters.len() > SHORTEST_CUT {
        let last = letters.len() - 1;
        let cuts = [&letters[..SHORTEST_CUT], &letters[..last], &letters[last - SHORTEST_CUT + 1..]];
        // `t_id` is three letters of `front_id`.
        all.extend(cuts.into_iter().filter(|cut| !cut.contains(&'_')).map(text));
    }
    all.remove(name);
    all
}

/// The rule, written a second time: whether a name that is given can be meant as this one.
fn is_near(given: &str, known: &str) -> bool {
    let plain = |name: &str| name.replace(['_', '-'], "").to_lowercase();
    let (short, long) = (plain(given), plain(known));
    let is_cut = short.len() >= SHORTEST_CUT && (long.starts_with(&short) || long.ends_with(&short));
    short == long || is_cut || is_one_edit(given, known)
}

fn is_one_edit(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    one.len() - end <= 1 && other.len() - end <= 1
}

/// Names that the answer says were ignored.
fn ignored(answer: &Answer) -> BTreeSet<String> {
    answer.header("x-ignored-fields").split(',').map(|name| name.trim().to_owned()).collect()
}

fn calls() -> impl Iterator<Item = Endpoint> {
    // A page is for browsers, and takes nothing but its address.
    endpoints().into_iter().filter(|endpoint| endpoint.signature.access != Access::Open)
}

#[test]
fn the_rule_is_the_contracts() {
    for (given, known) in [
        ("userId", "externalUserId"),
        ("mail", "email"),
        ("Amount", "amount"),
        ("external_user_id", "externalUserId"),
        ("frontId", "front_id"),
        ("curency", "currency"),
        ("curr", "currency"),
    ] {
        assert!(is_near(given, known), "{given} {known}");
    }
    for (given, known) in [("cur", "currency"), ("mony", "amount"), (UNKNOWN, "amount"), ("tosum", "to")] {
        assert!(!is_near(given, known), "{given} {known}");
    }
    for name in ["to", "url", "amount", "front_id", "externalUserId"] {
        assert!(misspelt(name).iter().all(|other| is_near(other, name)), "{:?}", misspelt(name));
    }
}

#[tokio::test]
async fn a_near_miss_of_an_absent_field_is_p403_and_names_both() {
    let app = TestApp::start().await;
    let (mut walked, mut wrong) = (0, Vec::new());
    for endpoint in calls() {
        for (place, known) in documented(&endpoint) {
            for name in &known {
                for other in misspelt(name).difference(&known) {
                    let mut draft = Draft::of(&endpoint, &Ids::unknown());
                    draft.rename(place, name, other);
                    let given = draft.names(place);
                    let absent: Vec<_> = known.difference(&given).map(String::as_str).collect();
                    let answer = draft.call(&app.a(), &endpoint).send().await;
                    if !is_pointed_out(&answer, other, &absent) {
                        let call = format!("{} {} {place:?}", endpoint.method, endpoint.path);
                        wrong.push(format!("{call} {name}: {other}: {} {}", answer.status, answer.text()));
                    }
                    walked += 1;
                    // An empty text is an absent field.
                    let Some(body) = draft.json.as_mut().filter(|_| place == Place::Json) else { continue };
                    body.insert(name.clone(), "".into());
                    let answer = draft.call(&app.a(), &endpoint).send().await;
                    if !is_pointed_out(&answer, other, &absent) {
                        let call = format!("{} {} {name} is empty", endpoint.method, endpoint.path);
                        wrong.push(format!("{call}: {other}: {} {}", answer.status, answer.text()));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {walked}, the first of them:\n{}",
        wrong.len(),
        wrong[..20.min(wrong.len())].join("\n")
    );
    assert!(walked > 500, "only {walked} near misses were tried");
    app.finish().await;
}

/// Whether it is a P403 that names the misspelt field and one that can be meant: a name can be close to several.
fn is_pointed_out(answer: &Answer, misspelt: &str, absent: &[&str]) -> bool {
    let message = answer.json()["errorMessage"].as_str().unwrap_or_default().to_owned();
    let mut meant = absent.iter().filter(|known| is_near(misspelt, known));
    answer.code() == "P403" && names(&message, misspelt) && meant.any(|known| names(&message, known))
}

/// Whether a message has this name as a word of its own.
fn names(message: &str, name: &str) -> bool {
    message
        .split(|letter: char| !letter.is_alphanumeric() && !['_', '-'].contains(&letter))
        .any(|word| word == name)
}

/// A head that is too long for a proxy would lose an answer.
#[tokio::test]
async fn a_long_name_is_cut() {
    let app = TestApp::start().await;
    let call = app.a().call(http::Method::GET, &format!("/v1/reference/fees?{}=1", "y".repeat(4000)));
    let answer = call.send().await;
    assert_eq!((answer.status, ignored(&answer)), (200, BTreeSet::from(["y".repeat(64)])));
    app.finish().await;
}

#[tokio::test]
async fn any_other_unknown_name_is_ignored_and_named() {
    let app = TestApp::start().await;
    let a = app.a();
    for (tag, endpoint) in calls().enumerate() {
        let ids = prepared(&a, &endpoint, &format!("unknown{tag}")).await;
        let mut draft = Draft::of(&endpoint, &ids);
        let place = match (&draft.json, draft.parts.is_empty()) {
            (Some(_), _) => Place::Json,
            (None, false) => Place::Part,
            (None, true) => Place::Query,
        };
        let mut unknown = BTreeSet::from([UNKNOWN.to_owned()]);
        let given = draft.names(place);
        let (_, known) =
            documented(&endpoint).into_iter().find(|(one, _)| *one == place).expect("each place");
        // Close to a field that is there: nothing is missing, so nothing was misspelt.
        let close = given.iter().map(|name| name.to_uppercase());
        let absent: Vec<_> = known.difference(&given).collect();
        unknown.extend(close.filter(|close| !absent.iter().any(|name| is_near(close, name))).take(1));
        for name in &unknown {
            match place {
                Place::Query => draft.query.push((name.clone(), "1".to_owned())),
                Place::Json => drop(draft.json.as_mut().expect("JSON").insert(name.clone(), "1".into())),
                Place::Part => draft.parts.push((name.clone(), b"1".to_vec())),
            }
        }
        let answer = draft.call(&a, &endpoint).send().await;
        let shown = format!("{} {}: {}", endpoint.method, endpoint.path, answer.text());
        assert!(works(&endpoint, answer.status), "{shown}");
        assert_eq!(ignored(&answer), unknown, "{shown}");
        a.run_jobs().await;
    }
    app.finish().await;
}
