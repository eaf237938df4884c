//! When handlers run.

use super::site::Site;

const PLAYBOOK: &str = "
- hosts: all
  pre_tasks:
    - {name: before, shell: 'echo before >> {{ dir }}/log', notify: restart}
  tasks:
    - {name: no change, command: 'true', changed_when: false, notify: unused}
    - {name: one, shell: 'echo one >> {{ dir }}/log', notify: restart}
    - {name: two, shell: 'echo two >> {{ dir }}/log', notify: [restart, everybody]}
    - meta: flush_handlers
    - {name: three, shell: 'echo three >> {{ dir }}/log'}
  handlers:
    - {name: unused, shell: 'echo unused >> {{ dir }}/log'}
    - {name: restart, shell: 'echo restart >> {{ dir }}/log', notify: last}
    - {name: listener, listen: everybody, shell: 'echo listener >> {{ dir }}/log'}
    - {name: last, shell: 'echo last >> {{ dir }}/log'}
";

#[test]
fn a_notified_handler_runs_once_at_the_end_of_the_section_or_at_a_flush() {
    let site = Site::new(1, PLAYBOOK);
    site.run(&[]).assert_code(0);
    let log = site.written("log").expect("a log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(
        lines,
        [
            "before", "restart", "last", "one", "two", "restart", "listener", "last", "three"
        ]
    );
}

#[test]
fn a_handler_runs_only_on_the_host_that_changed() {
    let site = Site::new(
        2,
        "
- hosts: all
  tasks:
    - {name: change, command: 'true', changed_when: n == 2, notify: restart}
  handlers:
    - {name: restart, command: 'touch {{ dir }}/{{ inventory_hostname }}'}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    assert_eq!(told.tasks("h1"), ["change: ok"]);
    assert_eq!(told.tasks("h2"), ["change: changed", "restart: changed"]);
    assert!(site.exists("h2") && !site.exists("h1"));
}
