//! Makes small plays with random order, outcomes and faults from a seed.

use fastrand::Rng;

use super::model::{Does, Entry, Fault, Host, Model, Task, When};

/// How many variables of a host decide about tasks.
const FLAGS: usize = 3;

/// How deep blocks are nested.
const DEPTH: usize = 2;

/// The model of a seed.
pub(super) fn model(seed: u64) -> Model {
    let mut rng = Rng::with_seed(seed);
    let handlers = rng.usize(0..4);
    let mut generator = Generator {
        rng: &mut rng,
        next: 0,
        registered: Vec::new(),
        handlers,
    };
    // The first runs everywhere: then it is clear which task a host misses that cannot be reached.
    let mut first = generator.task();
    first.when = When::Always;
    let mut sections = [
        generator.entries(0, 0..2),
        generator.entries(0, 1..6),
        generator.entries(0, 0..2),
    ];
    sections[0].insert(0, Entry::Task(first));
    let tasks = generator.next;
    for section in &mut sections {
        place_handlers(section, tasks);
    }
    generator.registered.clear();
    let handlers: Vec<Task> = (0..handlers)
        .map(|_| Task {
            notify: None,
            register: false,
            ..generator.task()
        })
        .collect();
    let tasks = generator.next;
    let faults = rng.bool();
    let count = rng.usize(1..6);
    let hosts: Vec<Host> = (0..count)
        .map(|number| host(&mut rng, number, tasks, faults))
        .collect();
    let timed = hosts
        .iter()
        .any(|host| matches!(host.fault, Fault::After(_)));
    // Whether another batch follows may depend on when a host is lost.
    let serial = (!timed && rng.bool()).then(|| rng.usize(1..=count));
    Model {
        hosts,
        serial,
        free: rng.u8(0..4) == 0,
        facts: rng.u8(0..4) > 0,
        forks: rng.usize(1..6),
        sections,
        handlers,
    }
}

fn host(rng: &mut Rng, number: usize, tasks: usize, faults: bool) -> Host {
    // Some hosts are nearly done, some change much, some fail often.
    let (changes, fails) = (rng.u8(0..8), rng.u8(0..3));
    let does = |rng: &mut Rng| match rng.u8(0..10) {
        roll if roll < fails => Does::Fail,
        roll if roll < fails + changes => Does::Change,
        _ => Does::Nothing,
    };
    let fault = match rng.u8(0..10) {
        0 if faults => Fault::AtOnce,
        1 | 2 if faults => Fault::AtRequest(rng.usize(1..8)),
        3 if faults => Fault::After(rng.u64(0..500)),
        _ => Fault::Nothing,
    };
    Host {
        name: format!("host{number}"),
        flags: (0..FLAGS).map(|_| rng.bool()).collect(),
        does: (0..tasks).map(|_| does(rng)).collect(),
        fault,
    }
}

struct Generator<'a> {
    rng: &'a mut Rng,
    /// The number of the next task.
    next: usize,
    /// The tasks before it that register something.
    registered: Vec<usize>,
    handlers: usize,
}

impl Generator<'_> {
    fn entries(&mut self, depth: usize, count: std::ops::Range<usize>) -> Vec<Entry> {
        let count = self.rng.usize(count);
        (0..count).map(|_| self.entry(depth)).collect()
    }

    fn entry(&mut self, depth: usize) -> Entry {
        if depth == DEPTH || self.rng.u8(0..3) > 0 {
            return Entry::Task(self.task());
        }
        Entry::Block {
            body: self.entries(depth + 1, 1..4),
            rescue: self.entries(depth + 1, 0..3),
            always: self.entries(depth + 1, 0..3),
        }
    }

    fn task(&mut self) -> Task {
        let number = self.next;
        self.next += 1;
        let rng = &mut *self.rng;
        let when = match (rng.u8(0..8), self.registered.is_empty()) {
            (0 | 1, _) => When::Flag(rng.usize(0..FLAGS)),
            (2, false) => When::Changed(self.registered[rng.usize(0..self.registered.len())]),
            _ => When::Always,
        };
        let register = rng.u8(0..4) == 0;
        if register {
            self.registered.push(number);
        }
        Task {
            number,
            when,
            ignore_errors: rng.u8(0..6) == 0,
            register,
            throttle: rng.u8(0..12) == 0,
            notify: (self.handlers > 0 && rng.u8(0..3) == 0).then(|| rng.usize(0..self.handlers)),
        }
    }
}

/// Handlers are numbered behind all tasks, whose number is known only now.
fn place_handlers(entries: &mut [Entry], tasks: usize) {
    for entry in entries {
        match entry {
            Entry::Task(task) => {
                if let Some(handler) = &mut task.notify {
                    *handler += tasks;
                }
            }
            Entry::Block {
                body,
                rescue,
                always,
            } => {
                for part in [body, rescue, always] {
                    place_handlers(part, tasks);
                }
            }
        }
    }
}
