//! Gets the contents of files from the controller, which sends each only if a host lacks it.

use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::inbox::Inbox;
use super::outbox::Outbox;
use crate::arg::Content;
use crate::host::{Contents, hex};
use crate::protocol::FromWorker;

/// The contents that the controller at the other end has.
pub(super) struct ControllerContents {
    /// Where the pieces arrive.
    pub(super) inbox: Arc<Inbox>,
    /// Where they are asked for.
    pub(super) outbox: Rc<Outbox>,
}

impl Contents for ControllerContents {
    fn fetch(&self, content: &Content, into: &mut dyn Write) -> io::Result<()> {
        let mut hasher = Sha256::new();
        // What cannot be written is received all the same, or it would be taken for the next file.
        let mut written = Ok(());
        let mut missing = content.size;
        if missing > 0 {
            self.ask_for(content)?;
        }
        while missing > 0 {
            let piece = self.inbox.next_piece()?;
            if piece.is_empty() {
                return Err(io::Error::other(format!(
                    "the controller can no longer read `{}`",
                    content.name
                )));
            }
            missing = missing.saturating_sub(piece.len() as u64);
            hasher.update(&piece);
            written = written.and_then(|()| into.write_all(&piece));
        }
        written?;
        if hex(&hasher.finalize()) != content.sha256 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{}` has changed on the controller meanwhile", content.name),
            ));
        }
        Ok(())
    }
}

impl ControllerContents {
    fn ask_for(&self, content: &Content) -> io::Result<()> {
        self.inbox.expect_pieces(content.size);
        let sha256 = content.sha256.clone();
        self.outbox.send(&FromWorker::NeedContent(sha256))
    }
}
