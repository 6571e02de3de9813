//! The path that an unknown one was probably meant to be, for the message of P404. Pure.

use crate::kit::request::near_miss;

/// Segments of a path that are looked at; none of ours has half as many.
const MAX_SEGMENTS: usize = 12;

/// What one difference costs. An id costs a little, so that a word in its place is preferred.
const ID: u32 = 1;
const LETTER_CASE: u32 = 2;
const PREFIX: u32 = 10;
const SPELLING: u32 = 10;
const SEGMENT: u32 = 20;
const OTHER: u32 = 30;

/// The most that a path which is named may differ: one segment.
const MOST: u32 = 28;

/// The template that is nearest to a path, if one is near. Letter case, empty segments and a missing or doubled prefix
/// (`/v1`, `/api`) count little.
pub(super) fn nearest<'t>(path: &str, templates: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let path = segments(path);
    if path.len() > MAX_SEGMENTS {
        return None;
    }
    let costs = templates.map(|template| (cost(&path, &segments(template)), template));
    costs.filter(|(cost, _)| *cost <= MOST).min_by_key(|(cost, _)| *cost).map(|(_, template)| template)
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// The cheapest way from a path to a template, segment by segment.
fn cost(path: &[&str], template: &[&str]) -> u32 {
    let mut before: Vec<u32> = std::iter::once(0)
        .chain(template.iter().scan(0, |sum, name| {
            *sum += presence(name);
            Some(*sum)
        }))
        .collect();
    for segment in path {
        let mut row = vec![before[0] + presence(segment)];
        for (index, name) in template.iter().enumerate() {
            let swapped = before[index] + replacing(segment, name);
            let added = row[index] + presence(name);
            let left_out = before[index + 1] + presence(segment);
            row.push(swapped.min(added).min(left_out));
        }
        before = row;
    }
    before.last().copied().unwrap_or(u32::MAX)
}

/// What one segment more or less costs.
fn presence(segment: &str) -> u32 {
    if ["v1", "api"].iter().any(|prefix| segment.eq_ignore_ascii_case(prefix)) { PREFIX } else { SEGMENT }
}

fn replacing(segment: &str, name: &str) -> u32 {
    if name.starts_with('{') {
        ID
    } else if segment == name {
        0
    } else if segment.eq_ignore_ascii_case(name) {
        LETTER_CASE
    } else if near_miss::meant(segment, [name]).is_some() {
        SPELLING
    } else {
        OTHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATES: [&str; 6] = [
        "/v1/partner/balances",
        "/v1/user/balances/{externalUserId}",
        "/v1/user/{externalUserId}",
        "/v1/user/suspend/{externalUserId}",
        "/v1/transfer",
        "/v1/kyc",
    ];

    #[test]
    fn a_slip_is_found() {
        for (path, expected) in [
            ("/partner/balances", "/v1/partner/balances"),
            ("/api/v1/partner/balances", "/v1/partner/balances"),
            ("/v1//partner/balances/", "/v1/partner/balances"),
            ("/v1/Transfer", "/v1/transfer"),
            ("/v1/transfers", "/v1/transfer"),
            ("/v1/user/balance/ann", "/v1/user/balances/{externalUserId}"),
            ("/v1/users/ann", "/v1/user/{externalUserId}"),
            ("/v1/user/suspnd/ann", "/v1/user/suspend/{externalUserId}"),
        ] {
            assert_eq!(nearest(path, TEMPLATES.into_iter()), Some(expected), "{path}");
        }
    }

    #[test]
    fn what_is_near_to_nothing_is_not() {
        for path in ["/", "/wp-login.php", "/v2/a/b/c", "/.git/config", &"/a".repeat(1_000)] {
            assert_eq!(nearest(path, TEMPLATES.into_iter()), None, "{path}");
        }
    }
}
