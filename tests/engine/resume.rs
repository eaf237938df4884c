//! What is kept of a run, and how another one goes on with it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::site::Site;

const FAILS_ON_H2: &str = "
- hosts: all
  tasks:
    - {name: learn, command: 'echo {{ n }}', register: learned, changed_when: false}
    - {name: change, shell: 'echo {{ inventory_hostname }} >> {{ dir }}/changes', notify: restart}
    - {name: needs a file, command: 'test {{ n }} != 2 -o -e {{ dir }}/there', changed_when: false}
    - {name: after, debug: {msg: 'learned {{ learned.stdout }}'}}
  handlers:
    - {name: restart, debug: {msg: restarted}}
- hosts: all
  tasks:
    - {name: second play, debug: {msg: here}}
";

#[test]
fn a_host_goes_on_at_the_task_that_failed_with_what_it_knew() {
    let site = Site::new(3, FAILS_ON_H2);
    site.run(&[]).assert_code(2);
    let again = site.run(&["--resume"]);
    again.assert_code(2);
    assert_eq!(again.tasks("h2"), ["needs a file: failed"]);
    assert!(again.tasks("h1").is_empty(), "h1 came to the end");
    let site = site.with("out/there", "");
    let told = site.run(&["--resume"]);
    told.assert_code(0);
    let expected = [
        "needs a file: ok",
        "after: ok",
        "restart: ok",
        "second play: ok",
    ];
    assert_eq!(told.tasks("h2"), expected);
    assert!(told.stdout.contains("learned 2"));
    assert_eq!(site.written("changes").expect("a log").lines().count(), 3);
    let nothing = site.run(&["--resume"]);
    nothing.assert_code(4);
    assert!(
        nothing.stderr.contains("nothing to go on with"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn an_edited_playbook_is_gone_on_with_as_long_as_the_task_keeps_its_name() {
    let site = Site::new(2, FAILS_ON_H2);
    site.run(&[]).assert_code(2);
    let mended = FAILS_ON_H2
        .replace("test {{ n }} != 2 -o -e {{ dir }}/there", "true")
        .replace(
            "  tasks:\n    - {name: learn",
            "  tasks:\n    - {name: new, debug: {msg: x}}\n    - {name: learn",
        );
    let site = site.with("site.yaml", &mended);
    let told = site.run(&["--resume"]);
    told.assert_code(0);
    assert_eq!(told.tasks("h2")[0], "needs a file: ok");
}

#[test]
fn hosts_that_a_failure_elsewhere_ended_go_on_too() {
    let fatal = FAILS_ON_H2.replacen("hosts: all", "hosts: all\n  any_errors_fatal: true", 1);
    let site = Site::new(2, &fatal);
    site.run(&[]).assert_code(2);
    let site = site.with("out/there", "");
    let told = site.run(&["--resume"]);
    told.assert_code(0);
    assert_eq!(
        told.tasks("h1"),
        ["after: ok", "restart: ok", "second play: ok"]
    );
    assert_eq!(told.tasks("h2")[0], "needs a file: ok");
}

#[test]
fn what_no_record_may_hold_is_found_out_again() {
    let hidden = FAILS_ON_H2.replace("register: learned,", "register: learned, no_log: true,");
    let site = Site::new(2, &hidden);
    site.run(&[]).assert_code(2);
    let site = site.with("out/there", "");
    let told = site.run(&["--resume"]);
    told.assert_code(0);
    assert_eq!(told.tasks("h2")[0], "learn: ok");
}

#[test]
fn what_run_once_learns_in_secret_is_recorded_of_no_host() {
    let site = Site::new(
        2,
        "
- hosts: all
  tasks:
    - {name: learn, command: 'printf %s%s s3c r3t', register: learned, run_once: true, no_log: true, changed_when: false}
    - {name: fail, command: 'test {{ learned.stdout | length }} = 0', changed_when: false}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    assert!(told.stdout.contains("host_stopped"), "{}", told.stdout);
    assert!(!told.stdout.contains("s3cr3t"), "{}", told.stdout);
    let runs = site.path(".local/state/provision/runs");
    let records: Vec<_> = fs::read_dir(&runs)
        .expect("a directory")
        .flatten()
        .collect();
    assert_eq!(records.len(), 1);
    let record = fs::read_to_string(records[0].path()).expect("a record");
    assert!(
        record.contains("host_stopped") && !record.contains("s3cr3t"),
        "{record}"
    );
}

#[test]
fn a_record_is_the_users_alone() {
    let site = Site::new(1, FAILS_ON_H2);
    site.run(&[]).assert_code(0);
    let runs = site.path(".local/state/provision/runs");
    let mode = fs::metadata(&runs)
        .expect("a directory")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let records: Vec<_> = fs::read_dir(&runs)
        .expect("a directory")
        .flatten()
        .collect();
    assert_eq!(records.len(), 1);
    let mode = records[0].metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    site.run(&["--no-record"]).assert_code(0);
    assert_eq!(fs::read_dir(&runs).expect("a directory").count(), 1);
}

#[test]
fn a_run_can_be_limited_to_the_hosts_that_failed() {
    let site = Site::new(3, FAILS_ON_H2);
    site.run(&[]).assert_code(2);
    let told = site.run(&["--limit", "@failed"]);
    told.assert_code(2);
    assert!(told.tasks("h1").is_empty());
    assert_eq!(told.tasks("h2").len(), 3);
    let site = site.with("hosts.txt", "h1\nh3\n");
    let told = site.run(&["--limit", "@hosts.txt"]);
    told.assert_code(0);
    assert!(told.tasks("h2").is_empty() && !told.tasks("h3").is_empty());
}

#[test]
fn a_run_can_start_at_a_task() {
    let site = Site::new(2, FAILS_ON_H2);
    let told = site.run(&["--start-at-task", "second play"]);
    told.assert_code(0);
    assert_eq!(told.tasks("h2"), ["second play: ok"]);
    let told = site.run(&["--start-at-task", "needs a file"]);
    told.assert_code(2);
    assert_eq!(told.tasks("h2"), ["needs a file: failed"]);
    site.run(&["--start-at-task", "nowhere"]).assert_code(4);
}

#[test]
fn asking_before_each_task_needs_somebody_to_ask() {
    let site = Site::new(1, FAILS_ON_H2);
    let told = site.run(&["--step"]);
    told.assert_code(4);
    assert!(told.stderr.contains("needs a terminal"), "{}", told.stderr);
}

const ASKS: &str = "
- hosts: all
  vars_prompt:
    - {name: size, prompt: how many, default: 3, private: false}
    - {name: password, prompt: the password}
  tasks:
    - {name: told, debug: {msg: 'size {{ size }}'}}
    - {name: hidden, debug: {msg: 'it is {{ password }}'}}
";

#[test]
fn prompts_have_defaults_and_can_be_answered_on_the_command_line() {
    let site = Site::new(1, ASKS);
    let nobody = site.run(&[]);
    nobody.assert_code(4);
    assert!(
        nobody.stderr.contains("`-e password=...`"),
        "{}",
        nobody.stderr
    );
    let told = site.run(&["-e", "password=pass-word"]);
    told.assert_code(0);
    assert!(told.stdout.contains("size 3"));
}

const ROLE: &[(&str, &str)] = &[
    (
        "roles/web/meta/args.yaml",
        "port: {type: integer, required: true, doc: where it listens}\n\
         names: {type: list, elements: string}\n\
         level: {type: string, choices: [low, high], default: low}\n\
         tls: {type: mapping, entries: {cert: {type: path, required: true}}}\n",
    ),
    (
        "roles/web/tasks/main.yaml",
        "- debug: {msg: 'port {{ port }} {{ level }}'}\n",
    ),
];

fn with_role(playbook: &str) -> Site {
    let site = Site::new(2, playbook);
    ROLE.iter()
        .fold(site, |site, (name, text)| site.with(name, text))
}

#[test]
fn arguments_of_a_role_are_checked_for_each_host_before_anything_runs() {
    let site = with_role(
        "
- hosts: all
  tasks:
    - {name: before, shell: 'touch {{ dir }}/touched'}
- hosts: all
  roles:
    - role: web
      vars: {port: '{{ 80 if n == 1 else \"many\" }}', names: [a, 1], level: medium, tls: {crt: /x}}
",
    );
    let told = site.run(&[]);
    told.assert_code(4);
    assert!(!site.exists("touched"), "nothing has run");
    for expected in [
        "`port` must be a whole number, and is the string `many`",
        "= note: on h2\n",
        "`names[1]` must be a string, and is the number `1`",
        "`level` must be one of \"low\", \"high\", and is \"medium\"",
        "`tls.crt` is not known; did you mean `cert`?",
        "= note: on h1, h2",
    ] {
        assert!(
            told.stderr.contains(expected),
            "{expected}\n{}",
            told.stderr
        );
    }
}

#[test]
fn arguments_that_depend_on_facts_are_checked_when_the_role_begins() {
    let site = with_role(
        "
- hosts: all
  roles:
    - role: web
      vars: {port: '{{ facts.os.id }}'}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    assert_eq!(told.tasks("h1"), ["arguments of the role: failed"]);
    let site = with_role(
        "
- hosts: all
  roles:
    - role: web
      vars: {port: 80}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    assert!(told.stdout.contains("port 80 low"), "the default counts");
}
