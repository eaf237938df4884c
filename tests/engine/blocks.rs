//! What becomes of a failure in `block`, `rescue` and `always`. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn a_failure_in_a_body_is_rescued_and_always_runs_for_all() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: a}
    - block:
        - {bad1: b}
        - {mark: c}
      rescue:
        - {mark: r1}
        - {name: say, debug: {msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.rc }}"}}
      always:
        - {mark: al}
    - {mark: d}
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 a | h2 a | h3 a | h1 b | h2 b | h3 b | h2 c | h3 c | h1 r1 | h1 al | h2 al | h3 al | h1 d | h2 d | h3 d");
    marks.tasks(
        "h1",
        "a:changed b:rescued r1:changed say:ok al:changed d:changed",
    );
    marks.said("h1", &["b 1"]);
    marks.tasks("h2", "a:changed b:changed c:changed al:changed d:changed");
    marks.tasks("h3", "a:changed b:changed c:changed al:changed d:changed");
}

#[test]
fn a_failure_in_rescue_is_rescued_by_the_block_around() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - block:
            - {bad1: b1}
            - {mark: c1}
          rescue:
            - {mark: r1}
            - {bad: r1x}
            - {mark: r1y}
          always:
            - {mark: a1}
        - {mark: c2}
      rescue:
        - {mark: r2}
        - {name: say, debug: {msg: "{{ ansible_failed_task.name }}"}}
      always:
        - {mark: a2}
    - {mark: d}
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 b1 | h2 b1 | h3 b1 | h2 c1 | h3 c1 | h1 r1 | h1 r1x | h1 a1 | h2 a1 | h3 a1 | h2 c2 | h3 c2 | h1 r2 | h1 a2 | h2 a2 | h3 a2 | h1 d | h2 d | h3 d");
    marks.tasks(
        "h1",
        "b1:rescued r1:changed r1x:rescued a1:changed r2:changed say:ok a2:changed d:changed",
    );
    marks.said("h1", &["r1x"]);
    marks.tasks(
        "h2",
        "b1:changed c1:changed a1:changed c2:changed a2:changed d:changed",
    );
    marks.tasks(
        "h3",
        "b1:changed c1:changed a1:changed c2:changed a2:changed d:changed",
    );
}

#[test]
fn a_failure_in_always_ends_the_host() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - {mark: b}
      always:
        - {bad1: a}
        - {mark: a2}
    - block:
        - {bad2: b2}
      always:
        - {mark: a3}
    - {mark: d}
- hosts: all
  gather_facts: false
  tasks:
    - {mark: p2}
",
        &[],
    );
    marks.code(2);
    marks.log("h1 b | h2 b | h3 b | h1 a | h2 a | h3 a | h2 a2 | h3 a2 | h2 b2 | h3 b2 | h2 a3 | h3 a3 | h3 d | h3 p2");
    marks.tasks("h1", "b:changed a:failed");
    marks.tasks("h2", "b:changed a:changed a2:changed b2:failed a3:changed");
    marks.tasks(
        "h3",
        "b:changed a:changed a2:changed b2:changed a3:changed d:changed p2:changed",
    );
}

#[test]
fn what_is_ignored_inside_a_block_is_not_rescued() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - {bad: ign, ignore_errors: true}
        - {mark: c}
        - {bad1: f}
      rescue:
        - {bad: rign, ignore_errors: true}
        - {mark: r}
      always:
        - {name: say, debug: {msg: "{{ ansible_failed_task is defined }}"}}
    - name: blk
      ignore_errors: true
      block:
        - {bad: x1}
        - {mark: x2}
      rescue:
        - {mark: xr}
    - {name: say2, debug: {msg: "{{ ansible_failed_task is defined }}"}}
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 ign | h2 ign | h1 c | h2 c | h1 f | h2 f | h1 rign | h1 r | h1 x1 | h2 x1 | h1 x2 | h2 x2");
    marks.tasks("h1", "ign:ignored c:changed f:rescued rign:ignored r:changed say:ok x1:ignored x2:changed say2:ok");
    marks.said("h1", &["true", "true"]);
    marks.tasks(
        "h2",
        "ign:ignored c:changed f:changed say:ok x1:ignored x2:changed say2:ok",
    );
    marks.said("h2", &["false", "false"]);
}

#[test]
fn always_runs_before_the_rescue_of_the_block_around() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - block:
            - {bad1: b}
          always:
            - {mark: a1}
            - block:
                - {bad: ab}
              rescue:
                - {mark: ar}
        - {mark: notreached}
      rescue:
        - {mark: r}
    - block:
        - block:
            - {bad: q}
          always:
            - {bad: qa}
      rescue:
        - {name: say, debug: {msg: "{{ ansible_failed_task.name }}"}}
    - block:
        - {name: f, fail: {msg: one}, when: n == 1}
        - {mark: z}
      rescue:
        - {name: say2, debug: {msg: "{{ ansible_failed_result.msg }}"}}
      when: n < 3
    - {mark: d}
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 b | h2 b | h1 a1 | h2 a1 | h1 ab | h2 ab | h1 ar | h2 ar | h2 notreached | h1 r | h1 q | h2 q | h1 qa | h2 qa | h2 z | h1 d | h2 d");
    marks.tasks("h1", "b:rescued a1:changed ab:rescued ar:changed r:changed q:rescued qa:rescued say:ok f:rescued say2:ok d:changed");
    marks.said("h1", &["qa", "one"]);
    marks.tasks("h2", "b:changed a1:changed ab:rescued ar:changed notreached:changed q:rescued qa:rescued say:ok f:skipped z:changed d:changed");
    marks.said("h2", &["qa"]);
}

#[test]
fn rescue_sees_the_results_of_a_loop_and_of_a_broken_template() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  vars: {m: {a: 1}}
  tasks:
    - block:
        - {name: undef, debug: {msg: "{{ m.b }}"}}
      rescue:
        - {mark: r}
    - block:
        - {mark: l, loop: [1, 2, 3], failed_when: item == 2}
      rescue:
        - {name: say, debug: {msg: "{{ ansible_failed_result.results | length }} {{ ansible_failed_result.results[1].item }}"}}
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 r | h2 r | h1 l | h1 l | h1 l | h2 l | h2 l | h2 l");
    marks.tasks("h1", "undef:rescued r:changed l:rescued say:ok");
    marks.said("h1", &["3 2"]);
    marks.tasks("h2", "undef:rescued r:changed l:rescued say:ok");
    marks.said("h2", &["3 2"]);
}

#[test]
fn hosts_in_different_parts_of_a_block_wait_for_each_other() {
    let marks = play(
        4,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: a, when: n != 2}
    - {bad3: b}
    - block:
        - {mark: c}
        - block:
            - {bad1: d}
            - {mark: e}
          rescue:
            - {mark: f}
            - {bad1: g}
          always:
            - {mark: h}
        - {mark: i}
      rescue:
        - {mark: j}
    - {mark: k, when: n == 1}
    - {mark: l, loop: [1, 2]}
    - {bad: m, ignore_errors: true, when: n == 2}
    - {mark: n}
",
        &[],
    );
    marks.code(2);
    marks.log("h1 a | h3 a | h4 a | h1 b | h2 b | h3 b | h4 b | h1 c | h2 c | h4 c | h1 d | h2 d | h4 d | h2 e | h4 e | h1 f | h1 g | h1 h | h2 h | h4 h | h2 i | h4 i | h1 j | h1 k | h1 l | h1 l | h2 l | h2 l | h4 l | h4 l | h2 m | h1 n | h2 n | h4 n");
    marks.tasks("h1", "a:changed b:changed c:changed d:rescued f:changed g:rescued h:changed j:changed k:changed l:changed m:skipped n:changed");
    marks.tasks("h2", "a:skipped b:changed c:changed d:changed e:changed h:changed i:changed k:skipped l:changed m:ignored n:changed");
    marks.tasks("h3", "a:changed b:failed");
    marks.tasks("h4", "a:changed b:changed c:changed d:changed e:changed h:changed i:changed k:skipped l:changed m:skipped n:changed");
}
