//! Keywords that are templates: rendered for each host when the task runs, and for each item of its loop.

use super::site::Site;

#[test]
fn whether_a_failure_is_ignored_can_depend_on_the_host_and_on_what_is_registered() {
    let site = Site::new(
        2,
        "
- hosts: all
  vars: {lenient: '{{ n == 1 }}'}
  tasks:
    - {name: look, command: 'false', register: looked, ignore_errors: true}
    - {name: a, command: 'false', ignore_errors: '{{ lenient and looked.failed }}'}
    - {name: b, command: 'touch {{ dir }}/{{ inventory_hostname }}'}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    assert_eq!(
        told.tasks("h1"),
        ["look: ignored", "a: ignored", "b: changed"]
    );
    assert_eq!(told.tasks("h2"), ["look: ignored", "a: failed"]);
    assert!(!site.exists("h2"));
}

#[test]
fn of_a_loop_every_failed_item_must_be_ignored() {
    let site = Site::new(
        1,
        "
- hosts: all
  tasks:
    - name: all ignored
      command: \"{{ 'false' if item == 'b' else 'true' }}\"
      loop: [a, b]
      ignore_errors: \"{{ item == 'b' }}\"
    - name: one is not
      command: 'false'
      loop: [a, b]
      ignore_errors: \"{{ item == 'b' }}\"
    - {name: behind, command: 'touch {{ dir }}/behind'}
",
    );
    let told = site.run(&[]);
    told.assert_code(2);
    assert_eq!(
        told.tasks("h1"),
        ["all ignored: ignored", "one is not: failed"]
    );
    assert!(!site.exists("behind"));
}

#[test]
fn a_failure_is_fatal_if_it_is_so_for_the_host_that_has_failed() {
    let playbook = |fatal: u8| {
        format!(
            "
- hosts: all
  tasks:
    - name: a
      shell: '[ {{{{ n }}}} = 1 ]'
      any_errors_fatal: '{{{{ n == {fatal} }}}}'
    - {{name: b, command: 'true'}}
"
        )
    };
    let told = Site::new(2, &playbook(2)).run(&[]);
    assert_eq!(told.tasks("h1"), ["a: changed"], "{}", told.stdout);
    let told = Site::new(2, &playbook(1)).run(&[]);
    assert_eq!(told.tasks("h1"), ["a: changed", "b: changed"]);
}

#[test]
fn a_task_has_its_own_say_about_what_is_fatal_in_its_play() {
    let told = Site::new(
        2,
        "
- hosts: all
  any_errors_fatal: true
  tasks:
    - {name: a, shell: '[ {{ n }} = 1 ]', any_errors_fatal: false}
    - {name: b, command: 'true'}
",
    )
    .run(&[]);
    assert_eq!(told.tasks("h1"), ["a: changed", "b: changed"]);
}

#[test]
fn how_often_and_how_fast_again_and_how_long_are_numbers_that_a_template_gives() {
    let told = Site::new(
        1,
        "
- hosts: all
  vars: {times: 2}
  tasks:
    - name: again
      command: 'false'
      loop: [0, 1]
      retries: '{{ times - item }}'
      delay: '0.{{ item }}'
      register: tried
      ignore_errors: true
    - name: counted
      assert: {that: \"tried.results[0].attempts == 3 and tried.results[1].attempts == 2\"}
    - {name: slow, command: 'sleep 30', timeout: '{{ times - 1 }}'}
",
    )
    .run(&[]);
    assert_eq!(
        told.tasks("h1"),
        ["again: ignored", "counted: ok", "slow: failed"],
        "{}",
        told.stdout
    );
    assert!(
        told.message("h1", "slow").contains("1 s"),
        "{}",
        told.stdout
    );
}

#[test]
fn what_is_notified_is_rendered_for_each_item_that_has_changed() {
    let site = Site::new(
        1,
        "
- hosts: all
  vars: {wanted: [always, twice]}
  tasks:
    - name: a
      shell: 'true'
      loop: [one, two]
      changed_when: item == 'two'
      notify: ['restart {{ item }}']
    - {name: b, command: 'true', notify: '{{ wanted }}'}
    - {name: c, command: 'true', changed_when: false, notify: 'restart {{ wanted[0] }}'}
  handlers:
    - {name: restart one, command: 'true'}
    - {name: restart two, command: 'true'}
    - {name: always, command: 'true'}
    - {name: other, listen: twice, command: 'true'}
    - {name: restart always, command: 'true'}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    assert_eq!(
        told.tasks("h1"),
        [
            "a: changed",
            "b: changed",
            "c: ok",
            "restart two: changed",
            "always: changed",
            "other: changed"
        ]
    );
}

#[test]
fn a_handler_whose_name_is_written_as_it_is_notified_is_found() {
    let told = Site::new(
        1,
        "
- hosts: all
  vars: {unit: nginx}
  tasks:
    - {name: a, command: 'true', notify: 'restart {{ unit }}'}
  handlers:
    - {name: 'restart {{ unit }}', command: 'true'}
",
    )
    .run(&[]);
    told.assert_code(0);
    assert_eq!(told.tasks("h1").len(), 2);
}

/// What is said of a task with this keyword, which must not have run.
fn refused(keyword: &str) -> String {
    let site = Site::new(
        1,
        &format!(
            "
- hosts: all
  vars: {{word: much}}
  tasks:
    - name: a
      command: 'touch {{{{ dir }}}}/done'
      {keyword}
  handlers:
    - {{name: restart nginx, command: 'true'}}
"
        ),
    );
    let told = site.run(&[]);
    told.assert_code(2);
    assert!(!site.exists("done"), "{keyword}");
    told.message("h1", "a").to_owned()
}

#[test]
fn a_template_that_gives_something_else_fails_the_task_before_it_does_anything() {
    for (keyword, said) in [
        (
            "ignore_errors: '{{ word }}'",
            "site.yaml:7:22: `ignore_errors` must be `true` or `false`, not `much`",
        ),
        (
            "retries: '{{ word }}'",
            "site.yaml:7:16: `retries` must be a whole number that is not negative, not `much`",
        ),
        (
            "retries: 1\n      delay: '{{ word }}'",
            "site.yaml:8:14: `delay` must be a number of seconds, not `much`",
        ),
        (
            "timeout: '-{{ 5 }}'",
            "site.yaml:7:16: `timeout` must be a whole number that is not negative, not `-5`",
        ),
        (
            "notify: 'restart {{ word }}'",
            "site.yaml:7:15: there is no handler `restart much`",
        ),
        (
            "notify: 'restart {{ \"ngnix\" }}'",
            "(did you mean `restart nginx`?)",
        ),
        (
            "notify: '{{ [1] }}'",
            "site.yaml:7:15: `notify` must be a string or a list of strings, not `[1]`",
        ),
    ] {
        let message = refused(keyword);
        assert!(message.contains(said), "{keyword}: {message}");
    }
}
