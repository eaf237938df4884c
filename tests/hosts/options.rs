//! Options that choose hosts and tasks, and set variables.

use crate::lab::{Lab, accepted_connections, yaml};

const BOOK: &str = "- hosts: all
  vars: {word: plain}
  tasks:
    - {name: first, command: 'echo {{ word }}', register: said, changed_when: false, tags: one}
    - {name: second, command: 'true', changed_when: false, tags: two}
";

#[test]
fn limit_leaves_other_hosts_alone() {
    let lab = Lab::take();
    let [first, second, third] = &lab.hosts;
    let before = accepted_connections(second);
    let book = yaml(BOOK);
    let run = lab.provision(&[
        book.path().to_str().expect("UTF-8"),
        "--limit",
        &format!("{first}:{third}"),
    ]);
    run.assert_code(0);
    assert_eq!(run.hosts(), [first.clone(), third.clone()]);
    assert_eq!(accepted_connections(second), before);
}

#[test]
fn tags_choose_tasks() {
    let lab = Lab::take();
    let book = yaml(BOOK);
    let path = book.path().to_str().expect("UTF-8");
    for (option, value, ran) in [("--tags", "two", "second"), ("--skip-tags", "two", "first")] {
        let run = lab.provision(&[path, option, value]);
        run.assert_code(0);
        for host in &lab.hosts {
            assert_eq!(run.tasks(host), [ran]);
        }
    }
}

#[test]
fn extra_variables_win() {
    let lab = Lab::take();
    let book = yaml(BOOK);
    let run = lab.provision(&[book.path().to_str().expect("UTF-8"), "-e", "word=extra"]);
    run.assert_code(0);
    for host in &lab.hosts {
        assert_eq!(run.results("first")[host]["registered"]["stdout"], "extra");
    }
}
