//! Check mode writes nothing and says what it cannot know; a second run finds nothing to do.

use super::site::Site;

const PLAYBOOK: &str = "
- hosts: all
  tasks:
    - {name: file, template: {src: motd.tera, dest: '{{ dir }}/motd'}}
    - {name: command, command: 'touch {{ dir }}/touched', register: out}
    - {name: dependant, copy: {content: '{{ out.rc }}', dest: '{{ dir }}/rc'}}
    - {name: reads, command: echo yes, check_mode: false, changed_when: false, register: read}
    - {name: known, debug: {msg: '{{ read.stdout }}'}}
    - {name: builds on it, file: {path: '{{ dir }}/missing', mode: '0600'}}
";

#[test]
fn check_mode_writes_nothing_and_knows_what_it_cannot_know() {
    let site = Site::new(1, PLAYBOOK).with("templates/motd.tera", "hello {{ n }}\n");
    let told = site.run(&["--check", "--diff"]);
    told.assert_code(0);
    let expected = [
        "file: changed",
        "command: unknown",
        "dependant: unknown",
        "reads: ok",
        "known: ok",
        "builds on it: unknown",
    ];
    assert_eq!(told.tasks("h1"), expected);
    assert!(!site.exists("motd") && !site.exists("touched") && !site.exists("rc"));
    let diff = &told.result("h1", "file")["changes"][0]["diff"];
    assert_eq!(diff["after"], "hello 1\n");
}

#[test]
fn a_second_run_changes_nothing() {
    let site = Site::new(
        2,
        "
- hosts: all
  tasks:
    - {name: file, template: {src: motd.tera, dest: '{{ dir }}/{{ inventory_hostname }}', mode: '0640'}}
    - {name: binary, copy: {src: data, dest: '{{ dir }}/data-{{ n }}'}}
    - {name: once, command: {cmd: 'touch {{ dir }}/once-{{ n }}', creates: '{{ dir }}/once-{{ n }}'}}
",
    )
    .with("templates/motd.tera", "hello {{ n }}\n")
    .with("files/data", "x\n");
    site.run(&[]).assert_code(0);
    assert_eq!(site.written("h2").as_deref(), Some("hello 2\n"));
    assert_eq!(site.written("data-1").as_deref(), Some("x\n"));
    let again = site.run(&[]);
    again.assert_code(0);
    for host in ["h1", "h2"] {
        assert_eq!(again.tasks(host), ["file: ok", "binary: ok", "once: ok"]);
    }
}
