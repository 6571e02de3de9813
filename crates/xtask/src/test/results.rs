//! What `cargo test` prints, counted.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Add;
use std::time::Duration;

/// The counts of one engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that did not run, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Runs of `cargo test` that failed without a failed test: a program crashed or did not build.
    pub unfinished: u64,
    /// Names of the failed.
    pub failures: Vec<String>,
    /// Wall time of it all.
    pub took: Duration,
}

impl Results {
    /// Takes in one line of a test program's output.
    pub fn read(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            self.failures.push(name.to_owned());
        }
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(kind)) = (words.next().map(str::parse::<u64>), words.next()) else {
                continue;
            };
            match kind {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.skip("marked #[ignore]", count),
                _ => {}
            }
        }
    }

    /// Counts so many tests as skipped.
    pub fn skip(&mut self, reason: &str, count: u64) {
        if count > 0 {
            *self.skipped.entry(reason.to_owned()).or_default() += count;
        }
    }

    /// Takes tests that reported themselves as skipped out of the passed, among which cargo counted them. A line of
    /// the report is the test's name, a tab and the reason; one that failed nevertheless stays failed.
    pub fn take_out_skipped(&mut self, report: &str) {
        for line in report.lines() {
            let (name, reason) = line.split_once('\t').unwrap_or((line, "no reason is given"));
            if !self.failures.iter().any(|failed| failed == name) {
                self.passed = self.passed.saturating_sub(1);
                self.skip(reason, 1);
            }
        }
    }

    /// How many tests did not run.
    pub fn skips(&self) -> u64 {
        self.skipped.values().sum()
    }
}

impl Add for Results {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        other.skipped.iter().for_each(|(reason, count)| self.skip(reason, *count));
        self.unfinished += other.unfinished;
        self.failures.extend(other.failures);
        self.took += other.took;
        self
    }
}

/// True for the lines of a run in which nothing is wrong.
pub fn is_routine(line: &str) -> bool {
    let passed = line.starts_with("test ") && (line.ends_with(" ... ok") || line.contains(" ... ignored"));
    let heading = line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test"));
    let nothing = line.starts_with("test result: ok. 0 passed; 0 failed; 0 ignored");
    line.is_empty() || passed || heading || nothing
}

/// A row per engine.
pub fn table(engines: &[(&str, Results)]) -> String {
    let mut table = format!("{:10}{:>8}{:>8}{:>9}{:>10}\n", "engine", "passed", "failed", "skipped", "time");
    for (engine, results) in engines {
        let Results { passed, took, .. } = results;
        let (failed, skipped) = (results.failed + results.unfinished, results.skips());
        let seconds = took.as_secs_f64();
        let _ = writeln!(table, "{engine:10}{passed:>8}{failed:>8}{skipped:>9}{seconds:>8.1} s");
    }
    table
}

/// The line that machines read.
pub fn closing_line(all: &[Results]) -> String {
    let passed: u64 = all.iter().map(|results| results.passed).sum();
    let failed: u64 = all.iter().map(|results| results.failed + results.unfinished).sum();
    let skipped: u64 = all.iter().map(Results::skips).sum();
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str =
        "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 9 filtered out; finished in 0.01s";

    #[test]
    fn counts_a_result_line() {
        let mut results = Results::default();
        results.read(FAILED);
        results.read(
            "test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 12.50s",
        );
        assert_eq!((results.passed, results.failed, results.skips()), (13, 1, 2));
    }

    #[test]
    fn names_the_failed() {
        let mut results = Results::default();
        results.read("test transfers::create::tests::last_cent ... FAILED");
        results.read("test transfers::create::tests::first_cent ... ok");
        assert_eq!(results.failures, ["transfers::create::tests::last_cent"]);
    }

    #[test]
    fn leaves_out_what_is_routine_and_keeps_what_is_not() {
        assert!(is_routine("test a::b ... ok"));
        assert!(is_routine("running 12 tests"));
        assert!(!is_routine("test a::b ... FAILED"));
        assert!(!is_routine("thread 'a::b' panicked at src/lib.rs:1:1:"));
        assert!(!is_routine(FAILED));
    }

    #[test]
    fn the_closing_line_counts_a_crashed_program_as_a_failure() {
        let crashed = Results { passed: 4, unfinished: 1, ..Results::default() };
        assert_eq!(
            closing_line(&[crashed, Results { passed: 2, ..Results::default() }]),
            "6 passed, 1 failed, 0 skipped"
        );
    }

    #[test]
    fn the_table_has_a_row_per_engine() {
        let mut row = Results { passed: 5, took: Duration::from_millis(1500), ..Results::default() };
        row.skip("no tool", 1);
        assert_eq!(
            table(&[("sqlite", row)]).lines().nth(1),
            Some("sqlite           5       0        1     1.5 s")
        );
    }

    #[test]
    fn a_skipped_test_is_not_a_passed_one_and_its_reason_is_told() {
        let mut results = Results { passed: 5, failed: 1, ..Results::default() };
        results.failures.push("d".to_owned());
        results.take_out_skipped("a\tno tool\nb\tno disk\nc\tno tool\nd\tno tool\n");
        let reasons: Vec<_> =
            results.skipped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        assert_eq!(reasons, [("no disk", 1), ("no tool", 2)]);
        assert_eq!(closing_line(&[results]), "2 passed, 1 failed, 3 skipped");
    }
}
