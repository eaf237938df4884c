//! docs/variables.md lists the variables of the roles as the comments in their defaults explain them.
//! `UPDATE_DOCS=1` writes it. What the roles do is shown on hosts.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const INTRODUCTION: &str = "\
# Variables of the roles

Set them in an inventory (`group_vars/`, `host_vars/`, beside a host), in a play, or with `-e`. A role's own defaults are
the weakest. Names that Kubespray has mean the same here. A default in braces is rendered where it is used, and may
mention facts and other variables. A variable without a default must be set where its role is used.

This page is made from the defaults of the roles.
";

/// The longest default that is shown, in characters.
const DEFAULT_MAX: usize = 70;

#[test]
fn the_page_of_variables_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    defaults(&root.join("roles"), &mut files);
    files.sort();
    assert!(files.len() > 10, "only {} roles were found", files.len());

    let mut page = INTRODUCTION.to_owned();
    for file in files {
        let role = file
            .strip_prefix(root.join("roles"))
            .expect("below roles")
            .parent()
            .and_then(Path::parent)
            .expect("a role")
            .display();
        write!(page, "\n## {role}\n").expect("written");
        page += &section(&file, &fs::read_to_string(&file).expect("a file"));
    }
    let path = root.join("docs/variables.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("written");
    }
    assert!(
        fs::read_to_string(&path).expect("the page") == page,
        "docs/variables.md is not current: run `UPDATE_DOCS=1 cargo test --test roles`"
    );
}

/// Finds the `defaults/main.yaml` of each role below a directory.
fn defaults(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.ends_with("defaults") {
            found.push(path.join("main.yaml"));
        } else if path.is_dir() {
            defaults(&path, found);
        }
    }
}

/// Variables that share a comment.
#[derive(Default)]
struct Paragraph {
    comment: Vec<String>,
    /// Names and defaults.
    variables: Vec<(String, Option<String>)>,
}

fn section(file: &Path, yaml: &str) -> String {
    let mut text = String::new();
    let mut rows = String::new();
    for paragraph in yaml.split("\n\n").map(paragraph) {
        let comment = paragraph.comment.join(" ");
        if paragraph.variables.is_empty() {
            write!(text, "\n{comment}\n").expect("written");
            continue;
        }
        assert!(
            !comment.is_empty(),
            "{}: no comment explains `{}`",
            file.display(),
            paragraph.variables[0].0
        );
        let names: Vec<_> = paragraph
            .variables
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let defaults: Vec<_> = paragraph
            .variables
            .iter()
            .map(|(_, default)| default.clone().unwrap_or_else(|| "none".into()))
            .collect();
        let cells = [names.join(", "), defaults.join(", "), comment];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        writeln!(rows, "| {} |", cells.join(" | ")).expect("written");
    }
    if rows.is_empty() {
        return text;
    }
    format!("{text}\n| Variable | Default | Meaning |\n|---|---|---|\n{rows}")
}

fn paragraph(lines: &str) -> Paragraph {
    let mut paragraph = Paragraph::default();
    for line in lines.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            let comment = comment.strip_prefix(' ').unwrap_or(comment);
            // What is indented is an example of a value.
            if let Some(name) = without_default(comment) {
                paragraph.variables.push((name.to_owned(), None));
            } else if !comment.starts_with(' ') && paragraph.variables.is_empty() {
                paragraph.comment.push(comment.to_owned());
            }
        } else if line.starts_with(|first: char| first.is_ascii_lowercase()) {
            let (name, value) = line.split_once(':').expect("a key and a value");
            paragraph
                .variables
                .push((name.to_owned(), Some(shown(value.trim()))));
        } else if line.starts_with("  - ") || line.starts_with("- ") {
            let (_, default) = paragraph.variables.last_mut().expect("a list's name");
            *default = Some("a list".into());
        }
    }
    paragraph
}

/// The name of a variable that has no default: its line is commented out.
fn without_default(comment: &str) -> Option<&str> {
    let (name, _) = comment.split_once(": ")?;
    let is_name = name.contains('_') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_name.then_some(name)
}

/// How the text of a default is shown.
fn shown(value: &str) -> String {
    match value {
        "" => "a mapping".into(),
        "\"\"" => "empty".into(),
        _ if value.starts_with('>')
            || value.starts_with('|')
            || value.chars().count() > DEFAULT_MAX =>
        {
            "follows".into()
        }
        _ => format!("`{}`", value.trim_matches('"')),
    }
}
