//! Where made-up tasks come to stand, and how much is drawn.

use super::Timeline;
use crate::event::{Event, Status, TaskName, TaskResult, Timing};

fn finished(position: u32, name: &str, host: &str, timing: Timing) -> Event {
    Event::TaskFinished {
        task: TaskName {
            position: position.into(),
            role: None,
            name: name.into(),
            handler: false,
            at: "site.yaml:1".into(),
        },
        host: host.into(),
        result: TaskResult {
            status: Status::Ok,
            changes: Vec::new(),
            message: None,
            output: None,
            items: Vec::new(),
            registered: None,
            millis: 0,
            timing,
        },
    }
}

fn timing(begun: u64, ended: u64, plan: u64) -> Timing {
    Timing {
        begun,
        ended,
        plan,
        ..Timing::default()
    }
}

#[test]
fn tasks_that_were_answered_together_stand_one_behind_the_other() {
    let mut timeline = Timeline::default();
    for (position, plan) in [(1, 30), (2, 20), (3, 10)] {
        timeline.event(&finished(position, "t", "h1", timing(100, 200, plan)));
    }
    let bars = timeline.hosts[0].laid_out();
    let places: Vec<_> = bars.iter().map(|bar| (bar.start, bar.end)).collect();
    assert_eq!(places, [(140, 170), (170, 190), (190, 200)]);
}

#[test]
fn nothing_stands_before_it_was_taken_up() {
    let mut timeline = Timeline::default();
    timeline.event(&finished(1, "t", "h1", timing(100, 120, 50)));
    let bar = &timeline.hosts[0].laid_out()[0];
    assert_eq!((bar.start, bar.end), (100, 120));
}

#[test]
fn names_are_escaped() {
    let mut timeline = Timeline::default();
    let name = "<script>alert(\"x\")</script>";
    timeline.event(&finished(1, name, "<h1>'", timing(0, 10, 5)));
    let mut html = String::new();
    timeline.write(&mut html);
    assert!(
        !html.contains("<script") && !html.contains("<h1>"),
        "{html}"
    );
    assert!(html.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
    assert!(html.contains("&lt;h1&gt;&#39;"));
}

#[test]
fn of_a_thousand_hosts_the_slowest_are_drawn_and_it_is_said() {
    let mut timeline = Timeline::default();
    for position in 0..50 {
        for host in 0..1000 {
            let timing = timing(0, 1000 + host, 5);
            timeline.event(&finished(position, "a task", &format!("h{host}"), timing));
        }
    }
    let mut html = String::new();
    timeline.write(&mut html);
    assert!(
        html.contains("200 of 1000 hosts are drawn"),
        "{}",
        &html[..300]
    );
    assert!(html.contains(">h999<") && html.contains(">h800<") && !html.contains(">h799<"));
    assert!(html.len() < 4 << 20, "{}", html.len());
}
