//! The public ticker of a crypto exchange, in the form of Kraken's `GET /0/public/Ticker`
//! (<https://docs.kraken.com/api/docs/rest-api/get-ticker-information>): `{"error":[],"result":{"XXBTZEUR":{"a":[best
//! ask, …],"b":[best bid, …]}}}`. A price is the middle between the two.

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

/// Reads an answer of the ticker: the prices of these currencies, each under its symbol, in the quote currency.
///
/// # Errors
/// It is no such answer, lacks a symbol, or has a price that can't be believed.
pub fn read_ticker(
    text: &str,
    symbols: &BTreeMap<CurrencyCode, String>,
) -> Result<Vec<(CurrencyCode, Rate)>, FeedError> {
    let answer: Answer =
        serde_json::from_str(text).map_err(|error| FeedError::Malformed(error.to_string()))?;
    if let Some(error) = answer.error.first() {
        return Err(FeedError::Refused(error.clone()));
    }
    let price = |(code, symbol): (&CurrencyCode, &String)| {
        let pair = answer.result.get(symbol);
        let pair = pair.ok_or_else(|| FeedError::Malformed(format!("there is no {symbol}")))?;
        let middle =
            middle(pair).ok_or_else(|| FeedError::Malformed(format!("{symbol} has no price to believe")))?;
        Ok((*code, middle))
    };
    symbols.iter().map(price).collect()
}

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

    fn read(text: &str) -> Result<String, FeedError> {
        let rates = read_ticker(text, &symbols(&[("btc", "XXBTZEUR")]))?;
        Ok(rates.iter().map(|(code, rate)| format!("{code} {rate}")).collect())
    }

    #[test]
    fn the_price_is_the_middle() {
        let rates = read_ticker(ANSWER, &symbols(&[("btc", "XXBTZEUR"), ("doge", "XDGEUR")])).unwrap();
        let rates: Vec<_> = rates.iter().map(|(code, rate)| format!("{code} {rate}")).collect();
        assert_eq!(rates, ["btc 95000.5", "doge 0.14999995"]);
        assert!(read_ticker(ANSWER, &symbols(&[("eth", "XETHZEUR")])).is_err());
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
