//! Debian versions and their order, by the rules of `deb-version(7)`. Nothing else is known here.

use std::cmp::Ordering;

/// Compares two versions: epoch, then upstream version, then Debian revision.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Parts::of(left), Parts::of(right));
    compare_part(left.epoch, right.epoch)
        .then_with(|| compare_part(left.upstream, right.upstream))
        .then_with(|| compare_part(left.revision, right.revision))
}

struct Parts<'a> {
    epoch: &'a str,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self {
            epoch,
            upstream,
            revision,
        }
    }
}

/// Compares by turns what is no digit and what is a number, as dpkg does.
fn compare_part(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (left_text, right_text) = (
            take(&mut left, |byte| !byte.is_ascii_digit()),
            take(&mut right, |byte| !byte.is_ascii_digit()),
        );
        let (left_number, right_number) = (
            take(&mut left, u8::is_ascii_digit),
            take(&mut right, u8::is_ascii_digit),
        );
        let order = compare_text(left_text, right_text)
            .then_with(|| compare_number(left_number, right_number));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn take<'a>(text: &mut &'a str, belongs: fn(&u8) -> bool) -> &'a str {
    let length = text.bytes().take_while(belongs).count();
    // A byte that is no digit may be a part of a longer character; digits never are, so only the text before
    // a digit or the end is cut off, which is a character's border.
    let (head, tail) = text.split_at(length);
    *text = tail;
    head
}

fn compare_text(left: &str, right: &str) -> Ordering {
    let weights = |text: &str| text.bytes().map(weight).chain([0]).collect::<Vec<_>>();
    weights(left).cmp(&weights(right))
}

/// `~` sorts before the end, letters before everything else.
fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        letter if letter.is_ascii_alphabetic() => i32::from(letter),
        other => i32::from(other) + 256,
    }
}

/// Compares numbers of any length.
fn compare_number(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        let ascending = [
            "1.0~~",
            "1.0~~a",
            "1.0~",
            "1.0~rc1-1",
            "1.0",
            "1.0-0.1",
            "1.0-1",
            "1.0-1+deb12u1",
            "1.0-1.1",
            "1.0-2",
            "1.0-10",
            "1.0a",
            "1.0+dfsg-1",
            "1.0.1",
            "1.6.20~ds1-1+deb12u1",
            "1.6.20~ds1-1+deb12u3",
            "1.10",
            "1:0.9",
            "2:0.1",
        ];
        for (index, left) in ascending.iter().enumerate() {
            for (other, right) in ascending.iter().enumerate() {
                assert_eq!(compare(left, right), index.cmp(&other), "{left} {right}");
            }
        }
    }

    #[test]
    fn leading_zeros_and_an_epoch_of_zero_mean_nothing() {
        assert_eq!(compare("1.02", "1.2"), Ordering::Equal);
        assert_eq!(compare("0:1.2", "1.2"), Ordering::Equal);
        assert_eq!(compare("1.2-0", "1.2"), Ordering::Equal);
    }

    #[test]
    fn text_that_is_no_version_is_compared_all_the_same() {
        assert_eq!(compare("é", "é1"), Ordering::Less);
        assert_eq!(compare("", ""), Ordering::Equal);
    }
}
