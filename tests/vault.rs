//! `provision vault` as a user calls it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const RECIPIENT: &str = "age1cefrpcsjypnmyuavdhmsun255qw7dhm6ssy5hqlk4aanl29ydfcqdjejef";
/// Made for these tests.
const IDENTITY: &str =
    "AGE-SECRET-KEY-1SZ2L8G62727877XHKTZG85VJN4RPZFYNVZC6MTT4GY5WADDAFFYSPX0SPL\n";

/// A directory with the password files `one` and `two`.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a directory"));
        desk.write("one", "first\n");
        desk.write("two", "second\n");
        desk.write("identity", IDENTITY);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("readable")
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command
            .arg("vault")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env("XDG_RUNTIME_DIR", self.path("private"))
            .env("TMPDIR", self.path("private"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    #[track_caller]
    fn run(&self, arguments: &str) -> String {
        let output = self.command(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    #[track_caller]
    fn refused(&self, arguments: &str) -> String {
        let output = self.command(arguments).output().expect("it runs");
        assert_eq!(output.status.code(), Some(4), "{arguments}");
        assert_eq!(text(&output.stdout), "", "{arguments}");
        text(&output.stderr)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    fn given(&self, arguments: &str, input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("taken");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    }

    /// Runs with an editor that is a shell script.
    fn edited(&self, arguments: &str, script: &str) -> Output {
        fs::create_dir_all(self.path("private")).expect("a directory");
        self.write("editor", &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.path("editor"), fs::Permissions::from_mode(0o755))
            .expect("allowed");
        let mut command = self.command(arguments);
        command
            .env("EDITOR", self.path("editor"))
            .env_remove("VISUAL");
        command.output().expect("it runs")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

#[test]
fn files_are_encrypted_and_decrypted_in_place() {
    let desk = Desk::new();
    desk.write("a", "alpha\n");
    desk.write("b", "beta\n");
    fs::set_permissions(desk.path("a"), fs::Permissions::from_mode(0o640)).expect("allowed");
    std::os::unix::fs::symlink("b", desk.path("link")).expect("linked");
    desk.run("encrypt a link --vault-password-file one");
    assert!(desk.read("a").starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
    assert!(
        desk.path("link")
            .symlink_metadata()
            .expect("it is there")
            .is_symlink()
    );
    assert_eq!(mode(&desk.path("a")), 0o640);
    assert_eq!(
        desk.run("view a b --vault-password-file one"),
        "alpha\nbeta\n"
    );
    desk.run("decrypt a --vault-password-file one --output c");
    assert_eq!(
        (desk.read("c").as_str(), mode(&desk.path("c"))),
        ("alpha\n", 0o600)
    );
    assert_eq!(
        desk.run("decrypt a --output - --vault-password-file one"),
        "alpha\n"
    );
    desk.run("decrypt a b --vault-password-file one");
    assert_eq!(desk.read("a") + &desk.read("b"), "alpha\nbeta\n");
    let names: Vec<_> = fs::read_dir(desk.0.path()).expect("a directory").collect();
    assert_eq!(names.len(), 7, "{names:?}");
}

#[test]
fn nothing_is_written_unless_all_files_can_be() {
    let desk = Desk::new();
    desk.write("a", "alpha\n");
    desk.write("b", "beta\n");
    desk.run("encrypt a --vault-password-file one");
    let before = desk.read("a");
    assert_eq!(
        desk.refused("decrypt a b --vault-password-file one"),
        "error: `b` is not encrypted"
    );
    assert_eq!(
        desk.refused("encrypt b a --vault-password-file one"),
        "error: `a` is encrypted already"
    );
    assert_eq!(
        desk.refused("rekey a b --vault-password-file one --new-vault-password-file two"),
        "error: `b` is not encrypted"
    );
    assert_eq!(
        (desk.read("a"), desk.read("b").as_str()),
        (before, "beta\n")
    );
}

#[test]
fn mistakes_are_refused_with_a_reason() {
    let desk = Desk::new();
    desk.write("a", "alpha\n");
    for (arguments, message) in [
        (
            "view a --vault-password-file one",
            "error: `a` is not encrypted",
        ),
        (
            "encrypt a",
            "error: the vault password `default` cannot be asked for, as there is no terminal: give it with `--vault-password-file`",
        ),
        (
            "encrypt a --vault-id x@one --vault-id y@two",
            "error: several vault ids were given, and none was chosen to encrypt with",
        ),
        (
            "encrypt a --vault-id x@one --encrypt-vault-id z",
            "error: the vault id `z` is not among those that were given",
        ),
        (
            "encrypt a one --output x --vault-password-file one",
            "error: `--output` takes the result of one file only",
        ),
        (
            "encrypt a --age-recipient age1x",
            "error: `age1x` is not the public key of an age identity (`age1...`)",
        ),
        (
            "create a --vault-password-file one",
            "error: `a` exists already",
        ),
        (
            "decrypt none --vault-password-file one",
            "error: cannot read `none`: No such file or directory (os error 2)",
        ),
        (
            "encrypt-string --vault-password-file one",
            "error: there is nothing to encrypt",
        ),
        (
            "encrypt-string --prompt --vault-password-file one",
            "error: there is no terminal to ask for the string",
        ),
    ] {
        assert_eq!(desk.refused(arguments), message);
    }
    assert_eq!(desk.read("a"), "alpha\n");
    desk.run("encrypt a --vault-password-file one");
    let wrong = desk.refused("view a --vault-password-file two");
    assert_eq!(
        wrong,
        "error: `a`: this is encrypted, and no password that was given opens it"
    );
}

#[test]
fn rekey_changes_the_password_and_the_label() {
    let desk = Desk::new();
    desk.write("a", "alpha\n");
    desk.run("encrypt a --vault-password-file one");
    desk.run("rekey a --vault-password-file one --new-vault-id prod@two");
    assert!(
        desk.read("a")
            .starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    );
    assert_eq!(desk.run("view a --vault-password-file two"), "alpha\n");
    desk.run(&format!(
        "rekey a --vault-password-file two --age-recipient {RECIPIENT}"
    ));
    assert!(
        desk.read("a")
            .starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n")
    );
    assert_eq!(desk.run("view a --age-identity identity"), "alpha\n");
    desk.run("rekey a --age-identity identity --new-vault-password-file one");
    assert_eq!(desk.run("view a --vault-password-file one"), "alpha\n");
}

#[test]
fn standard_input_is_encrypted_as_a_file_or_as_a_value() {
    let desk = Desk::new();
    let output = desk.given("encrypt --vault-password-file one", "alpha");
    desk.write("a", &text(&output.stdout));
    assert_eq!(desk.run("view a --vault-password-file one"), "alpha");
    let output = desk.given("encrypt-string --name token --vault-id prod@two", "alpha");
    let yaml = text(&output.stdout);
    assert!(
        yaml.starts_with("token: !vault |\n          $ANSIBLE_VAULT;1.2;AES256;prod\n          "),
        "{yaml}"
    );
    let vault = yaml
        .lines()
        .skip(1)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("\n");
    let output = desk.given("decrypt --vault-id prod@two", &vault);
    assert_eq!(text(&output.stdout), "alpha");
    // A secret among the arguments could be seen by everybody.
    let output = desk
        .command("encrypt-string alpha --vault-password-file one")
        .output();
    assert!(!output.expect("it runs").status.success());
}

#[test]
fn an_editor_changes_a_file_that_nobody_else_can_read() {
    let desk = Desk::new();
    desk.write("a.yaml", "alpha: 1\n");
    desk.run("encrypt a.yaml --vault-id x@one");
    let script = "case $1 in */a.yaml) ;; *) exit 1;; esac
        stat -c %a \"$1\" \"${1%/*}\" > seen; cp \"$1\" \"$1~\"; echo 'beta: 2' >> \"$1\"";
    let output = desk.edited("edit a.yaml --vault-id x@one", script);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(desk.read("seen"), "600\n700\n");
    assert_eq!(
        desk.run("view a.yaml --vault-id x@one"),
        "alpha: 1\nbeta: 2\n"
    );
    assert!(
        desk.read("a.yaml")
            .starts_with("$ANSIBLE_VAULT;1.2;AES256;x\n")
    );

    let before = desk.read("a.yaml");
    desk.edited("edit a.yaml --vault-id x@one", "true");
    assert_eq!(
        desk.read("a.yaml"),
        before,
        "what was not changed is not written"
    );
    let output = desk.edited("edit a.yaml --vault-id x@one", "echo lost > \"$1\"; exit 3");
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("failed (exit status: 3); nothing was changed"));
    assert_eq!(desk.read("a.yaml"), before);

    let output = desk.edited(
        "create new --vault-password-file one",
        "echo gamma > \"$1\"",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(desk.run("view new --vault-password-file one"), "gamma\n");
    assert_eq!(mode(&desk.path("new")), 0o600);
    let left: Vec<_> = fs::read_dir(desk.path("private"))
        .expect("a directory")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_signal_ends_the_editor_and_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.write("a", "alpha\n");
    desk.run("encrypt a --vault-password-file one");
    fs::create_dir_all(desk.path("private")).expect("a directory");
    let script = "kill -TERM $PPID; exec sleep 60";
    let output = desk.edited("edit a --vault-password-file one", script);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stderr).contains("nothing was changed"),
        "{}",
        text(&output.stderr)
    );
    let left: Vec<_> = fs::read_dir(desk.path("private"))
        .expect("a directory")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_file_of_age_is_edited_for_recipients_that_are_named() {
    let desk = Desk::new();
    desk.write("a", "alpha\n");
    desk.run(&format!("encrypt a --age-recipient {RECIPIENT}"));
    let refused = desk.edited("edit a --age-identity identity", "true");
    assert!(
        text(&refused.stderr).contains("does not say for whom"),
        "{}",
        text(&refused.stderr)
    );
    let arguments = format!("edit a --age-identity identity --age-recipient {RECIPIENT}");
    let output = desk.edited(&arguments, "echo beta > \"$1\"");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(desk.run("view a --age-identity identity"), "beta\n");
}
