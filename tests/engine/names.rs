//! How tasks are called in what a run tells: names that are templates.

use super::site::Site;

#[test]
fn a_name_is_rendered_with_what_is_known_when_it_is_first_shown_for_the_first_host() {
    let site = Site::new(
        3,
        "
- hosts: all
  vars: {unit: nginx}
  tasks:
    - {name: 'install {{ unit }} on {{ n }}', command: 'true', notify: 'restart {{ unit }}'}
    - {name: 'for {{ nobody_knows }}', command: 'true'}
    - {name: 'rather {{ wrong', command: 'true'}
    - {name: 'hide {{ unit }}', command: 'true', no_log: true}
    - {include_tasks: more.yaml, loop: [a, b], when: n > 1}
  handlers:
    - {name: 'restart {{ unit }}', command: 'true'}
",
    )
    .with(
        "more.yaml",
        "
- {name: 'file {{ item }} of {{ n }}', command: 'true'}
",
    );
    let told = site.run(&[]);
    told.assert_code(0);
    let names = |host| -> Vec<String> {
        let tasks = told.tasks(host).into_iter();
        tasks
            .map(|task| task.rsplit_once(": ").expect("a status").0.to_owned())
            .filter(|name| !name.starts_with("include"))
            .collect()
    };
    let common = [
        "install nginx on 1",
        "for {{ nobody_knows }}",
        "rather {{ wrong",
        "hide {{ unit }}",
    ];
    let last = ["restart nginx"];
    assert_eq!(names("h1"), [&common[..], &last].concat());
    let files = ["file a of 2", "file b of 2"];
    assert_eq!(names("h3"), [&common[..], &files, &last].concat());
}

#[test]
fn a_rendered_name_is_no_other_place_to_go_on_at() {
    let site = Site::new(
        1,
        "
- hosts: all
  vars: {word: b}
  tasks:
    - {name: 'a', command: 'touch {{ dir }}/a'}
    - {name: 'task {{ word }}', command: 'test -e {{ dir }}/ready'}
    - {name: 'c', command: 'true'}
",
    );
    site.run(&[]).assert_code(2);
    std::fs::write(site.path("out/ready"), "").expect("written");
    std::fs::remove_file(site.path("out/a")).expect("removed");
    let told = site.run(&["--resume"]);
    told.assert_code(0);
    assert_eq!(told.tasks("h1"), ["task b: changed", "c: changed"]);
    let told = site.run(&["--start-at-task", "task {{ word }}"]);
    assert_eq!(told.tasks("h1"), ["task b: changed", "c: changed"]);
}
