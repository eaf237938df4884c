//! Commands that a test runs on this machine.

use std::process::{Command, Stdio};

/// What a command prints that is run in the project's directory. It must succeed.
pub(crate) fn output(command: &mut Command) -> String {
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("a program that can be started");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{text}",
        output.status
    );
    text
}
