//! Whether docs/variables.md lists the variables of the roles: all of them, and no others. What the roles do is shown
//! on hosts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_variable_of_a_role_is_documented_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut defined = BTreeSet::new();
    for file in variable_files(&root.join("roles")) {
        defined.extend(keys(
            &fs::read_to_string(file).expect("a file of variables"),
        ));
    }
    assert!(
        defined.len() > 50,
        "only {} variables were found",
        defined.len()
    );
    // This one has no default and must be set.
    defined.insert("smoke_image_archive".into());

    let manual = fs::read_to_string(root.join("docs/variables.md")).expect("the manual");
    let (families, documented): (BTreeSet<_>, BTreeSet<_>) = documented(&manual)
        .into_iter()
        .partition(|name| name.starts_with('*'));
    for family in families {
        let before = defined.len();
        defined.retain(|name| documented.contains(name) || !name.ends_with(&family[1..]));
        assert!(defined.len() < before, "no variable is a `{family}`");
    }
    assert_eq!(documented, defined);
}

/// The `main.yaml` of each `defaults` and `vars` below a directory.
fn variable_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let main = path.join("main.yaml");
            if (path.ends_with("defaults") || path.ends_with("vars")) && main.is_file() {
                files.push(main);
            } else {
                files.extend(variable_files(&path));
            }
        }
    }
    files
}

/// The keys of a block mapping, none of which is indented.
fn keys(yaml: &str) -> BTreeSet<String> {
    let lines = yaml
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    lines
        .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
        .collect()
}

/// What stands in backquotes in the first column of the tables. A `*` at the start of a name stands for anything: it is
/// for tables of which each component has one.
fn documented(manual: &str) -> BTreeSet<String> {
    let rows = manual.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(String::from)
        .collect()
}
