//! Which task runs when, and on which hosts after a failure.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use super::site::Site;

const TASKS: &str = "
- hosts: all
  tasks:
    - name: first
      shell: \"{% if n == 1 %}sleep 0.5; {% endif %}echo first >> {{ dir }}/log\"
    - name: second
      shell: echo second >> {{ dir }}/log
";

#[test]
fn a_change_waits_until_the_task_before_has_ended_everywhere() {
    let site = Site::new(3, TASKS);
    site.run(&[]).assert_code(0);
    let log = site.written("log").expect("a log");
    assert_eq!(log, "first\nfirst\nfirst\nsecond\nsecond\nsecond\n");
}

#[test]
fn thirty_hosts_all_do_everything() {
    let site = Site::new(30, TASKS);
    let told = site.run(&[]);
    told.assert_code(0);
    for number in 1..=30 {
        let tasks = told.tasks(&format!("h{number}"));
        assert_eq!(tasks, ["first: changed", "second: changed"]);
    }
}

const FAILS_ON_ONE: &str = "
- hosts: all
  tasks:
    - name: fails on h1
      command: test {{ n }} != 1
      changed_when: false
    - name: after
      command: touch {{ dir }}/{{ inventory_hostname }}
- hosts: all
  tasks:
    - name: next play
      debug: {msg: still here}
";

#[test]
fn a_failure_ends_its_own_host_only() {
    let site = Site::new(2, FAILS_ON_ONE);
    let told = site.run(&[]);
    told.assert_code(2);
    assert_eq!(told.tasks("h1"), ["fails on h1: failed"]);
    let others = ["fails on h1: ok", "after: changed", "next play: ok"];
    assert_eq!(told.tasks("h2"), others);
    assert!(site.exists("h2") && !site.exists("h1"));
}

#[test]
fn any_errors_fatal_ends_all_hosts_after_the_task_that_failed() {
    let playbook = FAILS_ON_ONE.replacen("hosts: all", "hosts: all\n  any_errors_fatal: true", 1);
    let site = Site::new(2, &playbook);
    let told = site.run(&[]);
    told.assert_code(2);
    assert_eq!(told.tasks("h1"), ["fails on h1: failed"]);
    assert_eq!(told.tasks("h2"), ["fails on h1: ok"]);
    assert!(!site.exists("h2"));
}

#[test]
fn tags_choose_tasks() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {name: one, debug: {msg: a}, tags: [a]}
    - {name: two, debug: {msg: b}, tags: [b, c]}
    - {name: three, debug: {msg: c}}
    - {name: four, debug: {msg: d}, tags: always}
    - {name: five, debug: {msg: e}, tags: [never, e]}
",
    );
    let names = |arguments: &[&str]| site.run(arguments).tasks("h1").join(" ");
    assert_eq!(names(&[]), "one: ok two: ok three: ok four: ok");
    assert_eq!(names(&["--tags", "a,e"]), "one: ok four: ok five: ok");
    assert_eq!(names(&["--skip-tags", "b"]), "one: ok three: ok four: ok");
}

#[test]
fn limit_leaves_other_hosts_alone() {
    let site = Site::new(3, TASKS);
    let told = site.run(&["--limit", "h2"]);
    told.assert_code(0);
    assert!(told.tasks("h1").is_empty() && told.tasks("h3").is_empty());
    assert_eq!(told.tasks("h2").len(), 2);
}

#[test]
fn an_interrupt_ends_the_run_and_says_so() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {name: begin, command: 'touch {{ dir }}/begun'}
    - {name: wait, command: sleep 30}
    - {name: never, command: 'touch {{ dir }}/never'}
",
    );
    let mut run = site
        .command(&[])
        .stdout(Stdio::null())
        .spawn()
        .expect("provision runs");
    while !site.exists("begun") {
        assert!(
            run.try_wait().expect("a status").is_none(),
            "it ended early"
        );
        sleep(Duration::from_millis(20));
    }
    let id = run.id().to_string();
    let status = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(status.expect("kill runs").success());
    assert_eq!(run.wait().expect("a status").code(), Some(130));
    assert!(!site.exists("never"));
}
