//! `any_errors_fatal`: a failure on one host is one on all. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn all_hosts_go_to_rescue_after_a_fatal_failure() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - block:
        - {bad1: b}
        - {mark: c}
      rescue:
        - {mark: r}
      always:
        - {mark: al}
    - {mark: d}
    - {bad2: e}
    - {mark: f}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.log("h1 b | h2 b | h3 b | h1 r | h2 r | h3 r | h1 al | h2 al | h3 al | h1 d | h2 d | h3 d | h1 e | h2 e | h3 e");
    marks.tasks("h1", "b:rescued r:changed al:changed d:changed e:changed");
    marks.tasks("h2", "b:changed r:changed al:changed d:changed e:failed");
    marks.tasks("h3", "b:changed r:changed al:changed d:changed e:changed");
}

#[test]
fn all_hosts_run_always_after_a_fatal_failure() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - {bad1: b, any_errors_fatal: true}
        - {mark: c}
      always:
        - {mark: al}
    - {mark: d}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.log("h1 b | h2 b | h3 b | h1 al | h2 al | h3 al");
    marks.tasks("h1", "b:failed al:changed");
    marks.tasks("h2", "b:changed al:changed");
    marks.tasks("h3", "b:changed al:changed");
}

#[test]
fn a_fatal_failure_in_rescue_ends_all_hosts() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - {bad1: b}
      rescue:
        - {bad: r}
      any_errors_fatal: true
    - {mark: d}
",
        &[],
    );
    marks.code(2);
    marks.log("h1 b | h2 b | h3 b | h1 r | h2 r | h3 r");
    marks.tasks("h1", "b:rescued r:failed");
    marks.tasks("h2", "b:changed r:failed");
    marks.tasks("h3", "b:changed r:failed");
}

#[test]
fn a_fatal_failure_ends_the_batches_that_follow_unless_it_is_rescued() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - block:
        - {bad1: b, any_errors_fatal: true}
        - {name: ok1, command: "true", changed_when: false}
      rescue:
        - {mark: r}
    - {name: okend, debug: {msg: x}}
    - {mark: c}
    - {bad2: last, any_errors_fatal: true}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
"#,
        &[],
    );
    marks.code(2);
    marks.log("h1 b | h2 b | h1 r | h2 r | h1 c | h2 c | h1 last | h2 last");
    marks.tasks("h1", "b:rescued r:changed okend:ok c:changed last:changed");
    marks.tasks("h2", "b:changed r:changed okend:ok c:changed last:failed");
}
