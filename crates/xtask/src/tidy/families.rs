//! The order of the families inside florin-api: a family uses only those before it.
//!
//! The compiler keeps crates in order and does not keep modules: this does. Where a lower family must start a higher
//! one, it enqueues a job.

use super::code::{line_of, whole_words};
use super::{SourceFile, Violation};

/// Where the families are, a folder each.
const FAMILIES: &str = "crates/florin-api/src/";

/// What is below all of them, and uses none.
const KIT: &str = "kit";

/// From the lowest to the highest; those of one row do not use each other.
const ORDER: &[&[&str]] = &[
    &["users"],
    &["rates"],
    &["wallets"],
    &["balances"],
    &["kyc"],
    &["transfers", "exchange", "sepa", "cards"],
    &["crypto"],
    &["orders"],
    &["payment_links"],
];

/// These read all families, and each other. `openapi` and `asyncapi` are no families: they read the tables of all
/// routes and of all events.
const READERS: [&str; 7] =
    ["webhooks", "card_decisions", "events", "sandbox", "reference", "openapi", "asyncapi"];

/// Rule `family-order`.
pub fn order(file: &SourceFile) -> Vec<Violation> {
    let Some(code) = &file.code else { return Vec::new() };
    let Some((family, _)) = file.path.strip_prefix(FAMILIES).and_then(|rest| rest.split_once('/')) else {
        return Vec::new();
    };
    if family != KIT && rank(family).is_none() {
        let message = format!("{family} is new: place it in the order of tidy/families.rs");
        return vec![file.violation("family-order", 0, family, message)];
    }
    let mut found = Vec::new();
    for (at, used) in uses(&code.bare) {
        if !may_use(family, used) {
            let message = format!("{family} may not use {used}, which does not come before it");
            found.push(file.violation("family-order", line_of(&code.bare, at), used, message));
        }
    }
    found
}

/// The place in the order; readers stand above all.
fn rank(family: &str) -> Option<usize> {
    let reader = READERS.contains(&family).then_some(ORDER.len());
    ORDER.iter().position(|row| row.contains(&family)).or(reader)
}

fn may_use(family: &str, used: &str) -> bool {
    // What is no family (the kit, a file beside lib.rs) is below all.
    let Some(used_rank) = rank(used) else { return true };
    family == used || rank(family).is_some_and(|rank| used_rank < rank || rank == ORDER.len())
}

/// Every first name after a path to the crate's root, `use crate::{a, b::c}` included.
fn uses(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for start in ["crate::", "super::super::"] {
        for at in whole_words(code, start) {
            let rest = code.get(at + start.len()..).unwrap_or_default();
            match rest.strip_prefix('{') {
                Some(group) => found.extend(heads(group).into_iter().map(|name| (at, name))),
                None => found.push((at, name(rest))),
            }
        }
    }
    found
}

/// The first names of a group, up to its closing brace.
fn heads(group: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut heads) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(name(group.get(begin..at).unwrap_or_default().trim_start()));
                begin = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    let end =
        text.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile::new(&format!("{FAMILIES}{path}"), text);
        order(&file).into_iter().map(|violation| violation.item).collect()
    }

    #[test]
    fn a_family_uses_the_kit_itself_and_those_before_it() {
        let text = "use crate::kit::Body;\nuse crate::{transfers::Transfer, users::{User, store}, balances};";
        assert_eq!(used("transfers/create.rs", text), [""; 0]);
        assert_eq!(used("orders/create.rs", "crate::sepa::a(); super::super::crypto::b();"), [""; 0]);
    }

    #[test]
    fn a_family_does_not_use_one_beside_or_above_it() {
        assert_eq!(used("transfers/create.rs", "use crate::orders::Order;"), ["orders"]);
        assert_eq!(used("balances/mod.rs", "use crate::{kit::{a, b}, kyc::Standing};"), ["kyc"]);
        assert_eq!(used("users/mod.rs", "fn a() { super::super::events::emit() }"), ["events"]);
    }

    #[test]
    fn the_kit_uses_no_family() {
        assert_eq!(used("kit/auth.rs", "use crate::users::User; use crate::kit::codes;"), ["users"]);
    }

    #[test]
    fn readers_use_all_and_each_other() {
        assert_eq!(used("webhooks/mod.rs", "use crate::{payment_links::a, events::b, users::c};"), [""; 0]);
    }

    #[test]
    fn a_new_family_has_to_be_placed_and_comments_do_not_count() {
        assert_eq!(used("loans/mod.rs", ""), ["loans"]);
        assert_eq!(used("users/mod.rs", "//! See crate::orders::Order.\n"), [""; 0]);
        assert_eq!(used("lib.rs", "use crate::orders::routes;"), [""; 0]);
    }
}
