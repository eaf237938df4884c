//! The generated pages below `docs/` say what the code says. `UPDATE_DOCS=1` writes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use provision::cli::{keywords, manual};
use provision::playbook::control::CONTROLS;
use provision::schema::Document;
use provision_worker::modules::MODULES;

/// Compares a page, or writes it if that is asked for.
fn check(path: &Path, wanted: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, wanted).expect("written");
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is not current: run `UPDATE_DOCS=1 cargo test --test docs`",
        path.display()
    );
}

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

#[test]
fn every_module_has_its_current_page() {
    let directory = docs().join("modules");
    let mut pages = BTreeSet::new();
    for module in MODULES.iter().chain(CONTROLS) {
        let page = format!("{}.md", module.name);
        check(&directory.join(&page), &manual(module));
        pages.insert(page);
    }
    let found = fs::read_dir(&directory).expect("the pages");
    let found: BTreeSet<String> = found
        .map(|entry| {
            entry
                .expect("a page")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(found, pages, "pages of modules that do not exist");
}

#[test]
fn the_page_of_filters_is_current() {
    let output = Command::new(env!("CARGO_BIN_EXE_provision"))
        .args(["doc", "--filters"])
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let page = format!("# Filters, tests and functions\n\n```text\n{text}```\n");
    check(&docs().join("filters.md"), &page);
}

#[test]
fn the_page_of_precedence_is_current() {
    let output = Command::new(env!("CARGO_BIN_EXE_provision"))
        .args(["doc", "--precedence"])
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let page = format!(
        "# Where variables are set\n\nFrom the weakest place to the strongest; the strongest that sets a variable \
         wins. `provision vars HOST` shows which one it is.\n\n{text}"
    );
    check(&docs().join("precedence.md"), &page);
}

#[test]
fn the_page_of_keywords_is_current() {
    check(&docs().join("keywords.md"), &keywords());
}

#[test]
fn the_schemas_are_current() {
    for document in Document::ALL {
        let path = docs().join(format!("schema/{}.json", document.name()));
        check(&path, &document.text());
    }
}
