//! Real Kubernetes clusters on the lab's hosts with cgroup v1, made by the roles that `provision` ships.
//!
//! What they install comes from the directory that `ARTIFACTS` names: `make test-cluster ARTIFACTS=/srv/artifacts`. It is
//! laid out as `artifacts_dir` wants it, and may hold a `vars.yaml` with variables that go with its files. Each cluster has
//! hosts of its own, which its tests bring up; with `LAB_FIRST=11` they begin at h11.

mod artifacts;
mod cluster;
#[path = "../hosts/command.rs"]
mod command;
mod ha;
mod lab;
#[path = "../hosts/run.rs"]
#[allow(dead_code, reason = "tests of hosts ask it for more")]
mod run;
mod small;
