//! Who runs a task on a host.

use crate::lab::{Lab, yaml};

#[test]
fn a_task_runs_as_the_user_that_it_becomes() {
    let lab = Lab::take();
    let book = yaml(
        "- hosts: all
  tasks:
    - {name: by the inventory, command: id -un, register: who, changed_when: false}
    - {name: not at all, command: id -un, register: who, changed_when: false, vars: {ansible_become: false}}
    - {name: another, command: id -un, register: who, changed_when: false, become_user: games}
",
    );
    let run = lab.provision(&[book.path().to_str().expect("UTF-8")]);
    run.assert_code(0);
    for (task, user) in [
        ("by the inventory", "root"),
        ("not at all", "ops"),
        ("another", "games"),
    ] {
        for host in &lab.hosts {
            assert_eq!(run.results(task)[host]["registered"]["stdout"], user);
        }
    }
}
