//! Roles in plays, dependencies, `include_role`. The numbers and orders are those of ansible-core 2.19.14; see `marks`.

use super::marks::play;
use super::site::Site;

#[test]
#[expect(clippy::too_many_lines, reason = "one playbook and all that it runs")]
fn a_role_and_its_dependencies_run_once_unless_they_differ() {
    let marks = play(
        2,
        r#"
- hosts: all
  gather_facts: false
  roles:
    - a
    - {role: a}
    - {role: b, vars: {p: 1}}
    - {role: b, vars: {p: 1}}
    - {role: b, vars: {p: 2}}
    - {role: dup}
    - {role: dup}
    - {role: c, when: n == 1}
  tasks:
    - {import_role: {name: a}}
    - {include_role: {name: a}}
    - {include_role: {name: v, public: true}}
    - {name: say, debug: {msg: "{{ vdef }} {{ vvar }}"}}
    - {include_role: {name: w}}
    - {name: say2, debug: {msg: "{{ wdef is defined }}"}}
    - {include_role: {name: w, tasks_from: other.yaml}}
    - {import_role: {name: w, tasks_from: other}}
    - {include_role: {name: w, tasks_from: other}, loop: [1, 2]}
    - {include_role: {name: w}, vars: {wdef: over}}
"#,
        &[
            (
                "roles/a/tasks/main.yaml",
                r"- {mark: a}
",
            ),
            (
                "roles/a/meta/main.yaml",
                r"dependencies: [d]
",
            ),
            (
                "roles/b/tasks/main.yaml",
                r"- {name: b, log: 'b{{ p }}'}
",
            ),
            (
                "roles/b/meta/main.yaml",
                r"dependencies: [d, {role: e, vars: {q: 3}}]
",
            ),
            (
                "roles/d/tasks/main.yaml",
                r"- {mark: d}
",
            ),
            (
                "roles/e/tasks/main.yaml",
                r"- {name: e, log: 'e{{ q }}'}
",
            ),
            (
                "roles/dup/tasks/main.yaml",
                r"- {mark: dup}
",
            ),
            (
                "roles/dup/meta/main.yaml",
                r"allow_duplicates: true
",
            ),
            (
                "roles/c/tasks/main.yaml",
                r"- {mark: c}
",
            ),
            (
                "roles/c/meta/main.yaml",
                r"dependencies: [{role: f}]
",
            ),
            (
                "roles/f/tasks/main.yaml",
                r"- {mark: f}
",
            ),
            (
                "roles/v/tasks/main.yaml",
                r"- {mark: v}
",
            ),
            (
                "roles/v/defaults/main.yaml",
                r"vdef: 1
",
            ),
            (
                "roles/v/vars/main.yaml",
                r"vvar: 2
",
            ),
            (
                "roles/w/tasks/main.yaml",
                r"- {name: w, log: 'w{{ wdef }}'}
",
            ),
            (
                "roles/w/tasks/other.yaml",
                r"- {name: wo, log: 'wo{{ wdef }}'}
",
            ),
            (
                "roles/w/defaults/main.yaml",
                r"wdef: 1
",
            ),
        ],
    );
    marks.code(0);
    marks.log("h1 d | h2 d | h1 a | h2 a | h1 e3 | h2 e3 | h1 b1 | h2 b1 | h1 b2 | h2 b2 | h1 dup | h1 dup | h2 dup | h2 dup | h1 f | h1 c | h1 a | h1 a | h2 a | h2 a | h1 v | h2 v | h1 w1 | h2 w1 | h1 wo1 | h1 wo1 | h1 wo1 | h1 wo1 | h2 wo1 | h2 wo1 | h2 wo1 | h2 wo1 | h1 wover | h2 wover");
    marks.tasks("h1", "d:changed a:changed e:changed b:changed b:changed dup:changed dup:changed f:changed c:changed a:changed include_role a:ok a:changed include_role v:ok v:changed say:ok include_role w:ok w:changed say2:ok include_role w:ok wo:changed wo:changed include_role w:ok wo:changed wo:changed include_role w:ok w:changed");
    marks.said("h1", &["1 2", "true"]);
    marks.tasks("h2", "d:changed a:changed e:changed b:changed b:changed dup:changed dup:changed f:skipped c:skipped a:changed include_role a:ok a:changed include_role v:ok v:changed say:ok include_role w:ok w:changed say2:ok include_role w:ok wo:changed wo:changed include_role w:ok wo:changed wo:changed include_role w:ok w:changed");
    marks.said("h2", &["1 2", "true"]);
}

#[test]
fn what_an_included_role_needs_sees_its_variables_and_its_own_before_them() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {include_role: {name: outer}}
    - {name: afterwards, debug: {msg: '{{ of_outer is defined }}'}}
",
    );
    let site = [
        ("outer/meta/main.yaml", "dependencies: [inner]"),
        ("outer/defaults/main.yaml", "{of_outer: outer, both: outer}"),
        ("outer/vars/main.yaml", "{fixed: outer, of_vars: outer}"),
        ("outer/tasks/main.yaml", "- {name: say outer, debug: {msg: '{{ both }} {{ fixed }}'}}"),
        ("inner/defaults/main.yaml", "{both: inner, derived: 'inner {{ of_outer }}'}"),
        ("inner/vars/main.yaml", "{fixed: inner}"),
        (
            "inner/tasks/main.yaml",
            "- {name: say inner, debug: {msg: '{{ derived }} {{ both }} {{ fixed }} {{ of_vars }}'}}",
        ),
    ]
    .into_iter()
    .fold(site, |site, (name, text)| site.with(&format!("roles/{name}"), text));
    let told = site.run(&[]);
    told.assert_code(0);
    assert_eq!(
        told.message("h1", "say inner"),
        "inner outer inner inner outer"
    );
    assert_eq!(told.message("h1", "say outer"), "outer outer");
    assert_eq!(told.message("h1", "afterwards"), "false");
}
