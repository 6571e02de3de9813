//! How many files and connections the system lets the process have open, and how many of them may be HTTP connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for everything but HTTP connections: some forty for the database, one for each upload that is being
/// spooled, one or two for each webhook under way, and the reserve of the server loop. Less than half of them was ever
/// seen in use.
const KEPT: u64 = 512;

/// Of a limit below twice [`KEPT`], this part is kept.
const KEPT_OF_FEW: u64 = 2;

/// Raises the limit of open files as far as the process may, and answers it; none where there is no limit. Most systems
/// start a process with 1,024, for the sake of programs that use `select`, and let it have many more.
pub fn raise_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    getrlimit(Resource::Nofile).current
}

/// How many connections may be open under a limit of descriptors: those that are wanted, if there are enough.
pub fn max_connections(limit: Option<u64>, wanted: usize) -> usize {
    let Some(limit) = limit else { return wanted };
    let left = limit - KEPT.min(limit / KEPT_OF_FEW);
    usize::try_from(left).unwrap_or(usize::MAX).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_files_and_the_database() {
        for (limit, expected) in [
            (None, 10_000),
            (Some(1 << 20), 10_000),
            (Some(4_096), 3_584),
            (Some(1_024), 512),
            (Some(256), 128),
            (Some(0), 0),
        ] {
            assert_eq!(max_connections(limit, 10_000), expected, "{limit:?}");
        }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be() {
        assert_eq!(raise_limit(), getrlimit(Resource::Nofile).maximum);
    }
}
