//! How a diagnostic looks: as the Rust compiler's, with path, line, column and caret. It returns text and
//! prints nothing.

use std::env;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, FileId, Label, Severity, SourceMap, Span};

/// The text of a diagnostic, without a newline at its end. Paths are shown relative to the current
/// directory where they are below it.
pub fn render(diagnostic: &Diagnostic, map: &SourceMap, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut report: Group<'_> =
        Group::with_title(level.primary_title(printable(&diagnostic.message)));
    for file in files(diagnostic) {
        if map.is_secret(file) {
            report = report.element(origin(diagnostic, map, file));
            report =
                report.element(Level::NOTE.message("the text of an encrypted file is not shown"));
        } else {
            report = report.element(snippet(diagnostic, map, file));
        }
    }
    for help in &diagnostic.help {
        report = report.element(Level::HELP.message(printable(help)));
    }
    if let Some(note) = &diagnostic.note {
        report = report.element(Level::NOTE.message(printable(note)));
    }
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.hyperlink(false).render(&[report])
}

fn labels(diagnostic: &Diagnostic) -> impl Iterator<Item = (AnnotationKind, &Label)> {
    let primary = diagnostic
        .primary
        .as_deref()
        .map(|label| (AnnotationKind::Primary, label));
    let secondary = diagnostic
        .secondary
        .iter()
        .map(|label| (AnnotationKind::Context, label));
    primary.into_iter().chain(secondary)
}

/// The files to show, the one at fault first.
fn files(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = Vec::new();
    for (_, label) in labels(diagnostic) {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

/// A place without its text.
fn origin<'a>(diagnostic: &Diagnostic, map: &SourceMap, file: FileId) -> Origin<'a> {
    let origin = Origin::path(shown_path(map.path(file)));
    let label = labels(diagnostic).find(|(_, label)| label.span.file == file);
    match label.map(|(_, label)| map.line_column(label.span)) {
        Some((line, column)) => origin.line(line).char_column(column),
        None => origin,
    }
}

fn snippet<'a>(
    diagnostic: &'a Diagnostic,
    map: &'a SourceMap,
    file: FileId,
) -> Snippet<'a, Annotation<'a>> {
    let marks: Vec<_> = labels(diagnostic)
        .filter(|(_, label)| label.span.file == file)
        .map(|(kind, label)| (kind, label, first_line(map.text(file), label.span)))
        .collect();
    // Only the lines that are shown: what is given is read whole, which for many mistakes in a large file takes minutes.
    let start = marks.iter().map(|(_, _, mark)| mark.start).min();
    let end = marks.iter().map(|(_, _, mark)| mark.end).max();
    let touched = start.unwrap_or_default()..end.unwrap_or_default();
    let (lines, number) = map.whole_lines(file, touched);
    let annotations = marks.into_iter().map(|(kind, label, mark)| {
        let annotation = kind.span(mark.start - lines.start..mark.end - lines.start);
        if label.text.is_empty() {
            annotation
        } else {
            annotation.label(printable(&label.text))
        }
    });
    Snippet::source(&map.text(file)[lines.clone()])
        .line_start(number)
        .path(shown_path(map.path(file)))
        .annotations(annotations)
}

/// A mark over many lines hides what it is about, so only the first line is marked.
fn first_line(text: &str, span: Span) -> Range<usize> {
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(span.start.min(text.len()));
    let end = boundary(span.end.clamp(start, text.len()));
    let line = text[start..end].lines().next().unwrap_or_default();
    start..start + line.trim_end().len()
}

fn shown_path(path: &Path) -> String {
    let below = env::current_dir()
        .ok()
        .and_then(|current| path.strip_prefix(current).ok().map(Path::to_path_buf));
    printable(&below.as_deref().unwrap_or(path).display().to_string())
}

/// Names come from files and from hosts: they must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::source::{Diagnostic, SourceMap, Span};

    #[test]
    fn places_in_two_files_are_both_shown() {
        let mut map = SourceMap::new();
        let play = map.add("site.yaml", "- hosts: web\n  roles: [nginx]\n");
        let role = map.add(
            "roles/nginx/main.yaml",
            "a: 1\r\nworker: |\r\n  x\r\n  y\r\n",
        );
        let diagnostic = Diagnostic::error("role `nginx` is wrong")
            .at(Span::new(role, 14..26), "this")
            .also(Span::new(play, 23..28), "used here")
            .help("remove it")
            .note("roles are checked before the first connection");
        assert_eq!(
            render(&diagnostic, &map, false),
            "\
error: role `nginx` is wrong
 --> roles/nginx/main.yaml:2:9
  |
2 | worker: |
  |         ^ this
  |
 ::: site.yaml:2:11
  |
2 |   roles: [nginx]
  |           ----- used here
  |
  = help: remove it
  = note: roles are checked before the first connection"
        );
    }

    #[test]
    fn of_a_long_file_only_the_lines_with_a_mark_are_shown_by_their_numbers() {
        let mut map = SourceMap::new();
        let text = "é: 1\n".repeat(300);
        let id = map.add("a.yaml", text.clone());
        let line = |number: usize| number.saturating_sub(1) * "é: 1\n".len();
        let diagnostic = Diagnostic::error("twice")
            .at(Span::new(id, line(300)..text.len()), "again")
            .also(Span::new(id, line(120)..line(120) + 2), "first here");
        assert_eq!(
            render(&diagnostic, &map, false),
            "\
error: twice
   --> a.yaml:300:1
    |
120 | é: 1
    | - first here
...
300 | é: 1
    | ^^^^ again"
        );
    }

    #[test]
    fn a_message_without_a_place_is_one_line() {
        let diagnostic = Diagnostic::warning("nothing to do in `a\x1b[2Jb`");
        assert_eq!(
            render(&diagnostic, &SourceMap::new(), false),
            "warning: nothing to do in `a\u{fffd}[2Jb`"
        );
    }

    #[test]
    fn a_place_beyond_the_text_is_shown_at_its_end() {
        let mut map = SourceMap::new();
        let id = map.add("a.yaml", "é");
        let diagnostic = Diagnostic::error("it ends too early").at(Span::new(id, 1..99), "here");
        assert_eq!(
            render(&diagnostic, &map, false),
            "error: it ends too early\n --> a.yaml:1:1\n  |\n1 | é\n  | ^ here"
        );
    }
}
