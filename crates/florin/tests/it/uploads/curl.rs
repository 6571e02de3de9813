//! The published page's own command line, run by curl where that is installed.

use super::{PARTS, endless_photo, files_path};
use crate::support::Server;
use florin_document::Kind;
use florin_document::samples::of_size;
use florin_testing::skip;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Its `--form`s but for the files.
const FORMS: [&str; 3] = ["front_id=@", "back_id=@", "selfie=@"];

/// Exit code of a curl that can't read a file and so sends nothing.
const CANT_READ: i32 = 26;

/// What the line answers with these files; the exit code where curl did not send it.
fn run(server: &Server, files: [&str; 3]) -> Result<(u16, Value), Option<i32>> {
    let client = server.client();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code}"]);
    curl.args(["--location", "--request", "POST", &format!("{}{}", server.base_url(), files_path("anna"))]);
    curl.args(["--header", &format!("x-api-key: {}", client.api_key().expect("a key"))]);
    for (form, file) in FORMS.iter().zip(files) {
        curl.args(["--form", &format!("{form}\"{file}\"")]);
    }
    let output = curl.stdin(Stdio::null()).output().expect("curl runs");
    if !output.status.success() {
        return Err(output.status.code());
    }
    let text = String::from_utf8(output.stdout).expect("text");
    let (body, status) = text.rsplit_once('\n').expect("a status");
    Ok((status.parse().expect("a status"), serde_json::from_str(body).expect("JSON")))
}

/// A file of the test.
fn file(server: &Server, name: &str, content: &[u8]) -> String {
    let path: PathBuf = server.home().join(name);
    std::fs::write(&path, content).expect("a file");
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn code((status, body): (u16, Value)) -> (u16, String) {
    (status, body["errorCode"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_line_gives_the_documented_answers() {
    if !Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok_and(|end| end.success()) {
        return skip("there is no curl");
    }
    let server = Server::start().await;
    let mb = 1024 * 1024;
    let [empty, text, large, huge] = [
        file(&server, "empty", b""),
        file(&server, "text.jpg", &b"not a photo ".repeat(1_000)),
        file(&server, "large.jpg", &of_size(Kind::Jpeg, 10 * mb + 1)),
        file(&server, "huge.jpg", &endless_photo(40 * mb)),
    ];
    let kinds = [(Kind::Jpeg, 2 * mb), (Kind::Png, 10 * mb), (Kind::Heic, 50_000)];
    let files = [0, 1, 2].map(|part| {
        let (kind, bytes) = kinds[part];
        file(&server, PARTS[part], &of_size(kind, bytes))
    });
    let [front, back, selfie] = files.each_ref().map(String::as_str);
    let answer = |files| code(run(&server, files).expect("curl sends it"));
    let refused = |word: &str| (400, word.to_owned());
    assert_eq!(answer([front, back, selfie]), refused("P412"));
    server.client().create_user("anna").await;
    // As it is printed. What is installed here may refuse to send it.
    match run(&server, ["", "", ""]) {
        Ok(answer) => assert_eq!(code(answer), refused("P439")),
        Err(ended) => assert_eq!(ended, Some(CANT_READ)),
    }
    assert_eq!(answer([&empty, &empty, &empty]), refused("P439"));
    assert_eq!(answer([front, back, &text]), refused("P426"));
    for too_large in [&large, &huge] {
        assert_eq!(answer([front, too_large, selfie]), refused("P440"));
    }
    let made = run(&server, [front, back, selfie]).expect("curl sends it");
    assert_eq!(made, (201, serde_json::json!({"message": "KYC files uploaded successfully"})));
    assert_eq!(answer([&empty, &empty, selfie]), (201, String::new()));
    server.finish().await;
}
