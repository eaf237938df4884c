//! `command`, `shell` and `raw` run what they are told to, and say that nobody knows what it does.

use provision_worker::host::ProgramOutput;
use serde_json::json;

use crate::support::{Case, Scripted, exits, file, says};

#[test]
fn a_program_is_run_as_words() {
    let ran = Case::new("command", json!({"cmd": "echo 'a  b' $HOME"}))
        .programs(Scripted::new().writes("echo", |_| says("a  b $HOME\n\n")))
        .changes(["command `echo 'a  b' $HOME`"])
        .unpredictable()
        .run();
    assert_eq!(ran.programs[0].argv, ["echo", "a  b", "$HOME"]);
    assert_eq!(ran.applied["stdout"], "a  b $HOME");
    assert_eq!(ran.applied["stdout_lines"], json!(["a  b $HOME"]));
    assert_eq!(ran.applied["rc"], 0);
    assert!(!ran.checked.contains_key("stdout"));
}

#[test]
fn the_end_of_the_output_can_be_kept() {
    let ran = Case::new(
        "command",
        json!({"argv": ["date"], "strip_empty_ends": false}),
    )
    .programs(Scripted::new().writes("date", |_| says("now\n\n")))
    .changes(["command `date`"])
    .unpredictable()
    .run();
    assert_eq!(ran.applied["stdout"], "now\n\n");
}

#[test]
fn directory_and_input_are_handed_on() {
    let args = json!({"cmd": "kubectl apply -f -", "chdir": "/root", "stdin": "kind: Pod"});
    let ran = Case::new("command", args)
        .programs(Scripted::new().writes("kubectl", |_| says("")))
        .changes(["command `kubectl apply -f -`"])
        .unpredictable()
        .run();
    assert_eq!(ran.programs[0].directory.as_deref(), Some("/root".as_ref()));
    assert_eq!(ran.programs[0].stdin, b"kind: Pod\n");
}

#[test]
fn nothing_is_run_where_the_result_exists() {
    let args = json!({"cmd": "kubeadm init", "creates": "/etc/kubernetes/admin.conf"});
    let ran = Case::new("command", args)
        .before([file("/etc/kubernetes/admin.conf", "")])
        .run();
    assert_eq!(ran.applied["rc"], 0);
    assert_eq!(ran.applied["stdout_lines"], json!([]));
    assert_eq!(ran.applied["msg"], "/etc/kubernetes/admin.conf exists");
}

#[test]
fn nothing_is_run_where_there_is_nothing_to_remove() {
    let ran = Case::new("shell", json!({"cmd": "rm /tmp/x", "removes": "/tmp/x"})).run();
    assert_eq!(ran.applied["msg"], "/tmp/x does not exist");
    Case::new("shell", json!({"cmd": "rm /tmp/x", "removes": "/tmp/x"}))
        .before([file("/tmp/x", "")])
        .programs(Scripted::new().writes("/bin/sh -c rm /tmp/x", |root| {
            root.remove("/tmp/x");
            says("")
        }))
        .changes(["command `rm /tmp/x`"])
        .gone(["/tmp/x"])
        .unpredictable()
        .run();
}

#[test]
fn an_exit_status_other_than_0_is_a_failure_with_output() {
    let failing = Scripted::new().writes("false", |_| ProgramOutput {
        stdout: b"so far".into(),
        ..exits(7, "it broke\n")
    });
    let failure = Case::new("command", json!({"cmd": "false"}))
        .programs(failing)
        .apply_fails();
    assert_eq!(failure.message, "`false` exited with 7: it broke");
    assert_eq!(failure.output["rc"], 7);
    assert_eq!(failure.output["stdout"], "so far");
    assert_eq!(failure.output["cmd"], "false");
}

#[test]
fn a_missing_program_is_named() {
    let failure = Case::new("command", json!({"cmd": "crictl pods"}))
        .programs(Scripted::new().missing("crictl"))
        .apply_fails();
    assert_eq!(failure.message, "`crictl` is not installed");
}

#[test]
fn a_script_is_given_to_the_shell_whole() {
    let script = "set -e\necho $HOME | wc -c";
    for module in ["shell", "raw"] {
        let ran = Case::new(module, json!({"cmd": script, "executable": "/bin/bash"}))
            .programs(Scripted::new().writes("/bin/bash -c", |_| says("")))
            .changes(["command `set -e…`"])
            .unpredictable()
            .run();
        assert_eq!(ran.programs[0].argv, ["/bin/bash", "-c", script]);
    }
}
