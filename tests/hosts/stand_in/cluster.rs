//! The state of the cluster for which the stand-in stands. Must not know how it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long after its kubelet was last heard of a node is ready.
const GRACE: Duration = Duration::from_secs(8);

#[derive(Default)]
pub(super) struct Cluster {
    /// Where its API is, once it has begun.
    pub(super) endpoint: String,
    pub(super) nodes: BTreeMap<String, Node>,
    pub(super) members: BTreeSet<String>,
    /// Texts by the names of config maps and of their entries.
    pub(super) maps: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
    pub(super) tokens: Vec<String>,
    /// The key with which certificates have been left in the cluster.
    pub(super) certificate_key: Option<String>,
    /// All tokens and keys that were ever made.
    pub(super) secrets: Vec<String>,
    made: usize,
}

#[derive(Default)]
pub(super) struct Node {
    pub(super) unschedulable: bool,
    pub(super) annotations: BTreeMap<String, String>,
    heard: Option<Instant>,
    beats: usize,
    /// The sum of the API server's manifest; empty if the host has none.
    pub(super) manifest: String,
}

impl Cluster {
    /// A kubelet has told the sum of the API server's manifest.
    pub(super) fn hear(&mut self, host: &str, told: &[String]) {
        if let Some(node) = self.nodes.get_mut(host) {
            node.heard = Some(Instant::now());
            node.beats += 1;
            node.manifest = told
                .first()
                .filter(|sum| *sum != "none")
                .cloned()
                .unwrap_or_default();
        }
    }

    pub(super) fn is_ready(&self, node: &str) -> bool {
        let heard = self.nodes.get(node).and_then(|node| node.heard);
        heard.is_some_and(|heard| heard.elapsed() < GRACE)
    }

    /// Whether a node is ready, and something that is different each time that its kubelet was heard of.
    pub(super) fn condition(&self, node: &str) -> String {
        let ready = if self.is_ready(node) {
            "True"
        } else {
            "Unknown"
        };
        let beats = self.nodes.get(node).map_or(0, |node| node.beats);
        format!("{ready} beat-{beats}")
    }

    /// A token of the form that kubeadm's have.
    pub(super) fn new_token(&mut self) -> String {
        self.made += 1;
        let token = format!("stnd{:02}.5ec2e7{:010}", self.made, self.made);
        self.tokens.push(token.clone());
        self.secrets.push(token.clone());
        token
    }

    pub(super) fn new_key(&mut self) -> String {
        self.made += 1;
        let key = format!("c0ffee{:058}", self.made);
        self.secrets.push(key.clone());
        key
    }
}
