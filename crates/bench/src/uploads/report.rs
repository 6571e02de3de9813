//! What `bench uploads` prints.
#![expect(clippy::float_arithmetic, reason = "rates and ratios; no money")]

use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::calls::Seen;
use super::process::Memory;
use super::pulse::AWAY;
use super::{Afterwards, Round, Side};
use crate::figures::{joined, milliseconds, spread};

/// What the product has to reach.
const TARGETS: &str = "wanted: ratio at least 0.60, peak below 150 MB at both, p99 at most 3.00 times";

/// Everything of an engine.
pub struct Outcome {
    /// The engine.
    pub engine: &'static str,
    /// Uploads at once.
    pub at_once: usize,
    /// The rounds.
    pub rounds: Vec<Round>,
    /// Of the product, over all rounds.
    pub memory: Option<Memory>,
    /// The crowd.
    pub crowd: Crowd,
    /// What was found in the books.
    pub verdict: String,
}

/// As many uploads at once as there are places for.
pub struct Crowd {
    /// So many.
    pub at_once: usize,
    /// What came of them.
    pub side: Side,
    /// What came after them.
    pub after: Afterwards,
    /// Of the product, in this time.
    pub memory: Option<Memory>,
}

/// The newest round, to be read while the bench runs.
pub fn last_round(round: &Round) -> String {
    let Round { quiet, floor, product, after } = round;
    let p99 = |seen: &Seen| format!("{:.1}/{:.1}", p99(&seen.balances), p99(&seen.transfers));
    format!(
        "floor {:.0} MB/s, product {:.0} MB/s ({} uploads, decoded {:.0} s later); p99 of balances/transfers ms: \
         {} alone, {} with the floor, {} with the product{}",
        rate(floor),
        rate(product),
        product.sent.uploads,
        after.waited.as_secs_f64(),
        p99(quiet),
        p99(&floor.calls),
        p99(&product.calls),
        if was_there(round) { "" } else { " (a processor was away meanwhile)" },
    )
}

/// Everything of an engine, in some lines.
pub fn text(outcome: &Outcome) -> String {
    let Outcome { engine, at_once, rounds, memory, crowd, verdict } = outcome;
    let of = |figure: &dyn Fn(&Round) -> f64, digits| spread(rounds.iter().map(figure).collect(), digits);
    let mut text = format!("{engine}: three photos of 8 MB in a request; {TARGETS}\n");
    let mut line = |name: String, value: String| {
        let _ = writeln!(text, "  {name:32} {value}");
    };
    line(format!("{at_once} at once, floor MB/s"), of(&|round| rate(&round.floor), 0));
    line(format!("{at_once} at once, product MB/s"), of(&|round| rate(&round.product), 0));
    line("ratio".to_owned(), of(&|round| rate(&round.product) / rate(&round.floor), 2));
    line("processor s/GB, floor".to_owned(), of(&|round| cost(&round.floor, None), 2));
    line("the same, product".to_owned(), of(&|round| cost(&round.product, None), 2));
    line("with all decoding".to_owned(), of(&|round| cost(&round.product, Some(&round.after)), 2));
    line(format!("memory MB, {at_once} at once"), told(*memory));
    let rate = rate(&crowd.side);
    line(
        format!("memory MB, {} at once", crowd.at_once),
        format!("{} ({} uploads at {rate:.0} MB/s)", told(crowd.memory), crowd.side.sent.uploads),
    );
    line("other calls, p50/p99 ms".to_owned(), header());
    line("  balances".to_owned(), latencies(rounds, |seen| &seen.balances));
    line("  transfers".to_owned(), latencies(rounds, |seen| &seen.transfers));
    line("p99 product's : alone, undisturbed".to_owned(), undisturbed(rounds));
    let waited: f64 = rounds.iter().map(|round| round.after.waited.as_secs_f64()).sum();
    line(
        "decoded after the uploads".to_owned(),
        format!("for {waited:.0} s in all, and {:.0} s after the crowd", crowd.after.waited.as_secs_f64()),
    );
    line("in the end".to_owned(), verdict.clone());
    text
}

/// Megabytes per second.
fn rate(side: &Side) -> f64 {
    megabytes(side.sent.bytes) / side.sent.time.as_secs_f64()
}

/// Seconds of processor per gigabyte; 0 where the system does not tell.
fn cost(side: &Side, after: Option<&Afterwards>) -> f64 {
    let after = after.and_then(|after| after.processor).unwrap_or_default();
    side.processor.map_or(0.0, |time| (time + after).as_secs_f64() * 1000.0 / megabytes(side.sent.bytes))
}

fn told(memory: Option<Memory>) -> String {
    memory.map_or("not told by this system".to_owned(), |Memory { peak, now }| {
        format!("peak {:.0}, in the end {:.0}", megabytes(peak), megabytes(now))
    })
}

fn megabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes = bytes as f64;
    bytes / 1e6
}

fn header() -> String {
    format!(
        "{:>12} {:>14} {:>14}   {:22} {}",
        "alone", "floor's", "product's", "p99 floor's : alone", "p99 product's : alone"
    )
}

/// A line of [`header`]'s: percentiles over all rounds, ratios taken within each.
fn latencies(rounds: &[Round], of: fn(&Seen) -> &Histogram<u64>) -> String {
    let sides = |round| {
        let Round { quiet, floor, product, .. }: &Round = round;
        [of(quiet), of(&floor.calls), of(&product.calls)]
    };
    let all = |side: usize| match joined(rounds.iter().map(|round| sides(round)[side])) {
        Some(all) => format!("{:.2}/{:.2}", milliseconds(&all, 0.5), p99(&all)),
        None => String::new(),
    };
    let ratio = |side: usize| {
        let ratios = rounds.iter().map(sides).map(|sides| p99(sides[side]) / p99(sides[0]));
        spread(ratios.collect(), 2)
    };
    format!("{:>12} {:>14} {:>14}   {:22} {}", all(0), all(1), all(2), ratio(1), ratio(2))
}

/// How long a processor was not there while the calls were made alone and with the product's uploads.
fn away(round: &Round) -> Option<Duration> {
    Some(round.quiet.away?.max(round.product.calls.away?))
}

/// Whether all processors were there, or it can't be told.
fn was_there(round: &Round) -> bool {
    away(round).is_none_or(|away| away < AWAY)
}

/// The ratios of the rounds in which the machine was there.
fn undisturbed(rounds: &[Round]) -> String {
    if rounds.iter().any(|round| away(round).is_none()) {
        return "not told: this process may not put a thread before all others".to_owned();
    }
    let there: Vec<_> = rounds.iter().filter(|round| was_there(round)).collect();
    if there.is_empty() {
        return format!("none: in every round a processor was away for {} ms", AWAY.as_millis());
    }
    let ratios = |of: fn(&Seen) -> &Histogram<u64>| {
        let ratio = |round: &&Round| p99(of(&round.product.calls)) / p99(of(&round.quiet));
        spread(there.iter().map(ratio).collect(), 2)
    };
    format!(
        "balances {}, transfers {}: the {} of {} rounds in which no processor was away for {} ms",
        ratios(|seen| &seen.balances),
        ratios(|seen| &seen.transfers),
        there.len(),
        rounds.len(),
        AWAY.as_millis()
    )
}

fn p99(latency: &Histogram<u64>) -> f64 {
    milliseconds(latency, 0.99)
}

#[cfg(test)]
mod tests {
    use super::super::send::Sent;
    use super::*;
    use crate::load;

    fn seen(milliseconds: u64) -> Seen {
        let mut latency = load::latencies().unwrap();
        latency.record(milliseconds * 1_000_000).unwrap();
        Seen { balances: latency.clone(), transfers: latency, away: Some(Duration::ZERO) }
    }

    fn side(megabytes: u64, milliseconds: u64) -> Side {
        let sent = Sent { uploads: 1, bytes: megabytes * 1_000_000, time: Duration::from_secs(2) };
        Side { sent, calls: seen(milliseconds), processor: Some(Duration::from_secs(1)) }
    }

    fn after() -> Afterwards {
        Afterwards { waited: Duration::from_secs(1), processor: Some(Duration::from_secs(3)) }
    }

    fn round(product: u64) -> Round {
        Round { quiet: seen(2), floor: side(1000, 3), product: side(product, 5), after: after() }
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let crowd = Crowd { at_once: 64, side: side(500, 9), after: after(), memory: None };
        let memory = Some(Memory { peak: 120_000_000, now: 90_000_000 });
        let verdict = "all well".to_owned();
        let mut disturbed = round(500);
        disturbed.product.calls = Seen { away: Some(AWAY), ..seen(50) };
        let rounds = vec![round(800), round(600), disturbed];
        let outcome = Outcome { engine: "sqlite", at_once: 16, rounds, memory, crowd, verdict };
        let text = text(&outcome);
        let line = |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(line("ratio").ends_with("0.60 (0.50–0.80)"), "{text}");
        assert!(line("16 at once, product").ends_with("300 (250–400)"), "{text}");
        assert!(line("memory MB, 16").ends_with("peak 120, in the end 90"), "{text}");
        assert!(line("memory MB, 64").contains("not told"), "{text}");
        assert!(line("the same, product").ends_with("1.67 (1.25–2.00)"), "{text}");
        assert!(line("with all decoding").ends_with("6.67 (5.00–8.00)"), "{text}");
        let transfers = line("transfers");
        assert!(transfers.contains("2.00/2.00") && transfers.contains("5.00/50.00"), "{text}");
        assert!(transfers.contains("1.50 (1.50–1.50)") && transfers.ends_with("2.50 (2.50–24.99)"), "{text}");
        let undisturbed = line("p99 product's : alone, undisturbed");
        assert!(undisturbed.contains("transfers 2.50 (2.50–2.50): the 2 of 3 rounds"), "{text}");
    }

    #[test]
    fn no_figure_is_made_of_no_round() {
        let mut disturbed = round(500);
        disturbed.quiet.away = Some(AWAY);
        assert!(undisturbed(&[disturbed]).starts_with("none: in every round"));
    }

    #[test]
    fn a_window_that_was_not_watched_is_not_told_of_as_quiet() {
        let mut unknown = round(500);
        unknown.product.calls.away = None;
        assert!(undisturbed(&[round(800), unknown]).starts_with("not told"));
    }
}
