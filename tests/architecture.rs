//! Holds the code to docs/architecture.md: which folder may use which, where a crate may be named, how long a
//! file may be, and that each says what it is for. The table of the document is the only list of who may use whom.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a directory, with their texts.
fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            files.push((path, text));
        }
    }
    files
}

/// The folder of `src` that a file belongs to.
fn folder(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("below src");
    let first = inside.components().next().expect("a name").as_os_str();
    first.to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// What each folder may use, from the table in docs/architecture.md.
fn allowed() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("the document");
    let words = |cell: &str| -> Vec<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    text.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            (words(cells[1])[0].clone(), words(cells[3]))
        })
        .collect()
}

#[test]
fn folders_use_only_what_the_table_allows() {
    let allowed = allowed();
    assert!(allowed.len() > 8, "the table was not found");
    let mut wrong = Vec::new();
    for (path, text) in sources(&root().join("src")) {
        let from = folder(&path);
        if matches!(from.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let may = allowed
            .get(&from)
            .unwrap_or_else(|| panic!("`{from}` is not in the table"));
        for used in text.split("crate::").skip(1) {
            let to: String = used
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if to.is_empty() {
                wrong.push(format!(
                    "{} uses several folders in one `use`",
                    path.display()
                ));
            }
            if allowed.contains_key(&to) && to != from && !may.contains(&to) {
                wrong.push(format!("{} uses `{to}`", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not allowed by docs/architecture.md:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn each_crate_is_named_in_its_own_place_only() {
    let places = [
        ("tera::", &["template/", "value.rs"][..]),
        ("russh::", &["transport/ssh/"]),
        ("saphyr_parser::", &["source/"]),
        ("clap::", &["cli/"]),
    ];
    for (path, text) in sources(&root().join("src")) {
        let inside = path.strip_prefix(root().join("src")).expect("below src");
        let inside = inside.to_string_lossy();
        for (name, own) in &places {
            let uses = text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains(name)
            });
            assert!(
                !uses || own.iter().any(|place| inside.starts_with(place)),
                "{} names {name}",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_is_short_and_says_what_it_is_for() {
    for directory in ["src", "tests", "examples", "worker/src", "worker/tests"] {
        for (path, text) in sources(&root().join(directory)) {
            let lines = text.lines().count();
            assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
            assert!(
                text.starts_with("//!"),
                "{} does not say what it is for",
                path.display()
            );
        }
    }
}
