//! Whether packages may be installed: on a contributor's own machine only when asked.

use std::env;
use std::ffi::OsStr;

/// True in CI, whose machines are thrown away, and where the user said `--install`.
pub fn may_install(asked: bool) -> bool {
    asked || is_ci(env::var_os("CI").as_deref())
}

/// Every CI service sets `CI`; some people set it to nothing or `false` to look like none.
fn is_ci(variable: Option<&OsStr>) -> bool {
    variable.is_some_and(|value| !value.is_empty() && value != "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_is_a_variable_that_says_so() {
        assert!(is_ci(Some(OsStr::new("true"))) && is_ci(Some(OsStr::new("1"))));
        assert!(!is_ci(None) && !is_ci(Some(OsStr::new(""))) && !is_ci(Some(OsStr::new("false"))));
    }
}
