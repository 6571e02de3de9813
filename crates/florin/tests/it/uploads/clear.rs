//! Nothing of a person or a document is in clear outside the sealed columns: words are planted in everything that a
//! partner can send, and then looked for in files, logs, answers and the database.

use super::kept::{files_below, rows, settle};
use super::{PARTS, files_path};
use crate::support::{Answer, Call, Client, Database, Deadline, Form, Options, Server, fresh_word, person};
use florin_document::Kind;
use florin_document::samples::{PLANTED, jpeg, with_location};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio_postgres::SimpleQueryMessage;

/// Until the files are decoded and the review is over.
const REVIEWED: Duration = Duration::from_secs(60);

/// Every word is a part of every text that is planted, or stands for it where only digits may.
struct Planted {
    word: String,
    digits: String,
    /// A user's secret link and the partner's key: answers have them, logs and the database never.
    secrets: Vec<String>,
}

impl Planted {
    fn new() -> Self {
        let number = u64::from_str_radix(&fresh_word()[..12], 16).expect("hexadecimal digits");
        let digits = format!("7{:014}", number % 100_000_000_000_000);
        Self { word: format!("Zq{}", fresh_word()), digits, secrets: Vec::new() }
    }

    /// Fails when these bytes hold a planted word.
    fn is_not_in(&self, bytes: &[u8], place: &str) {
        if let Some(at) = self.position(bytes) {
            let around = &bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())];
            panic!("planted, and found in {place}: {}", String::from_utf8_lossy(around));
        }
    }

    /// Where a planted word is, in any letter case, in hexadecimal digits, or as Rust shows bytes.
    fn position(&self, bytes: &[u8]) -> Option<usize> {
        let lower = bytes.to_ascii_lowercase();
        let numbers = |text: &str| text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
        [self.word.as_str(), &self.digits, PLANTED].into_iter().find_map(|needle| {
            let small = needle.to_ascii_lowercase();
            let forms = [hex::encode(needle), hex::encode(&small), numbers(needle), numbers(&small), small];
            forms.iter().find_map(|form| find(&lower, form.as_bytes()))
        })
    }

    fn secrets_are_not_in(&self, bytes: &[u8], place: &str) {
        for secret in &self.secrets {
            assert_eq!(find(bytes, secret.as_bytes()), None, "{secret} is in {place}");
        }
    }

    /// A user of whom everything is planted.
    fn person(&self, id: &str) -> Value {
        let Self { word, digits, .. } = self;
        let mut body = person(id);
        for name in ["firstName", "lastName", "street", "city", "userIdentificationNumber", "documentNumber"]
        {
            body[name] = format!("{word} {}", &name[..4]).into();
        }
        body["email"] = format!("{word}@{word}.example.com").into();
        body["phone"] = format!("+{digits}").into();
        body["pesel"] = digits.as_str().into();
        body
    }

    /// Photos with the word inside, under names with it, beside a part that nobody asked for. That part's own name is
    /// answered in `x-ignored-fields`.
    fn form(&self) -> Form {
        let mut form =
            Form::new().named_file("unwanted", &format!("{}.txt", self.word), self.word.as_bytes());
        for (part, kind) in PARTS.into_iter().zip([Kind::Jpeg, Kind::Png, Kind::Heic]) {
            let content = if kind == Kind::Jpeg { self.photo() } else { with_location(kind) };
            form = form.named_file(part, &format!("../{} {part}.jpg", self.word), &content);
        }
        form
    }

    /// With a comment that has the word, many times.
    fn photo(&self) -> Vec<u8> {
        let comment = self.word.repeat(1_000).into_bytes();
        let length = u16::try_from(comment.len() + 2).expect("a comment's length").to_be_bytes();
        let photo = jpeg(320, 240);
        [&photo[..2], &[0xFF, 0xFE], &length, &comment, &photo[2..]].concat()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_planted_is_found_anywhere() {
    for format in ["text", "json"] {
        let more = vec![("FLORIN_LOG", "trace".to_owned()), ("FLORIN_LOG_FORMAT", format.to_owned())];
        let mut server = Server::start_with(Options { more, ..Options::default() }).await;
        let client = server.client();
        let mut planted = Planted::new();
        planted.secrets.extend(client.api_key().map(str::to_owned));
        let mut answers = plant(&client, &mut planted).await;
        answers.extend(provoke(&client, &planted).await);
        until_reviewed(&server, &client).await;
        answers.extend(read_back(&client).await);
        for answer in &answers {
            let text = format!("{:?} {}", answer.headers, answer.text());
            planted.is_not_in(text.as_bytes(), &format!("the answer {}", answer.summary()));
        }
        search(&server, &planted).await;
        server.stop();
        search(&server, &planted).await;
        settle(&server).await;
        let log = server.log();
        assert!(log.contains("/v1/user/kyc-files/") && log.starts_with('{') == (format == "json"), "{log}");
        server.finish().await;
    }
}

/// Sends the words wherever they are taken.
async fn plant(client: &Client, planted: &mut Planted) -> Vec<Answer> {
    let word = planted.word.clone();
    let mut answers = Vec::new();
    for id in ["anna", "bela"] {
        let call = Call::post("/v1/user/balances/crypto-and-fiat", &planted.person(id));
        answers.push(expect(client.send(&call.keyed(format!("{word}-{id}"))).await, 201));
    }
    let update =
        Call::bare("PATCH", "/v1/user/anna", Some(json!({"street": format!("{word} 2")}).to_string()));
    answers.push(expect(client.send(&update).await, 200));
    let path = files_path("anna");
    for _ in ["done", "replayed"] {
        let answer = client.try_upload(&path, Some(&format!("{word}-files")), &planted.form()).await;
        answers.push(expect(answer.expect("an answer"), 201));
    }
    let mut said = document("anna");
    said["documentNumber"] = word.as_str().into();
    said["taxId"] = format!("{word}-tax").into();
    answers.push(expect(client.send(&Call::post("/v1/user/verification", &said)).await, 201));
    let hosted = json!({
        "externalUserId": "bela", "documentType": "PASSPORT", "country": "LT", "incomeSource": "OTHER",
        "openAccountReason": "DAILY_USE", "additionalInfo": format!("{word} {word}"),
        "returnUrl": format!("https://partner.example/{word}"),
    });
    let made = expect(client.send(&Call::post("/v1/kyc", &hosted)).await, 201);
    let id = made.json()["verificationId"].as_str().expect("a verificationId").to_owned();
    answers.push(made);
    // The page is for the user alone, whose link it shows.
    let page = client.with_key(None).send(&Call::get(format!("/v1/kyc/verification/bela/{id}"))).await;
    assert!(page.status == 200 && page.text().contains(&word), "{}", page.summary());
    answers.push(expect(client.send(&Call::get(format!("/v1/kyc/status/{id}"))).await, 200));
    planted.secrets.push(id);
    answers
}

/// Refusals of requests that are full of the words.
async fn provoke(client: &Client, planted: &Planted) -> Vec<Answer> {
    let word = planted.word.as_str();
    let mut calls = vec![Call::post("/v1/user/balances/crypto-and-fiat", &planted.person("anna"))];
    let long = word.repeat(200);
    for name in
        ["email", "phone", "firstName", "birthDate", "country", "citizenship", "postCode", "documentNumber"]
    {
        for value in [word, &long, &format!("{word}\u{7}")] {
            let mut body = planted.person("nobody");
            (body[name], body["birthDate"]) = (value.into(), word.into());
            calls.push(Call::post("/v1/user/balances/crypto-and-fiat", &body));
        }
    }
    for name in
        ["documentType", "documentNumber", "documentExpirationDate", "incomeSource", "occupation", "taxId"]
    {
        let mut body = document("anna");
        (body[name], body["documentIssueDate"]) = (long.as_str().into(), word.into());
        calls.push(Call::post("/v1/user/verification", &body));
        calls.push(Call::post("/v1/kyc", &body));
    }
    let broken = format!("{{\"firstName\":\"{word}\",\"firstName\":\"{word}\"");
    calls.push(Call::bare("POST", "/v1/user/balances/crypto-and-fiat", Some(broken)));
    let mut answers = Vec::new();
    for call in &calls {
        answers.push(refused(client.send(call).await));
    }
    let text = word.repeat(100);
    for user in ["bela", "nobody"] {
        let path = files_path(user);
        for form in [
            Form::new().named_file("unwanted", word, text.as_bytes()),
            Form::new().named_file("front_id", word, text.as_bytes()),
            Form::new().named_file("selfie", word, &with_location(Kind::Pdf)),
            Form::new().named_file("selfie", word, &planted.photo()).named_file(
                "selfie",
                word,
                &planted.photo(),
            ),
            Form::new().named_file("selfie", &word.repeat(1_000), &planted.photo()),
        ] {
            answers.push(refused(client.try_upload(&path, Some(word), &form).await.expect("an answer")));
        }
    }
    let proofs = Form::new().named_file("files", word, &planted.photo());
    let path = "/v1/user/poa-files/bela";
    answers.push(refused(client.try_upload(path, None, &proofs).await.expect("an answer")));
    answers
}

async fn read_back(client: &Client) -> Vec<Answer> {
    let mut answers = Vec::new();
    for path in [
        "/v1/kyc/status/anna",
        "/v1/user/balances/anna",
        "/v1/events?after=0&limit=200",
        "/v1/partner/balances",
    ] {
        answers.push(expect(client.send(&Call::get(path)).await, 200));
    }
    answers
}

fn document(user: &str) -> Value {
    json!({
        "externalUserId": user, "documentType": "ID_CARD", "documentNumber": "L898902C3",
        "documentExpirationDate": "2099-04-15", "documentIssuingCountry": "LT", "country": "LT",
        "incomeSource": "SALARY", "occupation": "ENGINEERING", "openAccountReason": "DAILY_USE",
    })
}

fn expect(answer: Answer, status: u16) -> Answer {
    answer.expect(status);
    answer
}

fn refused(answer: Answer) -> Answer {
    assert!(answer.status >= 400, "{}", answer.summary());
    answer
}

async fn until_reviewed(server: &Server, client: &Client) {
    let deadline = Deadline::after(REVIEWED);
    while client.get("/v1/kyc/status/anna").await["verificationStatus"] != "VERIFIED" {
        deadline.pause("the sandbox's reviewer");
    }
    assert!(rows(server).await.iter().all(|row| row.state == "READABLE"));
}

/// Everything that is on disk, and everything in the database.
async fn search(server: &Server, planted: &Planted) {
    let files = files_below(server.home());
    assert!(
        files.iter().filter(|file| file.extension().is_some_and(|end| end == "age")).count() >= PARTS.len()
    );
    for file in &files {
        let bytes = std::fs::read(file).expect("a file");
        planted.is_not_in(&bytes, &file.display().to_string());
        if !is_credentials(file) {
            planted.secrets_are_not_in(&bytes, &file.display().to_string());
        }
    }
    if let Some(database) = server.database() {
        for (table, text) in dump(database).await {
            planted.is_not_in(text.as_bytes(), &format!("the table {table}"));
            planted.secrets_are_not_in(text.as_bytes(), &format!("the table {table}"));
        }
    }
}

fn is_credentials(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "sandbox-credentials.json")
}

/// Every table as text; bytes are in hexadecimal digits.
async fn dump(database: &Database) -> Vec<(String, String)> {
    let client = database.connect().await;
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
    let mut found = Vec::new();
    for row in client.query(tables, &[]).await.expect("the tables' names") {
        let table: String = row.get(0);
        let rows = client.simple_query(&format!("SELECT t::text FROM \"{table}\" t")).await.expect("a table");
        let lines = rows.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        found.push((table, text));
    }
    assert!(found.len() > 10, "{} tables", found.len());
    found
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(step) = bytes[from..].iter().position(|byte| *byte == first) {
        let at = from + step;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The search itself: what it is to find, it finds.
#[test]
fn a_planted_word_would_be_found() {
    let planted = Planted::new();
    let word = &planted.word;
    let forms = [
        word.clone(),
        word.to_uppercase(),
        hex::encode(word),
        format!("{:?}", word.as_bytes()),
        PLANTED.to_owned(),
        planted.digits.clone(),
    ];
    for form in forms {
        assert!(planted.position(format!("before {form} after").as_bytes()).is_some(), "{form}");
    }
    assert_eq!(planted.position(b"something else"), None);
}
