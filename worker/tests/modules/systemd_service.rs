//! `systemd_service` brings a unit to the state that is wanted and explains why it could not.

use serde_json::{Value, json};

use crate::support::{Case, Scripted, dir, exits, file, says};

/// The state of the one unit, in the form that `systemctl show` prints.
const UNIT: &str = "/unit";

const RUNNING: &str = "Id=containerd.service\nLoadState=loaded\nActiveState=active\n\
                       SubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\n";
const STOPPED: &str = "Id=containerd.service\nLoadState=loaded\nActiveState=inactive\n\
                       SubState=dead\nUnitFileState=disabled\nNeedDaemonReload=no\n";
const MISSING: &str = "Id=containerd.service\nLoadState=not-found\nActiveState=inactive\n\
                       SubState=dead\nUnitFileState=\nNeedDaemonReload=no\n";

/// A systemd with one unit, which starts, stops, and can be enabled and masked.
fn systemd() -> Scripted {
    let replaced = |command, from: &'static str, to: &'static str| {
        (command, move |text: String| text.replace(from, to))
    };
    let steps = [
        replaced(
            "systemctl start -- containerd.service",
            "=inactive",
            "=active",
        ),
        replaced(
            "systemctl stop -- containerd.service",
            "=active",
            "=inactive",
        ),
        replaced(
            "systemctl restart -- containerd.service",
            "=inactive",
            "=active",
        ),
        replaced("systemctl reload -- containerd.service", "", ""),
        replaced(
            "systemctl enable -- containerd.service",
            "=disabled",
            "=enabled",
        ),
        replaced(
            "systemctl disable -- containerd.service",
            "=enabled",
            "=disabled",
        ),
        replaced("systemctl mask -- containerd.service", "=loaded", "=masked"),
        replaced(
            "systemctl unmask -- containerd.service",
            "=masked",
            "=loaded",
        ),
        replaced("systemctl daemon-reload", "Reload=yes", "Reload=no"),
    ];
    let show = "systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,DropInPaths \
                -- containerd.service";
    let programs = Scripted::new()
        .reads(show, |root| {
            says(&root.read(UNIT).expect("there is a unit"))
        })
        .reads("systemctl show --property=NeedDaemonReload -- *", |root| {
            says(&root.read(UNIT).expect("there is a unit"))
        });
    steps
        .into_iter()
        .fold(programs, |programs, (command, step)| {
            programs.writes(command, move |root| {
                root.write(UNIT, &step(root.read(UNIT).expect("there is a unit")));
                says("")
            })
        })
}

fn case(args: Value, unit: &str) -> Case {
    Case::new("systemd_service", args)
        .before([dir("/run/systemd/system"), file(UNIT, unit)])
        .programs(systemd())
}

#[test]
fn a_unit_as_wanted_costs_one_query() {
    let args = json!({"name": "containerd", "state": "started", "enabled": true});
    let ran = case(args, RUNNING).run();
    assert_eq!(ran.programs.len(), 1);
    assert_eq!(ran.applied["status"]["ActiveState"], "active");
}

#[test]
fn a_stopped_unit_is_enabled_and_started() {
    let args = json!({"name": "containerd", "state": "started", "enabled": true});
    let ran = case(args, STOPPED)
        .changes(["service containerd: enabled", "service containerd: started"])
        .after([file(
            UNIT,
            STOPPED
                .replace("inactive", "active")
                .replace("disabled", "enabled"),
        )])
        .run();
    assert_eq!(ran.diffs[1].before.as_deref(), Some("inactive"));
    assert_eq!(ran.diffs[1].after.as_deref(), Some("active"));
}

#[test]
fn a_running_unit_is_disabled_and_stopped() {
    let args = json!({"name": "containerd.service", "state": "stopped", "enabled": false});
    case(args, RUNNING)
        .changes([
            "service containerd: disabled",
            "service containerd: stopped",
        ])
        .after([file(
            UNIT,
            RUNNING
                .replace("=active", "=inactive")
                .replace("enabled", "disabled"),
        )])
        .run();
}

#[test]
fn a_restart_happens_each_time() {
    case(json!({"name": "containerd", "state": "restarted"}), RUNNING)
        .changes(["service containerd: restarted"])
        .every_time()
        .run();
    case(json!({"name": "containerd", "state": "reloaded"}), RUNNING)
        .changes(["service containerd: reloaded"])
        .every_time()
        .run();
}

#[test]
fn a_drop_in_that_systemd_has_not_read_is_read_before_a_restart() {
    let drop_in = "/etc/systemd/system/containerd.service.d/limits.conf";
    let case = |read: &str| {
        let unit = format!("{RUNNING}DropInPaths=/run/other.conf{read}\n");
        case(json!({"name": "containerd", "state": "restarted"}), &unit)
            .before([file(drop_in, "[Service]\n")])
            .every_time()
    };
    case("")
        .changes([
            "units read again by systemd",
            "service containerd: restarted",
        ])
        .run();
    case(&format!(" {drop_in}"))
        .changes(["service containerd: restarted"])
        .run();
}

#[test]
fn changed_unit_files_are_read_before_a_start_or_on_request() {
    let changed = STOPPED.replace("Reload=no", "Reload=yes");
    let started = STOPPED.replace("=inactive", "=active");
    case(json!({"name": "containerd", "state": "started"}), &changed)
        .changes(["units read again by systemd", "service containerd: started"])
        .after([file(UNIT, started)])
        .run();
    case(json!({"name": "containerd", "enabled": false}), &changed).run();
    case(
        json!({"name": "containerd", "daemon_reload": true}),
        &changed,
    )
    .changes(["units read again by systemd"])
    .after([file(UNIT, STOPPED)])
    .run();
    case(json!({"daemon_reload": true}), &changed)
        .changes(["units read again by systemd"])
        .after([file(UNIT, STOPPED)])
        .run();
    case(json!({"daemon_reload": true}), STOPPED).run();
}

#[test]
fn a_unit_is_masked_and_unmasked() {
    let masked = STOPPED.replace("=loaded", "=masked");
    case(json!({"name": "containerd", "masked": true}), STOPPED)
        .changes(["service containerd: masked"])
        .after([file(UNIT, &masked)])
        .run();
    case(
        json!({"name": "containerd", "masked": false, "state": "started"}),
        &masked,
    )
    .changes([
        "service containerd: not masked",
        "service containerd: started",
    ])
    .after([file(UNIT, STOPPED.replace("=inactive", "=active"))])
    .run();
    let failure = case(json!({"name": "containerd", "state": "started"}), &masked).plan_fails();
    assert_eq!(
        failure.message,
        "service containerd is masked: `masked: false` lets it be started"
    );
}

#[test]
fn static_units_can_be_neither_enabled_nor_disabled() {
    let unit = RUNNING.replace("enabled", "static");
    case(json!({"name": "containerd", "enabled": true}), &unit).run();
    case(json!({"name": "containerd", "enabled": false}), &unit).run();
}

#[test]
fn a_missing_unit_is_stopped_and_disabled() {
    let args = json!({"name": "containerd", "state": "stopped", "enabled": false});
    case(args, MISSING).run();
}

#[test]
fn a_missing_unit_cannot_be_started() {
    let programs = systemd().writes("systemctl start -- containerd.service", |_| {
        exits(
            5,
            "Failed to start containerd.service: Unit containerd.service not found.\n",
        )
    });
    let failure = Case::new(
        "systemd_service",
        json!({"name": "containerd", "state": "started"}),
    )
    .before([dir("/run/systemd/system"), file(UNIT, MISSING)])
    .programs(programs)
    .apply_fails();
    assert_eq!(failure.message, "there is no service containerd");

    let programs = systemd().writes("systemctl enable -- containerd.service", |_| {
        exits(
            1,
            "Failed to enable unit: Unit file containerd.service does not exist.\n",
        )
    });
    let failure = Case::new(
        "systemd_service",
        json!({"name": "containerd", "enabled": true}),
    )
    .before([dir("/run/systemd/system"), file(UNIT, MISSING)])
    .programs(programs)
    .apply_fails();
    assert_eq!(failure.message, "there is no service containerd");
}

#[test]
fn a_failed_start_shows_the_end_of_the_journal() {
    let programs = systemd()
        .writes("systemctl restart -- containerd.service", |_| {
            exits(
                1,
                "Job for containerd.service failed.\nSee \"journalctl\" for details.\n",
            )
        })
        .reads("systemctl status", |_| {
            let mut output = exits(3, "");
            output.stdout = "noise\n".repeat(1000).into_bytes();
            output
                .stdout
                .extend_from_slice(b"containerd: invalid plugin config\n");
            output
        });
    let failure = Case::new(
        "systemd_service",
        json!({"name": "containerd", "state": "restarted"}),
    )
    .before([dir("/run/systemd/system"), file(UNIT, RUNNING)])
    .programs(programs)
    .apply_fails();
    assert_eq!(
        failure.message,
        "service containerd was not restarted: Job for containerd.service failed."
    );
    let lines = failure.output["stdout_lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 30);
    assert_eq!(lines[29], "containerd: invalid plugin config");
}

#[test]
fn a_service_that_ends_right_after_its_start_is_a_failure() {
    let programs = systemd()
        .writes("systemctl start -- containerd.service", |root| {
            root.write(UNIT, &STOPPED.replace("inactive", "failed"));
            says("")
        })
        .reads("systemctl status", |_| exits(3, ""));
    let failure = Case::new(
        "systemd_service",
        json!({"name": "containerd", "state": "started"}),
    )
    .before([dir("/run/systemd/system"), file(UNIT, STOPPED)])
    .programs(programs)
    .after([file(UNIT, STOPPED.replace("inactive", "failed"))])
    .apply_fails();
    assert_eq!(
        failure.message,
        "service containerd was not started: it ended right away"
    );
}

#[test]
fn service_is_the_short_form() {
    Case::new("service", json!({"name": "containerd", "state": "started"}))
        .before([dir("/run/systemd/system"), file(UNIT, STOPPED)])
        .programs(systemd())
        .changes(["service containerd: started"])
        .after([file(UNIT, STOPPED.replace("=inactive", "=active"))])
        .run();
    let failure =
        Case::new("service", json!({"name": "containerd", "state": "started"})).plan_fails();
    assert_eq!(failure.message, "this host does not run systemd");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for args in [
        json!({}),
        json!({"state": "started"}),
        json!({"name": "--now", "state": "started"}),
        json!({"name": "*", "state": "stopped"}),
        json!({"name": "x", "masked": true, "enabled": true}),
    ] {
        Case::new("systemd_service", args)
            .before([dir("/run/systemd/system")])
            .plan_fails();
    }
}
