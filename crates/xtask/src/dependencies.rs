//! The packages we build with: their licences, and those that are there in two versions.
//!
//! The policy is `deny.toml`, the file of cargo-deny, of which we read the part that [`Policy`] names. What is judged
//! is what `cargo metadata` says is built for one of the policy's targets; packages that only tests use are left out.
//! cargo-deny itself would say the same and more, but takes minutes to build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};
use xtask::workspace;

/// Where the policy is.
const POLICY: &str = "deny.toml";

/// The part of cargo-deny's file that we read; the rest is cargo-deny's alone.
#[derive(Debug, Deserialize)]
struct Policy {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// More licences for one package.
#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Level,
    #[serde(default)]
    skip: Vec<Skip>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Level {
    Deny,
    Warn,
    Allow,
}

/// Versions that may be there beside others: `name@version`, where `1` and `1.2` stand for all that begin so.
#[derive(Debug, Deserialize)]
struct Skip {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
}

impl Skip {
    fn is_for(&self, name: &str, version: &str) -> bool {
        let (own, wanted) = self.package.split_once('@').unwrap_or((&self.package, ""));
        let rest = version.strip_prefix(wanted);
        own == name && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// What `cargo metadata` says.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
    workspace_members: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Package {
    name: String,
    version: String,
    id: String,
    license: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Check licences and duplicate versions of the packages we build with, against deny.toml.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_: &Arguments) -> Result<()> {
    if are_allowed()? { Ok(()) } else { bail!("not as deny.toml wants it") }
}

/// Reports every package that the policy does not allow; true when there is none.
pub fn are_allowed() -> Result<bool> {
    let policy = fs::read_to_string(workspace::root().join(POLICY));
    let policy = policy.with_context(|| format!("cannot read {POLICY}"))?;
    let policy: Policy = toml::from_str(&policy).with_context(|| format!("{POLICY} is not as expected"))?;
    let mut packages = BTreeSet::new();
    for target in &policy.graph.targets {
        packages.extend(metadata(target)?.built());
    }
    let mut complaints = licences(&policy.licenses, &packages);
    complaints.extend(versions(&policy.bans, &packages));
    complaints.iter().for_each(|complaint| println!("{POLICY}: {complaint}"));
    println!("dependencies: {} packages, {} complaints", packages.len(), complaints.len());
    Ok(complaints.is_empty())
}

fn metadata(target: &str) -> Result<Metadata> {
    let mut cargo = workspace::cargo();
    cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", target]);
    serde_json::from_slice(&workspace::output(&mut cargo)?)
        .context("`cargo metadata` answered something else")
}

impl Metadata {
    /// The packages that a program of ours is built with, or a build script; not those that only tests use.
    fn built(self) -> Vec<Package> {
        let nodes: BTreeMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = self.workspace_members.iter().map(String::as_str).collect();
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
                let built =
                    edges.filter(|edge| edge.dep_kinds.iter().any(|one| one.kind.as_deref() != Some("dev")));
                open.extend(built.map(|edge| edge.pkg.as_str()));
            }
        }
        let members: BTreeSet<&str> = self.workspace_members.iter().map(String::as_str).collect();
        let is_foreign = |package: &&Package| {
            reached.contains(package.id.as_str()) && !members.contains(package.id.as_str())
        };
        self.packages.iter().filter(is_foreign).cloned().collect()
    }
}

/// A sentence for every package that has no licence we allow, and for every row that nothing needs.
fn licences(policy: &Licenses, packages: &BTreeSet<Package>) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    for package in packages {
        let Package { name, version, license, .. } = package;
        let text = license.as_deref().unwrap_or_default();
        let Ok(expression) = Expression::parse_mode(text, ParseMode::LAX) else {
            complaints.push(format!("{name} {version} has no licence that can be read: {text:?}"));
            continue;
        };
        let more = policy.exceptions.iter().find(|exception| exception.package == *name);
        let allowed = |licence: &str, used: &mut BTreeSet<String>| {
            let mut lists =
                [Some(&policy.allow), more.map(|exception| &exception.allow)].into_iter().flatten();
            let found = lists.any(|list| list.iter().any(|one| one == licence));
            if found {
                used.insert(licence.to_owned());
            }
            found
        };
        if !expression.evaluate(|requirement| allowed(&spelt(requirement), &mut used)) {
            complaints.push(format!("{name} {version} is {text}, of which nothing we need is allowed"));
        }
    }
    let idle = policy.allow.iter().filter(|licence| !used.contains(*licence));
    complaints.extend(idle.map(|licence| format!("no package has the allowed licence {licence} any more")));
    let is_there = |name: &str| packages.iter().any(|package| package.name == name);
    let idle = policy.exceptions.iter().filter(|exception| !is_there(&exception.package));
    complaints
        .extend(idle.map(|exception| format!("the exception for {} is needed no more", exception.package)));
    complaints
}

/// A requirement as the policy spells it.
fn spelt(requirement: &LicenseReq) -> String {
    requirement.to_string()
}

/// A sentence for every package that is there in two versions and not excused, and for every excuse that is not needed.
fn versions(policy: &Bans, packages: &BTreeSet<Package>) -> Vec<String> {
    if policy.multiple_versions != Level::Deny {
        return vec!["bans.multiple-versions has to be \"deny\"".to_owned()];
    }
    let mut by_name: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        by_name.entry(&package.name).or_default().insert(&package.version);
    }
    let mut complaints = Vec::new();
    for (name, versions) in &by_name {
        let is_excused = |version: &str| policy.skip.iter().any(|skip| skip.is_for(name, version));
        let left: Vec<_> = versions.iter().copied().filter(|version| !is_excused(version)).collect();
        if left.len() > 1 {
            let left = left.join(", ");
            complaints.push(format!("{name} is there in several versions: {left} (`cargo tree -i {name}`)"));
        }
    }
    let is_needed = |skip: &Skip| {
        let mut doubled = by_name.iter().filter(|(_, versions)| versions.len() > 1);
        doubled.any(|(name, versions)| versions.iter().any(|version| skip.is_for(name, version)))
    };
    for Skip { package, reason } in policy.skip.iter().filter(|skip| !is_needed(skip)) {
        complaints.push(format!("{package} need not be skipped any more ({reason})"));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, license: &str) -> Package {
        let license = (!license.is_empty()).then(|| license.to_owned());
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            id: format!("{name}@{version}"),
            license,
        }
    }

    fn policy(text: &str) -> Policy {
        toml::from_str(&format!("graph.targets = [\"here\"]\n{text}")).unwrap()
    }

    fn licences_of(license: &str) -> Vec<String> {
        let policy = policy(
            r#"
            licenses.allow = ["MIT", "Apache-2.0"]
            licenses.exceptions = [{ crate = "jpeg", allow = ["IJG"] }]
            bans.multiple-versions = "deny"
            "#,
        );
        let packages =
            [package("one", "1.0.0", license), package("jpeg", "1.0.0", "(MIT OR Apache-2.0) AND IJG")];
        let complaints = licences(&policy.licenses, &packages.into_iter().collect());
        complaints.into_iter().filter(|complaint| complaint.starts_with("one")).collect()
    }

    #[test]
    fn one_licence_of_a_choice_is_enough_and_each_of_a_sum_is_needed() {
        for good in ["MIT", "GPL-3.0-only OR MIT", "MIT/Apache-2.0", "MIT AND (BSD-3-Clause OR Apache-2.0)"] {
            assert_eq!(licences_of(good), [""; 0], "{good}");
        }
        for bad in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "IJG", "Apache-2.0 WITH LLVM-exception", "", "?"]
        {
            assert_eq!(licences_of(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn a_row_that_nothing_needs_is_a_complaint() {
        let text = r#"
            licenses.allow = ["MIT", "ISC"]
            licenses.exceptions = [{ crate = "gone", allow = ["IJG"] }]
            bans.multiple-versions = "deny"
            bans.skip = [{ crate = "one@1.0.0", reason = "two needs it" }]
        "#;
        let packages: BTreeSet<_> = [package("one", "1.0.0", "MIT")].into_iter().collect();
        let policy = policy(text);
        let complaints = [licences(&policy.licenses, &packages), versions(&policy.bans, &packages)].concat();
        assert_eq!(
            complaints,
            [
                "no package has the allowed licence ISC any more",
                "the exception for gone is needed no more",
                "one@1.0.0 need not be skipped any more (two needs it)"
            ]
        );
    }

    #[test]
    fn a_second_version_needs_its_excuse() {
        let packages = [("one", "1.0.0"), ("one", "2.0.0"), ("two", "1.0.0"), ("two", "2.0.0")];
        let packages = packages.map(|(name, version)| package(name, version, "MIT")).into_iter().collect();
        let text = r#"
            licenses.allow = ["MIT"]
            bans.multiple-versions = "deny"
            bans.skip = [{ crate = "two@1.0.0", reason = "three needs it" }]
        "#;
        assert_eq!(
            versions(&policy(text).bans, &packages),
            ["one is there in several versions: 1.0.0, 2.0.0 (`cargo tree -i one`)"]
        );
    }

    #[test]
    fn an_excuse_is_for_the_versions_that_begin_so() {
        let skip = Skip { package: "one@1.2".to_owned(), reason: String::new() };
        assert!(skip.is_for("one", "1.2.30") && skip.is_for("one", "1.2"));
        assert!(!skip.is_for("one", "1.20.0") && !skip.is_for("two", "1.2.0"));
    }

    #[test]
    fn what_only_tests_use_is_left_out_and_what_a_build_uses_is_not() {
        let text = r#"{
            "workspace_members": ["ours"],
            "packages": [
                {"name": "ours", "version": "0", "id": "ours", "license": null},
                {"name": "used", "version": "1", "id": "used", "license": "MIT"},
                {"name": "built", "version": "1", "id": "built", "license": "MIT"},
                {"name": "tested", "version": "1", "id": "tested", "license": "MIT"}
            ],
            "resolve": {"nodes": [
                {"id": "ours", "deps": [
                    {"pkg": "used", "dep_kinds": [{"kind": "dev"}, {"kind": null}]},
                    {"pkg": "tested", "dep_kinds": [{"kind": "dev"}]}
                ]},
                {"id": "used", "deps": [{"pkg": "built", "dep_kinds": [{"kind": "build"}]}]},
                {"id": "built", "deps": []},
                {"id": "tested", "deps": []}
            ]}
        }"#;
        let built = serde_json::from_str::<Metadata>(text).unwrap().built();
        assert_eq!(built.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["used", "built"]);
    }
}
