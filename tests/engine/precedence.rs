//! Which of several definitions of one name wins. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;

#[test]
#[expect(clippy::too_many_lines, reason = "one playbook, layer by layer")]
fn each_layer_beats_those_before_it() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  vars: {b: play, c: play, d: play, e: play, f: play, g: play, h: play}
  vars_files: [vf.yaml]
  roles: [{role: r, vars: {i: param}}]
  tasks:
    - {name: say, debug: {msg: "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}"}}
    - {name: say2, debug: {msg: "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}"}, vars: {d: task, e: task}}
    - block:
        - {name: say3, debug: {msg: "{{ c }} {{ d }} {{ e }}"}, vars: {d: task}}
        - {name: sf, set_fact: {e: fact}}
        - {name: say4, debug: {msg: "{{ e }}"}, vars: {e: task}}
        - {name: rg, shell: 'echo', register: f}
        - {name: say5, debug: {msg: "{{ f.rc }}"}, vars: {f: task}}
        - {name: iv, include_vars: iv.yaml}
        - {name: say6, debug: {msg: "{{ g }} {{ e }}"}}
        - {name: say7, debug: {msg: "{{ g }}"}, vars: {g: task}}
        - {name: sf2, set_fact: {g: fact}}
        - {name: say8, debug: {msg: "{{ g }}"}}
        - {include_tasks: i.yaml, vars: {d: inc, e: inc, g: inc}}
      vars: {c: block, d: block, e: block}
    - {include_role: {name: r2}, vars: {k: incvars, e: incvars}}
"#,
        &[
            (
                "vf.yaml",
                r"c: file
d: file
",
            ),
            (
                "iv.yaml",
                r"g: incvar
e: incvar
",
            ),
            (
                "i.yaml",
                r#"- {name: say9, debug: {msg: "{{ d }} {{ e }} {{ g }}"}}
- {name: say10, debug: {msg: "{{ d }} {{ e }} {{ g }}"}, vars: {d: itask}}
"#,
            ),
            (
                "roles/r/defaults/main.yaml",
                r"{a: default, b: default, h: default, i: default, j: default}
",
            ),
            (
                "roles/r/vars/main.yaml",
                r"{h: rolevar, i: rolevar, j: rolevar}
",
            ),
            (
                "roles/r/tasks/main.yaml",
                r#"- {name: say0, debug: {msg: "{{ a }} {{ b }} {{ h }} {{ i }} {{ j }}"}, vars: {j: task}}
- {name: sf, set_fact: {i: fact}}
- {name: say00, debug: {msg: "{{ i }}"}}
"#,
            ),
            (
                "roles/r2/defaults/main.yaml",
                r"{k: default, l: default}
",
            ),
            (
                "roles/r2/vars/main.yaml",
                r"{k: rolevar, e: rolevar}
",
            ),
            (
                "roles/r2/tasks/main.yaml",
                r#"- {name: say11, debug: {msg: "{{ k }} {{ l }} {{ e }}"}}
"#,
            ),
        ],
    );
    // In Ansible `vars` beside a role are weaker than facts; we take them for parameters.
    marks.code(0);
    marks.tasks("h1", "say0:ok sf:ok say00:ok say:ok say2:ok say3:ok sf:ok say4:ok rg:changed say5:ok iv:ok say6:ok say7:ok sf2:ok say8:ok include_tasks i.yaml:ok say9:ok say10:ok include_role r2:ok say11:ok");
    marks.said(
        "h1",
        &[
            "default play rolevar param task",
            "param",
            "default play file file play",
            "default play file task task",
            "block task block",
            "fact",
            "0",
            "incvar fact",
            "incvar",
            "fact",
            "inc inc inc",
            "inc inc inc",
            "incvars default incvars",
        ],
    );
    marks.tasks("h2", "say0:ok sf:ok say00:ok say:ok say2:ok say3:ok sf:ok say4:ok rg:changed say5:ok iv:ok say6:ok say7:ok sf2:ok say8:ok include_tasks i.yaml:ok say9:ok say10:ok include_role r2:ok say11:ok");
    marks.said(
        "h2",
        &[
            "default play rolevar param task",
            "param",
            "default play file file play",
            "default play file task task",
            "block task block",
            "fact",
            "0",
            "incvar fact",
            "incvar",
            "fact",
            "inc inc inc",
            "inc inc inc",
            "incvars default incvars",
        ],
    );
}
