//! Files that the controller has.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use provision_worker::arg::Content;
use provision_worker::host::{Contents, sha256_of};
use serde_json::Value;

/// A file of the controller.
#[derive(Clone)]
pub(crate) struct Known {
    content: Content,
    bytes: Vec<u8>,
}

/// The file called `name` with these `bytes`.
pub(crate) fn known(name: &str, bytes: impl Into<Vec<u8>>) -> Known {
    let bytes = bytes.into();
    let content = Content {
        sha256: sha256_of(bytes.as_slice()).expect("memory can be read"),
        size: bytes.len() as u64,
        name: name.to_owned(),
    };
    Known { content, bytes }
}

impl Known {
    /// The value of the argument that names it.
    pub(crate) fn value(&self) -> Value {
        self.content.to_value()
    }
}

/// Gives the contents of a case and counts how often.
pub(super) struct Stored {
    contents: Vec<Known>,
    fetches: Rc<RefCell<usize>>,
}

impl Stored {
    pub(super) fn new(contents: &[Known], fetches: Rc<RefCell<usize>>) -> Self {
        Self {
            contents: contents.to_vec(),
            fetches,
        }
    }
}

impl Contents for Stored {
    fn fetch(&self, content: &Content, into: &mut dyn Write) -> io::Result<()> {
        *self.fetches.borrow_mut() += 1;
        let known = self
            .contents
            .iter()
            .find(|known| known.content.sha256 == content.sha256)
            .unwrap_or_else(|| panic!("the case has no content `{}`", content.name));
        into.write_all(&known.bytes)
    }
}
