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
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn ticker(address: &str, quote: &'static str) -> Feed {
    let symbols = BTreeMap::from([(code("btc"), "XXBTZUSD".to_owned())]);
    let kind = Kind::Ticker { symbols, quote: code(quote) };
    let minute = Duration::from_secs(60);
    Feed::new(kind, Address::parse(address).unwrap(), minute, minute).unwrap()
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
    let ecb = Feed::new(Kind::Ecb, address, days, days).unwrap();
    let (board, now) = (Board::default(), "2026-11-29T12:00:00.000Z");
    assert!(matches!(ecb.refresh(&board, at(now)).await, Err(FeedError::Away(_))), "there is no file yet");
    let ticker = ticker(&serve(vec![ok(TICKER), ok(TICKER)]).await, "usd");
    assert!(matches!(ticker.refresh(&board, at(now)).await, Err(FeedError::NoQuote(_))));
    std::fs::write(&file, ECB).unwrap();
    ecb.refresh(&board, at(now)).await.unwrap();
    ticker.refresh(&board, at(now)).await.unwrap();
    assert_eq!(price(&board, "usd", now).as_deref(), Some("0.8"));
    assert_eq!(price(&board, "btc", now).as_deref(), Some("80000"));
    // The rates of a Friday hold until the Thursday after, a ticker's for a minute.
    assert_eq!(price(&board, "usd", "2026-12-03T13:00:00.000Z").as_deref(), Some("0.8"));
    assert_eq!(price(&board, "usd", "2026-12-03T13:00:01.000Z"), None);
    assert_eq!(price(&board, "btc", "2026-11-29T12:01:00.000Z").as_deref(), Some("80000"));
    assert_eq!(price(&board, "btc", "2026-11-29T12:01:01.000Z"), None);
}

#[tokio::test]
async fn a_reading_that_fails_changes_nothing() {
    let large = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", " ".repeat(MAX_BYTES + 1));
    let failures = vec![
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\nconnection: close\r\n\r\n{".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
        ok(r#"{"error":["EService:Unavailable"]}"#),
        large,
    ];
    let mut answers = vec![ok(TICKER)];
    let count = failures.len();
    answers.extend(failures);
    let feed = ticker(&serve(answers).await, "eur");
    let (board, now) = (Board::default(), "2026-11-29T12:00:00.000Z");
    feed.refresh(&board, at(now)).await.unwrap();
    for index in 0..count {
        let outcome = feed.refresh(&board, at("2026-11-29T12:00:30.000Z")).await;
        assert!(outcome.is_err(), "failure {index}");
        assert_eq!(price(&board, "btc", now).as_deref(), Some("100000"));
    }
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
    assert!(matches!(Address::parse("rates/a.xml"), Ok(Address::File(_))));
    for text in ["", "ftp://example.com", "https://"] {
        assert!(Address::parse(text).is_err(), "{text}");
    }
}
