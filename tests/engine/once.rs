//! `run_once`. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn what_run_once_learns_is_known_on_all_hosts() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: a, run_once: true, register: x}
    - {name: say, debug: {msg: "{{ x.rc }}"}}
    - {mark: sk, run_once: true, when: n == 2, register: y}
    - {name: say2, debug: {msg: "{{ y is skipped }}"}}
    - {mark: de, run_once: true, delegate_to: h3, register: z}
    - {name: say3, debug: {msg: "{{ z is changed }}"}}
    - {name: sf, set_fact: {v: "{{ inventory_hostname }}"}, run_once: true}
    - {name: say4, debug: {msg: "{{ v }}"}}
    - {name: ig, shell: exit 1, run_once: true, ignore_errors: true, register: q}
    - {name: say5, debug: {msg: "{{ q is failed }}"}}
    - block:
        - {bad: bf, run_once: true}
      rescue:
        - {mark: resc}
    - {bad: f, run_once: true}
    - {mark: notreached}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
"#,
        &[],
    );
    // In Ansible a failure under `run_once` is rescued on the first host only.
    marks.code(2);
    marks.log("h1 a | h1 de | h1 bf | h1 resc | h2 resc | h3 resc | h1 f");
    marks.tasks("h1", "a:changed say:ok sk:skipped say2:ok de:changed say3:ok sf:ok say4:ok ig:ignored say5:ok bf:rescued resc:changed f:failed");
    marks.said("h1", &["0", "true", "true", "h1", "true"]);
    marks.tasks("h2", "say:ok say2:ok say3:ok say4:ok say5:ok resc:changed");
    marks.said("h2", &["0", "true", "true", "h1", "true"]);
    marks.tasks("h3", "say:ok say2:ok say3:ok say4:ok say5:ok resc:changed");
    marks.said("h3", &["0", "true", "true", "h1", "true"]);
}

#[test]
fn run_once_takes_the_first_host_that_is_left() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {bad1: f}
    - {mark: a, run_once: true}
    - block:
        - {mark: b}
        - {mark: c, loop: [1, 2]}
      run_once: true
    - include_tasks: {file: i.yaml}
      run_once: true
    - {mark: d}
",
        &[(
            "i.yaml",
            r"- {mark: i1}
",
        )],
    );
    marks.code(2);
    marks.log("h1 f | h2 f | h3 f | h2 a | h2 b | h2 c | h2 c | h2 i1 | h2 d | h3 d");
    marks.tasks("h1", "f:failed");
    marks.tasks(
        "h2",
        "f:changed a:changed b:changed c:changed include_tasks i.yaml:ok i1:changed d:changed",
    );
    marks.tasks("h3", "f:changed d:changed");
}

#[test]
fn a_failure_under_run_once_ends_all_hosts() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {bad: z, run_once: true}
    - {mark: d}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.log("h1 z");
    marks.tasks("h1", "z:failed");
}
