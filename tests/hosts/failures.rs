//! A host that fails or cannot be reached is reported, and holds up no other.

use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::lab::{Lab, known_hosts, yaml};

#[test]
fn a_host_that_is_off_is_reported_within_the_connect_limit_and_the_others_finish() {
    let lab = Lab::converged();
    let [first, second, off] = &lab.hosts;
    let _guard = lab.fault(off, "poweroff", "start");
    let site = [
        "playbooks/container_engine.yaml",
        "--extra-vars",
        "{ansible_timeout: 3}",
    ];

    let begin = Instant::now();
    let run = lab.provision(&site);
    // Far from the limit, for a busy machine; but a connection that nothing limits takes two minutes to give up.
    assert!(
        begin.elapsed() < Duration::from_secs(30),
        "it took {:?}",
        begin.elapsed()
    );
    run.assert_code(3);
    assert_eq!(run.recap(off, "unreachable"), true);
    for host in [first, second] {
        assert_eq!(run.recap(host, "unreachable"), false);
        assert_eq!(run.recap(host, "failed"), 0);
        assert!(
            run.tasks(host)
                .contains(&"the runtime uses the cgroup driver asked for".to_owned())
        );
    }

    let shown = lab.provision(&[&site[..], &["--output", "human"]].concat());
    shown.assert_code(3);
    let recap = shown.stdout.split_once("recap").expect("a recap").1;
    let line = recap
        .lines()
        .find(|line| line.contains(off.as_str()))
        .expect("a line of the host");
    assert!(line.contains("unreachable"), "{recap}");
}

#[test]
fn a_host_whose_task_fails_stops_and_the_others_go_on() {
    let lab = Lab::take();
    let [first, failing, third] = &lab.hosts;
    let book = yaml(&format!(
        "- hosts: all
  tasks:
    - name: fails on one
      command: test {{{{ inventory_hostname }}}} != {failing}
      changed_when: false
    - name: comes after it
      command: 'true'
      changed_when: false
"
    ));

    let run = lab.provision(&[book.path().to_str().expect("UTF-8")]);
    run.assert_code(2);
    assert_eq!(run.recap(failing, "failed"), 1);
    assert_eq!(run.tasks(failing), ["fails on one"]);
    for host in [first, third] {
        assert_eq!(run.recap(host, "failed"), 0);
        assert_eq!(run.tasks(host), ["fails on one", "comes after it"]);
    }
}

#[test]
fn a_host_with_another_key_than_the_known_one_is_refused() {
    let lab = Lab::take();
    let [first, second, third] = &lab.hosts;
    let book = yaml("- {hosts: all, tasks: [{name: task, command: 'true'}]}");
    let text = fs::read_to_string(known_hosts()).expect("the file of known hosts");
    let is_of = |line: &&str, host: &str| line.starts_with(&format!("{host},"));
    // Where the keys of the second host stood are now those of the first.
    let keys = text
        .lines()
        .filter(|line| is_of(line, first))
        .filter_map(|line| line.split_once(' '));
    let (second_names, _) = text
        .lines()
        .find(|line| is_of(line, second))
        .and_then(|line| line.split_once(' '))
        .expect("a key");
    let mut lines: Vec<_> = keys
        .map(|(_, key)| format!("{second_names} {key}"))
        .collect();
    let replaced = lines.len();
    lines.extend(
        text.lines()
            .filter(|line| !is_of(line, second))
            .map(str::to_owned),
    );
    let mut altered = NamedTempFile::new().expect("a temporary file");
    altered
        .write_all((lines.join("\n") + "\n").as_bytes())
        .expect("its text");
    let altered = altered.path().to_str().expect("UTF-8");

    let run = lab.provision(&[
        book.path().to_str().expect("UTF-8"),
        "--extra-vars",
        &format!("ansible_ssh_known_hosts_file={altered}"),
    ]);
    run.assert_code(3);
    assert_eq!(run.recap(second, "unreachable"), true);
    assert_eq!(run.tasks(first), ["task"]);
    assert_eq!(run.tasks(third), ["task"]);
    let places = (1..=replaced).map(|line| format!("{altered}:{line}"));
    assert!(
        places.into_iter().any(|place| run.stdout.contains(&place)),
        "{}",
        run.stdout
    );
}
