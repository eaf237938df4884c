//! `loop`, `loop_control`, `until`. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
fn what_loops_register() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {name: idx, log: '{{ it.k }} {{ i }} {{ ansible_loop.first }} {{ ansible_loop.index }} {{ ansible_loop.length }} {{ ansible_loop.revindex }}', loop: [{k: a}, {k: b}], loop_control: {loop_var: it, index_var: i, extended: true, label: "{{ it.k }}", pause: 0.1}}
    - {name: acc, set_fact: {acc: "{{ acc | default(value='') }}{{ item }}"}, loop: [1, 2, 3]}
    - {name: say, debug: {msg: "{{ acc }}"}}
    - {name: reg, shell: 'echo {{ item }}', loop: [1, 2, 3], when: item != 2, register: r}
    - {name: say2, debug: {msg: "{{ r.results | length }} {{ r.results[1].skipped }} {{ r.results[2].stdout }} {{ r.results[0].item }} {{ r is changed }} {{ r is skipped }}"}}
    - {name: allskip, shell: 'true', loop: [1, 2], when: false, register: s}
    - {name: say3, debug: {msg: "{{ s is skipped }} {{ s.results | length }}"}}
    - {name: empty, shell: 'true', loop: [], register: e}
    - {name: say4, debug: {msg: "{{ e is skipped }} {{ e.results | length }} {{ e is changed }}"}}
    - {name: fw, shell: 'exit {{ item }}', loop: [0, 3, 0], register: f, failed_when: [f.rc != 0, item == 4]}
    - {name: say5, debug: {msg: "{{ f is failed }} {{ f.results[1].rc }}"}}
    - {name: cw, shell: 'echo x', register: c, changed_when: ["c.rc == 0", "'y' in c.stdout"]}
    - {name: part, shell: 'exit {{ item }}', loop: [0, 1, 0], register: p, ignore_errors: true}
    - {name: say6, debug: {msg: "{{ p is failed }} {{ p is changed }} {{ p.results[2].rc }} {{ p.results[1] is failed }}"}}
    - {name: sk, shell: 'true', when: false, register: z}
    - {name: say7, debug: {msg: "{{ z is skipped }} {{ z is changed }} {{ z is succeeded }} {{ z is failed }}"}}
    - {name: dl, log: 'it {{ item }}', loop: [a, b], failed_when: item == 'a'}
"#,
        &[],
    );
    marks.code(2);
    marks.tasks("h1", "idx:changed acc:ok say:ok reg:changed say2:ok allskip:skipped say3:ok empty:skipped say4:ok fw:changed say5:ok cw:ok part:ignored say6:ok sk:skipped say7:ok dl:failed");
    marks.said(
        "h1",
        &[
            "123",
            "3 true 3 1 true false",
            "true 2",
            "true 0 false",
            "false 3",
            "true true 0 true",
            "true false true false",
        ],
    );
    marks.tasks("h2", "idx:changed acc:ok say:ok reg:changed say2:ok allskip:skipped say3:ok empty:skipped say4:ok fw:changed say5:ok cw:ok part:ignored say6:ok sk:skipped say7:ok dl:failed");
    marks.said(
        "h2",
        &[
            "123",
            "3 true 3 1 true false",
            "true 2",
            "true 0 false",
            "false 3",
            "true true 0 true",
            "true false true false",
        ],
    );
}

#[test]
fn until_tries_again_for_each_item() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {name: un, shell: 'echo x >> {{ dir }}/c{{ n }}; test $(wc -l < {{ dir }}/c{{ n }}) -ge 3', register: u, until: u.rc == 0, retries: 5, delay: 0}
    - {name: say, debug: {msg: "{{ u.attempts }} {{ u is changed }}"}}
    - {name: un2, shell: 'echo x >> {{ dir }}/d{{ n }}; exit 1', register: w, until: w.rc == 0, retries: 2, delay: 0, ignore_errors: true}
    - {name: cnt, shell: 'wc -l < {{ dir }}/d{{ n }}', register: k}
    - {name: say2, debug: {msg: "{{ w.attempts }} {{ k.stdout }} {{ w is failed }}"}}
    - {name: ul, shell: 'echo x >> {{ dir }}/e{{ n }}{{ item }}; test $(wc -l < {{ dir }}/e{{ n }}{{ item }}) -ge {{ item }}', loop: [1, 2, 3], register: l, until: l.rc == 0, retries: 2, delay: 0, ignore_errors: true}
    - {name: say3, debug: {msg: "{{ l.results[0].attempts }} {{ l.results[1].attempts }} {{ l.results[2].attempts }} {{ l.results[2] is failed }}"}}
    - {name: r0, shell: 'echo x >> {{ dir }}/f{{ n }}; exit 1', retries: 2, delay: 0, register: m, ignore_errors: true}
    - {name: say4, debug: {msg: "{{ m.attempts }}"}}
    - {name: fw, shell: 'echo x', register: v, until: v.rc == 0, failed_when: v.rc == 0, retries: 2, delay: 0, ignore_errors: true}
    - {name: say5, debug: {msg: "{{ v is failed }} {{ v.attempts }}"}}
"#,
        &[],
    );
    // Ansible registers one attempt less than it has made when all have failed.
    marks.code(0);
    marks.tasks("h1", "un:changed say:ok un2:ignored cnt:changed say2:ok ul:changed say3:ok r0:ignored say4:ok fw:ignored say5:ok");
    marks.said("h1", &["3 true", "3 3 true", "1 2 3 false", "3", "true 1"]);
    marks.tasks("h2", "un:changed say:ok un2:ignored cnt:changed say2:ok ul:changed say3:ok r0:ignored say4:ok fw:ignored say5:ok");
    marks.said("h2", &["3 true", "3 3 true", "1 2 3 false", "3", "true 1"]);
}
