//! Texts in forms that people or programs read: comments, wrapped lines, sizes, C's `printf`.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use tera::{Kwargs, Number, State, Tera, TeraResult};

use super::{fail, repeated, type_word};
use crate::template::reference::{Documented, filter};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    filter(
        "comment",
        &["style?", "decoration?", "prefix?", "postfix?", "newline?"],
        "As a comment between two empty ones: `style` is `plain` (`# `), `erlang` (`% `), `c` (`// `), `cblock` or `xml`; `decoration` begins each line.",
        "'managed' | comment",
        "\"#\\n# managed\\n#\"",
    ),
    filter(
        "wordwrap",
        &["width?", "wrapstring?"],
        "With line breaks (`wrapstring`) between words, so that no line is longer than `width`, 79 if not given.",
        "'a bc d' | wordwrap(4)",
        "\"a bc\\nd\"",
    ),
    filter(
        "format",
        &["values..."],
        "With values in the places of `%s`, `%d`, `%x`, `%o` and `%f`, as in C's `printf`.",
        "'%s-%03d' | format('node', 7)",
        "\"node-007\"",
    ),
    filter(
        "human_readable",
        &["isbits?", "unit?"],
        "A number of bytes (or bits) with its unit.",
        "1536 | human_readable",
        "\"1.50 KB\"",
    ),
    filter(
        "human_to_bytes",
        &["default_unit?", "isbits?"],
        "The number of bytes (or bits) that a size such as `10 MB` or `2GiB` stands for.",
        "'2 KB' | human_to_bytes",
        "2048",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("comment", comment);
    tera.register_filter("wordwrap", wordwrap);
    tera.register_filter("format", |text: &str, arguments: Kwargs, _: &State| {
        format(text, &repeated(&arguments, "values"))
    });
    tera.register_filter("human_readable", human_readable);
    tera.register_filter("human_to_bytes", human_to_bytes);
}

fn comment(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let (begin, decoration, end) = match arguments.get::<&str>("style")?.unwrap_or("plain") {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => {
            return fail(format!(
                "unknown style `{other}`: known are `plain`, `erlang`, `c`, `cblock`, `xml`"
            ));
        }
    };
    let decoration = arguments.get::<&str>("decoration")?.unwrap_or(decoration);
    let empty = decoration.trim_end();
    let prefix = arguments.get::<&str>("prefix")?.unwrap_or(empty);
    let postfix = arguments.get::<&str>("postfix")?.unwrap_or(empty);
    let newline = arguments.get::<&str>("newline")?.unwrap_or("\n");
    let mut lines = Vec::new();
    if !begin.is_empty() {
        lines.push(begin.to_owned());
    }
    lines.push(prefix.to_owned());
    for line in text.split('\n') {
        lines.push(format!("{decoration}{line}").trim_end().to_owned());
    }
    lines.push(postfix.to_owned());
    if !end.is_empty() {
        lines.push(end.to_owned());
    }
    Ok(lines.join(newline))
}

fn wordwrap(text: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let width = arguments.get::<usize>("width")?.unwrap_or(79).max(1);
    let between = arguments.get::<&str>("wrapstring")?.unwrap_or("\n");
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut length = 0;
        for word in paragraph.split_whitespace() {
            let letters = word.chars().count();
            if length > 0 && length + 1 + letters > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += letters;
        }
        lines.push(line);
    }
    Ok(lines.join(between))
}

/// What stands between the `%` and the letter.
#[derive(Default)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    width: usize,
    precision: Option<usize>,
}

fn format(text: &str, values: &[&Value]) -> TeraResult<String> {
    let mut values = values.iter();
    let mut formatted = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            formatted.push(letter);
            continue;
        }
        let mut spec = Spec::default();
        while let Some(flag) = letters.next_if(|c| matches!(c, '-' | '0' | '+' | ' ' | '#')) {
            spec.left |= flag == '-';
            spec.zero |= flag == '0';
            spec.plus |= flag == '+';
        }
        spec.width = number(&mut letters, 1000);
        if letters.next_if_eq(&'.').is_some() {
            spec.precision = Some(number(&mut letters, 100));
        }
        match letters.next() {
            Some('%') => formatted.push('%'),
            Some(kind) => {
                let Some(value) = values.next() else {
                    return fail("there are more places than values");
                };
                spec.write(kind, value, &mut formatted)?;
            }
            None => return fail("the text ends in the middle of a place, write `%%` for a sign"),
        }
    }
    if values.next().is_some() {
        return fail("there are more values than places");
    }
    Ok(formatted)
}

/// The number that begins here, at most `most`.
fn number(letters: &mut Peekable<Chars<'_>>, most: usize) -> usize {
    let mut number = 0;
    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
        let digit = digit.to_digit(10).unwrap_or_default() as usize;
        number = most.min(number * 10 + digit);
    }
    number
}

impl Spec {
    fn write(&self, kind: char, value: &Value, to: &mut String) -> TeraResult<()> {
        let whole = || match value.as_number() {
            Some(Number::Integer(number)) => Ok(number),
            Some(number) => Number::Float(number.as_float().trunc())
                .as_integer()
                .map_or_else(|| fail("this number is too large"), Ok),
            None => fail(format!(
                "`%{kind}` needs a number, not {}",
                type_word(value)
            )),
        };
        let shown = match kind {
            's' => {
                let text = value.to_string();
                match self.precision {
                    Some(most) => text.chars().take(most).collect(),
                    None => text,
                }
            }
            'd' | 'i' if self.plus => format!("{:+}", whole()?),
            'd' | 'i' => whole()?.to_string(),
            'x' => format!("{:x}", whole()?),
            'X' => format!("{:X}", whole()?),
            'o' => format!("{:o}", whole()?),
            'f' => match value.as_number() {
                Some(number) => format!("{:.*}", self.precision.unwrap_or(6), number.as_float()),
                None => return fail(format!("`%f` needs a number, not {}", type_word(value))),
            },
            other => {
                return fail(format!(
                    "unknown place `%{other}`: known are `%s`, `%d`, `%x`, `%o`, `%f`, and `%%` for a sign"
                ));
            }
        };
        let missing = self.width.saturating_sub(shown.chars().count());
        match (self.left, self.zero && kind != 's') {
            (true, _) => {
                let _ = write!(to, "{shown}{}", " ".repeat(missing));
            }
            (false, true) => {
                let (sign, digits) = shown
                    .strip_prefix(['-', '+'])
                    .map_or(("", shown.as_str()), |digits| (&shown[..1], digits));
                let _ = write!(to, "{sign}{}{digits}", "0".repeat(missing));
            }
            (false, false) => {
                let _ = write!(to, "{}{shown}", " ".repeat(missing));
            }
        }
        Ok(())
    }
}

/// From the greatest; each is 1024 of the next.
const UNITS: [char; 8] = ['Y', 'Z', 'E', 'P', 'T', 'G', 'M', 'K'];

fn human_readable(size: f64, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let bits = arguments.get::<bool>("isbits")?.unwrap_or(false);
    let unit = arguments.get::<&str>("unit")?;
    let base = if bits { "bits" } else { "Bytes" };
    let suffix = if bits { 'b' } else { 'B' };
    for (place, letter) in UNITS.into_iter().enumerate() {
        let exponent = i32::try_from(UNITS.len() - place).unwrap_or(0);
        let one = 1024_f64.powi(exponent);
        let wanted = match unit {
            None => size >= one,
            Some(unit) => unit.to_ascii_uppercase().starts_with(letter),
        };
        if wanted {
            return Ok(format!("{:.2} {letter}{suffix}", size / one));
        }
    }
    Ok(format!("{size:.2} {base}"))
}

fn human_to_bytes(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<i64> {
    let text = value.to_string();
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let Ok(number) = number.parse::<f64>() else {
        return fail("a size is a number with a unit, as in `10 MB`");
    };
    let unit = match unit.trim() {
        "" => arguments.get::<&str>("default_unit")?.unwrap_or("B"),
        unit => unit,
    };
    let bits = arguments.get::<bool>("isbits")?.unwrap_or(false);
    let mut letters = unit.chars();
    let first = letters.next().unwrap_or('B').to_ascii_uppercase();
    let place = UNITS.iter().position(|known| *known == first);
    let rest = if place.is_some() {
        letters.as_str()
    } else {
        unit
    };
    let known: &[&str] = if bits {
        &["", "b", "ib", "bit", "bits"]
    } else {
        &["", "B", "iB", "byte", "bytes", "Byte", "Bytes", "b"]
    };
    if !known.contains(&rest) {
        return fail(format!(
            "unknown unit `{unit}`: known are `B`, `KB`, `MB`, `GB`, `TB` and further"
        ));
    }
    let exponent = place.map_or(0, |place| UNITS.len() - place);
    let bytes = number * 1024_f64.powi(i32::try_from(exponent).unwrap_or(0));
    #[expect(clippy::cast_possible_truncation, reason = "it is checked to fit")]
    if bytes < 9.0e18 {
        Ok(bytes.round() as i64)
    } else {
        fail("this size is too large")
    }
}
