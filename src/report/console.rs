//! A run on a terminal or in a log, for people.
//!
//! What asks for attention is printed once, in the order of the play, for all the hosts that it concerns. On a
//! terminal a last line, redrawn in place, says what the run waits for. Everything is composed on a [`Page`] and
//! written at once, so that lines never mix and the last line does not flicker.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::Term;
use indexmap::IndexMap;

use super::Reporter;
use super::block;
use super::detail::{Detail, is_failure};
use super::fold::Block;
use super::fold::Blocks;
use super::page::{Page, Tone};
use super::profile::Adding;
use super::progress::Progress;
use super::recap::{self, Failures};
use super::text::{hosts, names, took};
use crate::event::{Event, Events, Recap, TaskName, TaskResult};

/// The live line is drawn at most once in this time.
const REDRAW: Duration = Duration::from_millis(100);

/// Without a live line, a run that has nothing else to say says after this time what it waits for.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Returns to the beginning of the line and empties it.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// What a user wants to see, and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsoleOptions {
    /// How many times `-v` was given: 1 shows tasks that were ok or skipped, 2 what they registered.
    pub verbosity: u8,
    /// Whether changes are shown with the texts before and after.
    pub diff: bool,
    /// Whether to use colours.
    pub colors: bool,
    /// The width of the terminal on which a live line can be drawn; `None` if it is no terminal.
    pub width: Option<fn() -> usize>,
    /// Of how many tasks and hosts to say at the end where the time went, if at all.
    pub profile: Option<usize>,
}

impl ConsoleOptions {
    /// What suits the process's standard output: colours and a live line on a terminal that can show them,
    /// unless the user's environment says otherwise.
    pub fn for_stdout() -> Self {
        let live = Term::stdout().features().is_attended() && !console::is_dumb();
        Self {
            colors: console::colors_enabled(),
            width: live.then_some(|| Term::stdout().size().1.into()),
            ..Self::default()
        }
    }
}

/// Shows a run to people.
pub struct Console<W: Write> {
    writer: W,
    options: ConsoleOptions,
    clock: Box<dyn Fn() -> Instant + Send>,
    begun: Instant,
    check: bool,
    finished: bool,
    page: Page,
    progress: Progress,
    blocks: Blocks,
    failures: Failures,
    adding: Adding,
    /// The warnings that were shown, each with the further hosts that it concerns.
    warnings: IndexMap<String, Vec<Arc<str>>>,
    /// When something was last printed.
    printed: Instant,
    /// When the live line was drawn, if it stands there.
    drawn: Option<Instant>,
    /// Whether the last thing printed was the beginning of a play.
    play_is_empty: bool,
    error: Option<io::Error>,
}

impl<W: Write> Console<W> {
    /// Shows a run on `writer`.
    pub fn new(writer: W, options: ConsoleOptions) -> Self {
        Self::with_clock(writer, options, Box::new(Instant::now))
    }

    pub(super) fn with_clock(
        writer: W,
        options: ConsoleOptions,
        clock: Box<dyn Fn() -> Instant + Send>,
    ) -> Self {
        let now = clock();
        Self {
            writer,
            options,
            clock,
            begun: now,
            check: false,
            finished: false,
            page: Page::new(options.colors),
            progress: Progress::default(),
            blocks: Blocks::default(),
            failures: Failures::default(),
            adding: Adding::default(),
            warnings: IndexMap::new(),
            printed: now,
            drawn: None,
            play_is_empty: false,
            error: None,
        }
    }

    fn run_started(&mut self, playbooks: &[String], count: usize, check: bool) {
        self.begun = (self.clock)();
        self.check = check;
        let word = if check { "checking" } else { "running" };
        self.page
            .word(word, Tone::Busy)
            .add(&playbooks.join(" "), Tone::Strong);
        self.page
            .add(" on ", Tone::Plain)
            .add(&hosts(count), Tone::Plain);
        if check {
            self.page.add(": nothing is changed", Tone::Plain);
        }
        self.page.end();
    }

    fn play_started(&mut self, play: &str, batch: &[Arc<str>]) {
        if !self.play_is_empty {
            self.page.end();
        }
        self.page.word("play", Tone::Busy).add(play, Tone::Strong);
        let names = names(batch, batch.len(), self.options.verbosity > 0);
        self.page
            .add("   ", Tone::Plain)
            .add(&names, Tone::Dim)
            .end();
        self.flush();
        self.play_is_empty = true;
    }

    fn task_finished(&mut self, task: &TaskName, host: &Arc<str>, result: &TaskResult) {
        self.failures.add(task, host, result);
        let urgent = is_failure(result.status);
        if let Some(result) = self.detail().of(result) {
            if !urgent {
                self.blocks.add(task, host, result);
            } else if let Some(block) = self.blocks.add_urgent(task, host, result) {
                // What led to the failure stands before it, even where other hosts are yet to come.
                let before = self
                    .blocks
                    .take_before(&task.position, &self.progress.batch);
                self.write_blocks(&before);
                self.write_blocks(&[block]);
            }
        }
        let complete = self.blocks.take_complete(&self.progress.batch);
        self.write_blocks(&complete);
    }

    fn warning(&mut self, host: Option<&Arc<str>>, message: &str) {
        match (self.warnings.get_mut(message), host) {
            (Some(further), Some(host)) => further.push(host.clone()),
            (Some(_), None) => {}
            (None, host) => {
                self.write_warning(message, host.map_or(&[], std::slice::from_ref));
                self.warnings.insert(message.to_owned(), Vec::new());
            }
        }
    }

    /// Adds everything that was kept back for others to join it.
    fn write_kept(&mut self) {
        let blocks = self.blocks.take_all(&self.progress.batch);
        self.write_blocks(&blocks);
        for (message, hosts) in std::mem::take(&mut self.warnings) {
            if !hosts.is_empty() {
                self.write_warning(&message, &hosts);
            }
            self.warnings.insert(message, Vec::new());
        }
    }

    fn run_finished(&mut self, recap: &[Recap], interrupted: bool) {
        self.finished = true;
        let now = (self.clock)();
        self.page.end();
        self.page
            .word("recap", Tone::Busy)
            .add(&hosts(recap.len()), Tone::Plain)
            .end();
        recap::write(
            &mut self.page,
            recap,
            self.check,
            self.options.verbosity > 0,
        );
        self.failures.write(&mut self.page);

        let bad = recap
            .iter()
            .filter(|host| host.failed > 0 || host.unreachable)
            .count();
        let time = took(now.saturating_duration_since(self.begun));
        if interrupted {
            self.page
                .word("interrupted", Tone::Bad)
                .add("after ", Tone::Plain)
                .add(&time, Tone::Plain);
            if let Some(waiting) = self.progress.waiting(now) {
                self.page
                    .add(" while waiting for ", Tone::Plain)
                    .add(&waiting, Tone::Plain);
            }
        } else if bad > 0 {
            self.page.word("failed", Tone::Bad).add("on ", Tone::Plain);
            self.page.add(
                &format!("{bad} of {} in {time}", hosts(recap.len())),
                Tone::Plain,
            );
        } else {
            self.page
                .word("finished", Tone::Good)
                .add("in ", Tone::Plain)
                .add(&time, Tone::Plain);
        }
        self.page.end();
        if let Some(top) = self.options.profile {
            self.adding.profile.write(&mut self.page, top);
        }
    }

    fn write_blocks(&mut self, blocks: &[Block]) {
        let writer = block::Writer {
            detail: self.detail(),
            check: self.check,
            batch: &self.progress.batch,
        };
        blocks
            .iter()
            .for_each(|block| writer.block(&mut self.page, block));
    }

    fn write_warning(&mut self, message: &str, hosts: &[Arc<str>]) {
        self.page
            .word("warning", Tone::Changed)
            .add(message, Tone::Plain);
        if !hosts.is_empty() {
            let names = names(hosts, self.progress.batch.len(), self.options.verbosity > 0);
            self.page.add("   ", Tone::Plain).add(&names, Tone::Dim);
        }
        self.page.end();
    }

    fn detail(&self) -> Detail {
        Detail {
            verbosity: self.options.verbosity,
            diff: self.options.diff,
        }
    }

    /// Writes what was composed, and the live line if it is due.
    fn flush(&mut self) {
        let now = (self.clock)();
        let text = self.page.take();
        let due = self
            .drawn
            .is_none_or(|drawn| now.saturating_duration_since(drawn) >= REDRAW);
        if text.is_empty() && (!due || self.options.width.is_none()) {
            return;
        }
        let mut output = String::new();
        if self.drawn.take().is_some() {
            output.push_str(CLEAR_LINE);
        }
        if !text.is_empty() {
            self.printed = now;
            self.play_is_empty = false;
            output.push_str(&text);
        }
        if let Some(width) = self.options.width.filter(|_| !self.finished) {
            self.progress.write(&mut self.page, now);
            let line = self.page.take();
            output.push_str(&console::truncate_str(
                &line,
                width().saturating_sub(1),
                "…",
            ));
            self.drawn = (!line.is_empty()).then_some(now);
        }
        self.write(&output);
    }

    fn write(&mut self, output: &str) {
        if self.error.is_none() {
            let written = self.writer.write_all(output.as_bytes());
            self.error = written.and_then(|()| self.writer.flush()).err();
        }
    }
}

impl<W: Write> Events for Console<W> {
    fn event(&mut self, event: &Event) {
        if matches!(
            event,
            Event::PlayStarted { .. } | Event::PlayFinished { .. } | Event::RunFinished { .. }
        ) {
            self.write_kept();
        }
        if self.options.profile.is_some() {
            self.adding.event(event);
        }
        self.progress.event(event, (self.clock)());
        match event {
            Event::RunStarted {
                playbooks,
                hosts,
                check,
            } => self.run_started(playbooks, hosts.len(), *check),
            Event::PlayStarted { play, hosts } => self.play_started(play, hosts),
            Event::TaskFinished { task, host, result } => self.task_finished(task, host, result),
            Event::Warning { host, message } => self.warning(host.as_ref(), message),
            Event::RunFinished { recap, interrupted } => self.run_finished(recap, *interrupted),
            Event::HostConnected { host, millis, .. } if self.options.verbosity > 1 => {
                self.page.word("connected", Tone::Dim).add(host, Tone::Dim);
                self.page.add(&format!(" in {millis}ms"), Tone::Dim).end();
            }
            Event::TaskStarted { .. } => {
                // A host that has gone on may complete the tasks before.
                let complete = self.blocks.take_complete(&self.progress.batch);
                self.write_blocks(&complete);
            }
            Event::HostConnecting { .. }
            | Event::HostConnected { .. }
            | Event::HostStopped(_)
            | Event::PlayFinished { .. } => {}
        }
        self.flush();
    }

    fn tick(&mut self) {
        let now = (self.clock)();
        let silent = now.saturating_duration_since(self.printed) >= SIGN_OF_LIFE;
        if silent
            && self.options.width.is_none()
            && !self.finished
            && let Some(waiting) = self.progress.waiting(now)
        {
            self.page
                .word("waiting", Tone::Busy)
                .add("for ", Tone::Plain)
                .add(&waiting, Tone::Plain)
                .end();
        }
        self.flush();
    }
}

impl<W: Write> Reporter for Console<W> {
    fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }
}

impl<W: Write> Drop for Console<W> {
    /// A run that breaks off leaves the terminal's last line free for the message that says why.
    fn drop(&mut self) {
        if self.drawn.is_some() && self.error.is_none() {
            // There is nobody left to tell.
            let _ = self
                .writer
                .write_all(CLEAR_LINE.as_bytes())
                .and_then(|()| self.writer.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Console, ConsoleOptions};
    use crate::event::{Event, Events};
    use crate::report::Reporter as _;

    #[test]
    fn a_reader_that_went_away_is_told_of_at_the_end() {
        struct Closed;
        impl std::io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut console = Console::new(Closed, ConsoleOptions::default());
        console.event(&Event::PlayStarted {
            play: "hosts".into(),
            hosts: Vec::new(),
        });
        let error = console.take_error().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
}
