//! How many logins may be under way at once.
//!
//! An sshd drops connections when many are not logged in yet (`MaxStartups`), and a jump host sees the logins of
//! all hosts behind it. Only logins are counted; established connections are free.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::transport::settings::Address;

/// Logins at once, over all addresses.
const OVERALL: usize = 64;

/// Logins at once to one address. OpenSSH starts to drop them at 10.
const PER_ADDRESS: usize = 8;

/// The limits, and who is on the way.
#[derive(Debug)]
pub(super) struct Pacing {
    overall: Arc<Semaphore>,
    addresses: Mutex<BTreeMap<Address, Arc<Semaphore>>>,
}

/// The permission to log in, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Admission {
    _address: OwnedSemaphorePermit,
    _overall: OwnedSemaphorePermit,
}

impl Pacing {
    pub(super) fn new() -> Self {
        Self {
            overall: Arc::new(Semaphore::new(OVERALL)),
            addresses: Mutex::default(),
        }
    }

    /// Waits until a login to `address` may begin.
    pub(super) async fn admit(&self, address: &Address) -> Admission {
        let per_address = {
            let mut addresses = self
                .addresses
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let semaphore = addresses
                .entry(address.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(PER_ADDRESS)));
            Arc::clone(semaphore)
        };
        // The address first: those who wait for a busy one must not keep others from theirs.
        Admission {
            _address: acquire(per_address).await,
            _overall: acquire(Arc::clone(&self.overall)).await,
        }
    }
}

async fn acquire(semaphore: Arc<Semaphore>) -> OwnedSemaphorePermit {
    let permit = semaphore.acquire_owned().await;
    permit.expect("nobody closes the semaphores")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_address_does_not_hold_up_another() {
        let pacing = Pacing::new();
        let address = |host: &str| Address {
            host: host.into(),
            port: 22,
        };
        let (busy, other) = (address("jump"), address("other"));
        let mut admitted = Vec::new();
        for _ in 0..PER_ADDRESS {
            admitted.push(pacing.admit(&busy).await);
        }
        tokio::select! {
            biased;
            _ = pacing.admit(&busy) => panic!("the address is full"),
            _ = pacing.admit(&other) => {}
        }
        admitted.pop();
        pacing.admit(&busy).await;
    }
}
