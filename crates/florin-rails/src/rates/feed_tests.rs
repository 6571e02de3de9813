//! Feeds against a file and against a server of this process, which answers in the forms of the real ones.

use super::*;
use florin_types::ManualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ECB: &str = "<Cube><Cube time='2026-11-27'><Cube currency='USD' rate='1.25'/></Cube></Cube>";
const TICKER: &str = r#"{"error":[],"result":{"XXBTZUSD":{"a":["100001.0"],"b":["99999.0"]}}}"#;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn code(slug: &'static str) -> CurrencyCode {
    CurrencyCode::new(slug)
}

/// Whether an error is the one that was to come.
type IsExpected = fn(&FeedError) -> bool;

/// A server that gives each connection the next of these answers.
async fn serve(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/0/public/Ticker?pair=XBTUSD", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].starts_with(b"GET /0/public/Ticker?pair=XBTUSD HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

fn ok(body: &str) -> String {
    answer("200 OK", body)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn ticker(address: &str, quote: &'static str) -> Feed {
    let symbols = BTreeMap::from([(code("btc"), "XXBTZUSD".to_owned())]);
    let kind = FeedKind::Ticker { symbols, quote: code(quote) };
    let minute = Duration::from_secs(60);
    let expected = Rates::parse("btc=95000.5").unwrap();
    Feed::new(kind, Address::parse(address).unwrap(), [minute, minute], expected).unwrap()
}

fn price(board: &Board, slug: &'static str, wall: &str) -> Option<String> {
    let moment = Moment { business: at(wall), wall: at(wall) };
    board.rate(code(slug), moment).ok().map(|rate| rate.to_string())
}

/// A file of reference rates, and a ticker that quotes in USD: its prices cross over EUR.
#[tokio::test]
async fn a_ticker_in_another_currency_crosses_over_the_reference_rates() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("eurofxref-daily.xml");
    let address = Address::parse(&file.display().to_string()).unwrap();
    let days = Duration::from_secs(6 * 86_400);
    let ecb = Feed::new(FeedKind::Ecb, address, [days, days], Rates::default()).unwrap();
    let (board, now) = (Board::default(), "2026-11-29T12:00:00.000Z");
    assert!(
        matches!(ecb.refresh(&board, at(now)).await, Err(FeedError::Unreachable(_))),
        "there is no file yet"
    );
    let ticker = ticker(&serve(vec![ok(TICKER), ok(TICKER)]).await, "usd");
    assert!(matches!(ticker.refresh(&board, at(now)).await, Err(FeedError::NoQuote(_))));
    std::fs::write(&file, ECB).unwrap();
    ecb.refresh(&board, at(now)).await.unwrap();
    ticker.refresh(&board, at(now)).await.unwrap();
    assert_eq!(price(&board, "usd", now).as_deref(), Some("0.8"));
    assert_eq!(price(&board, "btc", now).as_deref(), Some("80000"));
    // The rates of a Friday hold until the Thursday after, a ticker's for a minute.
    assert_eq!(price(&board, "usd", "2026-12-03T12:00:00.000Z").as_deref(), Some("0.8"));
    assert_eq!(price(&board, "usd", "2026-12-03T12:00:01.000Z"), None);
    assert_eq!(price(&board, "btc", "2026-11-29T12:01:00.000Z").as_deref(), Some("80000"));
    assert_eq!(price(&board, "btc", "2026-11-29T12:01:01.000Z"), None);
}

#[tokio::test]
async fn a_reading_that_fails_changes_nothing() {
    let large = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", " ".repeat(MAX_BYTES + 1));
    let other = TICKER.replace("100001.0", "2501.0").replace("99999.0", "2500.0");
    let failures: [(String, IsExpected); 8] = [
        (answer("503 Service Unavailable", ""), |error| matches!(error, FeedError::Refused(_))),
        (answer("302 Found\r\nlocation: http://127.0.0.1:9/", ""), |error| {
            matches!(error, FeedError::Refused(_))
        }),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\nconnection: close\r\n\r\n{".to_owned(), |error| {
            matches!(error, FeedError::Unreachable(_))
        }),
        ("nonsense\r\n\r\n".to_owned(), |error| matches!(error, FeedError::Unreachable(_))),
        (ok(r#"{"error":["EService:Unavailable"]}"#), |error| matches!(error, FeedError::Refused(_))),
        (ok(r#"{"error":[],"result":{}}"#), |error| matches!(error, FeedError::Partly(_))),
        // The symbol of another coin.
        (ok(&other), |error| matches!(error, FeedError::Partly(_))),
        (large, |error| matches!(error, FeedError::Malformed(_))),
    ];
    let answers = std::iter::once(ok(TICKER)).chain(failures.iter().map(|(answer, _)| answer.clone()));
    let feed = ticker(&serve(answers.collect()).await, "eur");
    let (board, now) = (Board::default(), "2026-11-29T12:00:00.000Z");
    feed.refresh(&board, at(now)).await.unwrap();
    for (answer, is_expected) in failures {
        let error = feed.refresh(&board, at("2026-11-29T12:00:30.000Z")).await.unwrap_err();
        assert!(is_expected(&error), "{error:?} to {}", answer.chars().take(200).collect::<String>());
        assert_eq!(price(&board, "btc", now).as_deref(), Some("100000"));
    }
}

/// A file that nobody brings up to date, and an answer that lay in a cache, grow old as others do.
#[tokio::test]
async fn an_old_file_and_a_cached_answer_are_old() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ticker.json");
    std::fs::write(&file, TICKER).unwrap();
    let changed = std::fs::metadata(&file).unwrap().modified().unwrap();
    let micros = changed.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let changed = Timestamp::from_micros(i64::try_from(micros).unwrap());
    let later = |seconds| changed.saturating_add(Duration::from_secs(seconds)).to_string();
    let of_file = ticker(&file.display().to_string(), "eur");
    let board = Board::default();
    let stale = of_file.refresh(&board, at(&later(3600))).await;
    assert!(matches!(stale, Err(FeedError::NotNow(_))), "{stale:?}");
    assert_eq!(price(&board, "btc", &later(59)).as_deref(), Some("100000"));
    assert_eq!(price(&board, "btc", &later(3600)), None);
    let cached = answer("200 OK\r\nage: 55", TICKER);
    let of_cache = ticker(&serve(vec![cached]).await, "eur");
    let (board, now) = (Board::default(), "2026-11-29T12:00:00.000Z");
    of_cache.refresh(&board, at(now)).await.unwrap();
    assert_eq!(price(&board, "btc", "2026-11-29T12:00:05.000Z").as_deref(), Some("100000"));
    assert_eq!(price(&board, "btc", "2026-11-29T12:00:06.000Z"), None);
    assert!(matches!(
        ticker(&folder.path().display().to_string(), "eur").refresh(&board, at(now)).await,
        Err(FeedError::Unreachable(_))
    ));
}

#[tokio::test]
async fn a_feed_reads_again_and_again() {
    let again = TICKER.replace("100001.0", "200001.0").replace("99999.0", "199999.0");
    let address = serve(vec![ok(TICKER), ok(&again)]).await;
    let feed = Arc::new(Feed { every: Duration::from_millis(1), ..ticker(&address, "eur") });
    let now = "2026-11-29T12:00:00.000Z";
    let (board, clock) = (Arc::new(Board::default()), Arc::new(ManualClock::new(at(now))));
    let working = tokio::spawn(feed.work(Arc::clone(&board), clock));
    while price(&board, "btc", now).as_deref() != Some("200000") {
        tokio::task::yield_now().await;
    }
    working.abort();
}

#[test]
fn an_address_is_a_url_or_a_path() {
    assert!(matches!(Address::parse("https://example.com/a.xml"), Ok(Address::Url(_))));
    assert!(matches!(Address::parse("./rates/a.xml"), Ok(Address::File(_))));
    for text in ["", "ftp://example.com", "https://", "api.example.com/ticker", "./a://b"] {
        assert!(Address::parse(text).is_err(), "{text}");
    }
}

#[test]
fn an_address_is_shown_without_what_is_secret_in_it() {
    let shown = |text: &str| Address::parse(text).unwrap().to_string();
    assert_eq!(
        shown("https://user:secret@example.com:8443/ticker?apikey=secret#secret"),
        "https://example.com:8443/ticker"
    );
    assert_eq!(shown("http://127.0.0.1/a.xml"), "http://127.0.0.1/a.xml");
    assert_eq!(shown("https://[::1]/a.xml"), "https://[::1]/a.xml");
}
