//! Lines under construction: words in a column at the left, what they say at its right.
//!
//! All text that a person sees goes through [`Page::add`], which lets nothing through that could steer a
//! terminal. Must not know what the lines are about.

use console::Style;

use super::text::sanitize;
use crate::event::Status;

/// The width of the column of words.
const WORD: usize = 12;

/// What a text means, and so how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As everything else.
    Plain,
    /// Needs no attention.
    Dim,
    /// A name worth finding again.
    Strong,
    /// What the program itself is doing.
    Busy,
    /// As it should be.
    Good,
    /// Something was changed, or should be looked at.
    Changed,
    /// Something went wrong.
    Bad,
    /// Nobody knows.
    Unsure,
    /// A line that a diff adds.
    Added,
    /// A line that a diff removes.
    Removed,
}

impl Tone {
    fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Dim => style.dim(),
            Self::Strong => style.bold(),
            Self::Busy => style.cyan().bold(),
            Self::Good => style.green().bold(),
            Self::Changed => style.yellow().bold(),
            Self::Bad => style.red().bold(),
            Self::Unsure => style.magenta().bold(),
            Self::Added => style.green(),
            Self::Removed => style.red(),
        }
    }
}

impl From<Status> for Tone {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok => Self::Good,
            Status::Changed => Self::Changed,
            Status::Skipped | Status::Ignored => Self::Dim,
            Status::Unknown | Status::Rescued => Self::Unsure,
            Status::Failed | Status::Unreachable => Self::Bad,
        }
    }
}

/// A line that belongs to the one above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// How many steps further in it stands.
    pub(super) level: usize,
    /// What it says.
    pub(super) text: String,
    /// How it looks.
    pub(super) tone: Tone,
}

impl Line {
    /// A line that stands right under the one above it.
    pub(super) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            level: 0,
            text: text.into(),
            tone,
        }
    }

    /// The line one step further in.
    pub(super) fn further_in(mut self) -> Self {
        self.level += 1;
        self
    }

    /// Every line of `text`.
    pub(super) fn all(text: &str, tone: Tone) -> impl Iterator<Item = Self> {
        text.trim_end()
            .lines()
            .map(move |line| Self::new(line, tone))
    }
}

/// Lines under construction.
#[derive(Debug)]
pub(super) struct Page {
    colors: bool,
    text: String,
}

impl Page {
    /// An empty page, whose text is coloured if `colors`.
    pub(super) fn new(colors: bool) -> Self {
        Self {
            colors,
            text: String::new(),
        }
    }

    /// Begins a line with a word at the right of its column.
    pub(super) fn word(&mut self, word: &str, tone: Tone) -> &mut Self {
        let space = WORD.saturating_sub(console::measure_text_width(word));
        self.text.extend(std::iter::repeat_n(' ', space));
        self.add(word, tone).add(" ", Tone::Plain)
    }

    /// Begins a line that belongs to the one above it, `level` steps further in.
    pub(super) fn under(&mut self, level: usize) -> &mut Self {
        self.text
            .extend(std::iter::repeat_n(' ', WORD + 1 + 2 * level));
        self
    }

    /// Adds text to the line.
    pub(super) fn add(&mut self, text: &str, tone: Tone) -> &mut Self {
        let text = sanitize(text);
        if tone == Tone::Plain || !self.colors || text.is_empty() {
            self.text.push_str(&text);
        } else {
            let styled = tone.style().force_styling(true).apply_to(text);
            self.text.push_str(&styled.to_string());
        }
        self
    }

    /// Ends the line.
    pub(super) fn end(&mut self) {
        self.text.push('\n');
    }

    /// Adds a line that belongs to the one above it.
    pub(super) fn line(&mut self, line: &Line) {
        self.under(line.level).add(&line.text, line.tone).end();
    }

    /// Takes what was written.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Page, Tone};

    #[test]
    fn words_end_in_the_same_column() {
        let mut page = Page::new(false);
        page.word("ok", Tone::Good).add("one", Tone::Plain).end();
        page.word("would change", Tone::Changed)
            .add("two", Tone::Plain)
            .end();
        for line in Line::all("three\nfour\n", Tone::Dim) {
            page.line(&line.further_in());
        }
        assert_eq!(
            page.take(),
            "          ok one\nwould change two\n               three\n               four\n"
        );
    }

    #[test]
    fn colour_is_the_only_escape_sequence_on_a_page() {
        let mut page = Page::new(true);
        page.word("failed", Tone::Bad)
            .add("\x1b[2J", Tone::Plain)
            .end();
        assert_eq!(
            page.take(),
            "      \x1b[31m\x1b[1mfailed\x1b[0m \\u{1b}[2J\n"
        );
    }
}
