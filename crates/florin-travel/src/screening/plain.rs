//! One address a line.

use super::{ListError, ListProblem, SanctionedAddresses};

/// The shortest addresses of chains whose addresses are hashes are Ripple's, with 25 characters. Words of an error page
/// that was saved as a list are shorter.
const MIN_ADDRESS: usize = 20;

pub(super) fn read(text: &str, list: &mut SanctionedAddresses) -> Result<(), ListError> {
    for (index, line) in text.lines().enumerate() {
        let address = line.trim();
        if address.is_empty() || address.starts_with('#') {
            continue;
        }
        let added =
            if address.len() < MIN_ADDRESS { Err(ListProblem::Short) } else { list.add(address, None) };
        added.map_err(|problem| ListError::Line { line: index + 1, problem })?;
    }
    Ok(())
}
