//! A password of a connection: a text that no message, log or record shows.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A password, of one line and not empty.
#[derive(Clone)]
pub struct Password(Arc<Zeroizing<String>>);

impl Password {
    /// The password that a text is. One of several lines could not be given where a line ends it.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = Zeroizing::new(text.into());
        let odd = |letter: char| letter.is_control();
        (!text.is_empty() && !text.contains(odd)).then(|| Self(Arc::new(text)))
    }

    /// It in plain text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password")
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Password {}

impl PartialOrd for Password {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Password {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text().cmp(other.text())
    }
}

#[cfg(test)]
mod tests {
    use super::Password;

    #[test]
    fn it_is_one_line_and_shows_nothing() {
        let password = Password::new("open sesame").expect("a password");
        assert_eq!(password.text(), "open sesame");
        assert_eq!(format!("{password:?}"), "Password");
        for text in ["", "two\nlines", "one\n"] {
            assert!(Password::new(text).is_none(), "{text:?}");
        }
    }
}
