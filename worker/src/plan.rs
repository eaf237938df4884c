//! What a module answers with: the changes that lead to the desired state, and what it found.
//!
//! A plan is made by reading only. Nothing here touches a host except through the [`Writer`] that
//! [`Plan::apply`] is given.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::host::Writer;

/// The fields that a module registers (`stdout`, `rc`, `stat`, ...).
pub type Output = Map<String, Value>;

/// Carries out one change. It returns what it learned by doing so.
pub type Effect = Box<dyn FnOnce(&Writer<'_>) -> Result<Output, Failure>>;

/// Why a module could not bring about the desired state.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// What went wrong: lower case, no full stop, names in backticks.
    pub message: String,
    /// What is registered all the same, such as the output of a command that failed.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub output: Output,
    /// The limit after which a program was ended, if that is why. It is of no interest to the controller.
    #[serde(skip)]
    pub ended_after: Option<Duration>,
}

impl Failure {
    /// A failure that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            output: Output::new(),
            ended_after: None,
        }
    }

    /// The same failure with `output` to be registered.
    #[must_use]
    pub fn with_output(mut self, output: Output) -> Self {
        self.output = output;
        self
    }
}

/// The text of something before and after a change; `None` where it does not exist.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The text on the host now.
    pub before: Option<String>,
    /// The text that is wanted.
    pub after: Option<String>,
}

/// The longest text of a file that is shown, in bytes.
pub const MAX_SHOWN: usize = 64 << 10;

impl Diff {
    /// Something before and after, either of which may not exist.
    pub fn new(before: Option<impl Into<String>>, after: Option<impl Into<String>>) -> Self {
        Self {
            before: before.map(Into::into),
            after: after.map(Into::into),
        }
    }

    /// A file before and after. Nothing is shown unless both sides are text of at most [`MAX_SHOWN`] bytes.
    pub fn contents(before: Option<&[u8]>, after: Option<&[u8]>) -> Self {
        let is_text = |bytes: &[u8]| bytes.len() <= MAX_SHOWN && !bytes.contains(&0);
        let text = |bytes| std::str::from_utf8(bytes).ok().filter(|_| is_text(bytes));
        match (before.map(text), after.map(text)) {
            (Some(None), _) | (_, Some(None)) => Self::default(),
            (before, after) => Self::new(before.flatten(), after.flatten()),
        }
    }
}

/// One step towards the desired state.
pub struct Change {
    /// What changes, as a person would say it: `mode of /etc/hosts`, `package curl`.
    pub what: String,
    /// The two states of it, as far as they can be shown.
    pub diff: Diff,
    effect: Effect,
}

/// The changes that lead to the desired state, in order. An empty list means that nothing is to be done.
#[derive(Default)]
pub struct Plan {
    changes: Vec<Change>,
    output: Output,
    unpredictable: Option<&'static str>,
}

impl Plan {
    /// A plan that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A plan of one program whose effect nobody can foresee. Check mode reports it as unknown because of
    /// `reason` and does not run it.
    pub fn unpredictable(
        reason: &'static str,
        what: impl Into<String>,
        effect: impl FnOnce(&Writer<'_>) -> Result<Output, Failure> + 'static,
    ) -> Self {
        let mut plan = Self::new();
        plan.change(what, Diff::default(), effect);
        plan.unpredictable = Some(reason);
        plan
    }

    /// Adds a change.
    pub fn change(
        &mut self,
        what: impl Into<String>,
        diff: Diff,
        effect: impl FnOnce(&Writer<'_>) -> Result<Output, Failure> + 'static,
    ) {
        self.changes.push(Change {
            what: what.into(),
            diff,
            effect: Box::new(effect),
        });
    }

    /// Adds changes that one effect brings about together, such as packages that are installed by one call.
    /// It is carried out in the place of the first of them.
    pub fn change_together(
        &mut self,
        changes: impl IntoIterator<Item = (String, Diff)>,
        effect: impl FnOnce(&Writer<'_>) -> Result<Output, Failure> + 'static,
    ) {
        let mut effect = Some(effect);
        for (what, diff) in changes {
            match effect.take() {
                Some(effect) => self.change(what, diff, effect),
                None => self.change(what, diff, |_| Ok(Output::new())),
            }
        }
    }

    /// Adds a field to what is registered.
    pub fn output(&mut self, name: &str, value: impl Into<Value>) {
        self.output.insert(name.to_owned(), value.into());
    }

    /// Appends another plan: its changes follow, its output is added.
    pub fn append(&mut self, other: Plan) {
        self.changes.extend(other.changes);
        self.output.extend(other.output);
        self.unpredictable = self.unpredictable.or(other.unpredictable);
    }

    /// Whether the host is already in the desired state.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, in order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Why nobody can say beforehand what the changes will do, if that is so.
    pub fn unpredictable_reason(&self) -> Option<&'static str> {
        self.unpredictable
    }

    /// What is registered if the changes are not carried out.
    pub fn into_output(self) -> Output {
        self.output
    }

    /// Carries out the changes in order and stops at the first failure.
    ///
    /// Returns what is registered. A failure carries what had been learned until then.
    pub fn apply(self, writer: &Writer<'_>) -> Result<Output, Failure> {
        self.apply_counting(writer, &mut 0)
    }

    /// [`apply`](Self::apply)s and counts in `applied` the changes that were carried out, which a failure
    /// does not tell.
    pub fn apply_counting(
        self,
        writer: &Writer<'_>,
        applied: &mut usize,
    ) -> Result<Output, Failure> {
        let mut output = self.output;
        for change in self.changes {
            match (change.effect)(writer) {
                Ok(learned) => {
                    output.extend(learned);
                    *applied += 1;
                }
                Err(mut failure) => {
                    output.append(&mut failure.output);
                    return Err(failure.with_output(output));
                }
            }
        }
        Ok(output)
    }
}
