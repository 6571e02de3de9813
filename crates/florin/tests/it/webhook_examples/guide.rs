//! The guide says what is true: its programs are those that are tested, its example is signed as it says.

use super::examples;
use florin_webhook::{SigningKey, SigningSecret, signatures};
use std::path::PathBuf;

fn guide() -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md"));
    std::fs::read_to_string(path).expect("docs/webhooks.md")
}

/// Go's tabs are four columns there.
#[test]
fn it_shows_the_examples_as_they_are() {
    let guide = guide();
    for (language, ending) in
        [("rust", "rs"), ("typescript", "ts"), ("python", "py"), ("go", "go"), ("php", "php")]
    {
        let example =
            std::fs::read_to_string(examples().join(format!("verify.{ending}"))).expect("an example");
        let shown = format!("```{language}\n{}```\n", example.replace('\t', "    "));
        assert!(guide.contains(&shown), "docs/webhooks.md does not show verify.{ending} as it is");
    }
    let listed = std::fs::read_dir(examples()).expect("a folder").count();
    assert_eq!(listed, 5, "an example that the guide does not show");
}

/// The secret is 32 times the byte 1, the key that of 32 times the byte 2.
#[test]
fn its_example_verifies() {
    let guide = guide();
    let (secret, key) = (SigningSecret::from_bytes([1; 32]), SigningKey::from_seed(&[2; 32]));
    let line = |start: &str| {
        let line = guide.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("no line begins with {start}")).to_owned()
    };
    let (id, timestamp) = (line("webhook-id: "), line("webhook-timestamp: "));
    let body = guide.lines().find(|line| line.starts_with(r#"{"id":"#)).expect("a body");
    let timestamp = timestamp.parse().expect("seconds");
    let expected = signatures(&id, timestamp, body.as_bytes(), std::slice::from_ref(&secret), &key);
    assert_eq!(line("webhook-signature: "), expected);
    assert!(guide.contains(&secret.spelt()) && guide.contains(&key.public().to_string()));
}

/// Every type that there is has its row, with path and fields.
#[test]
fn it_knows_every_event() {
    let guide = guide();
    let document = florin_api::asyncapi::document().expect("a document");
    for (kind, channel) in document["channels"].as_object().expect("channels") {
        let start = format!("| `{kind}` | `{}` |", channel["address"].as_str().expect("a path"));
        let row = guide.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("docs/webhooks.md has no row {start}"));
        let example = &document["components"]["messages"][kind]["examples"][0]["payload"];
        for field in example.as_object().expect("fields").keys() {
            assert!(row.contains(&format!("`{field}`")), "{kind} has {field}: {row}");
        }
    }
}
