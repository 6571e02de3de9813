//! Paths that exist on one machine only.

use super::{SourceFile, Violation};

/// Folders that differ from machine to machine. Spelt in two parts, as this file is looked at too.
const FOLDERS: [&str; 3] = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/")];

/// Rule `machine-path`, for every text file.
pub fn paths(file: &SourceFile) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for folder in FOLDERS.iter().filter(|folder| names(line, folder)) {
            let message = format!("`{folder}` is a folder of one machine");
            found.push(file.violation("machine-path", index + 1, folder, message));
        }
    }
    found
}

/// True where the folder begins a path, not where it is a part of a URL, of a relative path or of `$HOME/…`.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|character| character.is_alphanumeric() || "._-~$}>/".contains(character))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found_in_any_file() {
        let text = format!("see\n`{}main/a`\n", FOLDERS[2]);
        let found = paths(&SourceFile::new("docs/a.md", &text));
        assert_eq!((found.len(), found[0].line), (1, 2));
    }

    #[test]
    fn a_part_of_another_path_is_not() {
        let text = format!("https://example.com{} ..{} $HOME{}", FOLDERS[1], FOLDERS[2], FOLDERS[0]);
        assert_eq!(paths(&SourceFile::new("docs/a.md", &text)), []);
    }
}
