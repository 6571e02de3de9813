//! pyiso8583 agrees, where it is installed: the vectors are still what it makes, and it reads what we write.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use florin_iso8583::{Dialect, Message};
use florin_testing::skip;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::{samples, vectors};

/// Messages that it reads in each dialect.
const MESSAGES: usize = 200;

/// What the script answers, with lines for it to read. None: it is not installed.
fn ask(task: &str, lines: &str) -> Option<String> {
    let Some(packages) = env::var_os("FLORIN_TEST_PYISO8583") else {
        skip("no pyiso8583 (cargo xtask test --install)");
        return None;
    };
    let mut python = Command::new("python3");
    python.args(["-c", include_str!("oracle.py"), task]);
    python.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut running = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = running.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn it_still_makes_the_vectors() {
    let Some(made) = ask("vectors", "") else { return };
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&made).unwrap(), vectors::all());
}

#[test]
fn it_reads_what_we_write() {
    let mut runner = TestRunner::deterministic();
    let mut messages = Vec::new();
    for number in 0..MESSAGES * Dialect::ALL.len() {
        let dialect = Dialect::ALL[number % Dialect::ALL.len()];
        let message = samples::message().new_tree(&mut runner).unwrap().current();
        let bytes = message.to_fields().unwrap().write(dialect).unwrap();
        messages.push((message, format!("{} {}", dialect.name(), hex::encode(&*bytes))));
    }
    let lines: String = messages.iter().map(|(_, line)| format!("{line}\n")).collect();
    let Some(read) = ask("read", &lines) else { return };
    assert_eq!(read.lines().count(), messages.len());
    for (read, (message, line)) in read.lines().zip(&messages) {
        let read: serde_json::Value = serde_json::from_str(read).unwrap();
        let written = line.split_once(' ').unwrap().1;
        assert_eq!(read["again"], written);
        said(&read["fields"], message);
    }
}

/// Its fields are those of the message.
fn said(fields: &serde_json::Value, message: &Message) {
    let kind = message.to_fields().unwrap().kind().to_string();
    assert_eq!(fields["t"], kind);
    let subject = match message {
        Message::AuthorisationRequest(request) => {
            let hex = |bytes: &[u8]| serde_json::Value::from(hex::encode_upper(bytes));
            assert_eq!(fields.get("52"), request.pin.as_ref().map(|pin| hex(pin.expose())).as_ref());
            assert_eq!(fields.get("55"), request.chip.as_ref().map(|chip| hex(chip.expose())).as_ref());
            &request.payment.subject
        }
        Message::Advice(advice) => &advice.payment.subject,
        Message::Reversal(reversal) => &reversal.subject,
        _ => return assert!(fields.get("70").is_some()),
    };
    assert_eq!(fields["2"], subject.pan.expose());
    assert_eq!(fields["4"], format!("{:012}", subject.amount.minor()));
    assert_eq!(fields["49"], format!("{:03}", subject.amount.currency().number()));
    assert_eq!(fields["32"], subject.key.acquirer.to_string());
    assert_eq!(fields["37"], format!("{:12}", subject.key.reference.as_str()));
    assert_eq!(fields["41"], format!("{:8}", subject.key.terminal.as_str()));
    assert_eq!(fields["42"], format!("{:15}", subject.merchant.as_str()));
}
