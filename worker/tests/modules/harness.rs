//! The harness itself notices what it is there to notice.

use provision_worker::host::{Host, NoContents, Program};

use crate::support::{Scripted, Tree, exits, file, own_gid, own_uid, says};

/// A host whose only program is `touch`.
fn host(tree: &Tree, may_write: bool) -> Host {
    let programs = Scripted::new()
        .reads("uname", |_| says("Linux\n"))
        .writes("touch", |root| {
            root.write("/etc/touched", "");
            exits(3, "no")
        })
        .missing("dpkg");
    let programs = programs.alone(tree, may_write);
    Host::new(tree.root(), Box::new(programs), Box::new(NoContents))
}

#[test]
fn a_program_answers_as_scripted() {
    let tree = Tree::grow(&[]);
    let answer = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next().expect("a word");
        host(&tree, true).query(&Program::new(name).args(words))
    };
    assert_eq!(answer("uname -r").expect("it runs").stdout(), "Linux\n");
    assert_eq!(answer("touch x").expect("it runs").rc, 3);
    assert!(tree.root().join("etc/touched").exists());
    let failure = answer("dpkg -l").expect_err("it is missing");
    assert_eq!(failure.message, "`dpkg` is not installed");
}

#[test]
#[should_panic(expected = "planning ran `touch`, which may change the host")]
fn a_writing_program_in_a_plan_is_noticed() {
    let tree = Tree::grow(&[]);
    let _ = host(&tree, false).query(&Program::new("touch"));
}

#[test]
#[should_panic(expected = "the case says nothing about the program `unamex`")]
fn a_program_that_is_not_scripted_is_noticed() {
    let tree = Tree::grow(&[]);
    let _ = host(&tree, true).query(&Program::new("unamex"));
}

#[test]
#[should_panic(expected = "planning must not write")]
fn writing_the_same_again_is_noticed() {
    let tree = Tree::grow(&[file("/etc/motd", "hello")]);
    let before = tree.look();
    std::fs::write(tree.root().join("etc/motd"), "hello").expect("it can be written");
    tree.assert_untouched_since(&before);
}

#[test]
#[should_panic(expected = "the host's files")]
fn a_file_left_behind_is_noticed() {
    let tree = Tree::grow(&[file("/etc/motd", "hello").owner(own_uid(), own_gid())]);
    std::fs::write(tree.root().join("etc/.motd.new"), "hello").expect("it can be written");
    tree.assert_is(&[], &[]);
}

#[test]
#[should_panic(expected = "the host's files")]
fn a_wrong_mode_is_noticed() {
    let tree = Tree::grow(&[file("/etc/motd", "hello").mode(0o600)]);
    tree.assert_is(&[file("/etc/motd", "hello").mode(0o644)], &[]);
}
