//! Where the time of a run went: `--profile`, and `provision report` from the record.

use std::fs;

use super::site::Site;

/// `h1` is slow, so that `h2` waits for it before it may change anything.
const SLOW: &str = "
- hosts: all
  tasks:
    - {name: slow, command: 'sleep {{ 0.4 if n == 1 else 0 }}', changed_when: false}
    - {name: '<script>alert(1)</script>', shell: 'echo x >> {{ dir }}/changes'}
    - {name: fails, shell: 'echo \"<script>alert(2)</script>\"; exit {{ n - 1 }}'}
";

fn report(site: &Site, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = site.program();
    let output = command.arg("report").args(arguments).output();
    let output = output.expect("provision runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn events_say_where_the_time_went_and_who_was_waited_for() {
    let site = Site::new(2, SLOW);
    let told = site.run(&[]);
    told.assert_code(2);
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let slow = &told.result("h1", "slow")["timing"];
    assert!(number(&slow["apply"]) >= 400_000, "{slow}");
    assert!(
        number(&slow["ended"]) - number(&slow["begun"]) >= 400_000,
        "{slow}"
    );
    assert_eq!(number(&slow["held"]), 0, "{slow}");
    let waited = &told.result("h2", "<script>alert(1)</script>")["timing"];
    assert!(number(&waited["held"]) >= 200_000, "{waited}");
    assert_eq!(waited["waited_for"], "h1");
    let connected = told
        .events
        .iter()
        .find(|event| event["event"] == "host_connected");
    let phases = &connected.expect("a connection")["phases"];
    assert!(number(&phases["start"]) > 0, "{phases}");
}

#[test]
fn a_run_with_profile_ends_with_where_its_time_went() {
    let site = Site::new(2, SLOW);
    let mut command = site.program();
    command.args(["-i", "inventory.yaml", "--profile=1", "site.yaml"]);
    let output = command.output().expect("provision runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (_, profile) = text
        .split_once("     profile where the time of 2 hosts went")
        .expect(&text);
    let (phases, rest) = profile.split_once("\n       tasks ").expect(&text);
    assert!(phases.contains("worker start") && phases.contains("waiting for others"));
    assert!(
        rest.contains("h1 of 2  slow") && rest.contains("and 2 more tasks"),
        "{text}"
    );
    assert!(
        rest.contains("waited for time") && rest.contains("and 1 more hosts"),
        "{text}"
    );
}

#[test]
fn an_earlier_run_is_shown_from_its_record() {
    let site = Site::new(2, SLOW);
    let (code, _, stderr) = report(&site, &[]);
    assert_eq!(code, Some(4));
    assert!(stderr.contains("no run is recorded"), "{stderr}");
    site.run(&[]).assert_code(2);
    let (code, text, stderr) = report(&site, &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for expected in [
        "run site.yaml came to its end",
        "ok=1",
        "`/bin/sh` exited with 1",
        "h1 of 2  slow",
        "waited for",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    site.run(&["--check"]).assert_code(0);
    let (code, list, _) = report(&site, &["--list"]);
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(
        lines[0].ends_with(" UTC  site.yaml: 2 hosts, failed on 1"),
        "{list}"
    );
    assert!(
        lines[1].ends_with(" UTC  site.yaml (check): 2 hosts, all well"),
        "{list}"
    );
    let first = lines[0].split(' ').next().expect("a name");
    let (code, text, _) = report(&site, &[first]);
    assert_eq!(code, Some(0));
    assert!(text.contains("failed=1"), "{text}");
    let (code, _, stderr) = report(&site, &["nothing"]);
    assert_eq!(code, Some(4));
    assert!(
        stderr.contains("no record `nothing`; `provision report --list`"),
        "{stderr}"
    );
}

#[test]
fn a_page_holds_the_timeline_and_no_text_of_others_as_markup() {
    let site = Site::new(2, SLOW);
    site.run(&[]).assert_code(2);
    let (code, stdout, stderr) = report(&site, &["--html", "run.html"]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    let html = fs::read_to_string(site.path("run.html")).expect("a page");
    assert!(!html.contains("<script"), "{html}");
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "the task's name"
    );
    assert!(
        html.contains("&lt;script&gt;alert(2)&lt;/script&gt;"),
        "the output"
    );
    for class in ["start", "ok", "changed", "wait", "failed"] {
        let bar = format!("<rect class=\"{class}\"");
        assert!(html.contains(&bar), "{class}\n{html}");
    }
    assert!(
        html.contains("for h1</title>"),
        "who was waited for: {html}"
    );
    for outside in ["http:", "https:", "src=", "href=", "@import", "url(//"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let (code, _, stderr) = report(&site, &["--html", "missing/run.html"]);
    assert_eq!(code, Some(4));
    assert!(
        stderr.contains("cannot write `missing/run.html`"),
        "{stderr}"
    );
}
