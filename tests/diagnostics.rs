//! What a user reads after a mistake: the exact text, for every mistake that can be found before a connection. Each
//! directory of `tests/diagnostics/` is a case: it is the working directory of a run, and `expected.txt` is what the
//! run must print on standard error. `UPDATE_GOLDEN=1` writes that file anew.
//!
//! A case without an inventory uses `tests/diagnostics/inventory.yaml`. One with a file `args` is run with these
//! arguments, one a line.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const BAD_INPUT: i32 = 4;

#[test]
fn every_mistake_is_shown_as_expected_and_nothing_is_connected_to() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = String::new();
    for case in cases() {
        let shown = case
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let output = Command::new(env!("CARGO_BIN_EXE_provision"))
            .args(arguments(&case))
            .current_dir(&case)
            .env("NO_COLOR", "1")
            .output()
            .expect("provision runs");
        let code = output.status.code();
        if code != Some(BAD_INPUT) {
            let _ = writeln!(wrong, "{shown}: the exit code is {code:?}");
        }
        // A run that begins says so on standard output.
        if !output.stdout.is_empty() {
            let _ = writeln!(wrong, "{shown}: something was done");
        }
        let stderr = String::from_utf8(output.stderr).expect("text");
        let path = case.join("expected.txt");
        if update {
            fs::write(&path, stderr).expect("written");
        } else if let expected = fs::read_to_string(&path).unwrap_or_default()
            && expected != stderr
        {
            let _ = writeln!(wrong, "{shown}: expected\n{expected}\nfound\n{stderr}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let entries = fs::read_dir(directory).expect("a directory");
    let mut cases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn arguments(case: &Path) -> Vec<String> {
    if let Ok(arguments) = fs::read_to_string(case.join("args")) {
        return arguments.lines().map(str::to_owned).collect();
    }
    let own = case.join("inventory.yaml").exists();
    let inventory = if own {
        "inventory.yaml"
    } else {
        "../inventory.yaml"
    };
    ["-i", inventory, "site.yaml"].map(str::to_owned).to_vec()
}
