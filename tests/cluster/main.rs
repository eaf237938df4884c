//! Real Kubernetes clusters on the lab's hosts with cgroup v1, made by the roles that `provision` ships.
//!
//! What they install comes from the directory that `ARTIFACTS` names: `make test-cluster ARTIFACTS=/srv/artifacts`. It is
//! laid out as `artifacts_dir` wants it, and may hold a `vars.yaml` with variables that go with its files. Beside what
//! Kubernetes needs there must be cri-dockerd, etcd's archive, and images of nginx and haproxy.
//!
//! Tests bring up the hosts that they use, h1 to h8, or with `LAB_FIRST=11` h11 to h18, and `make test-cluster` takes them
//! down. Those of one cluster share its hosts; one that finds what another has failed on begins anew.

mod artifacts;
mod cgroups;
mod cluster;
#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "tests of hosts ask it for more")]
mod common;
mod etcd;
mod ha;
mod live;
mod pods;
mod small;
