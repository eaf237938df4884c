//! Ranges in host names: `node[01:50].lan`, `db-[a:f]`, `n[0:10:2]`.

use thiserror::Error;

/// The most hosts that one entry of the inventory may stand for.
const LIMIT: usize = 10_000;

/// Why a range is none.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum RangeError {
    #[error("a range needs `[`, its first and last element with `:` between them, and `]`")]
    Shape,
    #[error("the ends of a range are both numbers or both single letters of the same case")]
    Ends,
    #[error("the last element of a range must not come before the first")]
    Backwards,
    #[error("numbers with leading zeros must be equally long at both ends of a range")]
    Width,
    #[error("the step of a range is a number above 0")]
    Step,
    #[error("the ranges stand for more than {LIMIT} hosts")]
    Size,
}

/// The names that a text with any number of ranges stands for, in order.
pub(super) fn expand(text: &str) -> Result<Vec<String>, RangeError> {
    let Some((before, rest)) = text.split_once('[') else {
        return if text.contains(']') {
            Err(RangeError::Shape)
        } else {
            Ok(vec![text.to_owned()])
        };
    };
    let (range, after) = rest.split_once(']').ok_or(RangeError::Shape)?;
    if before.contains(']') {
        return Err(RangeError::Shape);
    }
    let (elements, endings) = (elements(range)?, expand(after)?);
    if elements.len().saturating_mul(endings.len()) > LIMIT {
        return Err(RangeError::Size);
    }
    Ok(elements
        .iter()
        .flat_map(|element| {
            endings
                .iter()
                .map(move |ending| format!("{before}{element}{ending}"))
        })
        .collect())
}

fn elements(range: &str) -> Result<Vec<String>, RangeError> {
    let parts: Vec<&str> = range.split(':').collect();
    let (first, last, step) = match parts[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => (first, last, step.parse().map_err(|_| RangeError::Step)?),
        _ => return Err(RangeError::Shape),
    };
    if step == 0 {
        return Err(RangeError::Step);
    }
    if let (Some(first), Some(last)) = (letter(first), letter(last)) {
        if first.is_ascii_lowercase() != last.is_ascii_lowercase() {
            return Err(RangeError::Ends);
        }
        let letters = ordered(first, last)?.step_by(step);
        return Ok(letters
            .map(|letter| char::from(letter).to_string())
            .collect());
    }
    let (from, to) = (number(first)?, number(last)?);
    let padded = first.len() > 1 && first.starts_with('0');
    if padded && first.len() != last.len() {
        return Err(RangeError::Width);
    }
    let numbers = ordered(from, to)?.step_by(step);
    if (to - from) as usize / step >= LIMIT {
        return Err(RangeError::Size);
    }
    let width = if padded { first.len() } else { 0 };
    Ok(numbers.map(|number| format!("{number:0width$}")).collect())
}

fn ordered<T: PartialOrd>(first: T, last: T) -> Result<std::ops::RangeInclusive<T>, RangeError> {
    if first <= last {
        Ok(first..=last)
    } else {
        Err(RangeError::Backwards)
    }
}

fn letter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => None,
    }
}

fn number(text: &str) -> Result<u32, RangeError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits {
        text.parse().map_err(|_| RangeError::Size)
    } else {
        Err(RangeError::Ends)
    }
}

#[cfg(test)]
mod tests {
    use super::{RangeError, expand};

    #[test]
    fn ranges_stand_for_every_name_in_order() {
        for (text, names) in [
            ("web", "web"),
            ("n[1:3]", "n1 n2 n3"),
            ("n[08:10].lan", "n08.lan n09.lan n10.lan"),
            ("n[9:11]", "n9 n10 n11"),
            ("n[0:6:3]", "n0 n3 n6"),
            ("[a:c]", "a b c"),
            ("r[1:2]-[x:y]", "r1-x r1-y r2-x r2-y"),
        ] {
            assert_eq!(expand(text).expect(text).join(" "), names);
        }
        assert_eq!(
            expand("n[1:10000]").expect("as many as may be").len(),
            10_000
        );
    }

    #[test]
    fn a_range_that_is_none_is_an_error() {
        for (text, error) in [
            ("n[1:3", RangeError::Shape),
            ("n1]", RangeError::Shape),
            ("n][1:2]", RangeError::Shape),
            ("n[1]", RangeError::Shape),
            ("n[1:2:3:4]", RangeError::Shape),
            ("n[a:3]", RangeError::Ends),
            ("n[a:C]", RangeError::Ends),
            ("n[:3]", RangeError::Ends),
            ("n[3:1]", RangeError::Backwards),
            ("n[01:100]", RangeError::Width),
            ("n[1:3:0]", RangeError::Step),
            ("n[1:3:x]", RangeError::Step),
            ("n[0:4000000000]", RangeError::Size),
            ("n[1:99999999999]", RangeError::Size),
            ("n[1:200]-[1:200]", RangeError::Size),
        ] {
            assert_eq!(expand(text), Err(error), "{text}");
        }
    }
}
