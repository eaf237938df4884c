//! Times as seconds since 1970 in UTC, and as texts. There is no clock here: what is rendered twice must be the
//! same.

use std::fmt::Write as _;

use tera::{Kwargs, State, Tera, TeraResult};

use super::fail;
use crate::template::reference::{Documented, filter};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    filter(
        "strftime",
        &["second"],
        "The time so many seconds after 1970 began, in UTC, in this form: `%Y`, `%m`, `%d`, `%H`, `%M`, `%S`, `%y`, `%j`, `%a`, `%A`, `%b`, `%B`, `%e`, `%F`, `%T`, `%s`, `%z`, `%Z`, `%%`.",
        "'%Y-%m-%d' | strftime(1471204812)",
        "\"2016-08-14\"",
    ),
    filter(
        "to_datetime",
        &["format?"],
        "The seconds from the beginning of 1970 to a time in UTC, so that times can be compared and subtracted; the form is `%Y-%m-%d %H:%M:%S` if none is given.",
        "('2016-08-15 00:00:00' | to_datetime) - ('2016-08-14' | to_datetime('%Y-%m-%d'))",
        "86400",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("strftime", |form: &str, arguments: Kwargs, _: &State| {
        let second = arguments.must_get::<&Value>("second")?;
        let second = match second.as_str() {
            Some(text) => text.trim().parse::<f64>().ok(),
            None => second.as_f64(),
        };
        let limit = 8.0e12;
        #[expect(clippy::cast_possible_truncation, reason = "it is checked to fit")]
        match second.filter(|second| second.abs() < limit) {
            Some(second) => shown(form, second.floor() as i64),
            None => fail("`second` is a number of seconds"),
        }
    });
    tera.register_filter("to_datetime", |text: &str, arguments: Kwargs, _: &State| {
        let form = arguments.get::<&str>("format")?;
        read(text.trim(), form.unwrap_or("%Y-%m-%d %H:%M:%S"))
    });
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The days from the beginning of 1970 to a date. The year is taken to begin in March, so that the day that some
/// years have more is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn named(names: &'static [&'static str], place: i64) -> &'static str {
    usize::try_from(place)
        .ok()
        .and_then(|place| names.get(place))
        .copied()
        .unwrap_or_default()
}

fn shown(form: &str, second: i64) -> TeraResult<String> {
    let (day_number, of_day) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    let (year, month, day) = date(day_number);
    let (hour, minute, rest) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let weekday = named(&DAYS, (day_number + 4).rem_euclid(7));
    let month_name = named(&MONTHS, month - 1);
    let mut text = String::new();
    let mut letters = form.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let _ = match letters.next() {
            Some('Y') => write!(text, "{year:04}"),
            Some('y') => write!(text, "{:02}", year.rem_euclid(100)),
            Some('m') => write!(text, "{month:02}"),
            Some('d') => write!(text, "{day:02}"),
            Some('e') => write!(text, "{day:2}"),
            Some('H') => write!(text, "{hour:02}"),
            Some('M') => write!(text, "{minute:02}"),
            Some('S') => write!(text, "{rest:02}"),
            Some('j') => write!(text, "{:03}", day_number - days(year, 1, 1) + 1),
            Some('a') => write!(text, "{}", &weekday[..3]),
            Some('A') => write!(text, "{weekday}"),
            Some('b') => write!(text, "{}", &month_name[..3]),
            Some('B') => write!(text, "{month_name}"),
            Some('F') => write!(text, "{year:04}-{month:02}-{day:02}"),
            Some('T') => write!(text, "{hour:02}:{minute:02}:{rest:02}"),
            Some('s') => write!(text, "{second}"),
            Some('z') => write!(text, "+0000"),
            Some('Z') => write!(text, "UTC"),
            Some('%') => write!(text, "%"),
            Some(other) => return fail(format!("unknown part `%{other}` of a form of time")),
            None => return fail("the form of time ends with a lone `%`"),
        };
    }
    Ok(text)
}

fn read(text: &str, form: &str) -> TeraResult<i64> {
    let wrong = || fail(format!("this is no time in the form `{form}`"));
    let (mut year, mut month, mut day) = (1970, 1, 1);
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    let mut rest = text;
    let mut letters = form.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            match rest.strip_prefix(letter) {
                Some(after) => rest = after,
                None => return wrong(),
            }
            continue;
        }
        let (to, most) = match letters.next() {
            Some('Y') => (&mut year, 4),
            Some('m') => (&mut month, 2),
            Some('d') => (&mut day, 2),
            Some('H') => (&mut hour, 2),
            Some('M') => (&mut minute, 2),
            Some('S') => (&mut second, 2),
            _ => {
                return fail("a time is read with `%Y`, `%m`, `%d`, `%H`, `%M` and `%S` only");
            }
        };
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit);
        let (number, after) = rest.split_at(digits.count());
        match number.parse::<i64>() {
            Ok(number) => *to = number,
            Err(_) => return wrong(),
        }
        rest = after;
    }
    let day_number = days(year, month, day);
    let real = (1..=12).contains(&month) && date(day_number) == (year, month, day);
    if !rest.is_empty() || !real || hour > 23 || minute > 59 || second > 60 {
        return wrong();
    }
    Ok(day_number * 86_400 + hour * 3600 + minute * 60 + second)
}
