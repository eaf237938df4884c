//! `meta` actions that end something. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn end_host_end_batch_and_end_play() {
    let marks = play(
        4,
        r"
- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - {mark: a, notify: ha}
    - {name: eh, meta: end_host, when: n == 1}
    - {mark: b}
    - {name: eb, meta: end_batch, when: n == 2}
    - {mark: c}
    - {name: ep, meta: end_play, when: n == 3}
    - {mark: d}
  handlers: [{mark: ha}]
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(0);
    marks.log("h1 a | h2 a | h2 b | h3 a | h4 a | h3 b | h4 b | h3 c | h4 c | h1 p2 | h2 p2 | h3 p2 | h4 p2");
    marks.tasks("h1", "a:changed eh:ok p2:changed");
    marks.tasks("h2", "a:changed eh:skipped b:changed eb:ok p2:changed");
    marks.tasks(
        "h3",
        "a:changed eh:skipped b:changed eb:skipped c:changed ep:ok p2:changed",
    );
    marks.tasks("h4", "a:changed eh:skipped b:changed c:changed p2:changed");
}

#[test]
fn end_host_runs_no_always_and_no_handlers() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: a}
    - {name: eh, meta: end_host, when: n == 1}
    - {mark: once, run_once: true}
    - block:
        - {mark: b}
        - {name: eh2, meta: end_host, when: n == 2}
      always:
        - {mark: al}
    - {name: sf, set_fact: {x: 1}}
    - {name: cf, meta: clear_facts}
    - {name: say, debug: {msg: "{{ x is defined }}"}}
    - {name: np, meta: noop}
    - {mark: end}
"#,
        &[],
    );
    marks.code(0);
    marks.log("h1 a | h2 a | h3 a | h2 once | h2 b | h3 b | h3 al | h3 end");
    marks.tasks("h1", "a:changed eh:ok");
    marks.tasks("h2", "a:changed eh:skipped once:changed b:changed eh2:ok");
    marks.tasks("h3", "a:changed eh:skipped b:changed eh2:skipped al:changed sf:ok cf:ok say:ok np:ok end:changed");
    marks.said("h3", &["true"]);
}

#[test]
fn end_play_ends_the_batches_that_follow_and_not_the_plays() {
    let marks = play(
        4,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: a}
    - {name: ep, meta: end_play, when: n == 3}
    - {mark: b}
    - {name: eh, meta: end_host, when: 'n > 0'}
    - {mark: never}
- hosts: all
  gather_facts: false
  tasks:
    - {mark: p2}
    - {name: ep, meta: end_play}
    - {mark: never}
- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - {mark: p3}
    - {name: ep, meta: end_play}
- hosts: all
  gather_facts: false
  tasks: [{mark: p4}]
",
        &[],
    );
    marks.code(0);
    marks.log("h1 a | h2 a | h3 a | h4 a | h1 b | h2 b | h3 b | h4 b | h1 p2 | h2 p2 | h3 p2 | h4 p2 | h1 p3 | h2 p3 | h1 p4 | h2 p4 | h3 p4 | h4 p4");
    marks.tasks(
        "h1",
        "a:changed ep:skipped b:changed eh:ok p2:changed ep:ok p3:changed ep:ok p4:changed",
    );
    marks.tasks(
        "h2",
        "a:changed b:changed eh:ok p2:changed p3:changed p4:changed",
    );
    marks.tasks("h3", "a:changed b:changed eh:ok p2:changed p4:changed");
    marks.tasks("h4", "a:changed b:changed eh:ok p2:changed p4:changed");
}
