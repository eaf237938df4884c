//! `delegate_to`, `throttle`, `environment`, `strategy: free`. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn delegated_tasks_count_for_their_own_host() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {name: de, log: 'de', delegate_to: h2, register: x}
    - {name: loopde, log: 'to {{ item }}', delegate_to: "{{ item }}", loop: [h1, h2], register: y}
    - {name: sf, set_fact: {v: "{{ inventory_hostname }}"}, delegate_to: h3, delegate_facts: true, run_once: true}
    - {name: sf2, set_fact: {w: "{{ inventory_hostname }}"}, delegate_to: h3}
    - {name: say, debug: {msg: "{{ hostvars['h3'].v | default(value='none') }} {{ v | default(value='none') }} {{ w }} {{ hostvars['h3'].w }} {{ y.results | length }}"}}
    - {name: defail, shell: 'echo x >> {{ dir }}/log; exit 1', delegate_to: h3, when: n == 1}
    - {mark: d}
    - {name: loc, log: 'loc', delegate_to: localhost, run_once: true}
    - {name: loc2, local_action: {module: shell, cmd: 'echo {{ inventory_hostname }} loc2 >> {{ dir }}/log'}}
"#,
        &[],
    );
    marks.code(2);
    marks.tasks(
        "h1",
        "de:changed loopde:changed sf:ok sf2:ok say:ok defail:failed",
    );
    marks.said("h1", &["h1 none h1 h3 2"]);
    marks.tasks(
        "h2",
        "de:changed loopde:changed sf2:ok say:ok defail:skipped d:changed loc:changed loc2:changed",
    );
    marks.said("h2", &["h1 none h2 h3 2"]);
    marks.tasks(
        "h3",
        "de:changed loopde:changed sf2:ok say:ok defail:skipped d:changed loc2:changed",
    );
    marks.said("h3", &["h1 h1 h3 h3 2"]);
}

// Nobody can become anybody by `doas` here, and the play's word must not be tried before the task's is.
#[test]
fn a_delegated_task_says_whom_to_become_on_the_other_host() {
    let marks = play(
        1,
        r"
- hosts: all
  gather_facts: false
  become: true
  become_method: doas
  tasks:
    - {name: loc, log: 'loc', delegate_to: localhost, become: false}
",
        &[],
    );
    marks.code(0);
    marks.tasks("h1", "loc:changed");
}

#[test]
fn throttle_lets_one_host_at_a_time() {
    let marks = play(
        4,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {name: t, shell: 'echo "start" >> {{ dir }}/log; sleep 0.2; echo "stop" >> {{ dir }}/log', throttle: 1}
    - {mark: z}
"#,
        &[],
    );
    marks.code(0);
    marks.log(
        "start | stop | start | stop | start | stop | start | stop | h1 z | h2 z | h3 z | h4 z",
    );
    marks.tasks("h1", "t:changed z:changed");
    marks.tasks("h2", "t:changed z:changed");
    marks.tasks("h3", "t:changed z:changed");
    marks.tasks("h4", "t:changed z:changed");
}

#[test]
fn the_environment_nearest_to_the_task_wins() {
    let marks = play(
        1,
        r#"
- hosts: all
  gather_facts: false
  environment: {A: play, B: play, C: play}
  tasks:
    - block:
        - {name: e, shell: 'echo "$A $B $C" >> {{ dir }}/log', environment: {C: "task{{ n }}"}}
        - {name: e2, shell: 'echo "$A $B $C" >> {{ dir }}/log', environment: [{A: l1}, {A: l2}]}
      environment: {B: block}
"#,
        &[],
    );
    marks.code(0);
    marks.log("play block task1 | l2 block play");
    marks.tasks("h1", "e:changed e2:changed");
}

#[test]
fn free_hosts_flush_and_rescue_each_for_itself() {
    let marks = play(
        3,
        r"
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - {name: sl, shell: 'sleep 0.{{ n * 3 }}'}
    - block:
        - {name: b, shell: 'exit 1'}
      rescue:
        - {name: r, shell: 'true', notify: hh}
    - meta: flush_handlers
    - {name: e, shell: 'test {{ n }} = 2'}
  handlers:
    - {name: hh, shell: 'true'}
- hosts: all
  gather_facts: false
  tasks: [{mark: p2}]
",
        &[],
    );
    marks.code(2);
    marks.tasks("h1", "sl:changed b:rescued r:changed hh:changed e:failed");
    marks.tasks(
        "h2",
        "sl:changed b:rescued r:changed hh:changed e:changed p2:changed",
    );
    marks.tasks("h3", "sl:changed b:rescued r:changed hh:changed e:failed");
}
