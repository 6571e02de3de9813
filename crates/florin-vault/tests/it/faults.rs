//! What a store's bad moments do to a deposit: a stand-in that answers as each test says. It checks no signature and
//! keeps nothing; that a real server takes what we send is `bucket.rs`'s to show.

use crate::bucket::reached_at;
use crate::support::{Count, content, key, name, write_all};
use florin_vault::{BucketSettings, DepositError, ObjectName, Place, Stored, Vault, VaultError};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// What the stand-in does with one put.
#[derive(Clone, Copy)]
enum Answer {
    Status(&'static str),
    /// Hangs up after so many bytes of the body.
    HangUp(usize),
}

/// What it saw of the puts.
#[derive(Default)]
struct Seen {
    /// Answers yet to be given to puts; none left is 200.
    answers: VecDeque<Answer>,
    /// The BLAKE3 of each body that arrived whole, and what was said to be its digest.
    bodies: Vec<(blake3::Hash, Option<String>)>,
}

const LISTING: &str = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";

/// One request on this connection, answered.
async fn answer(stream: TcpStream, seen: Arc<Mutex<Seen>>) -> std::io::Result<()> {
    let mut stream = BufStream::new(stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_start_matches(':').trim().to_owned())
    };
    let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
    let puts = head.starts_with("put") && !head.contains("/probe ");
    let given = if puts { seen.lock().unwrap().answers.pop_front() } else { None };
    if let Some(Answer::HangUp(after)) = given {
        stream.read_exact(&mut vec![0; after]).await?;
        return Ok(());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if puts {
        seen.lock().unwrap().bodies.push((blake3::hash(&body), header("x-amz-checksum-sha256")));
    }
    let (status, text) = match given {
        Some(Answer::Status(status)) => (status, "<Error><Code>SaidSo</Code></Error>"),
        _ if head.contains("list-type=2") => ("200 OK", LISTING),
        _ => ("200 OK", ""),
    };
    let headers = "etag: \"1\"\r\nlast-modified: Mon, 23 Nov 2026 17:26:57 GMT\r\nconnection: close";
    let answer = format!("HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.flush().await
}

/// A vault over a stand-in that answers its next puts so.
async fn vault(answers: &[Answer]) -> (Vault, Arc<Mutex<Seen>>, TempDir) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Seen { answers: answers.iter().copied().collect(), ..Seen::default() }));
    let shared = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&shared)));
        }
    });
    let spool = tempfile::tempdir().unwrap();
    let settings: BucketSettings = reached_at(&endpoint);
    let place = Place::Bucket { settings, spool: spool.path().to_owned() };
    (Vault::open(&place).await.unwrap(), seen, spool)
}

async fn store(vault: &Vault, name: ObjectName) -> Result<Stored<usize>, DepositError<Infallible>> {
    let mut deposit = vault.receive(name, &key(1).recipient(), Count::default())?;
    write_all(&mut deposit, &content(300_000), 65_536).await?;
    deposit.finish().await
}

#[tokio::test]
async fn a_put_that_failed_is_made_again_whole() {
    use Answer::{HangUp, Status};
    for answers in [
        [Status("503 Slow Down"), Status("500 Internal Server Error")],
        [HangUp(0), HangUp(200_000)],
        [Status("400 Bad Request"), Status("429 Too Many Requests")],
    ] {
        let (vault, seen, _spool) = vault(&answers).await;
        let stored = store(&vault, name()).await.unwrap();
        assert_eq!(stored.bytes, 300_000);
        let seen = seen.lock().unwrap();
        assert!(seen.bodies.iter().all(|body| *body == seen.bodies[0]), "{:?}", seen.bodies);
        assert!(seen.bodies[0].1.is_some());
        assert!(seen.answers.is_empty());
    }
}

#[tokio::test]
async fn a_put_is_given_up_after_three_attempts_or_a_refusal() {
    use Answer::Status;
    for (answers, left) in [
        (vec![Status("503 Slow Down"); 4], 1),
        (vec![Status("403 Forbidden"); 4], 3),
        (vec![Status("404 Not Found"); 4], 3),
        (vec![Status("307 Temporary Redirect"); 4], 3),
    ] {
        let (vault, seen, _spool) = vault(&answers).await;
        let Err(DepositError::Vault(VaultError::Unavailable(text))) = store(&vault, name()).await else {
            panic!("not unavailable");
        };
        assert!(text.contains("SaidSo"), "{text}");
        assert_eq!(seen.lock().unwrap().answers.len(), left, "{text}");
    }
}
