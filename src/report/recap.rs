//! The end of a run: what became of each host, and everything that failed once more. Must not count: the
//! numbers are the engine's.

use std::sync::Arc;

use super::block::task;
use super::detail::is_failure;
use super::page::{Line, Page, Tone};
use crate::event::{Recap, Status, TaskName, TaskResult};

/// Up to so many hosts each have a row of their own.
const ROWS: usize = 20;

/// The most lines of a failure's message that are repeated.
const MESSAGE_LINES: usize = 5;

/// What has failed in a run.
#[derive(Debug, Default)]
pub(super) struct Failures(Vec<Failure>);

#[derive(Debug)]
struct Failure {
    task: TaskName,
    status: Status,
    message: Option<String>,
    hosts: Vec<Arc<str>>,
}

impl Failures {
    /// Remembers a result if it is a failure.
    pub(super) fn add(&mut self, task: &TaskName, host: &Arc<str>, result: &TaskResult) {
        if !is_failure(result.status) || result.status == Status::Rescued {
            return;
        }
        let known = self.0.iter_mut().find(|known| {
            known.task == *task && known.status == result.status && known.message == result.message
        });
        match known {
            Some(known) => known.hosts.push(host.clone()),
            None => self.0.push(Failure {
                task: task.clone(),
                status: result.status,
                message: result.message.clone(),
                hosts: vec![host.clone()],
            }),
        }
    }

    /// Adds every failure to the page.
    pub(super) fn write(&self, page: &mut Page) {
        if !self.0.is_empty() {
            page.end();
        }
        for failure in &self.0 {
            let unreachable = failure.status == Status::Unreachable;
            page.word(
                if unreachable { "unreachable" } else { "failed" },
                Tone::Bad,
            );
            task(page, &failure.task, Tone::Plain);
            page.add("   ", Tone::Plain)
                .add(&failure.hosts.join(" "), Tone::Dim)
                .end();
            // A connection has no place in a playbook.
            if !failure.task.at.is_empty() {
                page.line(&Line::new(&*failure.task.at, Tone::Dim));
            }
            let message = failure.message.as_deref().unwrap_or_default();
            Line::all(message, Tone::Plain)
                .take(MESSAGE_LINES)
                .for_each(|line| page.line(&line));
        }
    }
}

/// A column: its name, what it counts, how it looks, and whether it is there even if it is zero everywhere.
struct Column {
    name: &'static str,
    count: fn(&Recap) -> usize,
    tone: Tone,
    always: bool,
}

/// Adds a table with a row for each host. Many hosts with equal numbers share a row unless `every_host`; a host
/// on which something failed never does.
pub(super) fn write(page: &mut Page, recap: &[Recap], check: bool, every_host: bool) {
    let rows = rows(recap, every_host || recap.len() <= ROWS);
    let columns = columns(recap, check);
    let label_width = rows
        .iter()
        .map(|(label, _)| console::measure_text_width(label))
        .max();
    let widths: Vec<usize> = columns
        .iter()
        .map(|column| {
            rows.iter()
                .map(|(_, row)| column.cell(row).len())
                .max()
                .unwrap_or_default()
        })
        .collect();
    for (label, row) in &rows {
        page.under(0).add(label, row_tone(row));
        let mut space = label_width.unwrap_or_default() - console::measure_text_width(label);
        for (column, width) in columns.iter().zip(&widths) {
            let cell = column.cell(row);
            let tone = if (column.count)(row) == 0 {
                Tone::Dim
            } else {
                column.tone
            };
            page.add(&" ".repeat(space + 2), Tone::Plain)
                .add(&cell, tone);
            space = width - cell.len();
        }
        if row.unreachable {
            page.add(&" ".repeat(space + 2), Tone::Plain)
                .add("unreachable", Tone::Bad);
        }
        page.end();
    }
}

impl Column {
    fn cell(&self, row: &Recap) -> String {
        format!("{}={}", self.name, (self.count)(row))
    }
}

fn columns(recap: &[Recap], check: bool) -> Vec<Column> {
    let column = |name, count, tone, always| Column {
        name,
        count,
        tone,
        always,
    };
    let changed = if check { "would change" } else { "changed" };
    let mut columns = vec![
        column("ok", |row| row.ok, Tone::Plain, true),
        column(changed, |row| row.changed, Tone::Changed, true),
        column("skipped", |row| row.skipped, Tone::Plain, false),
        column("unknown", |row| row.unknown, Tone::Unsure, false),
        column("ignored", |row| row.ignored, Tone::Plain, false),
        column("rescued", |row| row.rescued, Tone::Unsure, false),
        column("failed", |row| row.failed, Tone::Bad, true),
    ];
    columns.retain(|column| column.always || recap.iter().any(|row| (column.count)(row) > 0));
    columns
}

/// The rows with their labels, in the order of the first host of each; if rows are shared, those of hosts that
/// failed stand last.
fn rows(recap: &[Recap], every_host: bool) -> Vec<(String, Recap)> {
    let mut groups: Vec<(Recap, usize)> = Vec::new();
    for host in recap {
        let fold = !every_host && host.failed == 0 && !host.unreachable;
        let equal = groups.iter_mut().find(|(row, _)| {
            fold && Recap {
                host: row.host.clone(),
                ..host.clone()
            } == *row
        });
        match equal {
            Some((_, hosts)) => *hosts += 1,
            None => groups.push((host.clone(), 1)),
        }
    }
    if !every_host {
        groups.sort_by_key(|(row, _)| row.failed > 0 || row.unreachable);
    }
    let label = |row: &Recap, hosts| match hosts {
        1 => super::text::sanitize(&row.host).into_owned(),
        hosts => format!("{hosts} hosts"),
    };
    groups
        .into_iter()
        .map(|(row, hosts)| (label(&row, hosts), row))
        .collect()
}

fn row_tone(row: &Recap) -> Tone {
    if row.failed > 0 || row.unreachable {
        Tone::Bad
    } else if row.changed > 0 {
        Tone::Changed
    } else {
        Tone::Good
    }
}
