//! What is shown of a result, and what it looks like in lines.
//!
//! Decides by the result and the user's wishes alone; must not know about hosts.

use std::iter::once;

use super::diff;
use super::page::{Line, Tone};
use super::text::last_lines;
use crate::event::{ItemResult, Status, TaskResult, Timing};

/// The most changes of a task that are listed unless more is asked for.
const CHANGES: usize = 20;

/// How much the user wants to see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detail {
    /// How many times `-v` was given.
    pub(super) verbosity: u8,
    /// Whether changes are shown with their texts.
    pub(super) diff: bool,
}

impl Detail {
    /// What is to be shown of a result, without what would keep equal results apart; `None` if nothing is.
    pub(super) fn of(self, result: &TaskResult) -> Option<TaskResult> {
        let shown = match result.status {
            Status::Ok => result.message.is_some() || self.verbosity > 0,
            Status::Skipped => self.verbosity > 0,
            _ => true,
        };
        if !shown {
            return None;
        }
        let mut result = result.clone();
        result.millis = 0;
        result.timing = Timing::default();
        if self.verbosity < 2 {
            result.registered = None;
        }
        if !self.diff {
            result
                .changes
                .iter_mut()
                .for_each(|change| change.diff = None);
        }
        if !is_failure(result.status) && self.verbosity == 0 {
            result.output = None;
        }
        let ignored = result.status == Status::Ignored;
        result.items.retain(|item| match item.status {
            Status::Failed | Status::Rescued | Status::Unreachable => true,
            Status::Unknown => item.message.is_some(),
            Status::Ignored => ignored,
            Status::Changed => self.verbosity > 0,
            Status::Ok | Status::Skipped => self.verbosity > 1,
        });
        Some(result)
    }

    /// The lines under the task's own. `at` is the place of a task that failed.
    pub(super) fn lines(self, result: &TaskResult, at: &str) -> Vec<Line> {
        let tone = match result.status {
            Status::Ignored | Status::Skipped => Tone::Dim,
            _ => Tone::Plain,
        };
        let mut lines = Vec::new();
        // A connection has no place in a playbook.
        if is_failure(result.status) && !at.is_empty() {
            lines.push(Line::new(at, Tone::Dim));
        }
        lines.extend(
            result
                .message
                .iter()
                .flat_map(|message| Line::all(message, tone)),
        );
        lines.extend(result.items.iter().flat_map(|item| item_lines(item, tone)));
        lines.extend(result.output.iter().flat_map(|output| output_lines(output)));
        self.add_changes(&mut lines, result);
        if let Some(registered) = result.registered.as_ref().filter(|value| !value.is_none()) {
            // A value always has a form in JSON, save for keys that JSON does not know.
            let text =
                serde_json::to_string_pretty(registered).unwrap_or_else(|_| registered.to_string());
            lines.extend(Line::all(&text, Tone::Dim));
        }
        lines
    }

    fn add_changes(self, lines: &mut Vec<Line>, result: &TaskResult) {
        let many = result.changes.len() > CHANGES && self.verbosity == 0 && !self.diff;
        let listed = if many {
            CHANGES - 1
        } else {
            result.changes.len()
        };
        if is_failure(result.status) && listed > 0 {
            lines.push(Line::new("changed all the same:", Tone::Plain));
        }
        for change in &result.changes[..listed] {
            lines.push(Line::new(&change.what, Tone::Plain));
            let diff = change.diff.iter().flat_map(diff::lines);
            lines.extend(diff.map(Line::further_in));
        }
        if many {
            let more = result.changes.len() - listed;
            lines.push(Line::new(
                format!("and {more} more (-v shows them)"),
                Tone::Dim,
            ));
        }
    }
}

/// Whether a result takes its host out of the play.
pub(super) fn is_failure(status: Status) -> bool {
    matches!(
        status,
        Status::Failed | Status::Rescued | Status::Unreachable
    )
}

fn item_lines(item: &ItemResult, tone: Tone) -> Vec<Line> {
    let heading = match item.status {
        Status::Failed | Status::Rescued => format!("item `{}` failed", item.label),
        Status::Unreachable => format!("item `{}`: the host is unreachable", item.label),
        Status::Ignored => format!("item `{}` failed, which is ignored", item.label),
        Status::Unknown => format!("item `{}`: unknown", item.label),
        Status::Changed => format!("item `{}`", item.label),
        Status::Ok => format!("item `{}`: ok", item.label),
        Status::Skipped => format!("item `{}`: skipped", item.label),
    };
    match item.message.as_deref() {
        None => vec![Line::new(heading, tone)],
        Some(message) if !message.trim_end().contains('\n') => {
            vec![Line::new(
                format!("{heading}: {}", message.trim_end()),
                tone,
            )]
        }
        Some(message) => once(Line::new(heading + ":", tone))
            .chain(Line::all(message, tone).map(Line::further_in))
            .collect(),
    }
}

fn output_lines(output: &str) -> Vec<Line> {
    let (omitted, lines) = last_lines(output);
    let omission = (omitted > 0).then(|| format!("│ ({omitted} lines before)"));
    let lines = lines.into_iter().map(|line| format!("│ {line}"));
    omission
        .into_iter()
        .chain(lines)
        .map(|line| Line::new(line, Tone::Dim))
        .collect()
}
