//! Text that comes from elsewhere, made fit for a terminal. Must not write anything.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// The most lines of a program's output that are shown.
const OUTPUT_LINES: usize = 20;

/// `text` with every character that could move the cursor, change the terminal or reorder the line spelled
/// out: a host must not be able to forge or hide what is shown. A tab is harmless and stays.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_deceptive(character) {
            clean.extend(character.escape_default());
        } else {
            clean.push(character);
        }
    }
    Cow::Owned(clean)
}

/// Control characters, and the invisible ones by which Unicode reorders or breaks a line.
fn is_deceptive(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The last lines of what a program printed, as a terminal would have left them: without colours, and of a
/// line that was overwritten only the last state. Returns how many lines are left out, and the lines.
pub(super) fn last_lines(output: &str) -> (usize, Vec<String>) {
    let output = console::strip_ansi_codes(output.trim_end());
    let lines: Vec<&str> = output.lines().collect();
    let omitted = lines.len().saturating_sub(OUTPUT_LINES);
    let last = lines[omitted..]
        .iter()
        .map(|line| {
            line.rsplit('\r')
                .find(|state| !state.is_empty())
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    (omitted, last)
}

/// The names of `hosts`: all of them if `all` or if they are few, else what tells most in little space, given
/// that the batch has `batch` hosts.
pub(super) fn names(hosts: &[Arc<str>], batch: usize, all: bool) -> String {
    const FEW: usize = 4;
    if all || hosts.len() <= FEW {
        hosts.join(" ")
    } else if hosts.len() == batch {
        format!("all {batch} hosts")
    } else {
        let shown = FEW - 1;
        format!("{} (+{})", hosts[..shown].join(" "), hosts.len() - shown)
    }
}

/// `1 host`, `3 hosts`.
pub(super) fn hosts(count: usize) -> String {
    format!("{count} host{}", if count == 1 { "" } else { "s" })
}

/// How long something takes, in whole seconds: `12s`, `3m 05s`, `1h 02m`.
pub(super) fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = match (hours, minutes) {
        (0, 0) => write!(text, "{seconds}s"),
        (0, _) => write!(text, "{minutes}m {:02}s", seconds % 60),
        _ => write!(text, "{hours}h {minutes:02}m"),
    };
    text
}

/// How long something took: tenths of a second matter if it was short.
pub(super) fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(60) {
        format!("{:.1}s", duration.as_secs_f64())
    } else {
        elapsed(duration)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{elapsed, last_lines, names, sanitize, took};

    #[test]
    fn what_could_steer_a_terminal_is_spelled_out() {
        for (hostile, shown) in [
            ("\x1b[2J\x1b[31mh1", r"\u{1b}[2J\u{1b}[31mh1"),
            ("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}"),
            ("done\rfailed", r"done\rfailed"),
            ("h1\nok h2", r"h1\nok h2"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("a\u{8}\u{7f}", r"a\u{8}\u{7f}"),
            ("x\u{202e}txt.exe", r"x\u{202e}txt.exe"),
            ("a\u{200b}b\u{2066}", r"a\u{200b}b\u{2066}"),
        ] {
            assert_eq!(sanitize(hostile), shown);
        }
    }

    #[test]
    fn honest_text_stays_as_it_is() {
        let text = "größe\t10 µs — 日本 👍🏽";
        assert_eq!(sanitize(text), text);
    }

    #[test]
    fn output_is_shown_as_a_terminal_would_have_left_it() {
        let output = "\x1b[1mget\x1b[0m\n 10%\r 50%\r100%\r\n\n";
        assert_eq!(
            last_lines(output),
            (0, vec!["get".to_owned(), "100%".to_owned()])
        );
    }

    #[test]
    fn only_the_last_lines_of_output_are_shown() {
        let lines: Vec<String> = (1..=23).map(|line| line.to_string()).collect();
        let output = lines.join("\n");
        let (omitted, lines) = last_lines(&output);
        assert_eq!((omitted, lines.len()), (3, 20));
        assert_eq!(lines[0], "4");
    }

    #[test]
    fn many_hosts_are_named_in_little_space() {
        let hosts: Vec<Arc<str>> = (1..=5).map(|host| format!("h{host}").into()).collect();
        assert_eq!(names(&hosts[..4], 9, false), "h1 h2 h3 h4");
        assert_eq!(names(&hosts, 9, false), "h1 h2 h3 (+2)");
        assert_eq!(names(&hosts, 5, false), "all 5 hosts");
        assert_eq!(names(&hosts, 5, true), "h1 h2 h3 h4 h5");
    }

    #[test]
    fn durations_are_as_exact_as_they_are_interesting() {
        let seconds = Duration::from_secs_f64;
        assert_eq!(elapsed(seconds(12.9)), "12s");
        assert_eq!(elapsed(seconds(185.0)), "3m 05s");
        assert_eq!(elapsed(seconds(3725.0)), "1h 02m");
        assert_eq!(took(seconds(0.25)), "0.2s");
        assert_eq!(took(seconds(60.0)), "1m 00s");
    }
}
