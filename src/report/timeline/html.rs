//! A timeline as part of a page of HTML: hosts one below the other, the time from left to right. Whatever comes from
//! hosts and playbooks goes through [`escape`].

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Bar, Row, Timeline};
use crate::event::{Phases, Status, TaskName};
use crate::report::profile::seconds;

/// The most bars that a browser still scrolls well.
const BARS: usize = 20_000;

/// The width of the time, and the place of its beginning.
const WIDTH: f64 = 1100.0;
const LEFT: f64 = 160.0;

/// The height of a host.
const ROW: usize = 16;

// Writing to a string does not fail, below here.

/// A text inside of HTML, whoever wrote it.
pub(in crate::report) fn escape(text: &str) -> String {
    let clean: Cow<'_, str> = crate::report::text::sanitize(text);
    let mut escaped = String::with_capacity(clean.len());
    for character in clean.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The name of a task with its role.
pub(in crate::report) fn task_name(task: &TaskName) -> String {
    let role = task.role.as_ref().map(|role| format!("{role} : "));
    let handler = if task.handler { " (handler)" } else { "" };
    escape(&format!(
        "{}{}{handler}",
        role.unwrap_or_default(),
        task.name
    ))
}

/// How a status is called in class names and tables.
pub(in crate::report) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Changed => "changed",
        Status::Skipped => "skipped",
        Status::Unknown => "unknown",
        Status::Ignored => "ignored",
        Status::Rescued => "rescued",
        Status::Failed => "failed",
        Status::Unreachable => "unreachable",
    }
}

impl Timeline {
    /// Adds the picture.
    pub(in crate::report) fn write(&self, html: &mut String) {
        let shown = self.shown();
        if shown.len() < self.hosts.len() {
            let _ = writeln!(
                html,
                "<p class=note>{} of {} hosts are drawn: those on which something failed, and those that took \
                 longest. The tables count all.</p>",
                shown.len(),
                self.hosts.len()
            );
        }
        let end = self.end().max(1);
        let height = (shown.len() + 2) * ROW;
        let _ = writeln!(
            html,
            "<svg width=\"{0}\" height=\"{height}\" viewBox=\"0 0 {0} {height}\">\n\
             <defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" class=\"still\"/>\
             <line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" class=\"stripe\"/></pattern></defs>",
            LEFT + WIDTH + 40.0
        );
        for tick in 0..=10 {
            let time = end / 10 * tick;
            let x = place(time, end);
            let _ = writeln!(
                html,
                "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{ROW}\" y2=\"{height}\"/>\
                 <text x=\"{x:.1}\" y=\"12\" text-anchor=\"middle\">{}</text>",
                seconds(time)
            );
        }
        for (number, (host, row)) in shown.into_iter().enumerate() {
            let top = (number + 1) * ROW;
            let _ = writeln!(
                html,
                "<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                if row.failed { "bad" } else { "host" },
                LEFT - 8.0,
                top + 12,
                escape(&short(host))
            );
            for phases in &row.connections {
                connection(html, phases, top, end);
            }
            for bar in row.laid_out() {
                self.bar(html, host, &bar, top, end);
            }
        }
        html.push_str("</svg>\n");
    }

    /// The hosts that are drawn, in their order.
    fn shown(&self) -> Vec<(&str, &Row)> {
        let mut order: Vec<usize> = (0..self.hosts.len()).collect();
        order.sort_by_key(|&host| {
            let row = &self.hosts[host];
            std::cmp::Reverse((row.failed, row.end()))
        });
        let mut room = BARS;
        let mut kept: Vec<usize> = order
            .into_iter()
            .take_while(|&host| {
                let row = &self.hosts[host];
                let bars = 5 * row.connections.len() + 2 * row.bars.len();
                let fits = room >= bars;
                room = room.saturating_sub(bars);
                fits
            })
            .collect();
        kept.sort_unstable();
        kept.into_iter()
            .filter_map(|host| self.hosts.get_index(host))
            .map(|(host, row)| (&**host, row))
            .collect()
    }

    fn bar(&self, html: &mut String, host: &str, bar: &Bar, top: usize, end: u64) {
        if bar.status == Status::Skipped {
            return;
        }
        let Some((_, task)) = self.tasks.get_index(bar.task) else {
            return;
        };
        let timing = &bar.timing;
        let waited = bar.end.min(bar.start + timing.held);
        let title = format!(
            "{}\n{} on {}: plan {}, apply {}, rendering {}",
            task_name(task),
            status_name(bar.status),
            escape(host),
            seconds(timing.plan),
            seconds(timing.apply),
            seconds(timing.prepare)
        );
        if timing.held > 0 {
            let last = timing.waited_for.as_deref().map(escape);
            let title = format!(
                "{title}\nwaited {} for {}",
                seconds(timing.held),
                last.as_deref().unwrap_or("others")
            );
            rect(html, "wait", bar.start, waited, top, end, &title);
        }
        let class = status_name(bar.status);
        rect(html, class, waited, bar.end, top, end, &title);
    }
}

fn connection(html: &mut String, phases: &Phases, top: usize, end: u64) {
    let mut from = phases.begun;
    for (class, name, time) in [
        ("wait", "waiting for its turn", phases.turn),
        ("connect", "connect", phases.connect),
        ("auth", "auth", phases.auth),
        ("upload", "upload of the worker", phases.upload.unwrap_or(0)),
        ("start", "worker start", phases.start),
    ] {
        if time > 0 {
            let title = format!("{name} {}", seconds(time));
            rect(html, class, from, from + time, top, end, &title);
        }
        from += time;
    }
}

fn rect(html: &mut String, class: &str, from: u64, to: u64, top: usize, end: u64, title: &str) {
    let x = place(from, end);
    // What is shorter than a point is seen all the same.
    let width = (place(to, end) - x).max(0.7);
    let _ = writeln!(
        html,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\"><title>{title}</title></rect>",
        top + 2,
        ROW - 4
    );
}

#[expect(clippy::cast_precision_loss, reason = "points on a screen")]
fn place(time: u64, end: u64) -> f64 {
    LEFT + time as f64 / end as f64 * WIDTH
}

/// As much of a host's name as there is room for.
fn short(host: &str) -> String {
    const ROOM: usize = 22;
    if host.chars().count() <= ROOM {
        return host.to_owned();
    }
    host.chars().take(ROOM - 1).chain(['…']).collect()
}
