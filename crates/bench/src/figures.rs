//! What a bench prints.
#![expect(clippy::float_arithmetic, reason = "rates and ratios; no money")]

use std::fmt::Write;

use hdrhistogram::Histogram;

use super::load::Measured;

/// The rounds of one engine at one number of connections, floor and product in pairs.
pub struct Row {
    /// The engine.
    pub engine: &'static str,
    /// How many connections.
    pub connections: usize,
    /// Each round of the floor.
    pub floor: Vec<Measured>,
    /// Each round of the product, in the same order; empty where the floor was measured alone.
    pub product: Vec<Measured>,
}

/// Answers per second.
pub fn rate(measured: &Measured) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    let answers = measured.answers as f64;
    answers / measured.time.as_secs_f64()
}

/// The rates of the newest round, to be read while the bench runs.
pub fn last_round(row: &Row) -> String {
    let told = |name, rounds: &[Measured]| Some(format!("{name} {}/s", count(rate(rounds.last()?))));
    let sides = [told("floor", &row.floor), told("product", &row.product)];
    sides.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The table, a line per row.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:9} {:>5} {:>10} {:>15} {:>10} {:>15}   {}\n",
        "engine", "conn", "floor/s", "p50/p99 ms", "product/s", "p50/p99 ms", "ratio (min–max)"
    );
    for row in rows {
        let Row { engine, connections, .. } = row;
        let side = |rounds: &[Measured]| {
            let (rate, times) = (count(median(rounds.iter().map(rate).collect())), latencies(rounds));
            format!("{rate:>10} {times:>15}")
        };
        let (floor, product) = (side(&row.floor), side(&row.product));
        let line = format!("{engine:9} {connections:>5} {floor} {product}   {}", ratios(row));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Median, least and greatest ratio of product to floor, each taken within a round.
fn ratios(row: &Row) -> String {
    let ratios = row.product.iter().zip(&row.floor).map(|(product, floor)| rate(product) / rate(floor));
    spread(ratios.collect(), 2)
}

/// Median, least and greatest, to so many digits; nothing of none.
pub fn spread(values: Vec<f64>, digits: usize) -> String {
    if values.is_empty() {
        return String::new();
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(0.0, f64::max);
    format!("{:.digits$} ({least:.digits$}–{greatest:.digits$})", median(values))
}

/// The middle one; of an even number the mean of the middle two; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => 0.0,
    }
}

/// Median and 99th percentile over all rounds, in milliseconds.
fn latencies(rounds: &[Measured]) -> String {
    let Some(all) = joined(rounds.iter().map(|round| &round.latency)) else { return String::new() };
    format!("{:.2}/{:.2}", milliseconds(&all, 0.5), milliseconds(&all, 0.99))
}

/// What all of them hold; none of none.
pub fn joined<'a>(parts: impl IntoIterator<Item = &'a Histogram<u64>>) -> Option<Histogram<u64>> {
    let mut parts = parts.into_iter();
    let mut all = parts.next()?.clone();
    for part in parts {
        // Fails only for a histogram of wider bounds; all have the same.
        let _ = all.add(part);
    }
    Some(all)
}

/// A quantile of latencies, in milliseconds.
pub fn milliseconds(latency: &Histogram<u64>, quantile: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a minute in nanoseconds")]
    let nanoseconds = latency.value_at_quantile(quantile) as f64;
    nanoseconds / 1e6
}

/// A whole number with its thousands set apart; nothing for none.
fn count(value: f64) -> String {
    if value == 0.0 {
        return String::new();
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn measured(answers: u64) -> Measured {
        let mut latency = Histogram::new(3).unwrap();
        latency.record(1_500_000).unwrap();
        Measured { answers, time: Duration::from_secs(2), latency }
    }

    #[test]
    fn the_ratio_is_taken_round_by_round() {
        let floor = vec![measured(200_000), measured(100_000), measured(100_000)];
        let product = vec![measured(100_000), measured(30_000), measured(20_000)];
        let row = Row { engine: "sqlite", connections: 64, floor, product };
        let text = table(&[row]);
        let line = text.lines().nth(1).unwrap();
        assert!(line.ends_with("0.30 (0.20–0.50)"), "{line}");
        assert!(line.contains("50,000") && line.contains("15,000") && line.contains("1.50/1.50"), "{line}");
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(vec![]), 0.0);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            ["", "999", "1,000", "1,234,567"].map(str::to_owned),
            [0.0, 999.0, 1000.0, 1_234_567.0].map(count)
        );
    }
}
