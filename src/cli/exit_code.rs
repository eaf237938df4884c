//! What the process says to whoever started it. Must not exit by itself.
//!
//! 1 is not among the codes: it is what shells and runtimes give for reasons of their own.

use crate::event::Recap;

/// Every host is in the desired state.
pub const SUCCESS: u8 = 0;
/// A task failed on at least one host.
pub const FAILED: u8 = 2;
/// At least one host could not be reached, and none failed.
pub const UNREACHABLE: u8 = 3;
/// What was given cannot be carried out: arguments, inventory, playbooks, templates. No host was touched.
pub const BAD_INPUT: u8 = 4;
/// The controller itself failed.
pub const INTERNAL: u8 = 5;
/// The user ended the run; as a shell says of a program that ended by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// The exit code of a run that came to its end or was interrupted.
pub fn of_run(recap: &[Recap], interrupted: bool) -> u8 {
    if interrupted {
        INTERRUPTED
    } else if recap.iter().any(|host| host.failed > 0) {
        FAILED
    } else if recap.iter().any(|host| host.unreachable) {
        UNREACHABLE
    } else {
        SUCCESS
    }
}

#[cfg(test)]
mod tests {
    use super::{FAILED, INTERRUPTED, SUCCESS, UNREACHABLE, of_run};
    use crate::event::Recap;

    fn well() -> Recap {
        Recap {
            ok: 1,
            changed: 1,
            skipped: 1,
            unknown: 1,
            ignored: 1,
            ..Recap::default()
        }
    }

    fn failed() -> Recap {
        Recap {
            failed: 1,
            ..Recap::default()
        }
    }

    fn unreachable() -> Recap {
        Recap {
            unreachable: true,
            ..Recap::default()
        }
    }

    #[test]
    fn changes_unknowns_and_ignored_failures_are_no_failure() {
        assert_eq!(of_run(&[], false), SUCCESS);
        assert_eq!(of_run(&[well()], false), SUCCESS);
    }

    #[test]
    fn one_failed_host_is_enough_and_wins_over_an_unreachable_one() {
        assert_eq!(of_run(&[well(), failed()], false), FAILED);
        assert_eq!(of_run(&[unreachable(), failed(), well()], false), FAILED);
        assert_eq!(of_run(&[well(), unreachable()], false), UNREACHABLE);
    }

    #[test]
    fn an_interrupted_run_says_so_whatever_its_hosts_did() {
        assert_eq!(of_run(&[failed(), unreachable()], true), INTERRUPTED);
        assert_eq!(of_run(&[], true), INTERRUPTED);
    }
}
