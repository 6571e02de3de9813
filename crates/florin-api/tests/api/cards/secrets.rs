//! Card numbers, CVVs, PINs and codes are in the database, in logs and in what is sent in no readable form, and an
//! erasure destroys them. Numbers and CVVs go out in two answers alone, to the partner's key; codes in the events that
//! bring them.

use super::{DELETE, create, details, of_card, resident};
use crate::support::{Client, Engine, Setup, TestApp, engine};
use crate::webhooks::receiver::{Got, Receiver};
use crate::webhooks::{deliver, register};
use serde_json::{Value, json};
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What must be found nowhere.
#[derive(Default)]
struct Secrets {
    numbers: Vec<String>,
    /// CVVs, PINs and codes.
    short: Vec<String>,
}

impl Secrets {
    fn add(&mut self, card: &Value) {
        self.numbers.push(card["cardNumber"].as_str().expect("a number").to_owned());
        self.short.push(card["cvv"].as_str().expect("a CVV").to_owned());
    }

    /// Which secret a piece of data holds. Few digits are found by chance in much data: only those that stand by
    /// themselves between other printable characters count.
    fn found_in(&self, data: &[u8]) -> Option<&str> {
        let holds = |part: &[u8]| data.windows(part.len()).any(|window| window == part);
        let packed = |number: &str| -> Vec<u8> {
            number.as_bytes().chunks(2).map(|pair| (pair[0] - b'0') << 4 | (pair[1] - b'0')).collect()
        };
        let number = self.numbers.iter().find(|number| {
            let as_integer = number.parse::<i64>().expect("16 digits");
            // But for the beginning and the end, which may be shown.
            holds(&number.as_bytes()[6..15])
                || holds(&packed(number))
                || holds(&as_integer.to_be_bytes())
                || holds(&as_integer.to_le_bytes())
        });
        let is_edge =
            |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_punctuation() || *byte == b' ');
        let stands = |part: &str| {
            let places =
                data.windows(part.len()).enumerate().filter(|(_, window)| *window == part.as_bytes());
            places.map(|(at, _)| at).any(|at| {
                is_edge(at.checked_sub(1).and_then(|before| data.get(before)))
                    && is_edge(data.get(at + part.len()))
            })
        };
        number.or_else(|| self.short.iter().find(|part| stands(part))).map(String::as_str)
    }
}

/// All that is logged on this thread, whatever its level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut log = self.0.lock().expect("a log");
        writeln!(log, "{}={value:?}", field.name()).expect("a text can grow");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Every value of every column of texts and bytes, with its place.
async fn values(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let columns = match engine() {
        Engine::Sqlite => {
            "SELECT CAST(m.name || '.' || c.name AS BLOB) FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND c.type IN ('TEXT', 'BLOB')"
        }
        Engine::Postgres => {
            "SELECT convert_to(table_name || '.' || column_name || '.' || data_type, 'UTF8') \
             FROM information_schema.columns WHERE table_schema = 'public' AND data_type IN ('text', 'bytea')"
        }
    };
    let mut all = Vec::new();
    for place in app.database().bytes(columns).await {
        let place = String::from_utf8(place).expect("a name");
        let mut parts = place.split('.');
        let (table, column) = (parts.next().expect("a table"), parts.next().expect("a column"));
        let value = match parts.next() {
            None => format!("CAST({column} AS BLOB)"),
            Some("text") => format!("convert_to({column}, 'UTF8')"),
            Some(_) => column.to_owned(),
        };
        let sql = format!("SELECT {value} FROM {table} WHERE {column} IS NOT NULL");
        all.extend(app.database().bytes(&sql).await.into_iter().map(|value| (place.clone(), value)));
    }
    all
}

#[tokio::test]
async fn no_number_cvv_or_pin_is_readable_anywhere() {
    let mut app = TestApp::start().await;
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let (a, receiver) = (app.a(), Receiver::start().await);
    register(&a, &receiver.url).await;
    resident(&a, "anna").await;
    let mut secrets = Secrets::default();
    for (index, pin) in ["4829", "7391", "2468"].into_iter().enumerate() {
        let asked = json!({"externalUserId": "anna", "label": "Travel", "pin": pin});
        let call = || a.post("/v1/card/virtual", &asked).keyed(&format!("key-{index}")).send();
        let card = call().await.expect(200);
        assert_eq!(call().await.expect(200), card);
        secrets.add(&card);
        secrets.short.push(pin.to_owned());
        details(&a, "anna", &card).await;
        let changed = json!({"externalUserId": "anna", "cardId": card["cardId"], "pin": "8642"});
        a.patch("/v1/card/pin", &changed).keyed(&format!("pin-{index}")).send().await.expect(200);
        let refused = json!({"externalUserId": "anna", "cardId": card["cardId"], "pin": "97531"});
        let refused = a.patch("/v1/card/pin", &refused).send().await;
        refused.is_invalid("pin must be exactly 4 digits");
        if index == 2 {
            of_card(&a, DELETE, "anna", &card).send().await.expect(200);
        }
    }
    secrets.short.extend(["8642", "97531"].map(str::to_owned));
    // The month's fee has nothing to pay it: an event.
    app.clock.advance(std::time::Duration::from_secs(40 * 24 * 60 * 60));
    a.run_jobs().await;
    deliver(&app).await;
    drop(guard);

    // The search itself finds what it looks for.
    for sample in [
        format!(r#"{{"cardNumber":"{}"}}"#, secrets.numbers[0]).into_bytes(),
        format!(r#"{{"cvv":"{}"}}"#, secrets.short[0]).into_bytes(),
        b"pin=4829".to_vec(),
        secrets.numbers[1].parse::<i64>().expect("digits").to_be_bytes().to_vec(),
    ] {
        assert!(secrets.found_in(&sample).is_some());
    }
    for (place, value) in values(&app).await {
        assert_eq!(secrets.found_in(&value), None, "{place}: {}", String::from_utf8_lossy(&value));
    }
    let numbers = Secrets { numbers: secrets.numbers.clone(), short: Vec::new() };
    for bytes in app.database().on_disk().await {
        assert_eq!(numbers.found_in(&bytes), None);
    }
    let log = log.0.lock().expect("a log").clone();
    assert!(log.contains("card"), "nothing was logged: {log}");
    assert_eq!(secrets.found_in(log.as_bytes()), None, "{log}");
    for got in receiver.take() {
        assert_eq!(secrets.found_in(got.text.as_bytes()), None, "{}", got.text);
    }
    for event in a.events().await {
        assert_eq!(secrets.found_in(event.to_string().as_bytes()), None, "{event}");
    }
    // After a start all is read anew.
    app.reopen(Setup::default()).await;
    app.finish().await;
}

/// An event, or its payload as a webhook brings it, without the code.
fn without_code(mut event: Value) -> Value {
    for place in ["/code", "/payload/code"] {
        if let Some(code) = event.pointer_mut(place) {
            *code = Value::Null;
        }
    }
    event
}

/// Presents a card, asks for codes and gives them, right and wrong, each twice with a key: what is answered, and the
/// two codes that events brought. What was given is a secret from now on.
async fn give_all(a: &Client, made: &Value, secrets: &mut Secrets) -> (Vec<String>, [String; 2]) {
    let text = |field: &str| made[field].as_str().expect("a text").to_owned();
    let (card, cvv, answers) = (text("cardId"), text("cvv"), Mutex::new(Vec::new()));
    let send = async |path: &str, body: Value| {
        let key = format!("key-{}", answers.lock().expect("no panic").len());
        let first = a.post(path, &body).keyed(&key).send().await;
        let again = a.post(path, &body).keyed(&key).send().await;
        assert_eq!(first.body, again.body);
        answers.lock().expect("no panic").push(first.text().to_owned());
        first.json()
    };
    let of_sandbox = |what: &str| format!("/v1/sandbox/cards/{card}/{what}");
    let wrong_cvv = if cvv == "427" { "428" } else { "427" };
    // Two are malformed.
    for (cvv, pin) in [(&*cvv, "4829"), (wrong_cvv, "4829"), (&cvv, "7391"), (&cvv, "97531"), ("86", "4829")]
    {
        let bought = json!({"amount": "10", "currency": "eur", "merchantName": "Bookshop", "mcc": "5942",
            "channel": "ATM", "cvv": cvv, "pin": pin});
        send(&of_sandbox("authorize"), bought).await;
        secrets.short.extend([cvv, pin].iter().filter(|text| text.len() > 2).map(|text| (*text).to_owned()));
    }
    let asked = json!({"amount": "49.90", "currency": "eur", "merchantName": "Bookshop"});
    let challenge = send(&of_sandbox("3ds"), asked).await["challengeId"].clone();
    send("/v1/card/activation", json!({"externalUserId": "anna", "cardId": card})).await;
    let events = a.events().await;
    let code = |kind: &str| {
        let event = events.iter().find(|event| event["type"] == kind).expect("an event");
        event["payload"]["code"].as_str().expect("a code").to_owned()
    };
    let codes = ["card.3ds", "card.activation"].map(code);
    for code in ["135791", "24680", &codes[0]] {
        send(&of_sandbox("3ds/answer"), json!({"challengeId": challenge, "code": code})).await;
    }
    for code in ["135791", "24680", &codes[1]] {
        let given = json!({"externalUserId": "anna", "cardId": card, "code": code});
        send("/v1/card/activation/answer", given).await;
    }
    secrets.short.extend(["135791", "24680", &codes[0], &codes[1]].map(str::to_owned));
    (answers.into_inner().expect("no panic"), codes)
}

/// Codes of 3-D Secure and of activations, and what is presented at a shop or a machine, right or wrong: in no row,
/// stored answer, delivery, log or refusal.
#[tokio::test]
async fn no_code_and_nothing_presented_is_readable_anywhere() {
    let mut app = TestApp::start().await;
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let (a, receiver) = (app.a(), Receiver::start().await);
    register(&a, &receiver.url).await;
    // What a server answers to a delivery is kept with it.
    receiver.answers(|_| 500);
    resident(&a, "anna").await;
    a.fund(Some("anna"), "100", "eur").await;
    let (made, mut secrets) = (create(&a, "anna").await, Secrets::default());
    secrets.add(&made);
    let (answers, [secure, activation]) = give_all(&a, &made, &mut secrets).await;
    assert!(answers.last().is_some_and(|answer| answer.contains("ACTIVATED")), "{answers:?}");
    deliver(&app).await;
    drop(guard);

    assert!(secrets.found_in(format!(r#"{{"code":"{secure}"}}"#).as_bytes()).is_some());
    for (place, value) in values(&app).await {
        assert_eq!(secrets.found_in(&value), None, "{place}: {}", String::from_utf8_lossy(&value));
    }
    let log = log.0.lock().expect("a log").clone();
    assert!(log.contains("card"), "nothing was logged: {log}");
    assert_eq!(secrets.found_in(log.as_bytes()), None, "{log}");
    for answer in &answers {
        assert_eq!(secrets.found_in(answer.as_bytes()), None, "{answer}");
    }
    // The partner is told the codes, each by its event, and nothing else.
    let sent = receiver.take();
    for code in [&secure, &activation] {
        assert!(sent.iter().any(|got| got.text.contains(&format!("\"{code}\""))), "it was told");
    }
    let sent = sent.iter().map(Got::body);
    for event in sent.chain(a.events().await).map(without_code) {
        assert_eq!(secrets.found_in(event.to_string().as_bytes()), None, "{event}");
    }
    app.reopen(Setup::default()).await;
    app.finish().await;
}

/// Two requests with the same PIN leave different hashes: else whoever reads the database sees who has the same PIN,
/// and the most common ones are known.
#[tokio::test]
async fn equal_pins_look_different() {
    let app = TestApp::start().await;
    let a = app.a();
    for user in ["anna", "ben"] {
        resident(&a, user).await;
        let asked = json!({"externalUserId": user, "label": "Travel", "pin": "1234"});
        a.post("/v1/card/virtual", &asked).keyed(user).send().await.expect(200);
    }
    let of = |name: &str| {
        let named = [&[name.len() as u8], name.as_bytes()].concat();
        move |request: &Vec<u8>| {
            let at = request.windows(named.len()).position(|window| window == named)?;
            Some(request[at + named.len()..][..8].to_vec())
        }
    };
    let requests = app.database().bytes("SELECT request FROM command").await;
    let pins: Vec<_> = requests.iter().filter_map(of("pin")).collect();
    let labels: Vec<_> = requests.iter().filter_map(of("label")).collect();
    assert_eq!((pins.len(), labels.len()), (2, 2));
    assert_eq!(labels[0], labels[1]);
    assert_ne!(pins[0], pins[1]);
    // Nor do the blocks tell.
    let blocks = app.database().bytes("SELECT pin_block FROM card").await;
    assert_eq!((blocks.len(), blocks[0].len()), (2, 16));
    assert_ne!(blocks[0], blocks[1]);
    app.finish().await;
}

/// The PIN and what else somebody could pay with go with the card, and all that is known of it with its user. The hash
/// of the number stays, and opens nothing.
#[tokio::test]
async fn deletion_and_erasure_destroy_card_data() {
    let mut app = TestApp::start().await;
    let a = app.a();
    resident(&a, "anna").await;
    let card = create(&a, "anna").await;
    let one = async |sql: &str| app.database().bytes(sql).await.pop();
    let secret = one("SELECT secret FROM holder WHERE handle = 'anna'").await.expect("a key");
    let sealed = one("SELECT sealed FROM card").await.expect("card data");
    let opened = app.app.seals.card_keys(&secret).and_then(|keys| keys.open(&sealed)).expect("it opens");
    assert!(String::from_utf8_lossy(&opened).contains(card["cardNumber"].as_str().expect("a number")));
    of_card(&a, DELETE, "anna", &card).send().await.expect(200);
    assert_eq!(app.database().count("SELECT COUNT(*) FROM card WHERE pin_block IS NULL").await, 1);
    let left = one("SELECT sealed FROM card").await.expect("card data");
    let left = app.app.seals.card_keys(&secret).and_then(|keys| keys.open(&left)).expect("it opens");
    let written: Value = serde_json::from_slice(&left).expect("JSON");
    assert_eq!(written, json!({"n": card["cardNumber"], "c": ""}));
    a.delete("/v1/user/anna").await.expect(200);
    a.run_jobs().await;
    let emptied = "SELECT COUNT(*) FROM card WHERE sealed IS NULL AND label IS NULL AND pan_key IS NOT NULL";
    assert_eq!(app.database().count(emptied).await, 1);
    app.reopen(Setup::default()).await;
    // Whoever kept the wrapped key and the sealed data opens nothing any more.
    assert!(app.app.seals.card_keys(&secret).is_none());
    app.finish().await;
}
