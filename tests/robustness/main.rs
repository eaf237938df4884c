//! Whatever a file, a template or a frame holds: it is read or refused, without a panic, without a hang and within a
//! bounded memory. Inputs are made from the seeds of `tests/corpus` by [`mutate`], and [`cases`] has those that are
//! too large to keep. What once went wrong is a file of the corpus, which is tried as it is before it is mutated.
//!
//! Each target runs as a process of its own, because a stack that overflows and memory that ends take the process
//! with them; see [`supervise`]. Longer, from another seed, and what was found:
//!
//!     ROBUSTNESS_SECONDS=600 ROBUSTNESS_SEED=7 cargo test --test robustness yaml
//!     ls tests/corpus/yaml

mod cases;
mod child;
mod corpus;
mod mutate;
mod supervise;
mod targets;

use supervise::check;

#[test]
fn yaml() {
    check("yaml", 400);
}

#[test]
fn inventory() {
    check("inventory", 300);
}

#[test]
fn ini() {
    check("ini", 300);
}

#[test]
fn playbook() {
    check("playbook", 150);
}

#[test]
fn template() {
    check("template", 150);
}

#[test]
fn template_values() {
    check("template:values", 0);
}

#[test]
fn vault() {
    check("vault", 400);
}

#[test]
fn frames() {
    check("frames", 1000);
}
