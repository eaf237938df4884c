//! Which hosts of a play work together: its order and its batches.

use sha2::{Digest, Sha256};

use crate::inventory::HostName;
use crate::playbook::{BatchSize, Course, Order};

/// The hosts in the order of the play.
pub(super) fn ordered(mut hosts: Vec<HostName>, order: Order) -> Vec<HostName> {
    match order {
        Order::Inventory => {}
        Order::ReverseInventory => hosts.reverse(),
        Order::Sorted => hosts.sort_by(|one, other| one.as_str().cmp(other.as_str())),
        Order::ReverseSorted => hosts.sort_by(|one, other| other.as_str().cmp(one.as_str())),
        Order::Shuffle => {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default();
            hosts.sort_by_key(|host| {
                let text = format!("{} {}", now.as_nanos(), host.as_str());
                Sha256::digest(text.as_bytes()).to_vec()
            });
        }
    }
    hosts
}

/// The batches of `hosts`.
pub(super) fn batches<T: Clone>(hosts: &[T], course: &Course) -> Vec<Vec<T>> {
    if course.serial.is_empty() {
        return vec![hosts.to_vec()];
    }
    let mut batches = Vec::new();
    let mut rest = hosts;
    let mut sizes = course.serial.iter();
    let mut size = sizes.next();
    while let (Some(wanted), false) = (size, rest.is_empty()) {
        let count = count_of(*wanted, hosts.len()).clamp(1, rest.len());
        let (batch, others) = rest.split_at(count);
        batches.push(batch.to_vec());
        rest = others;
        size = sizes.next().or(size);
    }
    batches
}

fn count_of(size: BatchSize, hosts: usize) -> usize {
    match size {
        BatchSize::Hosts(count) => count,
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "nobody has that many hosts, and percentages are not negative"
        )]
        BatchSize::Percent(percent) => (hosts as f64 * percent / 100.0) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::{BatchSize, Course, batches};

    fn sizes(hosts: usize, serial: &[BatchSize]) -> Vec<usize> {
        let course = Course {
            serial: serial.to_vec(),
            ..Course::default()
        };
        let hosts: Vec<usize> = (0..hosts).collect();
        let batches = batches(&hosts, &course);
        assert_eq!(batches.concat(), hosts, "every host once, in order");
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn the_last_size_is_repeated() {
        let serial = [BatchSize::Hosts(1), BatchSize::Hosts(3)];
        assert_eq!(sizes(8, &serial), [1, 3, 3, 1]);
        assert_eq!(sizes(2, &[BatchSize::Hosts(9)]), [2]);
        assert_eq!(sizes(3, &[]), [3]);
    }

    #[test]
    fn a_percentage_is_rounded_down_but_never_to_nothing() {
        assert_eq!(sizes(10, &[BatchSize::Percent(30.0)]), [3, 3, 3, 1]);
        assert_eq!(sizes(3, &[BatchSize::Percent(10.0)]), [1, 1, 1]);
        assert_eq!(sizes(3, &[BatchSize::Percent(0.0)]), [1, 1, 1]);
    }
}
