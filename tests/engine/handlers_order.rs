//! In which order handlers run, and what a failure does to them. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn handlers_run_in_the_order_of_their_definition_at_the_end_of_each_section() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  pre_tasks:
    - {mark: pre, notify: h1}
  roles: [r]
  tasks:
    - {mark: t1, notify: [h3, topic, h1]}
    - {mark: t2, notify: h1}
    - {name: ok, command: "true", changed_when: false, notify: h4}
  post_tasks:
    - {mark: post, notify: h2}
  handlers:
    - {mark: h1, notify: h2}
    - {mark: h2}
    - {mark: h3, notify: h1}
    - {mark: h4}
    - {mark: h5, listen: topic}
    - {mark: h6, listen: [other, topic]}
"#,
        &[
            (
                "roles/r/tasks/main.yaml",
                r"- {mark: role, notify: [rh, h2]}
",
            ),
            (
                "roles/r/handlers/main.yaml",
                r"- {mark: rh}
",
            ),
        ],
    );
    marks.code(0);
    marks.log("h1 pre | h2 pre | h1 h1 | h2 h1 | h1 h2 | h2 h2 | h1 role | h2 role | h1 t1 | h2 t1 | h1 t2 | h2 t2 | h1 rh | h2 rh | h1 h1 | h2 h1 | h1 h2 | h2 h2 | h1 h3 | h2 h3 | h1 h5 | h2 h5 | h1 h6 | h2 h6 | h1 post | h2 post | h1 h1 | h2 h1 | h1 h2 | h2 h2");
    marks.tasks("h1", "pre:changed h1:changed h2:changed role:changed t1:changed t2:changed ok:ok rh:changed h1:changed h2:changed h3:changed h5:changed h6:changed post:changed h1:changed h2:changed");
    marks.tasks("h2", "pre:changed h1:changed h2:changed role:changed t1:changed t2:changed ok:ok rh:changed h1:changed h2:changed h3:changed h5:changed h6:changed post:changed h1:changed h2:changed");
}

#[test]
fn a_handler_that_fails_is_rescued_and_those_behind_it_run_at_the_next_flush() {
    let marks = play(
        2,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: t1, notify: [hb, hf]}
    - block:
        - {mark: t2, notify: ha}
        - meta: flush_handlers
        - {mark: t3}
      rescue:
        - {mark: r}
    - {mark: t4, notify: ha}
  handlers:
    - {mark: ha}
    - {bad1: hf}
    - {mark: hb}
",
        &[],
    );
    // Ansible runs `hb` before `ha` at the end on h1: it goes on where it had stopped.
    marks.code(0);
    marks.log("h1 t1 | h2 t1 | h1 t2 | h2 t2 | h1 ha | h2 ha | h1 hf | h2 hf | h2 hb | h2 t3 | h1 r | h1 t4 | h2 t4 | h1 ha | h2 ha | h1 hb");
    marks.tasks(
        "h1",
        "t1:changed t2:changed ha:changed hf:rescued r:changed t4:changed ha:changed hb:changed",
    );
    marks.tasks(
        "h2",
        "t1:changed t2:changed ha:changed hf:changed hb:changed t3:changed t4:changed ha:changed",
    );
}

#[test]
fn a_failed_host_runs_no_handlers() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: t1, notify: [ha, hf]}
    - {bad1: t2}
    - {mark: t3}
  handlers:
    - {mark: ha}
    - {bad2: hf}
    - {mark: hz, listen: hf}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.log("h1 t1 | h2 t1 | h3 t1 | h1 t2 | h2 t2 | h3 t2 | h2 t3 | h3 t3 | h2 ha | h3 ha | h2 hf | h3 hf | h3 hz | h3 p2");
    marks.tasks("h1", "t1:changed t2:failed");
    marks.tasks(
        "h2",
        "t1:changed t2:changed t3:changed ha:changed hf:failed",
    );
    marks.tasks(
        "h3",
        "t1:changed t2:changed t3:changed ha:changed hf:changed hz:changed p2:changed",
    );
}

#[test]
fn a_failed_host_runs_handlers_that_are_forced() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  force_handlers: true
  tasks:
    - {mark: t1, notify: [ha, hf]}
    - {bad1: t2}
    - {mark: t3}
  handlers:
    - {mark: ha}
    - {bad2: hf}
    - {mark: hz, listen: hf}
- hosts: all
  gather_facts: false
  force_handlers: true
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.log("h1 t1 | h2 t1 | h3 t1 | h1 t2 | h2 t2 | h3 t2 | h2 t3 | h3 t3 | h1 ha | h2 ha | h3 ha | h1 hf | h2 hf | h3 hf | h1 hz | h3 hz | h3 p2");
    marks.tasks(
        "h1",
        "t1:changed t2:failed ha:changed hf:changed hz:changed",
    );
    marks.tasks(
        "h2",
        "t1:changed t2:changed t3:changed ha:changed hf:failed",
    );
    marks.tasks(
        "h3",
        "t1:changed t2:changed t3:changed ha:changed hf:changed hz:changed p2:changed",
    );
}

#[test]
fn forced_handlers_run_on_all_hosts_after_a_fatal_failure() {
    let marks = play(
        2,
        r"
- hosts: all
  gather_facts: false
  any_errors_fatal: true
  force_handlers: true
  tasks:
    - {mark: t1, notify: ha}
    - {bad1: t2}
    - {mark: t3}
  handlers:
    - {mark: ha}
",
        &[],
    );
    marks.code(2);
    marks.log("h1 t1 | h2 t1 | h1 t2 | h2 t2 | h1 ha | h2 ha");
    marks.tasks("h1", "t1:changed t2:failed ha:changed");
    marks.tasks("h2", "t1:changed t2:changed ha:changed");
}

#[test]
fn handlers_run_in_each_batch_and_only_where_something_changed() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  serial: 2
  tasks:
    - {mark: t1, notify: ha, when: n != 2}
    - {name: lp, log: 'lp', loop: [1,2], changed_when: item == 2, notify: hl}
    - {mark: bl, notify: hb, run_once: true}
  handlers:
    - {mark: ha}
    - {mark: hl, notify: hl2}
    - {mark: hb}
    - {mark: hl2}
",
        &[],
    );
    marks.code(0);
    marks.log("h1 t1 | h1 lp | h1 lp | h2 lp | h2 lp | h1 bl | h1 ha | h1 hl | h2 hl | h1 hb | h1 hl2 | h2 hl2 | h3 t1 | h3 lp | h3 lp | h3 bl | h3 ha | h3 hl | h3 hb | h3 hl2");
    marks.tasks(
        "h1",
        "t1:changed lp:changed bl:changed ha:changed hl:changed hb:changed hl2:changed",
    );
    marks.tasks("h2", "t1:skipped lp:changed hl:changed hl2:changed");
    marks.tasks(
        "h3",
        "t1:changed lp:changed bl:changed ha:changed hl:changed hb:changed hl2:changed",
    );
}

#[test]
fn handlers_of_imported_and_included_roles_come_after_those_of_the_play() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: t1, notify: "r : rh"}
    - {mark: t2, notify: same}
    - import_role: {name: r}
    - include_role: {name: s}
    - {mark: t3, notify: sh}
  handlers:
    - {mark: same}
"#,
        &[
            (
                "roles/r/tasks/main.yaml",
                r"- {mark: role, notify: rh}
",
            ),
            (
                "roles/r/handlers/main.yaml",
                r"- {mark: rh}
",
            ),
            (
                "roles/s/tasks/main.yaml",
                r"- {mark: srole, notify: sh}
",
            ),
            (
                "roles/s/handlers/main.yaml",
                r"- {mark: sh}
",
            ),
        ],
    );
    marks.code(0);
    marks.log("h1 t1 | h2 t1 | h1 t2 | h2 t2 | h1 role | h2 role | h1 srole | h2 srole | h1 t3 | h2 t3 | h1 same | h2 same | h1 rh | h2 rh | h1 sh | h2 sh");
    marks.tasks("h1", "t1:changed t2:changed role:changed include_role s:ok srole:changed t3:changed same:changed rh:changed sh:changed");
    marks.tasks("h2", "t1:changed t2:changed role:changed include_role s:ok srole:changed t3:changed same:changed rh:changed sh:changed");
}

#[test]
fn of_handlers_with_one_name_the_one_loaded_last_runs_and_an_earlier_one_waits() {
    let marks = play(
        1,
        r"
- hosts: all
  gather_facts: false
  roles: [r]
  tasks:
    - {mark: t1, notify: b}
    - meta: flush_handlers
    - {mark: t2, notify: dup}
    - {mark: t3, notify: c}
  post_tasks:
    - {mark: post}
  handlers:
    - {mark: a}
    - {mark: b, notify: a}
    - {name: dup, log: 'dup1'}
    - {name: dup, log: 'dup2'}
    - {mark: c, notify: c2}
    - {mark: c2, notify: a}
",
        &[
            (
                "roles/r/tasks/main.yaml",
                r"- {mark: role, notify: dup}
",
            ),
            (
                "roles/r/handlers/main.yaml",
                r"- {name: dup, log: 'duprole'}
",
            ),
        ],
    );
    marks.code(0);
    marks.log("h1 role | h1 t1 | h1 b | h1 dup1 | h1 t2 | h1 t3 | h1 a | h1 dup1 | h1 c | h1 c2 | h1 post | h1 a");
    marks.tasks("h1", "role:changed t1:changed b:changed dup:changed t2:changed t3:changed a:changed dup:changed c:changed c2:changed post:changed a:changed");
}

#[test]
fn a_flush_in_rescue_leaves_the_other_hosts_their_handlers() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: t1, notify: ha}
    - {mark: t2, notify: hx, ignore_errors: true}
    - {mark: t3, notify: h ok}
    - block:
        - {bad1: f, notify: never}
        - {mark: g, notify: hg}
      rescue:
        - meta: flush_handlers
        - {mark: r}
  handlers:
    - {mark: ha}
    - {bad1: hx, ignore_errors: true}
    - {mark: hg}
    - {mark: never}
    - {name: h ok, log: 'hok'}
",
        &[],
    );
    marks.code(0);
    marks.log("h1 t1 | h2 t1 | h3 t1 | h1 t2 | h2 t2 | h3 t2 | h1 t3 | h2 t3 | h3 t3 | h1 f | h2 f | h3 f | h2 g | h3 g | h1 ha | h1 hx | h1 hok | h1 r | h2 ha | h3 ha | h2 hx | h3 hx | h2 hg | h3 hg | h2 never | h3 never | h2 hok | h3 hok");
    marks.tasks(
        "h1",
        "t1:changed t2:changed t3:changed f:rescued ha:changed hx:ignored h ok:changed r:changed",
    );
    marks.tasks("h2", "t1:changed t2:changed t3:changed f:changed g:changed ha:changed hx:changed hg:changed never:changed h ok:changed");
    marks.tasks("h3", "t1:changed t2:changed t3:changed f:changed g:changed ha:changed hx:changed hg:changed never:changed h ok:changed");
}

#[test]
fn the_last_flush_forgets_no_handler() {
    let marks = play(
        1,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {mark: t1, notify: b}
  handlers:
    - {mark: a, notify: b}
    - {mark: b, notify: a}
- hosts: all
  gather_facts: false
  post_tasks:
    - {mark: t1, notify: b}
  handlers:
    - {mark: a}
    - {mark: b, notify: a}
",
        &[],
    );
    // Ansible forgets `a` in the second play.
    marks.code(0);
    marks.log("h1 t1 | h1 b | h1 a | h1 b | h1 t1 | h1 b | h1 a");
    marks.tasks(
        "h1",
        "t1:changed b:changed a:changed b:changed t1:changed a:changed b:changed",
    );
}
