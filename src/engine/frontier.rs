//! How far the slowest host has come: what linear order is decided by.

/// Counts how many hosts stand at each position. The frontier is the first position at which a host stands;
/// every host has finished everything before it.
#[derive(Debug)]
pub(super) struct Frontier {
    hosts_at: Vec<usize>,
    first: usize,
}

impl Frontier {
    /// `hosts` hosts at the first of `positions` positions.
    pub(super) fn new(positions: usize, hosts: usize) -> Self {
        let mut hosts_at = vec![0; positions + 1];
        hosts_at[0] = hosts;
        Self { hosts_at, first: 0 }
    }

    /// The first position at which a host stands; the one behind the last if none stands anywhere.
    pub(super) fn position(&self) -> usize {
        self.first
    }

    /// A host has gone from one position to another, which may be an earlier one.
    pub(super) fn moved(&mut self, from: usize, to: usize) {
        self.hosts_at[from] -= 1;
        self.hosts_at[to] += 1;
        self.first = self.first.min(to);
        self.advance();
    }

    /// A host takes no more part.
    pub(super) fn left(&mut self, from: usize) {
        self.hosts_at[from] -= 1;
        self.advance();
    }

    /// New positions have come in at `at`, behind the first host.
    pub(super) fn insert(&mut self, at: usize, count: usize) {
        self.hosts_at.splice(at..at, std::iter::repeat_n(0, count));
        if self.first >= at {
            self.first += count;
        }
    }

    fn advance(&mut self) {
        let last = self.hosts_at.len() - 1;
        while self.first < last && self.hosts_at[self.first] == 0 {
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Frontier;

    #[test]
    fn the_slowest_host_is_the_frontier() {
        let mut frontier = Frontier::new(5, 2);
        frontier.moved(0, 3);
        assert_eq!(frontier.position(), 0);
        frontier.moved(0, 1);
        assert_eq!(frontier.position(), 1);
        frontier.left(1);
        assert_eq!(frontier.position(), 3);
    }

    #[test]
    fn a_host_that_goes_back_takes_the_frontier_with_it() {
        let mut frontier = Frontier::new(5, 1);
        frontier.moved(0, 4);
        frontier.moved(4, 2);
        assert_eq!(frontier.position(), 2);
    }

    #[test]
    fn what_is_put_in_moves_those_behind_it() {
        let mut frontier = Frontier::new(5, 2);
        frontier.moved(0, 1);
        frontier.moved(0, 3);
        frontier.insert(2, 10);
        assert_eq!(frontier.position(), 1);
        frontier.left(1);
        assert_eq!(frontier.position(), 13);
    }

    #[test]
    fn without_hosts_everything_is_finished() {
        let mut frontier = Frontier::new(3, 1);
        frontier.left(0);
        assert_eq!(frontier.position(), 3);
    }
}
