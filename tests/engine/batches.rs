//! `serial`, `max_fail_percentage`, `order`. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn batches_of_a_number_and_a_percentage() {
    let marks = play(
        6,
        r#"
- hosts: all
  gather_facts: false
  serial: [1, "50%", 1]
  tasks:
    - {mark: a}
    - {mark: b}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 a | h1 b | h2 a | h3 a | h4 a | h2 b | h3 b | h4 b | h5 a | h5 b | h6 a | h6 b | h1 p2 | h2 p2 | h3 p2 | h4 p2 | h5 p2 | h6 p2");
    marks.tasks("h1", "a:changed b:changed p2:changed");
    marks.tasks("h2", "a:changed b:changed p2:changed");
    marks.tasks("h3", "a:changed b:changed p2:changed");
    marks.tasks("h4", "a:changed b:changed p2:changed");
    marks.tasks("h5", "a:changed b:changed p2:changed");
    marks.tasks("h6", "a:changed b:changed p2:changed");
}

#[test]
fn a_batch_of_which_all_hosts_fail_ends_the_run() {
    let marks = play(
        5,
        r"
- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - {mark: a}
    - {name: f, log: 'f', failed_when: 'n in [3, 4]'}
    - {mark: b}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.log("h1 a | h2 a | h1 f | h2 f | h1 b | h2 b | h3 a | h4 a | h3 f | h4 f");
    marks.tasks("h1", "a:changed f:changed b:changed");
    marks.tasks("h2", "a:changed f:changed b:changed");
    marks.tasks("h3", "a:changed f:failed");
    marks.tasks("h4", "a:changed f:failed");
}

#[test]
fn more_failures_than_max_fail_percentage_end_the_run() {
    let marks = play(
        6,
        r"
- hosts: all
  gather_facts: false
  serial: 3
  max_fail_percentage: 40
  tasks:
    - {name: f, log: 'f', failed_when: 'n in [1, 4, 5]'}
    - {mark: b}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.log("h1 f | h2 f | h3 f | h2 b | h3 b | h4 f | h5 f | h6 f");
    marks.tasks("h1", "f:failed");
    marks.tasks("h2", "f:changed b:changed");
    marks.tasks("h3", "f:changed b:changed");
    marks.tasks("h4", "f:failed");
    marks.tasks("h5", "f:failed");
    marks.tasks("h6", "f:changed");
}

#[test]
fn a_rescued_failure_does_not_count_for_max_fail_percentage() {
    let marks = play(
        4,
        r"
- hosts: all
  gather_facts: false
  max_fail_percentage: 49
  tasks:
    - {name: f, log: 'f', failed_when: 'n in [1]'}
    - block:
        - {name: g, log: 'g', failed_when: 'n in [2]'}
      rescue:
        - {mark: r}
    - {name: h, log: 'h', failed_when: 'n in [2]'}
    - {mark: b}
",
        &[],
    );
    marks.code(2);
    marks.log("h1 f | h2 f | h3 f | h4 f | h2 g | h3 g | h4 g | h2 r | h2 h | h3 h | h4 h");
    marks.tasks("h1", "f:failed");
    marks.tasks("h2", "f:changed g:rescued r:changed h:failed");
    marks.tasks("h3", "f:changed g:changed h:changed");
    marks.tasks("h4", "f:changed g:changed h:changed");
}

#[test]
fn run_once_runs_once_in_each_batch() {
    let marks = play(
        4,
        r#"
- hosts: all
  gather_facts: false
  serial: 2
  order: reverse_inventory
  tasks:
    - {name: once, log: 'once', run_once: true, register: x}
    - {name: say, debug: {msg: "{{ x.rc }} {{ ansible_play_batch | join(sep=',') }} {{ ansible_play_hosts | length }} {{ ansible_play_hosts_all | length }}"}}
"#,
        &[],
    );
    marks.code(0);
    marks.log("h2 once | h4 once");
    marks.tasks("h1", "say:ok");
    marks.said("h1", &["0 h2,h1 4 4"]);
    marks.tasks("h2", "once:changed say:ok");
    marks.said("h2", &["0 h2,h1 4 4"]);
    marks.tasks("h3", "say:ok");
    marks.said("h3", &["0 h4,h3 4 4"]);
    marks.tasks("h4", "once:changed say:ok");
    marks.said("h4", &["0 h4,h3 4 4"]);
}

#[test]
fn the_variables_about_hosts_leave_out_those_that_have_failed() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - {name: f, fail: {msg: x}, when: n == 1}
    - {name: say, debug: {msg: "{{ ansible_play_batch | length }} {{ play_hosts | length }} {{ ansible_play_hosts | length }} {{ ansible_play_hosts_all | length }} {{ ansible_play_name }}"}}
"#,
        &[],
    );
    marks.code(2);
    marks.tasks("h1", "f:failed");
    marks.tasks("h2", "f:skipped say:ok");
    marks.said("h2", &["1 1 2 3 all"]);
    marks.tasks("h3", "f:skipped say:ok");
    marks.said("h3", &["1 1 2 3 all"]);
}

#[test]
fn the_order_of_hosts_decides_the_batches() {
    let marks = play(
        4,
        r#"
- hosts: h2,h4,h1
  order: reverse_sorted
  gather_facts: false
  serial: 1
  tasks: [{mark: a}]
- hosts: all:!h3
  order: inventory
  gather_facts: false
  serial: "30%"
  tasks: [{mark: b}]
- hosts: h3,h1
  gather_facts: false
  serial: 1
  tasks: [{mark: c}]
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 a | h2 a | h4 a | h1 b | h2 b | h4 b | h1 c | h3 c");
    marks.tasks("h1", "a:changed b:changed c:changed");
    marks.tasks("h2", "a:changed b:changed");
    marks.tasks("h3", "c:changed");
    marks.tasks("h4", "a:changed b:changed");
}
