//! Templates in which a tag takes its line's end and the blanks before it away, as Jinja's do for Ansible.
//!
//! Nothing is removed: what is to vanish is moved into the tag, `%}` behind the line's end and `{%` before the blanks. So
//! what stands in a tag keeps its place, and a mistake in it is shown where the author wrote it.

use std::borrow::Cow;
use std::ops::Range;

use super::TemplateError;
use super::document::{Tag, tags};

/// What tags take away with them. Expressions, `{{ }}`, take nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trimming {
    /// The end of the line behind a tag: `trim_blocks`.
    pub line_ends: bool,
    /// The blanks before a tag that is the first on its line: `lstrip_blocks`.
    pub blanks: bool,
}

impl Trimming {
    /// What the arguments of these names say, if they are there.
    pub fn of(argument: impl Fn(&str) -> Option<bool>) -> Self {
        let is_set = |name| argument(name).unwrap_or_default();
        Self {
            line_ends: is_set("trim_blocks"),
            blanks: is_set("lstrip_blocks"),
        }
    }

    /// The text in which tags do so.
    pub(super) fn apply(self, source: &str) -> Result<Cow<'_, str>, TemplateError> {
        if self == Self::default() {
            return Ok(Cow::Borrowed(source));
        }
        let mut text = source.to_owned();
        for Tag { at, is_raw } in tags(source)? {
            if self.line_ends && !is_raw {
                take_line_end(&mut text, &at);
            }
            if self.blanks {
                take_blanks(&mut text, source, &at);
            }
        }
        Ok(Cow::Owned(text))
    }
}

// A `-` in a tag takes all of it anyway.

fn take_line_end(text: &mut String, tag: &Range<usize>) {
    let close = tag.end - 2;
    let mut ends = ["\n", "\r\n"].into_iter();
    if let Some(end) = ends.find(|end| text[tag.end..].starts_with(end))
        && !text[..close].ends_with('-')
    {
        let moved = format!("{end}{}", &text[close..tag.end]);
        text.replace_range(close..tag.end + end.len(), &moved);
    }
}

/// Lines are those of the `source`: line ends may have been moved.
fn take_blanks(text: &mut String, source: &str, tag: &Range<usize>) {
    let open = tag.start + 2;
    let line = source[..tag.start].rfind('\n').map_or(0, |end| end + 1);
    let blanks = &source[line..tag.start];
    if blanks.chars().all(|letter| " \t".contains(letter)) && !source[open..].starts_with('-') {
        let moved = format!("{}{blanks}", &source[tag.start..open]);
        text.replace_range(line..open, &moved);
    }
}
