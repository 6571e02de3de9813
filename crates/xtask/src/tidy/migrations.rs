//! Rule `migration`: the scripts of each crate are numbered without a gap, no number stands twice, and both engines
//! have the same. Two branches that each add one get the same number: the second must be numbered anew.

use super::{SourceFile, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// Where scripts are, below a crate.
const FOLDER: &str = "/migrations/";

const ENGINES: [&str; 2] = ["sqlite", "postgres"];

/// A script, and its name without the number.
type Script<'a> = (&'a SourceFile, &'a str);

/// A script's number and name, such as `0002` and `job_lanes`.
fn numbered(file: &str) -> Option<(u32, &str)> {
    let (number, name) = file.strip_suffix(".sql")?.split_once('_')?;
    Some((number.parse().ok().filter(|_| number.len() == 4)?, name))
}

/// Looks at all scripts of the tree.
pub fn check(files: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut crates: BTreeMap<&str, BTreeMap<u32, Vec<Script<'_>>>> = BTreeMap::new();
    for file in files {
        let Some((folder, rest)) = file.path.split_once(FOLDER) else { continue };
        let Some((_, name)) = rest.split_once('/').filter(|(engine, _)| ENGINES.contains(engine)) else {
            continue;
        };
        match numbered(name) {
            Some((number, name)) => {
                crates.entry(folder).or_default().entry(number).or_default().push((file, name));
            }
            None => found.push(violation(file, "is not named NNNN_name.sql".to_owned())),
        }
    }
    let mut numbers: BTreeMap<u32, &str> = BTreeMap::new();
    for (folder, scripts) in crates {
        let mut next = None;
        for (number, of_number) in scripts {
            let (first, _) = of_number[0];
            if next.is_some_and(|next| next != number) {
                found.push(violation(first, format!("the number before {number:04} is missing")));
            }
            next = Some(number + 1);
            if let Some(other) = numbers.insert(number, folder) {
                found.push(violation(first, format!("{other} has the number {number:04} too")));
            }
            let names: BTreeSet<&str> = of_number.iter().map(|(_, name)| *name).collect();
            if names.len() > 1 {
                let names: Vec<_> = names.into_iter().collect();
                found.push(violation(first, format!("{number:04} stands twice: {}", names.join(", "))));
            } else if of_number.len() < ENGINES.len() {
                found.push(violation(first, format!("{number:04} is there for one engine only")));
            }
        }
    }
    found
}

fn violation(file: &SourceFile, message: String) -> Violation {
    file.violation("migration", 0, "", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(paths: &[&str]) -> Vec<String> {
        let files: Vec<_> = paths.iter().map(|path| SourceFile::new(path, "")).collect();
        check(&files).into_iter().map(|violation| violation.message).collect()
    }

    fn both(names: &[&str]) -> Vec<String> {
        let paths = names
            .iter()
            .flat_map(|name| ENGINES.map(|engine| format!("crates/a/migrations/{engine}/{name}")));
        let paths: Vec<_> = paths.collect();
        messages(&paths.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_are_in_order_and_each_stands_once_per_engine() {
        assert_eq!(both(&["0001_users.sql", "0002_money.sql", "0003_files.sql"]), Vec::<String>::new());
        assert_eq!(both(&["0001_users.sql", "0003_files.sql"]), ["the number before 0003 is missing"]);
        assert_eq!(both(&["0001_users.sql", "0001_files.sql"]), ["0001 stands twice: files, users"]);
        assert_eq!(both(&["1_users.sql"]), ["is not named NNNN_name.sql"; 2]);
        let one = ["crates/a/migrations/sqlite/0001_users.sql"];
        assert_eq!(messages(&one), ["0001 is there for one engine only"]);
        let differ =
            ["crates/a/migrations/sqlite/0001_users.sql", "crates/a/migrations/postgres/0001_user.sql"];
        assert_eq!(messages(&differ), ["0001 stands twice: user, users"]);
        let doubled = ["a", "b"]
            .map(|name| ENGINES.map(|engine| format!("crates/{name}/migrations/{engine}/0001_x.sql")));
        let doubled: Vec<_> = doubled.as_flattened().iter().map(String::as_str).collect();
        assert_eq!(messages(&doubled), ["crates/a has the number 0001 too"]);
    }
}
