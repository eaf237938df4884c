//! Whole runs and exactly what a person sees of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use provision_worker::plan::Diff;
use provision_worker::protocol::Changed;

use super::console::{Console, ConsoleOptions};
use crate::event::{
    Event, Events, ItemResult, Phases, Recap, Status, TaskName, TaskResult, Timing,
};
use crate::value::Value;

/// An invented run that goes on as a test says.
struct Run<'a> {
    console: Console<&'a mut Vec<u8>>,
    seconds: Arc<AtomicU64>,
}

impl<'a> Run<'a> {
    fn new(output: &'a mut Vec<u8>, options: ConsoleOptions) -> Self {
        let seconds = Arc::new(AtomicU64::new(0));
        let (begun, passed) = (Instant::now(), seconds.clone());
        let clock = move || begun + Duration::from_secs(passed.load(Ordering::Relaxed));
        Self {
            console: Console::with_clock(output, options, Box::new(clock)),
            seconds,
        }
    }

    fn tell(&mut self, event: &Event) {
        self.console.event(event);
    }

    fn pass(&mut self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
        self.console.tick();
    }

    fn begin(&mut self, hosts: usize, check: bool) {
        let hosts: Vec<Arc<str>> = (1..=hosts).map(host).collect();
        let playbooks = vec!["site.yaml".to_owned()];
        self.tell(&Event::RunStarted {
            playbooks,
            hosts: hosts.clone(),
            check,
        });
        self.tell(&Event::PlayStarted {
            play: "hosts".into(),
            hosts,
        });
    }

    fn start(&mut self, position: u32, number: usize) {
        self.tell(&Event::TaskStarted {
            task: task(position),
            host: host(number),
        });
    }

    fn finish(&mut self, position: u32, number: usize, result: TaskResult) {
        self.tell(&Event::TaskFinished {
            task: task(position),
            host: host(number),
            result,
        });
    }

    fn end(&mut self, recap: Vec<Recap>, interrupted: bool) {
        self.tell(&Event::PlayFinished {
            play: "hosts".into(),
        });
        self.tell(&Event::RunFinished { recap, interrupted });
    }
}

/// What is seen of a run.
fn seen(options: ConsoleOptions, run: impl FnOnce(&mut Run<'_>)) -> String {
    let mut output = Vec::new();
    run(&mut Run::new(&mut output, options));
    String::from_utf8(output).unwrap()
}

/// What is seen after the head of the run and the play.
fn seen_below(options: ConsoleOptions, hosts: usize, run: impl FnOnce(&mut Run<'_>)) -> String {
    let all = seen(options, |play| {
        play.begin(hosts, false);
        run(play);
        play.tell(&Event::PlayFinished {
            play: "hosts".into(),
        });
    });
    all.splitn(4, '\n').nth(3).unwrap().to_owned()
}

fn verbose(verbosity: u8) -> ConsoleOptions {
    ConsoleOptions {
        verbosity,
        ..ConsoleOptions::default()
    }
}

fn host(number: usize) -> Arc<str> {
    format!("h{number}").into()
}

fn task(position: u32) -> TaskName {
    TaskName {
        position: position.into(),
        role: Some("web".into()),
        name: format!("task {position}").into(),
        handler: false,
        at: format!("roles/web/tasks/main.yaml:{position}").into(),
    }
}

fn result(status: Status) -> TaskResult {
    TaskResult {
        status,
        changes: Vec::new(),
        message: None,
        output: None,
        items: Vec::new(),
        registered: None,
        millis: 1,
        timing: Timing::default(),
    }
}

fn says(status: Status, message: &str) -> TaskResult {
    TaskResult {
        message: Some(message.into()),
        ..result(status)
    }
}

fn changed(what: &[&str]) -> TaskResult {
    let change = |what: &&str| Changed {
        what: (*what).into(),
        diff: None,
    };
    TaskResult {
        changes: what.iter().map(change).collect(),
        ..result(Status::Changed)
    }
}

fn recap(number: usize, [ok, changed, failed]: [usize; 3]) -> Recap {
    Recap {
        host: host(number),
        ok,
        changed,
        failed,
        ..Recap::default()
    }
}

#[test]
fn a_run_reads_from_top_to_bottom() {
    let text = seen(ConsoleOptions::default(), |run| {
        run.begin(3, false);
        (1..=3).for_each(|host| run.finish(1, host, changed(&["package curl", "package chrony"])));
        (1..=3).for_each(|host| run.finish(2, host, result(Status::Ok)));
        (1..=3).for_each(|host| run.finish(3, host, changed(&[&format!("hostname `h{host}`")])));
        let output = Some("one\ntwo\n".into());
        run.finish(4, 1, result(Status::Skipped));
        run.finish(
            4,
            2,
            TaskResult {
                output,
                ..says(Status::Failed, "`false` exited with 1")
            },
        );
        run.finish(4, 3, says(Status::Ignored, "no such file"));
        run.pass(75);
        run.end(
            vec![
                recap(1, [1, 2, 0]),
                recap(2, [1, 2, 1]),
                recap(3, [11, 2, 0]),
            ],
            false,
        );
    });
    let expected = "     \
     running site.yaml on 3 hosts

        play hosts   h1 h2 h3
     changed web : task 1   h1 h2 h3
             package curl
             package chrony
     changed web : task 3   h1 h2 h3
             h1: hostname `h1`
             h2: hostname `h2`
             h3: hostname `h3`
      failed web : task 4   h2
             roles/web/tasks/main.yaml:4
             `false` exited with 1
             │ one
             │ two
     ignored web : task 4   h3
             no such file

       recap 3 hosts
             h1  ok=1   changed=2  failed=0
             h2  ok=1   changed=2  failed=1
             h3  ok=11  changed=2  failed=0

      failed web : task 4   h2
             roles/web/tasks/main.yaml:4
             `false` exited with 1
      failed on 1 of 3 hosts in 1m 15s
";
    assert_eq!(text, expected);
}

#[test]
fn check_mode_says_that_nothing_is_changed_and_what_nobody_knows() {
    let text = seen(ConsoleOptions::default(), |run| {
        run.begin(1, true);
        run.finish(1, 1, changed(&["package curl"]));
        run.finish(2, 1, says(Status::Unknown, "a command cannot be foreseen"));
        run.end(
            vec![Recap {
                unknown: 1,
                ..recap(1, [0, 1, 0])
            }],
            false,
        );
    });
    let expected = "    \
    checking site.yaml on 1 host: nothing is changed

        play hosts   h1
would change web : task 1   h1
             package curl
     unknown web : task 2   h1
             a command cannot be foreseen

       recap 1 host
             h1  ok=0  would change=1  unknown=1  failed=0
    finished in 0.0s
";
    assert_eq!(text, expected);
}

#[test]
fn a_converged_run_is_short() {
    let text = seen_below(ConsoleOptions::default(), 2, |run| {
        (1..=2).for_each(|host| run.finish(1, host, result(Status::Ok)));
        (1..=2).for_each(|host| run.finish(2, host, result(Status::Skipped)));
    });
    assert_eq!(text, "");
}

#[test]
fn verbose_shows_ok_skipped_and_the_items_that_changed() {
    let text = seen_below(verbose(1), 2, |run| {
        (1..=2).for_each(|host| run.finish(1, host, result(Status::Ok)));
        run.finish(2, 1, says(Status::Skipped, "`when` is false"));
        let item = |label: &str, status| ItemResult {
            label: label.into(),
            status,
            message: None,
        };
        let items = vec![item("curl", Status::Changed), item("vim", Status::Ok)];
        run.finish(
            2,
            2,
            TaskResult {
                items,
                ..changed(&["package curl"])
            },
        );
    });
    let expected = "          \
          ok web : task 1   h1 h2
     skipped web : task 2   h1
             `when` is false
     changed web : task 2   h2
             item `curl`
             package curl
";
    assert_eq!(text, expected);
}

#[test]
fn more_verbose_shows_what_was_registered_unless_it_is_secret() {
    let text = seen_below(verbose(2), 1, |run| {
        let registered = Some(Value::from_serializable(&serde_json::json!({"rc": 0})));
        run.finish(
            1,
            1,
            TaskResult {
                registered,
                ..result(Status::Ok)
            },
        );
        run.finish(2, 1, result(Status::Ok));
    });
    let expected = "          \
          ok web : task 1   h1
             {
               \"rc\": 0
             }
          ok web : task 2   h1
";
    assert_eq!(text, expected);
}

#[test]
fn equal_diffs_are_shown_once() {
    let options = ConsoleOptions {
        diff: true,
        ..ConsoleOptions::default()
    };
    let text = seen_below(options, 3, |run| {
        for (host, before) in [(1, "a\n"), (2, "b\n"), (3, "a\n")] {
            let diff = Some(Diff {
                before: Some(before.into()),
                after: Some("c\n".into()),
            });
            let changes = vec![Changed {
                what: "content of /f".into(),
                diff,
            }];
            run.finish(
                1,
                host,
                TaskResult {
                    changes,
                    ..result(Status::Changed)
                },
            );
        }
    });
    let expected = "     \
     changed web : task 1   h1 h2 h3
             h1 h3:
               content of /f
                 @@ -1 +1 @@
                 -a
                 +c
             h2:
               content of /f
                 @@ -1 +1 @@
                 -b
                 +c
";
    assert_eq!(text, expected);
}

#[test]
fn what_a_debug_task_says_is_always_shown() {
    let text = seen_below(ConsoleOptions::default(), 1, |run| {
        run.finish(1, 1, says(Status::Ok, "a\nb"));
    });
    assert_eq!(
        text,
        "          ok web : task 1   h1\n             a\n             b\n"
    );
}

#[test]
fn equal_failures_of_many_hosts_are_told_once_and_the_first_at_once() {
    let mut output = Vec::new();
    let mut run = Run::new(&mut output, ConsoleOptions::default());
    run.begin(3, false);
    run.finish(1, 2, says(Status::Failed, "no space"));
    run.finish(1, 3, says(Status::Failed, "no space"));
    drop(run);
    let until_now = String::from_utf8(output).unwrap();
    assert!(
        until_now
            .ends_with("   h2\n             roles/web/tasks/main.yaml:1\n             no space\n")
    );

    let text = seen_below(ConsoleOptions::default(), 3, |run| {
        [2, 3, 1]
            .into_iter()
            .for_each(|host| run.finish(1, host, says(Status::Failed, "no space")));
    });
    let expected = "      \
      failed web : task 1   h2
             roles/web/tasks/main.yaml:1
             no space
      failed web : task 1   h1 h3
             as on h2
";
    assert_eq!(text, expected);
}

#[test]
fn what_led_to_a_failure_stands_before_it() {
    let text = seen_below(ConsoleOptions::default(), 2, |run| {
        run.finish(1, 1, changed(&["a"]));
        run.finish(2, 1, says(Status::Unreachable, "the connection was lost"));
        run.finish(1, 2, changed(&["a"]));
    });
    let expected = "     \
     changed web : task 1   h1
             a
 unreachable web : task 2   h1
             roles/web/tasks/main.yaml:2
             the connection was lost
     changed web : task 1   h2
             a
";
    assert_eq!(text, expected);
}

#[test]
fn a_host_that_is_ahead_waits_to_be_shown_with_the_others() {
    let text = seen_below(ConsoleOptions::default(), 2, |run| {
        run.finish(1, 1, changed(&["a"]));
        run.finish(2, 1, changed(&["b"]));
        run.finish(1, 2, changed(&["a"]));
        run.finish(2, 2, changed(&["c"]));
    });
    let expected = "     \
     changed web : task 1   h1 h2
             a
     changed web : task 2   h1 h2
             h1: b
             h2: c
";
    assert_eq!(text, expected);
}

#[test]
fn a_warning_is_shown_once_for_all_the_hosts_that_follow() {
    let text = seen_below(ConsoleOptions::default(), 3, |run| {
        for host in (1..=3).map(host).map(Some).chain([None]) {
            run.tell(&Event::Warning {
                host,
                message: "the clock is off".into(),
            });
        }
    });
    assert_eq!(
        text,
        "     warning the clock is off   h1\n     warning the clock is off   h2 h3\n"
    );
}

#[test]
fn a_hostile_host_cannot_steer_the_terminal() {
    let options = ConsoleOptions {
        verbosity: 2,
        diff: true,
        ..ConsoleOptions::default()
    };
    let evil = "\u{1b}[2J\u{1b}]0;x\u{7}\r\u{9b}1m";
    let text = seen(options, |run| {
        run.begin(1, false);
        let host: Arc<str> = evil.into();
        let diff = Some(Diff {
            before: Some(evil.into()),
            after: Some("x".into()),
        });
        let result = TaskResult {
            changes: vec![Changed {
                what: evil.into(),
                diff,
            }],
            output: Some(evil.into()),
            items: vec![ItemResult {
                label: evil.into(),
                status: Status::Failed,
                message: Some(evil.into()),
            }],
            registered: Some(Value::from(evil)),
            ..says(Status::Failed, evil)
        };
        let task = TaskName {
            role: Some(evil.into()),
            name: evil.into(),
            at: evil.into(),
            ..task(1)
        };
        run.tell(&Event::Warning {
            host: Some(host.clone()),
            message: evil.into(),
        });
        run.tell(&Event::HostConnected {
            host: host.clone(),
            millis: 1,
            phases: Phases::default(),
        });
        run.tell(&Event::TaskFinished {
            task,
            host: host.clone(),
            result,
        });
        run.end(
            vec![Recap {
                host,
                failed: 1,
                ..Recap::default()
            }],
            true,
        );
    });
    let steering: Vec<char> = text
        .chars()
        .filter(|c| c.is_control() && *c != '\n')
        .collect();
    assert_eq!(steering, []);
}

#[test]
fn the_live_line_names_what_the_run_waits_for() {
    let options = ConsoleOptions {
        width: Some(|| 80),
        ..ConsoleOptions::default()
    };
    let text = seen(options, |run| {
        run.begin(5, false);
        run.tell(&Event::HostConnecting { host: host(5) });
        run.pass(1);
        (1..=4).for_each(|host| run.start(1, host));
        run.finish(1, 2, changed(&["a"]));
        run.pass(12);
        run.tell(&Event::HostConnected {
            host: host(5),
            millis: 1,
            phases: Phases::default(),
        });
        run.pass(1);
        [1, 3, 4, 5]
            .into_iter()
            .for_each(|host| run.finish(1, host, changed(&["a"])));
    });
    let expected = "     running site.yaml on 5 hosts\n\
        \n        play hosts   all 5 hosts\n     running hosts: 5/5 hosts\
        \r\u{1b}[2K     running hosts: 5/5 hosts, waiting for h5: connecting (1s)\
        \r\u{1b}[2K     running hosts: 1/5 hosts, waiting for h5: connecting (13s), h1 h3 (+1): t…\
        \r\u{1b}[2K     running hosts: 1/5 hosts, waiting for h1 h3 h4: task 1 (13s)\
        \r\u{1b}[2K     changed web : task 1   all 5 hosts\n             a\n     running hosts: 5/5 hosts\
        \r\u{1b}[2K";
    assert_eq!(text, expected);
}

#[test]
fn a_log_gets_a_sign_of_life_instead_of_a_live_line() {
    let text = seen_below(ConsoleOptions::default(), 1, |run| {
        run.start(1, 1);
        run.pass(59);
        run.pass(1);
        run.pass(59);
        run.pass(1);
    });
    assert_eq!(
        text,
        "     waiting for h1: task 1 (1m 00s)\n     waiting for h1: task 1 (2m 00s)\n"
    );
}

#[test]
fn an_interrupted_run_says_what_was_running() {
    let text = seen(ConsoleOptions::default(), |run| {
        run.begin(2, false);
        run.start(1, 2);
        run.pass(5);
        run.end(vec![recap(1, [0, 0, 0])], true);
    });
    let last = text.lines().last().unwrap();
    assert_eq!(
        last,
        " interrupted after 5.0s while waiting for h2: task 1 (5s)"
    );
}

#[test]
fn the_recap_of_many_hosts_folds_all_but_the_failed() {
    let mut hosts: Vec<Recap> = (1..=200).map(|number| recap(number, [12, 0, 0])).collect();
    hosts[6] = recap(7, [3, 1, 1]);
    hosts[7] = Recap {
        unreachable: true,
        ..recap(8, [3, 0, 0])
    };
    hosts[8] = recap(9, [11, 1, 0]);
    let text = seen(ConsoleOptions::default(), |run| run.end(hosts, false));
    let expected = "
       recap 200 hosts
             197 hosts  ok=12  changed=0  failed=0
             h9         ok=11  changed=1  failed=0
             h7         ok=3   changed=1  failed=1
             h8         ok=3   changed=0  failed=0  unreachable
      failed on 2 of 200 hosts in 0.0s
";
    assert_eq!(text, expected);
}
