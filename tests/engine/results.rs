//! Conditions, loops and what is made of a module's answer.

use super::site::Site;

#[test]
fn a_loop_registers_a_result_for_each_item() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - name: each
      command: echo {{ entry.name }}
      loop: [{name: a}, {name: b}, {name: c}]
      loop_control: {loop_var: entry, label: 'entry {{ entry.name }}'}
      when: entry.name != 'b'
      register: echoed
    - name: shown
      debug: {msg: \"{{ echoed.results | map(attribute='skipped') }}\"}
    - name: text
      debug: {msg: '{{ echoed.results[2].stdout }}'}
    - {name: empty, command: 'false', loop: []}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    let items = told.result("h1", "each")["items"]
        .as_array()
        .expect("items")
        .clone();
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("{} {}", item["label"], item["status"]).replace('"', ""))
        .collect();
    assert_eq!(
        items,
        ["entry a changed", "entry b skipped", "entry c changed"]
    );
    assert_eq!(told.message("h1", "shown"), "[false,true,false]");
    assert_eq!(told.message("h1", "text"), "c");
}

#[test]
fn conditions_decide_what_counts_as_changed_and_failed() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {name: skipped, command: 'false', when: n == 2}
    - {name: unchanged, command: echo same, register: out, changed_when: \"'new' in out.stdout\"}
    - {name: tolerated, command: sh -c 'exit 3', register: out, failed_when: out.rc > 3}
    - {name: ignored, command: 'false', ignore_errors: true, register: bad}
    - {name: seen, assert: {that: [bad.failed, bad is failed]}}
    - {name: refused, command: echo bad, register: out, failed_when: \"out.stdout == 'bad'\"}
    - {name: never, command: 'true'}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    let expected = [
        "skipped: skipped",
        "unchanged: ok",
        "tolerated: changed",
        "ignored: ignored",
        "seen: ok",
        "refused: failed",
    ];
    assert_eq!(told.tasks("h1"), expected);
}

#[test]
fn until_repeats_a_task_until_its_condition_holds() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - name: counts
      shell: echo x >> {{ dir }}/log; wc -l < {{ dir }}/log
      register: out
      until: out.stdout | int >= 3
      delay: 0
    - name: gives up
      command: 'false'
      register: out
      until: out.rc == 0
      retries: 1
      delay: 0
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    assert_eq!(site.written("log").as_deref(), Some("x\nx\nx\n"));
    assert_eq!(told.tasks("h1"), ["counts: changed", "gives up: failed"]);
    assert!(told.message("h1", "gives up").contains("2 attempts"));
}

#[test]
fn a_failure_shows_the_end_of_the_output() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {name: noisy, shell: 'seq 1 200000; exit 1'}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    let output = told.result("h1", "noisy")["output"]
        .as_str()
        .expect("output");
    assert!(output.ends_with("200000"));
    assert!(output.lines().count() < 100, "{output}");
}

#[test]
fn no_log_hides_arguments_and_results() {
    let site = Site::new(
        1,
        "
- hosts: all
  vars: {password: hunter2}
  tasks:
    - {name: fine, command: 'echo {{ password }}', no_log: true}
    - {name: each, command: 'echo {{ item }}', loop: [hunter2], no_log: true}
    - {name: file, copy: {content: '{{ password }}', dest: '{{ dir }}/secret'}, no_log: true}
    - {name: bad, shell: 'echo {{ password }}; exit 1', no_log: true}
",
    );
    let told = site.run(&["--diff"]);
    told.assert_code(2);
    assert_eq!(told.tasks("h1").len(), 4);
    assert!(!told.stdout.contains("hunter2") && !told.stderr.contains("hunter2"));
}

#[test]
fn ignored_errors_of_control_actions_do_not_end_the_host() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {name: asserted, assert: {that: n == 2}, ignore_errors: true, register: checked}
    - {name: failed, fail: {msg: 'no'}, ignore_errors: true}
    - {name: seen, assert: {that: checked is failed}}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    assert_eq!(told.result("h1", "asserted")["status"], "ignored");
    assert_eq!(told.result("h1", "failed")["status"], "ignored");
    assert_eq!(told.result("h1", "seen")["status"], "ok");
}

#[test]
fn no_log_hides_what_control_actions_would_say() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - {name: shown, debug: {msg: 'a s3cret'}, no_log: true}
    - {name: refused, assert: {that: n == 2, fail_msg: 'not s3cret'}, no_log: true}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    assert!(!told.stdout.contains("s3cret"), "{}", told.stdout);
}

#[test]
fn a_task_that_needs_the_full_worker_has_its_turn_among_the_others() {
    let site = Site::new(
        2,
        "
- hosts: all
  vars: {there: '{{ dir }}/{{ inventory_hostname }}'}
  tasks:
    - {name: write, copy: {content: 'x', dest: '{{ there }}'}}
    - {name: fetch, get_url: {url: 'file://{{ there }}', dest: '{{ there }}.2'}}
    - {name: read, command: 'cat {{ there }}.2', changed_when: false, register: text}
    - {name: shown, debug: {msg: '{{ text.stdout }}'}}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    for host in ["h1", "h2"] {
        assert_eq!(told.message(host, "shown"), "x");
    }
    assert_eq!(
        site.run(&[]).tasks("h1"),
        ["write: ok", "fetch: ok", "read: ok", "shown: ok"]
    );
}

#[test]
fn a_program_that_is_tried_until_something_holds_has_changed_nothing_that_anybody_knows_of() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - name: program
      command: 'true'
      register: tried
      until: tried.rc == 1
      retries: 1
      delay: 0
      ignore_errors: true
    - {name: failed, command: 'true', failed_when: true, ignore_errors: true}
    - name: file
      copy: {dest: '{{ dir }}/file', content: a}
      register: tried
      until: tried.changed == false and false
      retries: 0
      delay: 0
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    let changes = |task| {
        told.result("h1", task)["changes"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(
        (changes("program"), changes("failed")),
        (0, 0),
        "{}",
        told.stdout
    );
    assert!(
        told.message("h1", "program")
            .starts_with("`until` did not hold in 2 attempts")
    );
    assert_eq!(changes("file"), 1, "{}", told.stdout);
}
