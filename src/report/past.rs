//! A run that is over, from its events: as text, or as one page of HTML with a timeline.

use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;

use super::page::{Page, Tone};
use super::profile::{Adding, seconds};
use super::recap::{self, Failures};
use super::text::{hosts, last_lines};
use super::timeline::{Timeline, escape, status_name, task_name};
use crate::event::{Event, Recap, Status, TaskName, TaskResult};

/// Up to so many failures are shown with their output.
const FAILURES: usize = 200;

/// How the page looks. It names nothing outside of itself.
const STYLE: &str = include_str!("past.css");

/// A run that is over.
#[derive(Debug, Default)]
pub struct PastRun {
    playbooks: Vec<String>,
    check: bool,
    recap: Vec<Recap>,
    /// Whether the run came to its end, and whether that was the user's doing.
    ended: Option<bool>,
    failures: Failures,
    outputs: Vec<(TaskName, Arc<str>, TaskResult)>,
    tasks: IndexMap<(usize, TaskName), TaskRow>,
    plays: usize,
    adding: Adding,
    timeline: Timeline,
}

/// A task on all hosts.
#[derive(Debug, Default)]
struct TaskRow {
    counts: IndexMap<&'static str, usize>,
    sum: u64,
    max: u64,
    held: u64,
}

impl PastRun {
    /// Takes in what has happened.
    pub fn event(&mut self, event: &Event) {
        self.adding.event(event);
        self.timeline.event(event);
        match event {
            Event::RunStarted {
                playbooks, check, ..
            } => {
                playbooks.clone_into(&mut self.playbooks);
                self.check = *check;
            }
            Event::PlayStarted { .. } => self.plays += 1,
            Event::TaskFinished { task, host, result } => self.finished(task, host, result),
            Event::RunFinished { recap, interrupted } => {
                recap.clone_into(&mut self.recap);
                self.ended = Some(*interrupted);
            }
            _ => {}
        }
    }

    fn finished(&mut self, task: &TaskName, host: &Arc<str>, result: &TaskResult) {
        self.failures.add(task, host, result);
        let failed = matches!(result.status, Status::Failed | Status::Unreachable);
        if failed && self.outputs.len() < FAILURES {
            self.outputs
                .push((task.clone(), host.clone(), result.clone()));
        }
        let row = self.tasks.entry((self.plays, task.clone())).or_default();
        *row.counts.entry(status_name(result.status)).or_default() += 1;
        let time = result.timing.plan + result.timing.apply;
        row.sum += time;
        row.max = row.max.max(time);
        row.held += result.timing.held;
    }

    fn end(&self) -> &'static str {
        match self.ended {
            None => "the record has no end: the run was broken off",
            Some(true) => "interrupted",
            Some(false) => "came to its end",
        }
    }

    /// The recap and the profile, as a run with `--profile` shows them.
    pub fn text(&self, colors: bool, top: usize) -> String {
        let mut page = Page::new(colors);
        page.word(if self.check { "check" } else { "run" }, Tone::Busy)
            .add(&self.playbooks.join(" "), Tone::Strong)
            .add(" ", Tone::Plain)
            .add(self.end(), Tone::Plain)
            .end();
        page.word("recap", Tone::Busy)
            .add(&hosts(self.recap.len()), Tone::Plain)
            .end();
        recap::write(&mut page, &self.recap, self.check, false);
        self.failures.write(&mut page);
        self.adding.profile.write(&mut page, top);
        page.take()
    }

    /// One page that needs nothing else.
    pub fn html(&self, name: &str) -> String {
        let mut html = String::new();
        let playbooks = escape(&self.playbooks.join(" "));
        // Writing to a string does not fail, here and below.
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
             <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{playbooks}</title>\n<style>\n{STYLE}</style>\n<h1>{playbooks}</h1>\n<p>{}: {}{}</p>\n",
            escape(name),
            if self.check { "a check, " } else { "" },
            self.end()
        );
        html.push_str("<h2>Timeline</h2>\n<p class=legend>");
        for class in [
            "connect",
            "auth",
            "upload",
            "start",
            "ok",
            "changed",
            "unknown",
            "ignored",
            "rescued",
            "failed",
            "unreachable",
            "wait",
        ] {
            let name = match class {
                "upload" => "upload of the worker",
                "start" => "start of the worker",
                "wait" => "waiting",
                name => name,
            };
            let _ = write!(
                html,
                "<span><svg width=12 height=12><rect class={class} width=12 height=12 /></svg> {name}</span> "
            );
        }
        html.push_str("</p>\n");
        self.timeline.write(&mut html);
        self.write_tasks(&mut html);
        self.write_failures(&mut html);
        self.write_recap(&mut html);
        html
    }

    fn write_tasks(&self, html: &mut String) {
        html.push_str(
            "<h2>Tasks</h2>\n<table>\n<tr><th>task<th>place<th>results<th>sum<th>max<th>waiting\n",
        );
        for ((_, task), row) in &self.tasks {
            let counts = row.counts.iter();
            let counts: Vec<String> = counts
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            let _ = writeln!(
                html,
                "<tr><td>{}<td>{}<td>{}<td class=number>{}<td class=number>{}<td class=number>{}",
                task_name(task),
                escape(&task.at),
                counts.join(", "),
                seconds(row.sum),
                seconds(row.max),
                seconds(row.held)
            );
        }
        html.push_str("</table>\n");
    }

    fn write_failures(&self, html: &mut String) {
        if self.outputs.is_empty() {
            return;
        }
        html.push_str("<h2>Failures</h2>\n");
        for (task, host, result) in &self.outputs {
            let _ = writeln!(
                html,
                "<h3>{} on {}: {}</h3>\n<p>{}</p>",
                task_name(task),
                escape(host),
                status_name(result.status),
                escape(result.message.as_deref().unwrap_or_default())
            );
            if let Some(output) = &result.output {
                let (_, lines) = last_lines(output);
                let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
                let _ = writeln!(html, "<pre>{}</pre>", lines.join("\n"));
            }
        }
        if self.outputs.len() == FAILURES {
            let _ = writeln!(
                html,
                "<p class=note>Only the first {FAILURES} failures are shown.</p>"
            );
        }
    }

    fn write_recap(&self, html: &mut String) {
        html.push_str(
            "<h2>Recap</h2>\n<table>\n<tr><th>host<th>ok<th>changed<th>skipped<th>unknown<th>ignored<th>rescued\
             <th>failed<th>unreachable\n",
        );
        for host in &self.recap {
            let bad = if host.failed > 0 || host.unreachable {
                " class=bad"
            } else {
                ""
            };
            let _ = write!(html, "<tr><td{bad}>{}", escape(&host.host));
            for count in [
                host.ok,
                host.changed,
                host.skipped,
                host.unknown,
                host.ignored,
                host.rescued,
                host.failed,
                usize::from(host.unreachable),
            ] {
                let _ = write!(html, "<td class=number>{count}");
            }
            html.push('\n');
        }
        html.push_str("</table>\n</html>\n");
    }
}
