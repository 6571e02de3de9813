//! The public ticker of a crypto exchange, in the form of Kraken's `GET /0/public/Ticker`
//! (<https://docs.kraken.com/api/docs/rest-api/get-ticker-information>): `{"error":[],"result":{"XXBTZEUR":{"a":[best
//! ask, …],"b":[best bid, …]}}}`. The rate is the middle between the two.

use super::FeedError;
use florin_types::{CurrencyCode, Rate, Rounding};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The widest gap between bid and ask that is believed: the ask at most this many per cent of the bid. In a market that
/// is thinner, or broken, the middle is nobody's price.
const WIDEST: u64 = 105;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: Vec<String>,
    #[serde(default)]
    result: BTreeMap<String, Pair>,
}

#[derive(Deserialize)]
struct Pair {
    /// Best ask: price, and how much.
    a: Vec<String>,
    /// Best bid: price, and how much.
    b: Vec<String>,
}

/// Reads an answer of the ticker: for each of these currencies its rate in the quote currency, or why there is none.
///
/// # Errors
/// It is no such answer.
pub fn read_ticker(text: &str, symbols: &BTreeMap<CurrencyCode, String>) -> Result<Read, FeedError> {
    let answer: Answer =
        serde_json::from_str(text).map_err(|error| FeedError::Malformed(error.to_string()))?;
    if let Some(error) = answer.error.first() {
        return Err(FeedError::Refused(error.clone()));
    }
    let rate = |(code, symbol): (&CurrencyCode, &String)| {
        let pair = answer.result.get(symbol).ok_or_else(|| format!("there is no {symbol}"));
        let rate =
            pair.and_then(|pair| middle(pair).ok_or_else(|| format!("{symbol} has no price to believe")));
        (*code, rate)
    };
    Ok(symbols.iter().map(rate).collect())
}

/// The rate of each currency, or why it has none.
pub type Read = Vec<(CurrencyCode, Result<Rate, String>)>;

fn middle(pair: &Pair) -> Option<Rate> {
    let [ask, bid] = [&pair.a, &pair.b].map(|side| Rate::parse(side.first()?).ok());
    let (ask, bid) = (ask?, bid?);
    let is_believed = bid <= ask && ask <= bid.scaled(WIDEST, 100, Rounding::Floor).ok()?;
    is_believed.then(|| bid.mean(ask))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"error":[],"result":{
        "XXBTZEUR":{"a":["95000.60000","1","1.000"],"b":["95000.40000","2","2.000"],"c":["95000.4","0.1"],
            "v":["1","2"],"p":["1","2"],"t":[1,2],"l":["1","2"],"h":["1","2"],"o":"94000.1"},
        "XDGEUR":{"a":["0.1500000","9","9"],"b":["0.1499999","9","9"]}}}"#;

    fn symbols(pairs: &[(&'static str, &str)]) -> BTreeMap<CurrencyCode, String> {
        pairs.iter().map(|(code, symbol)| (CurrencyCode::new(code), (*symbol).to_owned())).collect()
    }

    fn read(text: &str) -> Result<String, String> {
        let rates = read_ticker(text, &symbols(&[("btc", "XXBTZEUR")])).map_err(|error| error.to_string())?;
        let (code, rate) = rates.into_iter().next().unwrap();
        rate.map(|rate| format!("{code} {rate}"))
    }

    #[test]
    fn the_rate_is_the_middle_and_one_that_is_missing_does_not_hide_the_others() {
        let pairs = [("btc", "XXBTZEUR"), ("doge", "XDGEUR"), ("eth", "XETHZEUR")];
        let rates = read_ticker(ANSWER, &symbols(&pairs)).unwrap();
        let shown = |(code, rate): &(CurrencyCode, Result<Rate, String>)| match rate {
            Ok(rate) => format!("{code} {rate}"),
            Err(error) => format!("{code}: {error}"),
        };
        let rates: Vec<_> = rates.iter().map(shown).collect();
        assert_eq!(rates, ["btc 95000.5", "doge 0.14999995", "eth: there is no XETHZEUR"]);
    }

    #[test]
    fn what_cannot_be_believed_is_refused() {
        let of = |ask: &str, bid: &str| {
            format!(r#"{{"error":[],"result":{{"XXBTZEUR":{{"a":["{ask}"],"b":["{bid}"]}}}}}}"#)
        };
        assert_eq!(read(&of("105", "100")).unwrap(), "btc 102.5");
        for text in [
            "",
            "<html>",
            "{}",
            r#"{"error":["EQuery:Unknown asset pair"]}"#,
            r#"{"error":[],"result":{"XXBTZEUR":{"a":[],"b":["1"]}}}"#,
            &of("105.01", "100"),
            &of("99", "100"),
            &of("0", "0"),
            &of("-1", "-1"),
            &of("1e3", "1e3"),
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
