//! The euro foreign exchange reference rates of the European Central Bank, as it publishes them on each TARGET day at
//! about 16:00 CET: <https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/>.
//!
//! The file says how much of a currency one euro buys. Here a price is EUR for one unit, so it is turned round, and
//! rounded once, at twelve decimals.

use super::FeedError;
use florin_types::{CurrencyCode, Date, Rate, Rounding};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Reads the daily file: its day, and EUR for one unit of each currency.
///
/// # Errors
/// It is not XML, lacks the day or any rate, or has several days.
pub fn read_ecb(text: &str) -> Result<(Date, Vec<(CurrencyCode, Rate)>), FeedError> {
    let malformed = |what: &str| FeedError::Malformed(what.to_owned());
    let mut reader = Reader::from_str(text);
    let (mut day, mut rates) = (None, Vec::new());
    loop {
        match reader.read_event().map_err(|error| FeedError::Malformed(error.to_string()))? {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) if element.local_name().as_ref() == b"Cube" => {
                if let Some(time) = attribute(&element, "time")? {
                    let time = Date::parse(&time).map_err(|_| malformed("the day is no date"))?;
                    if day.replace(time).is_some() {
                        return Err(malformed("the file has several days"));
                    }
                }
                let (code, rate) = (attribute(&element, "currency")?, attribute(&element, "rate")?);
                if let (Some(code), Some(rate)) = (code, rate) {
                    rates.push(
                        price(&code, &rate).ok_or_else(|| FeedError::Malformed(format!("{code} {rate}")))?,
                    );
                }
            }
            _ => {}
        }
    }
    match day {
        Some(day) if !rates.is_empty() => Ok((day, rates)),
        _ => Err(malformed("the file lacks its day or its rates")),
    }
}

fn price(code: &str, per_euro: &str) -> Option<(CurrencyCode, Rate)> {
    let rate = Rate::parse(per_euro).ok()?.inverse(Rounding::HalfEven).ok()?;
    Some((CurrencyCode::parse(code)?, rate))
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, FeedError> {
    let found = element.try_get_attribute(name).map_err(|error| FeedError::Malformed(error.to_string()))?;
    let text = found.map(|attribute| String::from_utf8(attribute.value.into_owned()));
    text.transpose().map_err(|error| FeedError::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the bank writes it, cut to three currencies.
    const FILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
  xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <gesmes:Sender>
    <gesmes:name>European Central Bank</gesmes:name>
  </gesmes:Sender>
  <Cube>
    <Cube time='2026-11-27'>
      <Cube currency='USD' rate='1.1625'/>
      <Cube currency='JPY' rate='181.05'/>
      <Cube currency='IDR' rate='19364.28'/>
    </Cube>
  </Cube>
</gesmes:Envelope>"#;

    #[test]
    fn the_daily_file_is_read_and_turned_round() {
        let (day, rates) = read_ecb(FILE).unwrap();
        assert_eq!(day.to_string(), "2026-11-27");
        let rates: Vec<_> = rates.iter().map(|(code, rate)| format!("{code} {rate}")).collect();
        assert_eq!(rates, ["usd 0.860215053763", "jpy 0.005523336095", "idr 0.000051641476"]);
    }

    #[test]
    fn what_is_not_such_a_file_is_refused() {
        let day = "<Cube time='2026-11-26'><Cube currency='USD' rate='1'/></Cube>";
        for text in [
            "",
            "<html>Not found</html>",
            "<Cube",
            "<Cube time='2026-11-27'/>",
            "<Cube time='27.11.2026'><Cube currency='USD' rate='1'/></Cube>",
            "<Cube><Cube currency='USD' rate='1'/></Cube>",
            "<Cube time='2026-11-27'><Cube currency='USD' rate='0'/></Cube>",
            "<Cube time='2026-11-27'><Cube currency='USD' rate='N/A'/></Cube>",
            &format!("<Cube>{day}{day}</Cube>"),
        ] {
            assert!(matches!(read_ecb(text), Err(FeedError::Malformed(_))), "{text}");
        }
    }
}
