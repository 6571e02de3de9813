//! Tests of receiving files into a vault on a temporary folder.

use super::*;
use crate::kit::endpoint::codes::{P403, P426, P440, P501};
use crate::kit::request::places::{MAX_UPLOADS, RETRY_AFTER_SECS};
use crate::kit::settings::Settings;
use crate::kit::testing::Counted;
use axum::extract::Request;
use bytes::Bytes;
use florin_document::Kind;
use florin_document::samples::{of_size, valid};
use florin_store::{Options, Place, Store, StoreError};
use florin_types::{Entropy, ManualClock, Timestamp};
use florin_vault::{Identity, Vault};
use futures_util::future::Either;
use futures_util::{StreamExt, stream};
use http::header::CONTENT_ENCODING;
use std::convert::Infallible;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tempfile::TempDir;

/// Two chunks of the vault.
const MAX_BYTES: usize = 128 * 1024;

const PHOTO: &[Kind] = &[Kind::Jpeg, Kind::Png];

/// Whose uploads these are.
const BOOK: BookId = BookId(1);

const RULES: Rules = Rules {
    parts: &[
        Wanted { name: "front_id", kinds: PHOTO, max_count: 1 },
        Wanted { name: "files", kinds: PHOTO, max_count: 3 },
    ],
    max_bytes: MAX_BYTES as u64,
    max_pixels: 1_000_000,
};

/// The longest body under these rules.
const MAX_BODY: usize = 4 * MAX_BYTES + 1024 * 1024;

/// A platform with a vault.
struct Platform {
    app: App,
    clock: Arc<ManualClock>,
    identity: Identity,
    folder: TempDir,
}

impl Platform {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_200_000_000)));
        let entropy: Arc<dyn Entropy> = Arc::new(Counted::default());
        let store = Store::open(Options {
            place: Place::File(folder.path().join("test.db")),
            environment: "sandbox",
            master_key: [7; 32],
            migrations: &[],
            sealed: &[],
            may_seal: false,
            clock: clock.clone(),
            entropy: Arc::clone(&entropy),
        });
        let place = florin_vault::Place::Folder(folder.path().join("files"));
        let vault = Vault::open(&place).await.unwrap();
        let app = App::new(store.await.unwrap(), vault, clock.clone(), entropy, Settings::sandbox(), &());
        Self { app, clock, identity: Identity::from_secret(&[9; 32]), folder }
    }

    async fn upload(&self, request: Request) -> Result<Received, Failure> {
        let (parts, body) = request.into_parts();
        let upload = Upload::of_request(&parts, body)?;
        upload.receive((&self.app, BOOK), &RULES, Some(&self.identity.recipient())).await
    }

    /// Files in the vault's folder, whole or begun.
    fn files(&self) -> usize {
        count(&self.folder.path().join("files"))
    }

    /// Waits until what is removed in the background is gone.
    async fn is_emptied(&self) {
        let emptied = async {
            while self.files() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), emptied).await.expect("nothing stays behind");
    }
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.file_type().unwrap().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// Name and content of each part.
type Parts<'a> = &'a [(&'a str, &'a [u8])];

fn body(parts: Parts<'_>) -> Vec<u8> {
    let parts: Vec<u8> = parts.iter().flat_map(|(name, content)| part(name, content)).collect();
    [&parts[..], b"--b--\r\n"].concat()
}

/// The body in frames of a length.
fn frames(body: &[u8], length: usize) -> Body {
    let frames: Vec<_> = body.chunks(length).map(|frame| Ok::<_, Infallible>(frame.to_vec())).collect();
    Body::from_stream(stream::iter(frames))
}

fn request(key: Option<&str>, body: impl Into<Body>) -> Request {
    let mut request = Request::new(body.into());
    *request.uri_mut() = "/v1/files/anna".parse().unwrap();
    request.headers_mut().insert(CONTENT_TYPE, "multipart/form-data; boundary=b".parse().unwrap());
    if let Some(key) = key {
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    }
    request
}

/// The code that an upload ended with: refused at once in front of a `!`, else for the command to answer.
fn code(received: &Result<Received, Failure>) -> String {
    match received {
        Ok(Received { files: Ok(files), .. }) => format!("{} files", files.len()),
        Ok(Received { files: Err(refusal), .. }) => refusal.code.code.to_owned(),
        Err(Failure::Refused(refusal)) => format!("!{}", refusal.code.code),
        Err(Failure::Fault(error)) => format!("!{error}"),
    }
}

fn message(received: Result<Received, Failure>) -> String {
    match received {
        Err(Failure::Refused(refusal)) if refusal.code == &P403 => refusal.message.into_owned(),
        other => panic!("no P403: {}", code(&other)),
    }
}

#[tokio::test]
async fn files_are_stored_however_the_body_is_cut() {
    let platform = Platform::start().await;
    let (jpeg, png) = (of_size(Kind::Jpeg, MAX_BYTES), valid(Kind::Png, 40, 30));
    let whole =
        body(&[("front_id", &jpeg), ("x", b"ignored"), ("files", &png), ("files", b""), ("files", &jpeg)]);
    for length in [61, 1_000, 70_000, whole.len()] {
        let received = platform.upload(request(None, frames(&whole, length))).await.unwrap();
        assert!(received.keyed.is_none());
        let files = received.files.unwrap();
        let told: Vec<_> = files.iter().map(|file| (file.part, file.bytes, file.facts.kind)).collect();
        let long = MAX_BYTES as u64;
        let expected = [
            ("front_id", long, Kind::Jpeg),
            ("files", png.len() as u64, Kind::Png),
            ("files", long, Kind::Jpeg),
        ];
        assert_eq!(told, expected, "{length}");
        for (file, content) in files.iter().zip([&jpeg, &png, &jpeg]) {
            let read = platform.app.vault.read(file.name, &platform.identity, MAX_BYTES).await.unwrap();
            assert!(read[..] == content[..]);
        }
        assert_eq!(platform.files(), 3);
        drop(files);
        platform.is_emptied().await;
    }
}

#[tokio::test]
async fn kept_files_stay_and_discarded_ones_are_gone_at_once() {
    let platform = Platform::start().await;
    let png = valid(Kind::Png, 40, 30);
    let upload = || platform.upload(request(None, body(&[("front_id", &png), ("files", &png)])));
    upload().await.unwrap().files.unwrap().keep();
    assert_eq!(platform.files(), 2);
    upload().await.unwrap().files.unwrap().discard().await;
    assert_eq!(platform.files(), 2);
}

/// Whatever is refused, nothing of the request is left by then; and with a key it is the same, but what still comes is
/// looked at.
#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let platform = Platform::start().await;
    let (good, pdf) = (valid(Kind::Png, 40, 30), valid(Kind::Pdf, 1, 1));
    let (bad, large): (&[u8], _) = (b"GIF89a, not a document", valid(Kind::Png, 1_001, 1_000));
    let (long, longer) = (of_size(Kind::Jpeg, MAX_BYTES + 1), vec![0; MAX_BYTES + 1]);
    let cut = |parts: Parts<'_>| {
        let mut body = body(parts);
        body.truncate(body.len() - 7);
        body
    };
    let twice: Parts<'_> = &[("front_id", &good), ("front_id", &good)];
    let table = [
        ("no part", body(&[]), ["P439", "P439"]),
        ("nothing at all", Vec::new(), ["P439", "P439"]),
        ("unknown parts", body(&[("passport", &good), ("front", b"")]), ["P439", "P439"]),
        ("near misses", body(&[("passport", &good), ("front_ID", &good)]), ["!P403", "!P403"]),
        (
            "near misses of what came",
            body(&[("frontId", &good), ("files", bad), ("file", bad)]),
            ["P426", "!P403"],
        ),
        ("empty parts", body(&[("front_id", b""), ("front_id", b""), ("files", b"")]), ["P439", "P439"]),
        ("no type", body(&[("front_id", &good), ("files", bad)]), ["P426", "P426"]),
        ("the first", body(&[("front_id", bad), ("files", &good)]), ["P426", "P426"]),
        ("not here", body(&[("files", &pdf)]), ["P426", "P426"]),
        ("cut off", body(&[("files", &good[..good.len() - 1])]), ["P426", "P426"]),
        ("many pixels", body(&[("files", &large)]), ["P426", "P426"]),
        ("a byte too long", body(&[("files", &good), ("front_id", &long)]), ["P440", "P440"]),
        ("long and no type", body(&[("front_id", &longer)]), ["P426", "P426"]),
        ("the first counts", body(&[("front_id", &long), ("files", bad)]), ["P440", "P440"]),
        ("twice", body(twice), ["!P403", "!P403"]),
        ("four", body(&[("files", &good[..]); 4]), ["!P403", "!P403"]),
        ("unfinished", cut(&[("front_id", &good)]), ["!P403", "!P403"]),
        ("bad and unfinished", cut(&[("front_id", bad), ("x", b"y")]), ["P426", "!P403"]),
        (
            "bad, then twice",
            body(&[("files", bad), ("front_id", &good), ("front_id", &good)]),
            ["P426", "!P403"],
        ),
        ("bad, then endless", body(&[("files", bad), ("x", &vec![0; MAX_BODY])]), ["P426", "P426"]),
        ("endless", body(&[("x", &vec![0; MAX_BODY])]), ["!P403", "!P403"]),
    ];
    for (name, body, expected) in table {
        for length in [200, 10_000, usize::MAX] {
            // What is wrong within a frame is found in its order, what is wrong with its length before it.
            if length == usize::MAX && name.ends_with("endless") {
                continue;
            }
            for (key, expected) in [None, Some("k")].into_iter().zip(expected) {
                let found = platform.upload(request(key, frames(&body, length))).await;
                assert_eq!(code(&found), expected, "{name}, {key:?}, {length}");
                assert_eq!(platform.files(), 0, "{name}, {key:?}, {length}");
            }
        }
    }
}

#[tokio::test]
async fn refusals_say_what_is_wrong() {
    let platform = Platform::start().await;
    let good = valid(Kind::Png, 4, 3);
    let upload = async |body: Body| message(platform.upload(request(None, body)).await);
    let twice = body(&[("front_id", &good), ("front_id", &good)]);
    assert_eq!(upload(twice.into()).await, "front_id is given twice");
    let four = body(&[("files", &good[..]); 4]);
    assert_eq!(upload(four.into()).await, "files can be given at most 3 times");
    let near = body(&[("frontId", &good), ("file", &good), ("passport", &good)]);
    let expected = "frontId is no part of this call; did you mean front_id?. \
                    file is no part of this call; did you mean files?";
    assert_eq!(upload(near.into()).await, expected);
    let endless = body(&[("x", &vec![0; MAX_BODY])]);
    let expected = format!("body can have at most {MAX_BODY} bytes");
    assert_eq!(upload(frames(&endless, 9_999)).await, expected);
    let whole = body(&[("front_id", &good)]);
    let broken = stream::iter([Ok(whole[..50].to_vec()), Err("reset")]);
    assert_eq!(upload(Body::from_stream(broken)).await, "body could not be received in whole");
    let mut zipped = request(None, whole.clone());
    zipped.headers_mut().insert(CONTENT_ENCODING, "gzip".parse().unwrap());
    assert_eq!(message(platform.upload(zipped).await), "Content-Encoding must be identity");
    for content_type in
        ["multipart/form-data", "multipart/form-data; boundary=", "Multipart/Form-Data; boundary=\"b"]
    {
        let mut request = request(None, whole.clone());
        request.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
        let expected =
            "Content-Type must have a boundary of 1 to 70 characters, without quotes and control characters";
        assert_eq!(message(platform.upload(request).await), expected, "{content_type}");
    }
    platform.is_emptied().await;
}

#[tokio::test]
async fn another_content_type_brings_no_files() {
    let platform = Platform::start().await;
    for content_type in
        ["application/json", "multipart/mixed; boundary=b", "multipart/form-data2; boundary=b", "%"]
    {
        let mut request = request(Some("k"), body(&[("front_id", b"x")]));
        request.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
        let received = platform.upload(request).await;
        assert_eq!(code(&received), "P439", "{content_type}");
        let names: Vec<_> =
            received.unwrap().keyed.unwrap().fields.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["method", "path"]);
    }
}

#[tokio::test]
async fn the_same_request_is_the_same_parts_with_the_same_content() {
    let platform = Platform::start().await;
    let (one, two) = (valid(Kind::Png, 4, 3), valid(Kind::Png, 5, 3));
    let upload = async |parts: Parts<'_>| {
        let received = platform.upload(request(Some("k"), frames(&body(parts), 77))).await.unwrap();
        (received.keyed.unwrap().fields, received.files)
    };
    let (first, files) = upload(&[("front_id", &one), ("files", &one), ("files", &two)]).await;
    let hash = |content: &[u8]| blake3::hash(content).to_hex().to_string();
    let expected = [
        ("method", "GET".to_owned()),
        ("path", "/v1/files/anna".to_owned()),
        ("front_id", hash(&one)),
        ("files", format!("{} {}", hash(&one), hash(&two))),
    ];
    assert_eq!(first, expected.map(|(name, value)| (name.into(), value)));
    files.unwrap().discard().await;
    let (other_order, _) =
        upload(&[("files", &one), ("x", b"y"), ("files", &two), ("front_id", b""), ("front_id", &one)]).await;
    assert_eq!(other_order, first);
    let (other, _) = upload(&[("front_id", &one), ("files", &two), ("files", &one)]).await;
    assert_ne!(other, first);
    // A refusal is kept under its key too: what it is of is known to the end.
    let (refused, files) = upload(&[("front_id", b"bad"), ("files", &one)]).await;
    assert_eq!(files.unwrap_err().code, &P426);
    assert_eq!(refused[2..], [("front_id".into(), hash(b"bad")), ("files".into(), hash(&one))]);
    let long = of_size(Kind::Jpeg, 2 * MAX_BYTES);
    let (refused, files) = upload(&[("front_id", &long)]).await;
    assert_eq!(files.unwrap_err().code, &P440);
    assert_eq!(refused[2..], [("front_id".into(), hash(&long))]);
    // What was not read to its end is of no known request.
    let endless = body(&[("front_id", b"bad"), ("x", &vec![0; MAX_BODY])]);
    let received = platform.upload(request(Some("k"), frames(&endless, 10_000))).await.unwrap();
    assert!(received.keyed.is_none() && received.files.is_err());
}

#[tokio::test]
async fn without_a_recipient_nothing_is_stored() {
    let platform = Platform::start().await;
    let good = valid(Kind::Png, 4, 3);
    let long = vec![0; MAX_BYTES + 1];
    let table: [(Parts<'_>, &str); 5] = [
        (&[("front_id", &good), ("files", b"what it is is not looked at")], "0 files"),
        (&[("x", &good)], "P439"),
        (&[("front_id", &long)], "P440"),
        (&[("front_id", &good), ("front_id", &good)], "!P403"),
        (&[("x", &[0; MAX_BODY])], "!P403"),
    ];
    for (parts, expected) in table {
        for key in [None, Some("k")] {
            let request = request(key, frames(&body(parts), 60_000));
            let (parts, body) = request.into_parts();
            let upload = Upload::of_request(&parts, body).unwrap();
            let received = upload.receive((&platform.app, BOOK), &RULES, None).await;
            assert_eq!(code(&received), expected);
            assert!(!received.is_ok_and(|received| received.keyed.is_some() != key.is_some()));
        }
    }
    assert_eq!(platform.files(), 0);
}

/// A client that goes away at any moment: while it is waited for, and while the vault is.
#[tokio::test]
async fn a_dropped_request_leaves_nothing() {
    let platform = Platform::start().await;
    let jpeg = of_size(Kind::Jpeg, MAX_BYTES);
    let whole = body(&[("front_id", &jpeg), ("files", &valid(Kind::Png, 4, 3))]);
    let frames: Vec<_> = whole.chunks(16_000).map(Bytes::copy_from_slice).collect();
    for come in 0..=frames.len() {
        let (sender, all_taken) = tokio::sync::oneshot::channel();
        let mut sender = Some(sender);
        let silence = stream::poll_fn(move |_| {
            sender.take().into_iter().for_each(|sender| sender.send(()).unwrap());
            Poll::<Option<Bytes>>::Pending
        });
        let came = stream::iter(frames[..come].to_vec()).chain(silence).map(Ok::<_, Infallible>);
        let upload = pin!(platform.upload(request(Some("k"), Body::from_stream(came))));
        match futures_util::future::select(upload, all_taken).await {
            Either::Right((taken, _)) => taken.unwrap(),
            Either::Left((found, _)) => panic!("{}", code(&found)),
        }
    }
    platform.is_emptied().await;
    for polls in 0..40 {
        let came = stream::iter(frames.clone()).chain(stream::pending()).map(Ok::<_, Infallible>);
        let mut upload = Box::pin(platform.upload(request(None, Body::from_stream(came))));
        for _ in 0..polls {
            assert!(futures_util::poll!(upload.as_mut()).is_pending());
            std::thread::yield_now();
        }
    }
    platform.is_emptied().await;
}

#[tokio::test]
async fn a_vault_that_is_gone_is_p501() {
    let platform = Platform::start().await;
    std::fs::remove_dir_all(platform.folder.path().join("files")).unwrap();
    std::fs::write(platform.folder.path().join("files"), b"").unwrap();
    let found = platform.upload(request(Some("k"), body(&[("front_id", &valid(Kind::Png, 4, 3))]))).await;
    assert!(matches!(found, Err(Failure::Fault(StoreError::Unavailable(_)))), "{}", code(&found));
}

#[tokio::test(start_paused = true)]
async fn one_more_than_there_are_places_waits_and_is_told_to_come_again() {
    let platform = Platform::start().await;
    // Of its own share, for there may be room for others.
    let taken: Vec<_> = std::iter::from_fn(|| platform.app.uploads.0.try_take(BOOK)).collect();
    assert_eq!(taken.len(), MAX_UPLOADS / 2);
    assert!(platform.app.uploads.0.try_take(BookId(2)).is_some());
    let empty = || platform.upload(request(None, body(&[])));
    match empty().await {
        Err(Failure::Refused(refusal)) => {
            assert_eq!((refusal.code, refusal.details.retry_after_secs), (&P501, Some(RETRY_AFTER_SECS)));
        }
        other => panic!("{}", code(&other)),
    }
    let mut waiting = pin!(empty());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(taken);
    assert_eq!(code(&waiting.await), "P439");
}

#[tokio::test(start_paused = true)]
async fn who_falls_silent_or_trickles_is_cut_off() {
    let platform = Platform::start().await;
    let whole = body(&[("x", &[0; 3_000])]);
    let silent = stream::iter([Ok::<_, Infallible>(whole[..99].to_vec())]).chain(stream::pending());
    let found = platform.upload(request(None, Body::from_stream(silent))).await;
    assert_eq!(message(found), "body was not received fast enough");
    // A frame each ten seconds: cut off once the grace is over, but not where enough comes.
    let trickle = async |length: usize, whole: &[u8]| {
        let frames: Vec<_> = whole.chunks(length).map(<[u8]>::to_vec).collect();
        let clock = Arc::clone(&platform.clock);
        let slow = stream::iter(frames).then(move |frame| {
            let clock = Arc::clone(&clock);
            async move {
                tokio::task::yield_now().await;
                clock.advance(Duration::from_secs(10));
                Ok::<_, Infallible>(frame)
            }
        });
        platform.upload(request(None, Body::from_stream(slow))).await
    };
    assert_eq!(message(trickle(100, &whole).await), "body was not received fast enough");
    let long = body(&[("x", &vec![0; MAX_BODY - 1_000])]);
    assert_eq!(message(trickle(47 * 1024, &long).await), "body was not received fast enough");
    assert_eq!(code(&trickle(480 * 1024, &long).await), "P439");
}
