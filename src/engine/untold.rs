//! Results that have not been told yet. They wait until the slowest host has come as far, which can be as many as hosts
//! times tasks; of a task that is skipped, all hosts share what there is to say.

use std::collections::HashMap;
use std::sync::Arc;

use super::host::Ended;
use super::program::StepId;
use super::result::skipped_result;
use crate::event::{Status, TaskResult, Timing};
use crate::value::Value;
use crate::vars::Values;

/// What is the same for every host on which a task is skipped for the same reason.
#[derive(Debug)]
pub(super) struct Skip {
    condition: String,
    message: String,
    registered: Value,
}

/// What is the same wherever a task is skipped, by its step.
#[derive(Default)]
pub(super) struct Skips(HashMap<StepId, Arc<Skip>>);

impl Skips {
    /// How a task without a loop ends on a host where `condition` does not hold.
    pub(super) fn ended(&mut self, step: StepId, condition: &str) -> Ended {
        let known = self.0.get(&step).filter(|skip| skip.condition == condition);
        let skip = known.cloned().unwrap_or_else(|| {
            let (message, registered) = skipped_result(condition);
            let skip = Arc::new(Skip {
                condition: condition.to_owned(),
                message,
                registered,
            });
            self.0.insert(step, skip.clone());
            skip
        });
        Ended {
            result: skip.result(Timing::default()),
            registered: Some(skip.registered.clone()),
            facts: Values::new(),
            settings: None,
        }
    }
}

impl Skip {
    fn result(&self, timing: Timing) -> TaskResult {
        TaskResult {
            status: Status::Skipped,
            changes: Vec::new(),
            message: Some(self.message.clone()),
            output: None,
            items: Vec::new(),
            registered: Some(self.registered.clone()),
            millis: 0,
            timing,
        }
    }
}

/// A result that is kept until it can be told.
pub(super) enum Untold {
    /// The task was skipped.
    Skipped(Arc<Skip>, Timing),
    /// Any other.
    Whole(Box<TaskResult>),
}

impl Untold {
    pub(super) fn new(step: StepId, mut result: TaskResult, skips: &Skips) -> Self {
        let skip = skips.0.get(&step);
        let skip = skip.filter(|skip| {
            // What `no_log` hides and what a loop or a condition on its items says is not that.
            result.status == Status::Skipped
                && result.message.as_ref() == Some(&skip.message)
                && result.registered.is_some()
                && result.items.is_empty()
                && result.millis == 0
        });
        match skip {
            Some(skip) => Self::Skipped(skip.clone(), std::mem::take(&mut result.timing)),
            None => Self::Whole(Box::new(result)),
        }
    }

    pub(super) fn status(&self) -> Status {
        match self {
            Self::Skipped(..) => Status::Skipped,
            Self::Whole(result) => result.status,
        }
    }

    pub(super) fn into_result(self) -> TaskResult {
        match self {
            Self::Skipped(skip, timing) => skip.result(timing),
            Self::Whole(result) => *result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Skips, Untold};
    use crate::engine::result::censor;
    use crate::event::{ItemResult, Status, TaskResult, Timing};

    fn skipped(skips: &mut Skips) -> TaskResult {
        let mut result = skips.ended(3, "wanted").result;
        result.timing = Timing {
            begun: 5,
            ended: 7,
            waited_for: Some("h2".into()),
            ..Timing::default()
        };
        result
    }

    #[test]
    fn what_is_told_is_what_was_kept() {
        let mut skips = Skips::default();
        let plain = skipped(&mut skips);
        assert_eq!(plain.message.as_deref(), Some("`wanted` does not hold"));
        let mut hidden = plain.clone();
        censor(&mut hidden);
        let mut looped = plain.clone();
        looped.items.push(ItemResult {
            label: "a".into(),
            status: Status::Skipped,
            message: None,
        });
        let mut other = plain.clone();
        other.message = Some("`other` does not hold".into());
        let mut ran = plain.clone();
        ran.status = Status::Ok;
        for (result, shared) in [
            (plain, true),
            (hidden, false),
            (looped, false),
            (other, false),
            (ran, false),
        ] {
            let untold = Untold::new(3, result.clone(), &skips);
            assert_eq!(matches!(untold, Untold::Skipped(..)), shared, "{result:?}");
            assert_eq!(untold.status(), result.status);
            assert_eq!(untold.into_result(), result);
        }
    }

    #[test]
    fn a_task_that_is_skipped_for_another_reason_says_so() {
        let mut skips = Skips::default();
        let first = Untold::new(3, skips.ended(3, "a").result, &skips);
        let second = Untold::new(3, skips.ended(3, "b").result, &skips);
        let told = |untold: Untold| untold.into_result().message;
        assert_eq!(told(first).as_deref(), Some("`a` does not hold"));
        assert_eq!(told(second).as_deref(), Some("`b` does not hold"));
    }
}
