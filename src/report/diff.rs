//! What a change does to a text, as a unified diff. Must not decide whether it is shown.

use std::time::Duration;

use provision_worker::plan::Diff;
use similar::{ChangeTag, TextDiff};

use super::page::{Line, Tone};

/// Texts that differ in every line may make the search for the smallest diff long; after this time a larger
/// one will do.
const PATIENCE: Duration = Duration::from_millis(500);

/// The lines of the diff. Equal texts have none.
pub(super) fn lines(diff: &Diff) -> Vec<Line> {
    let (before, after) = (text(diff.before.as_ref()), text(diff.after.as_ref()));
    let both_exist = !before.is_empty() && !after.is_empty();
    let one_lacks_its_end = both_exist && before.ends_with('\n') != after.ends_with('\n');
    let found = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before, after);
    let mut lines = Vec::new();
    for hunk in found.unified_diff().iter_hunks() {
        lines.push(Line::new(hunk.header().to_string(), Tone::Busy));
        for change in hunk.iter_changes() {
            let (sign, tone) = match change.tag() {
                ChangeTag::Equal => (' ', Tone::Dim),
                ChangeTag::Delete => ('-', Tone::Removed),
                ChangeTag::Insert => ('+', Tone::Added),
            };
            let line = change.value();
            let line = line.strip_suffix('\n').unwrap_or(line);
            lines.push(Line::new(format!("{sign}{line}"), tone));
            if change.missing_newline() && one_lacks_its_end {
                lines.push(Line::new("\\ no newline at the end", Tone::Dim));
            }
        }
    }
    lines
}

fn text(side: Option<&String>) -> &str {
    side.map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use provision_worker::plan::Diff;

    use super::lines;

    fn shown(before: Option<&str>, after: Option<&str>) -> String {
        let diff = Diff {
            before: before.map(Into::into),
            after: after.map(Into::into),
        };
        let lines: Vec<String> = lines(&diff).into_iter().map(|line| line.text).collect();
        lines.join("\n")
    }

    #[test]
    fn a_change_is_shown_with_three_lines_around_it() {
        assert_eq!(
            shown(Some("1\n2\n3\n4\n5\n6\n"), Some("1\n2\n3\n4\nfive\n6\n")),
            "@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+five\n 6"
        );
    }

    #[test]
    fn what_is_created_or_removed_stands_whole() {
        assert_eq!(shown(None, Some("a\nb\n")), "@@ -0,0 +1,2 @@\n+a\n+b");
        assert_eq!(shown(Some("a\n"), None), "@@ -1 +0,0 @@\n-a");
        assert_eq!(shown(Some("0"), Some("1")), "@@ -1 +1 @@\n-0\n+1");
    }

    #[test]
    fn a_missing_end_of_line_is_shown_where_it_is_the_difference() {
        assert_eq!(
            shown(Some("a"), Some("a\n")),
            "@@ -1 +1 @@\n-a\n\\ no newline at the end\n+a"
        );
    }

    #[test]
    fn equal_texts_show_nothing() {
        assert_eq!(shown(Some("a\n"), Some("a\n")), "");
    }
}
