//! `include_tasks`, `import_tasks`, tags. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::{play, play_with};

#[test]
fn included_tasks_run_in_order_on_the_hosts_that_include_them() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - {include_tasks: one.yaml, loop: [x, y], loop_control: {loop_var: outer}, vars: {v: "v{{ outer }}"}}
    - {include_tasks: "host{{ n }}.yaml", when: n != 3}
    - {include_tasks: two.yaml, vars: {v: top}, when: "n == 1"}
    - {name: say, debug: {msg: "{{ reg is defined }} {{ v is defined }}"}}
    - {include_tasks: cond.yaml, when: flag | bool, vars: {flag: true}}
    - import_tasks: imp.yaml
      when: stop is not defined
      vars: {iv: 5}
    - {mark: end}
"#,
        &[
            (
                "one.yaml",
                r"- {name: o, log: 'one {{ outer }} {{ v }}'}
- {name: o2, log: 'two {{ outer }}#{{ item }}', loop: [1, 2], when: n != 2}
- {name: f, log: 'f', failed_when: 'n == 1', when: outer == 'y'}
- {name: rg, shell: 'echo {{ outer }}', register: reg}
",
            ),
            (
                "host1.yaml",
                r"- {mark: h1a}
- {mark: h1b}
",
            ),
            (
                "host2.yaml",
                r"- {mark: h2a}
- {mark: h2b}
",
            ),
            (
                "two.yaml",
                r"- {mark: twoa}
- {include_tasks: three.yaml}
- {mark: twob}
",
            ),
            (
                "three.yaml",
                r"- {name: th, log: 'three {{ v }}'}
",
            ),
            (
                "cond.yaml",
                r"- {mark: cond}
",
            ),
            (
                "imp.yaml",
                r"- {name: im, log: 'imp {{ iv }}'}
- {name: sf, set_fact: {stop: 1}}
- {mark: imskipped}
",
            ),
        ],
    );
    marks.code(2);
    marks.log("h1 one x vx | h2 one x vx | h3 one x vx | h1 two x#1 | h1 two x#2 | h3 two x#1 | h3 two x#2 | h1 one y vy | h2 one y vy | h3 one y vy | h1 two y#1 | h1 two y#2 | h3 two y#1 | h3 two y#2 | h1 f | h2 f | h3 f | h2 h2a | h2 h2b | h2 cond | h3 cond | h2 imp 5 | h3 imp 5 | h2 end | h3 end");
    marks.tasks("h1", "include_tasks one.yaml:ok o:changed o2:changed f:skipped rg:changed o:changed o2:changed f:failed");
    marks.tasks("h2", "include_tasks one.yaml:ok o:changed o2:skipped f:skipped rg:changed o:changed o2:skipped f:changed rg:changed include_tasks host{{ n }}.yaml:ok h2a:changed h2b:changed include_tasks two.yaml:skipped say:ok include_tasks cond.yaml:ok cond:changed im:changed sf:ok imskipped:skipped end:changed");
    marks.said("h2", &["true false"]);
    marks.tasks("h3", "include_tasks one.yaml:ok o:changed o2:changed f:skipped rg:changed o:changed o2:changed f:changed rg:changed include_tasks host{{ n }}.yaml:skipped include_tasks two.yaml:skipped say:ok include_tasks cond.yaml:ok cond:changed im:changed sf:ok imskipped:skipped end:changed");
    marks.said("h3", &["true false"]);
}

#[test]
fn tags_choose_imports_by_inheritance_and_includes_by_apply() {
    let marks = play_with(
        2,
        r"
- hosts: all
  gather_facts: false
  tasks:
    - {include_tasks: {file: a.yaml}, tags: t1}
    - {include_tasks: {file: a.yaml, apply: {tags: t1}}, tags: t1}
    - {import_tasks: a.yaml, tags: t1}
    - {import_tasks: a.yaml}
    - {include_tasks: a.yaml}
    - {include_role: {name: r}, tags: t1}
    - {include_role: {name: r, apply: {tags: [t1]}}, tags: t1}
    - {import_role: {name: r}, tags: t1}
    - {import_role: {name: r}, tags: t2}
    - block:
        - {mark: inblock}
        - {mark: inblock2, tags: never}
      tags: t1
    - {mark: alw, tags: always}
    - {mark: nev, tags: [never, t1]}
    - {mark: nev2, tags: [never]}
",
        &[
            (
                "a.yaml",
                r"- {mark: plain}
- {mark: tagged, tags: t1}
- {mark: other, tags: t2}
",
            ),
            (
                "roles/r/tasks/main.yaml",
                r"- {mark: rplain}
- {mark: rtagged, tags: t1}
",
            ),
        ],
        &["--tags", "t1"],
    );
    marks.code(0);
    marks.log("h1 tagged | h2 tagged | h1 plain | h2 plain | h1 tagged | h2 tagged | h1 other | h2 other | h1 plain | h2 plain | h1 tagged | h2 tagged | h1 other | h2 other | h1 tagged | h2 tagged | h1 rtagged | h2 rtagged | h1 rplain | h2 rplain | h1 rtagged | h2 rtagged | h1 rplain | h2 rplain | h1 rtagged | h1 rtagged | h2 rtagged | h2 rtagged | h1 inblock | h2 inblock | h1 inblock2 | h2 inblock2 | h1 alw | h2 alw | h1 nev | h2 nev");
    marks.tasks("h1", "include_tasks a.yaml:ok tagged:changed include_tasks a.yaml:ok plain:changed tagged:changed other:changed plain:changed tagged:changed other:changed tagged:changed include_role r:ok rtagged:changed include_role r:ok rplain:changed rtagged:changed rplain:changed rtagged:changed rtagged:changed inblock:changed inblock2:changed alw:changed nev:changed");
    marks.tasks("h2", "include_tasks a.yaml:ok tagged:changed include_tasks a.yaml:ok plain:changed tagged:changed other:changed plain:changed tagged:changed other:changed tagged:changed include_role r:ok rtagged:changed include_role r:ok rplain:changed rtagged:changed rplain:changed rtagged:changed rtagged:changed inblock:changed inblock2:changed alw:changed nev:changed");
}

#[test]
fn a_failure_in_an_included_file_is_rescued_around_the_include() {
    let marks = play(
        3,
        r#"
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - {include_tasks: "inc{{ n % 2 }}.yaml"}
        - {mark: after}
      rescue:
        - {mark: r}
      always:
        - {include_tasks: inc0.yaml, when: n != 1}
    - {include_tasks: inc0.yaml, loop: [1, 2]}
    - {name: role, include_role: {name: r, tasks_from: t}, vars: {x: 1}, when: n > 1}
  handlers:
    - {mark: h}
"#,
        &[
            (
                "inc0.yaml",
                r"- {mark: z0}
- {name: z1, log: 'z1', failed_when: n == 2 and item is not defined}
",
            ),
            (
                "inc1.yaml",
                r"- {mark: o0}
- {bad3: o1}
- {mark: o2}
",
            ),
            (
                "roles/r/tasks/t.yaml",
                r"- block:
    - {name: rt, log: 'rt{{ x }}'}
    - {bad3: rf}
  rescue:
    - {mark: rr}
",
            ),
        ],
    );
    marks.code(2);
    marks.log("h1 o0 | h3 o0 | h1 o1 | h3 o1 | h1 o2 | h2 z0 | h2 z1 | h1 after | h2 r | h3 r | h2 z0 | h3 z0 | h2 z1 | h3 z1 | h1 z0 | h3 z0 | h1 z1 | h3 z1 | h1 z0 | h3 z0 | h1 z1 | h3 z1 | h3 rt1 | h3 rf | h3 rr");
    marks.tasks("h1", "include_tasks inc{{ n % 2 }}.yaml:ok o0:changed o1:changed o2:changed after:changed include_tasks inc0.yaml:skipped include_tasks inc0.yaml:ok z0:changed z1:changed z0:changed z1:changed role:skipped");
    marks.tasks("h2", "include_tasks inc{{ n % 2 }}.yaml:ok z0:changed z1:rescued r:changed include_tasks inc0.yaml:ok z0:changed z1:failed");
    marks.tasks("h3", "include_tasks inc{{ n % 2 }}.yaml:ok o0:changed o1:rescued r:changed include_tasks inc0.yaml:ok z0:changed z1:changed include_tasks inc0.yaml:ok z0:changed z1:changed z0:changed z1:changed role:ok rt:changed rf:rescued rr:changed");
}
