//! Plays an invented run, to look at what a user sees: `cargo run --example output -- [HOSTS] [-v]... [--check]
//! [--diff] [--json] [--fast]`.

use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use provision::event::{Event, Recap, Status, TaskName, TaskResult};
use provision::report::{Console, ConsoleOptions, Json, Reporter};
use provision_worker::plan::Diff;
use provision_worker::protocol::Changed;

/// What becomes of a task on a host.
type Outcome = fn(usize) -> TaskResult;

const ROLE: &str = "container_engine/containerd";

fn main() {
    let mut options = ConsoleOptions::for_stdout();
    let (mut count, mut check, mut json, mut pace) = (3, false, false, 1);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            "--diff" => options.diff = true,
            "--json" => json = true,
            "--fast" => pace = 0,
            "-v" => options.verbosity += 1,
            "-vv" => options.verbosity += 2,
            number => count = number.parse().unwrap_or(count),
        }
    }
    let mut reporter: Box<dyn Reporter> = if json {
        Box::new(Json::new(io::stdout()))
    } else {
        Box::new(Console::new(io::stdout(), options))
    };
    play(reporter.as_mut(), count, check, pace);
}

fn play(reporter: &mut dyn Reporter, count: usize, check: bool, pace: u32) {
    let hosts: Vec<Arc<str>> = (1..=count)
        .map(|host| format!("node{host}").into())
        .collect();
    let wait = |reporter: &mut dyn Reporter, ticks: u32| {
        for _ in 0..ticks * pace {
            sleep(Duration::from_millis(100));
            reporter.tick();
        }
    };
    let playbooks = vec!["playbooks/site.yaml".to_owned()];
    reporter.event(&Event::RunStarted {
        playbooks,
        hosts: hosts.clone(),
        check,
    });
    reporter.event(&Event::PlayStarted {
        play: "container hosts".into(),
        hosts: hosts.clone(),
    });
    for host in &hosts {
        reporter.event(&Event::HostConnecting { host: host.clone() });
    }
    for host in &hosts {
        wait(reporter, 20 / u32::try_from(count).unwrap_or(1));
        reporter.event(&Event::HostConnected {
            host: host.clone(),
            millis: 38,
            phases: provision::event::Phases::default(),
        });
    }
    let mut recap: Vec<Recap> = hosts
        .iter()
        .map(|host| Recap {
            host: host.clone(),
            ..Recap::default()
        })
        .collect();
    for (position, (role, name, outcome)) in tasks().into_iter().enumerate() {
        let task = TaskName {
            position: u32::try_from(position).unwrap_or(u32::MAX).into(),
            role: role.map(Into::into),
            name: name.into(),
            handler: name.starts_with("restart"),
            at: format!(
                "roles/{}/tasks/main.yaml:{}",
                role.unwrap_or("play"),
                3 + 7 * position
            )
            .into(),
        };
        let on: Vec<usize> = (0..count).filter(|&host| recap[host].failed == 0).collect();
        for &host in &on {
            reporter.event(&Event::TaskStarted {
                task: task.clone(),
                host: hosts[host].clone(),
            });
        }
        for &host in &on {
            wait(
                reporter,
                if host + 1 == count {
                    10
                } else {
                    u32::from(count < 9) * 2
                },
            );
            let result = outcome(host);
            count_result(&mut recap[host], result.status);
            reporter.event(&Event::TaskFinished {
                task: task.clone(),
                host: hosts[host].clone(),
                result,
            });
        }
    }
    reporter.event(&Event::PlayFinished {
        play: "container hosts".into(),
    });
    reporter.event(&Event::RunFinished {
        recap,
        interrupted: false,
    });
}

fn tasks() -> Vec<(Option<&'static str>, &'static str, Outcome)> {
    vec![
        (Some("bootstrap_os"), "install the base packages", |_| {
            changed(&[("package chrony", None)])
        }),
        (Some("bootstrap_os"), "set the hostname", |host| {
            changed(&[(
                &format!("hostname from `debian` to `node{}`", host + 1),
                None,
            )])
        }),
        (Some("bootstrap_os"), "turn swap off", |_| {
            result(Status::Ok, None)
        }),
        (None, "say which driver", |_| {
            result(Status::Ok, Some("the cgroup driver is systemd"))
        }),
        (Some("bootstrap_os"), "read the old setting", |host| {
            result(
                if host == 0 {
                    Status::Ignored
                } else {
                    Status::Ok
                },
                (host == 0).then_some("`sysctl` is missing"),
            )
        }),
        (Some(ROLE), "install containerd", |host| {
            if host % 50 != 1 {
                return result(Status::Ok, None);
            }
            let mut failed = result(
                Status::Failed,
                Some("`apt-get install` exited with 100, expected 0"),
            );
            failed.output =
                Some("Reading package lists...\nE: Unable to locate package containerd\n".into());
            failed
        }),
        (Some(ROLE), "write config.toml", |host| {
            let before = "version = 2\n\n[plugins]\n  SystemdCgroup = false\n";
            let after = "version = 2\n\n[plugins]\n  SystemdCgroup = true\n";
            let diff = Diff {
                before: (host > 0).then(|| before.into()),
                after: Some(after.into()),
            };
            changed(&[("content of /etc/containerd/config.toml", Some(diff))])
        }),
        (Some(ROLE), "start containerd", |_| {
            changed(&[("containerd.service is started", None)])
        }),
        (Some(ROLE), "load the test image", |_| {
            result(Status::Unknown, Some("a command cannot be foreseen"))
        }),
        (Some(ROLE), "restart containerd", |_| {
            changed(&[("containerd.service is restarted", None)])
        }),
    ]
}

fn changed(changes: &[(&str, Option<Diff>)]) -> TaskResult {
    let changes = changes.iter().map(|(what, diff)| Changed {
        what: (*what).to_owned(),
        diff: diff.clone(),
    });
    TaskResult {
        changes: changes.collect(),
        ..result(Status::Changed, None)
    }
}

fn result(status: Status, message: Option<&str>) -> TaskResult {
    TaskResult {
        status,
        changes: Vec::new(),
        message: message.map(Into::into),
        output: None,
        items: Vec::new(),
        registered: None,
        timing: provision::event::Timing::default(),
        millis: 120,
    }
}

fn count_result(recap: &mut Recap, status: Status) {
    match status {
        Status::Ok => recap.ok += 1,
        Status::Changed => recap.changed += 1,
        Status::Skipped => recap.skipped += 1,
        Status::Unknown => recap.unknown += 1,
        Status::Ignored => recap.ignored += 1,
        Status::Rescued => recap.rescued += 1,
        Status::Failed => recap.failed += 1,
        Status::Unreachable => recap.unreachable = true,
    }
}
