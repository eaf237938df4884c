//! The worker on a host: sent once, checked each time, and gone after the run but for its file.

use std::collections::BTreeSet;

use crate::lab::{Lab, files, on, wait_until, yaml};

/// Reads and changes nothing, as the login user and as root.
const READ: &str = "- hosts: all
  tasks:
    - {name: as root, stat: {path: /etc}}
    - {name: as ops, stat: {path: /etc}, vars: {ansible_become: false}}
";

/// The worker's file of each user, with what tells whether it was written anew.
const WORKERS: &str =
    "stat --format '%n %a %U %i %Y' /home/ops/.cache/provision/* /root/.cache/provision/*";

#[test]
fn the_worker_leaves_nothing_but_its_file() {
    let lab = Lab::pristine();
    let host = &lab.hosts[0];
    let paths = |files: BTreeSet<String>| -> BTreeSet<String> {
        files
            .iter()
            .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
            .collect()
    };
    let before = paths(files(host));

    lab.provision(&[yaml(READ).path().to_str().expect("UTF-8")])
        .assert_code(0);
    wait_until(host, "! ps -eo args | grep --quiet '[p]rovision/worker-'");
    let new: Vec<_> = paths(files(host)).difference(&before).cloned().collect();
    let [.., root_worker] = &new[..] else {
        panic!("nothing is new")
    };
    let name = root_worker
        .strip_prefix("/root/.cache/provision/")
        .expect("a file in root's cache");
    assert!(name.starts_with("worker-"), "{name}");
    assert_eq!(
        new,
        [
            "/home/ops/.cache",
            "/home/ops/.cache/provision",
            &format!("/home/ops/.cache/provision/{name}"),
            "/root/.cache",
            "/root/.cache/provision",
            root_worker,
        ]
    );
    on(
        host,
        "test $(stat --format %a /home/ops/.cache/provision) = 700",
    );
}

#[test]
fn the_worker_is_sent_once_and_again_only_when_altered() {
    let lab = Lab::take();
    let host = &lab.hosts[0];
    let book = yaml(READ);
    let run = || {
        lab.provision(&[book.path().to_str().expect("UTF-8")])
            .assert_code(0);
    };
    run();
    let first = on(host, WORKERS);
    run();
    assert_eq!(on(host, WORKERS), first, "it was sent again");

    let intact = "cd /home/ops/.cache/provision && for file in worker-*; do
        echo \"${file#worker-}  $file\" | sha256sum --check --quiet || exit 1; done";
    on(host, intact);
    on(
        host,
        "for file in /home/ops/.cache/provision/worker-*; do echo altered >>$file; done",
    );
    run();
    on(host, intact);
}
