//! Which crate of ours may depend on which.

use super::Violation;
use xtask::workspace::Package;

/// Each crate, and the crates of ours it may use; a crate that is not here is not allowed until it is.
const ALLOWED: &[(&str, &[&str])] = &[
    ("florin-types", &[]),
    ("florin-ledger", &["florin-types"]),
    ("florin-store", &["florin-types", "florin-ledger"]),
    ("florin-document", &["florin-types"]),
    ("florin-vault", &["florin-types"]),
    ("florin-webhook", &["florin-types"]),
    ("florin-iso20022", &["florin-types"]),
    ("florin-iso8583", &["florin-types"]),
    ("florin-wallet", &[]),
    ("florin-pages", &["florin-types"]),
    ("florin-rails", &["florin-types", "florin-iso20022", "florin-iso8583", "florin-wallet"]),
    ("florin-travel", &["florin-types"]),
    (
        "florin-api",
        &[
            "florin-types",
            "florin-ledger",
            "florin-store",
            "florin-document",
            "florin-vault",
            "florin-webhook",
            "florin-rails",
            "florin-wallet",
            "florin-pages",
            "florin-travel",
            "florin-iso8583",
        ],
    ),
    (
        "florin",
        &[
            "florin-types",
            "florin-ledger",
            "florin-store",
            "florin-document",
            "florin-vault",
            "florin-webhook",
            "florin-rails",
            "florin-wallet",
            "florin-travel",
            "florin-iso8583",
            "florin-api",
        ],
    ),
    (FOR_TESTS, &[]),
    ("xtask", &[]),
    ("bench", &["xtask"]),
];

/// The crate that every other may use in its tests, and none in its program.
const FOR_TESTS: &str = "florin-testing";

/// Rule `crate-edge`, for dependencies of every kind.
pub fn check(packages: &[Package]) -> Vec<Violation> {
    let ours = |name: &str| packages.iter().any(|package| package.name == name);
    let mut found = Vec::new();
    for package in packages {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
            let message =
                format!("{} is new: say in tidy/edges.rs which crates of ours it may use", package.name);
            found.push(violation(package, "", message));
            continue;
        };
        let others = package.dependencies.iter().filter(|one| one.name != FOR_TESTS || !one.is_for_tests());
        let used = others.map(|dependency| dependency.name.as_str());
        for name in used.filter(|name| ours(name) && !allowed.contains(name)) {
            let below = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
            found.push(violation(
                package,
                name,
                format!("{} may not use {name}, only {below}", package.name),
            ));
        }
    }
    found
}

fn violation(package: &Package, item: &str, message: String) -> Violation {
    let path = format!("crates/{}/Cargo.toml", package.name);
    Violation { rule: "crate-edge", path, line: 0, item: item.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask::workspace::Dependency;

    fn package(name: &str, uses: &[&str]) -> Package {
        let dependencies =
            uses.iter().map(|name| Dependency { name: (*name).to_owned(), kind: None }).collect();
        Package { name: name.to_owned(), dependencies }
    }

    #[test]
    fn downward_and_foreign_edges_are_allowed() {
        let types = package("florin-types", &["jiff"]);
        assert_eq!(check(&[types, package("florin-ledger", &["florin-types", "serde"])]), []);
    }

    #[test]
    fn an_upward_edge_is_not() {
        let found = check(&[package("florin-ledger", &["florin-store"]), package("florin-store", &[])]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].exception(), "crate-edge crates/florin-ledger/Cargo.toml florin-store");
    }

    #[test]
    fn a_new_crate_has_to_be_placed() {
        assert_eq!(check(&[package("florin-elsewhere", &[])]).len(), 1);
    }

    #[test]
    fn what_tests_share_is_for_tests_only() {
        let uses = |kind: Option<&str>| {
            let mut one = package("florin-types", &[FOR_TESTS]);
            one.dependencies[0].kind = kind.map(str::to_owned);
            check(&[one, package(FOR_TESTS, &[])]).len()
        };
        assert_eq!((uses(Some("dev")), uses(None)), (0, 1));
    }
}
