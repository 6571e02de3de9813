//! The list of what is let pass, which may only shrink.
//!
//! One line per exception, `rule path item`, as the report prints it in brackets; `#` begins a comment. Two things
//! keep the list from growing unseen: an exception that lets nothing pass is a failure, and the number of exceptions
//! is [`CEILING`], so that a new one is a change of this file as well, and a removed one lowers it for good.

use std::collections::BTreeSet;

use super::Violation;

/// How many exceptions there are. Lower it with each one removed; think before you raise it.
const CEILING: usize = 0;

/// The parsed list.
pub struct Exceptions {
    lines: BTreeSet<String>,
    ceiling: usize,
}

/// What is left of the violations, and what is wrong with the list itself.
pub struct Verdict {
    /// Those no exception lets pass.
    pub violations: Vec<Violation>,
    /// How many were let pass.
    pub excepted: usize,
    /// What is wrong with the list.
    pub complaints: Vec<String>,
}

impl Exceptions {
    /// Reads the list.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let lines = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        Self { lines: lines.filter(|line| !line.is_empty()).collect(), ceiling: CEILING }
    }

    /// Sorts the violations into those let pass and those not, and the exceptions into needed and not.
    pub fn judge(&self, found: Vec<Violation>) -> Verdict {
        let needed: BTreeSet<_> = found.iter().map(Violation::exception).collect();
        let mut complaints: Vec<_> = self
            .lines
            .difference(&needed)
            .map(|line| format!("no longer needed, remove it: {line}"))
            .collect();
        if self.lines.len() != self.ceiling {
            let (lines, ceiling) = (self.lines.len(), self.ceiling);
            complaints.push(format!("{lines} exceptions, CEILING in src/tidy/exceptions.rs says {ceiling}"));
        }
        let before = found.len();
        let violations: Vec<_> =
            found.into_iter().filter(|violation| !self.lines.contains(&violation.exception())).collect();
        Verdict { excepted: before - violations.len(), violations, complaints }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::SourceFile;

    fn list(text: &str, ceiling: usize) -> Exceptions {
        Exceptions { ceiling, ..Exceptions::parse(text) }
    }

    fn too_long(function: &str) -> Violation {
        SourceFile::new("a.rs", "").violation("function-length", 1, function, String::new())
    }

    #[test]
    fn lets_pass_what_is_listed_and_nothing_else() {
        let verdict = list("# why\nfunction-length  a.rs one # until it is split\n", 1)
            .judge(vec![too_long("one"), too_long("two")]);
        assert_eq!(
            (verdict.excepted, verdict.violations, verdict.complaints.len()),
            (1, vec![too_long("two")], 0)
        );
    }

    #[test]
    fn an_exception_no_longer_needed_is_a_failure() {
        let verdict = list("function-length a.rs one", 1).judge(Vec::new());
        assert_eq!(verdict.complaints, ["no longer needed, remove it: function-length a.rs one"]);
    }

    #[test]
    fn the_number_of_exceptions_is_held() {
        assert_eq!(list("function-length a.rs one", 0).judge(vec![too_long("one")]).complaints.len(), 1);
        assert_eq!(list("", 1).judge(Vec::new()).complaints.len(), 1);
        assert_eq!(list("", 0).judge(Vec::new()).complaints.len(), 0);
    }
}
