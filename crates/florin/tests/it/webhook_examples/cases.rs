//! Requests that a receiver must take, and that it must not.

use super::receiver::Settings;
use florin_webhook::{SigningKey, SigningSecret, signatures};
use std::time::{SystemTime, UNIX_EPOCH};

const TOKEN: &str = "a token: with spaces, as it stands";
const ID: &str = "0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e70";
const BODY: &str = r#"{"id":"0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e6f","amount":12.50,"name":"Zoë \u20ac"}"#;

/// Of a bank.
pub struct Keys {
    secret: SigningSecret,
    key: SigningKey,
}

impl Keys {
    /// Others for each number.
    pub fn of(number: u8) -> Self {
        Self {
            secret: SigningSecret::from_bytes([number; 32]),
            key: SigningKey::from_seed(&[number ^ 0xff; 32]),
        }
    }

    /// What the bank's partner knows.
    pub fn settings(&self, port: u16) -> Settings {
        Settings {
            port,
            token: TOKEN.to_owned(),
            secret: self.secret.spelt(),
            public_key: self.key.public().to_string(),
        }
    }

    /// The signatures `v1` and `v1a`.
    fn sign(&self, timestamp: i64, body: &str) -> [String; 2] {
        let both = signatures(ID, timestamp, body.as_bytes(), std::slice::from_ref(&self.secret), &self.key);
        let (v1, v1a) = both.split_once(' ').expect("two signatures");
        [v1.to_owned(), v1a.to_owned()]
    }
}

/// A request, and what is to be found of it.
pub struct Case {
    pub name: &'static str,
    pub token: Option<&'static str>,
    pub id: Option<&'static str>,
    pub timestamp: Option<String>,
    pub signature: Option<String>,
    pub body: String,
    /// Whether a signature `v1` verifies, and the time is right.
    pub v1: bool,
    /// Whether a signature `v1a` verifies, and the time is right.
    pub v1a: bool,
}

impl Case {
    /// Whether a receiver is to take it.
    pub fn is_genuine(&self) -> bool {
        self.token == Some(TOKEN) && (self.v1 || self.v1a)
    }

    fn header(name: &'static str, now: i64, signature: &str, [v1, v1a]: [bool; 2]) -> Self {
        let (timestamp, signature) = (Some(now.to_string()), Some(signature.to_owned()));
        Self { name, token: Some(TOKEN), id: Some(ID), timestamp, signature, body: BODY.to_owned(), v1, v1a }
    }
}

#[expect(clippy::disallowed_methods, reason = "receivers ask the real clock")]
fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("not so late")
}

/// All of them, signed now.
pub fn cases(keys: &Keys) -> Vec<Case> {
    let now = seconds();
    let others = Keys::of(9);
    let [v1, v1a] = keys.sign(now, BODY);
    let [other_v1, other_v1a] = others.sign(now, BODY);
    let both = format!("{v1} {v1a}");
    let swapped = [v1.replace("v1,", "v1a,"), v1a.replace("v1a,", "v1,")].join(" ");
    let (half, upper) = (&v1[..v1.len() - 12], v1.replace("v1,", "V1,"));
    let header = |name, signature: &str, found| Case::header(name, now, signature, found);
    let good = || header("", &both, [true, true]);
    let bad = |name| Case { name, v1: false, v1a: false, ..good() };
    let mut all = vec![
        header("both signatures", &both, [true, true]),
        header("v1 alone", &v1, [true, false]),
        header("v1a alone", &v1a, [false, true]),
        header("a rotated secret", &format!("{other_v1} {v1} {other_v1a}"), [true, false]),
        header("a version of the future", &format!("v2,{} {both}", &v1[3..]), [true, true]),
        header("another secret", &format!("{other_v1} {v1a}"), [false, true]),
        header("another key", &format!("{v1} {other_v1a}"), [true, false]),
        header("another bank", &format!("{other_v1} {other_v1a}"), [false, false]),
        header("signatures under each other's name", &swapped, [false, false]),
        header("half a signature", half, [false, false]),
        header("no base64", "v1,%%%% v1a,%%%%", [false, false]),
        header("no signature in it", "v1, v1a, v1 v1a ,", [false, false]),
        header("another spelling", &upper, [false, false]),
        header("an empty signature", "", [false, false]),
        Case { signature: None, ..bad("no signature") },
        Case { body: BODY.replace("12.50", "92.50"), ..bad("another body") },
        Case { body: BODY.replace("12.50", "12.5"), ..bad("the same JSON in other bytes") },
        Case { body: format!("{BODY}\n"), ..bad("a byte more") },
        Case { body: String::new(), ..bad("no body") },
        Case { id: Some("0198c5d2-7a3e-7c41-9f0e-3b5a1d2c4e71"), ..bad("another id") },
        Case { id: None, ..bad("no id") },
        Case { timestamp: Some((now + 1).to_string()), ..bad("another time") },
        Case { timestamp: Some("soon".to_owned()), ..bad("no number") },
        Case { timestamp: None, ..bad("no time") },
        Case { token: Some("another token"), name: "another token", ..good() },
        Case { token: Some(""), name: "an empty token", ..good() },
        Case { token: None, name: "no token", ..good() },
    ];
    for (name, shift, genuine) in [
        ("four minutes old", -240, true),
        ("four minutes early", 240, true),
        ("six minutes old", -360, false),
        ("six minutes early", 360, false),
    ] {
        let signature = keys.sign(now + shift, BODY).join(" ");
        all.push(Case::header(name, now + shift, &signature, [genuine, genuine]));
    }
    all
}
