//! What the product owes after an upload: to decode the photos, and to tell so.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::answer::exchange;
use crate::requests::Recipient;
use xtask::interrupt;

/// How often the events are read.
const LOOK: Duration = Duration::from_millis(250);

/// How long none may come: photos are decoded one after the other at the lowest priority, on a busy machine slowly.
const PATIENCE: Duration = Duration::from_secs(300);

/// A page of `/v1/events`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    data: Vec<Event>,
    next_after: u64,
}

#[derive(Deserialize)]
struct Event {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    status: String,
}

/// The events by which the product tells that an upload's photos were decoded.
pub struct Decoding {
    recipient: Recipient,
    after: u64,
    told: u32,
}

impl Decoding {
    /// Of this server, which has taken no upload yet.
    pub fn new(recipient: &Recipient) -> Self {
        Self { recipient: recipient.clone(), after: 0, told: 0 }
    }

    /// Waits until so many uploads were decoded since the server began; how long that took.
    pub fn all_of(&mut self, uploads: u32) -> Result<Duration> {
        let start = Instant::now();
        let mut news = start;
        loop {
            let before = self.told;
            self.read()?;
            match self.told {
                told if told == uploads => return Ok(start.elapsed()),
                told if told > uploads => bail!("{told} uploads were decoded, of {uploads}"),
                told if told > before => news = Instant::now(),
                told if news.elapsed() > PATIENCE => {
                    bail!("{told} of {uploads} uploads were decoded, no more")
                }
                _ => {}
            }
            interrupt::wait(LOOK);
            interrupt::check()?;
        }
    }

    /// Reads the events that are new.
    fn read(&mut self) -> Result<()> {
        loop {
            let path = format!("/v1/events?type=kyc_files.status&limit=200&after={}", self.after);
            let (answer, text) = exchange(self.recipient.address, &self.recipient.get(&path))?;
            let head = text.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4);
            let body = text.get(head..answer.length).unwrap_or_default();
            let page: Page = serde_json::from_slice(body).context("the events are not as agreed")?;
            if let Some(other) = page.data.iter().find(|event| event.payload.status != "ADDED") {
                bail!("photos were uploaded, but then told to be {}", other.payload.status);
            }
            self.told += u32::try_from(page.data.len())?;
            if page.next_after == self.after {
                return Ok(());
            }
            self.after = page.next_after;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    /// Answers with these pages, one after the other, each on a connection of its own.
    fn server(pages: Vec<(&'static [&'static str], u64)>) -> Recipient {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for ((data, next_after), stream) in pages.into_iter().zip(listener.incoming()) {
                let data: Vec<_> = data
                    .iter()
                    .map(|status| format!(r#"{{"id":"x","payload":{{"status":"{status}"}}}}"#))
                    .collect();
                let body = format!(r#"{{"data":[{}],"nextAfter":{next_after}}}"#, data.join(","));
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]);
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
            }
        });
        Recipient { address, api_key: "key".to_owned() }
    }

    #[test]
    fn it_waits_for_the_last() {
        let pages: Vec<(&[_], u64)> = vec![(&["ADDED"], 5), (&[], 5), (&["ADDED", "ADDED"], 9), (&[], 9)];
        let mut decoding = Decoding::new(&server(pages));
        decoding.all_of(3).unwrap();
        assert_eq!((decoding.told, decoding.after), (3, 9));
    }

    #[test]
    fn a_photo_that_could_not_be_decoded_is_an_error() {
        let mut decoding = Decoding::new(&server(vec![(&["ADDED", "ERROR"], 5)]));
        assert!(decoding.all_of(2).unwrap_err().to_string().contains("ERROR"));
    }
}
