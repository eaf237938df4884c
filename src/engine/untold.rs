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
            skip: Some(skip),
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
    /// Of a task that is skipped, `skip` is all that there is to say, if there is one.
    pub(super) fn new(mut result: TaskResult, skip: Option<Arc<Skip>>) -> Self {
        match skip {
            Some(skip) => Self::Skipped(skip, std::mem::take(&mut result.timing)),
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
    use crate::event::Timing;

    #[test]
    fn what_is_told_is_what_was_kept() {
        let mut ended = Skips::default().ended(3, "wanted");
        ended.result.timing = Timing {
            begun: 5,
            ended: 7,
            waited_for: Some("h2".into()),
            ..Timing::default()
        };
        let result = ended.result.clone();
        assert_eq!(result.message.as_deref(), Some("`wanted` does not hold"));
        let untold = Untold::new(ended.result.clone(), ended.skip.clone());
        assert!(matches!(untold, Untold::Skipped(..)));
        assert_eq!(untold.status(), result.status);
        assert_eq!(untold.into_result(), result);
        censor(&mut ended);
        let hidden = ended.result.clone();
        assert_ne!(hidden, result);
        assert_eq!(Untold::new(ended.result, ended.skip).into_result(), hidden);
    }

    #[test]
    fn a_task_that_is_skipped_for_another_reason_says_so() {
        let mut skips = Skips::default();
        let mut told = |condition| {
            let ended = skips.ended(3, condition);
            Untold::new(ended.result, ended.skip).into_result().message
        };
        assert_eq!(told("a").as_deref(), Some("`a` does not hold"));
        assert_eq!(told("b").as_deref(), Some("`b` does not hold"));
    }
}
