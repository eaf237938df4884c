//! How long the parts of a login took.

use std::time::Duration;

/// How long the parts of a login took. On this machine there is none, and so they are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginTimes {
    /// Until it was the host's turn.
    pub turn: Duration,
    /// Lookup, TCP, key exchange, and the pauses between tries.
    pub connect: Duration,
    /// The login itself.
    pub auth: Duration,
}
