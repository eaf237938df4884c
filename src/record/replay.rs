//! Reads all events of an earlier run.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use super::past::LONGEST;
use super::{Header, PastError, Store};
use crate::event::Event;

/// What was replayed.
#[derive(Debug)]
pub struct Replayed {
    /// What was run.
    pub header: Header,
    /// How many lines could not be understood: the last one of a run that was broken off, or those of another version.
    pub unread: usize,
}

/// Gives every event of the record called `name` to `take`.
pub fn replay(
    store: &Store,
    name: &str,
    mut take: impl FnMut(&Event),
) -> Result<Replayed, PastError> {
    let path = store.path(name);
    if !path.exists() {
        return Err(PastError::None);
    }
    let unreadable = |error| PastError::Unreadable(name.to_owned(), error);
    let mut reader = BufReader::new(File::open(&path).map_err(unreadable)?);
    let mut line = Vec::new();
    let mut replayed: Option<Replayed> = None;
    loop {
        line.clear();
        let read = Read::take(&mut reader, LONGEST).read_until(b'\n', &mut line);
        if read.map_err(unreadable)? == 0 {
            break;
        }
        match &mut replayed {
            None => {
                let header = serde_json::from_slice(&line);
                let header = header.map_err(|_| PastError::Damaged(name.to_owned()))?;
                replayed = Some(Replayed { header, unread: 0 });
            }
            Some(replayed) => match serde_json::from_slice(&line) {
                Ok(event) => take(&event),
                Err(_) => replayed.unread += 1,
            },
        }
    }
    replayed.ok_or_else(|| PastError::Damaged(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::replay;
    use crate::event::{Event, Events as _};
    use crate::record::{Header, PastError, Recorded, Store};
    use crate::report::{Console, ConsoleOptions};

    #[test]
    fn what_was_recorded_is_told_again_as_far_as_it_was_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::at(directory.path().join("runs"));
        let (name, file) = store.begin().expect("a record");
        let header = Header {
            provision: "1".into(),
            inventories: Vec::new(),
            playbooks: vec!["site.yaml".into()],
            check: false,
        };
        let console = Console::new(Vec::new(), ConsoleOptions::default());
        let mut recorded = Recorded::new(Box::new(console), file, &header);
        for number in 0..3 {
            recorded.event(&Event::Warning {
                host: None,
                message: format!("{number}"),
            });
        }
        drop(recorded);
        let text = std::fs::read_to_string(store.path(&name)).expect("a record");
        std::fs::write(store.path(&name), &text[..text.len() - 5]).expect("written");
        let mut told = Vec::new();
        let replayed = replay(&store, &name, |event| {
            if let Event::Warning { message, .. } = event {
                told.push(message.clone());
            }
        });
        let replayed = replayed.expect("it can be read");
        assert_eq!((replayed.header, replayed.unread), (header, 1));
        assert_eq!(told, ["0", "1"]);
        std::fs::write(store.path(&name), "no record").expect("written");
        let damaged = replay(&store, &name, |_| {});
        assert!(matches!(damaged, Err(PastError::Damaged(_))));
    }
}
