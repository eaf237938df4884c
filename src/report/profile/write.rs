//! The tables of a profile: plain numbers under each other.

use super::{HostTime, PHASES, Profile, TaskTime};
use crate::event::TaskName;
use crate::report::page::{Page, Tone};
use crate::report::text::{hosts, sanitize};

/// A cell at the right of its column, or at the left.
enum Cell {
    Number(String),
    Text(String, Tone),
}

impl Profile {
    /// Adds the tables, of each the `top` rows that cost most.
    pub(in crate::report) fn write(&self, page: &mut Page, top: usize) {
        if self.hosts.is_empty() {
            return;
        }
        page.end();
        let title = format!("where the time of {} went", hosts(self.hosts.len()));
        page.word("profile", Tone::Busy).add(&title, Tone::Plain);
        page.add(
            "   sums over all hosts; tasks are sent ahead, so they may overlap",
            Tone::Dim,
        )
        .end();
        self.phases(page);
        self.slow_tasks(page, top);
        self.slow_hosts(page, top);
        self.waited_for(page, top);
    }

    fn phases(&self, page: &mut Page) {
        heading(page, "phases", &["time", "share", "mean", ""]);
        let total: u64 = self.hosts.values().map(HostTime::total).sum();
        let count = self.hosts.len() as u64;
        let mut rows = Vec::new();
        let mut row = |name: String, time: u64| {
            rows.push(vec![
                Cell::Number(seconds(time)),
                Cell::Number(share(time, total)),
                Cell::Number(seconds(time / count)),
                Cell::Text(name, Tone::Plain),
            ]);
        };
        for (phase, name) in PHASES.iter().enumerate() {
            let time = self.hosts.values().map(|host| host.spent[phase]).sum();
            let name = match *name {
                "upload" if self.uploads > 0 => format!("upload (to {})", hosts(self.uploads)),
                name => name.to_owned(),
            };
            row(name, time);
        }
        let rest = self.hosts.values().map(HostTime::rest).sum();
        row("underway, or nothing to do".to_owned(), rest);
        table(page, &rows);
        page.under(0)
            .add(
                &format!(
                    "{} of rendering on the controller; the last task ended after {}",
                    seconds(self.prepare),
                    seconds(self.end)
                ),
                Tone::Dim,
            )
            .end();
    }

    fn slow_tasks(&self, page: &mut Page, top: usize) {
        let mut tasks: Vec<(&TaskName, &TaskTime)> = self
            .tasks
            .iter()
            .map(|(key, time)| (&key.task, time))
            .filter(|(_, time)| time.sum + time.prepare > 0)
            .collect();
        tasks.sort_by_key(|(_, time)| std::cmp::Reverse((time.sum, time.prepare)));
        if tasks.is_empty() {
            return;
        }
        heading(page, "tasks", &["sum", "max", "render", "slowest"]);
        let rows: Vec<Vec<Cell>> = tasks
            .iter()
            .take(top)
            .map(|(task, time)| {
                let slowest = time.slowest.as_deref().unwrap_or_default();
                let slowest = format!("{slowest} of {}", time.hosts);
                vec![
                    Cell::Number(seconds(time.sum)),
                    Cell::Number(seconds(time.max)),
                    Cell::Number(seconds(time.prepare)),
                    Cell::Text(slowest, Tone::Dim),
                    Cell::Text(name(task), Tone::Plain),
                    Cell::Text(task.at.to_string(), Tone::Dim),
                ]
            })
            .collect();
        table(page, &rows);
        more(page, tasks.len(), top, "tasks");
    }

    fn slow_hosts(&self, page: &mut Page, top: usize) {
        let mut all: Vec<_> = self.hosts.iter().collect();
        // Who waited for others was not slow.
        let own = |host: &HostTime| host.total() - host.spent[super::HELD];
        all.sort_by_key(|(_, host)| std::cmp::Reverse(own(host)));
        heading(page, "hosts", &["own time", "phases"]);
        let rows: Vec<Vec<Cell>> = all
            .iter()
            .take(top)
            .map(|(host, time)| {
                let phases = PHASES.iter().zip(time.spent);
                let phases: Vec<String> = phases
                    .filter(|(_, time)| *time >= 50)
                    .map(|(name, time)| format!("{name} {}", seconds(time)))
                    .collect();
                vec![
                    Cell::Number(seconds(own(time))),
                    Cell::Text(host.to_string(), Tone::Strong),
                    Cell::Text(phases.join(", "), Tone::Plain),
                ]
            })
            .collect();
        table(page, &rows);
        more(page, all.len(), top, "hosts");
    }

    fn waited_for(&self, page: &mut Page, top: usize) {
        let mut waits: Vec<_> = self.waits.iter().collect();
        waits.sort_by_key(|(_, waited)| std::cmp::Reverse(waited.total));
        if waits.is_empty() {
            return;
        }
        heading(page, "waited for", &["time", "times", "host", "before"]);
        let rows: Vec<Vec<Cell>> = waits
            .iter()
            .take(top)
            .map(|(host, waited)| {
                let most = waited.tasks.iter().max_by_key(|(_, time)| **time);
                let most = most.map(|(key, _)| name(&key.task)).unwrap_or_default();
                let others = match waited.tasks.len() {
                    0 | 1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                vec![
                    Cell::Number(seconds(waited.total)),
                    Cell::Number(waited.times.to_string()),
                    Cell::Text(host.to_string(), Tone::Strong),
                    Cell::Text(format!("{most}{others}"), Tone::Plain),
                ]
            })
            .collect();
        table(page, &rows);
        more(page, waits.len(), top, "hosts");
    }
}

fn heading(page: &mut Page, word: &str, columns: &[&str]) {
    page.end();
    page.word(word, Tone::Strong)
        .add(columns.join(", ").trim_end_matches(", "), Tone::Dim)
        .end();
}

fn more(page: &mut Page, all: usize, top: usize, what: &str) {
    if all > top {
        let text = format!("and {} more {what}", all - top);
        page.under(0).add(&text, Tone::Dim).end();
    }
}

/// Adds rows whose cells stand under each other.
fn table(page: &mut Page, rows: &[Vec<Cell>]) {
    let width = |cell: &Cell| match cell {
        Cell::Number(text) | Cell::Text(text, _) => console::measure_text_width(&sanitize(text)),
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(width).max().unwrap_or_default()
        })
        .collect();
    for row in rows {
        page.under(0);
        for (column, (cell, wanted)) in row.iter().zip(&widths).enumerate() {
            let space = " ".repeat(wanted - width(cell));
            let last = column + 1 == row.len();
            match cell {
                Cell::Number(text) => page.add(&space, Tone::Plain).add(text, Tone::Plain),
                Cell::Text(text, tone) if last => page.add(text, *tone),
                Cell::Text(text, tone) => page.add(text, *tone).add(&space, Tone::Plain),
            };
            if !last {
                page.add("  ", Tone::Plain);
            }
        }
        page.end();
    }
}

fn name(task: &TaskName) -> String {
    let role = task.role.as_ref().map(|role| format!("{role} : "));
    let handler = if task.handler { " (handler)" } else { "" };
    format!("{}{}{handler}", role.unwrap_or_default(), task.name)
}

/// A time in seconds, to a tenth of a millisecond.
pub(in crate::report) fn seconds(micros: u64) -> String {
    let tenths = micros.saturating_add(50) / 100;
    format!("{}.{:04}s", tenths / 10_000, tenths % 10_000)
}

fn share(part: u64, whole: u64) -> String {
    let permille = (part * 1000).checked_div(whole).unwrap_or(0);
    format!("{}.{}%", permille / 10, permille % 10)
}
