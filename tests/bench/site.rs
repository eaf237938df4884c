//! The playbook, the inventory and what the other tools need of them, in a directory of their own.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use crate::common::lab::{key, known_hosts};
use crate::lab::{Host, Lab};

/// Sizes of the files that are copied as they are, and whether they are text.
const FILES: [(&str, usize, bool); 3] = [
    ("ca.crt", 900, true),
    ("ca.key", 1200, true),
    ("node-tool", 1 << 20, false),
];

pub(crate) struct Site {
    directory: tempfile::TempDir,
    hosts: Vec<Host>,
}

impl Site {
    /// For the first hosts of the lab, so many.
    pub(crate) fn new(lab: &Lab, count: usize) -> Result<Self, Box<dyn Error>> {
        let site = Self {
            directory: tempfile::tempdir()?,
            hosts: lab.hosts()[..count].to_vec(),
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench");
        let mut copy = Command::new("cp");
        copy.arg("--recursive");
        copy.args([root.join("site/."), root.join("tools/."), site.path("")]);
        succeed(&mut copy)?;
        let mut random = fastrand::Rng::with_seed(46);
        for (name, size, is_text) in FILES {
            let bytes: Vec<u8> = (0..size).map(|_| random.u8(..)).collect();
            let path = site.path("roles/nodeprep/files").join(name);
            if is_text {
                fs::write(path, BASE64_STANDARD.encode(bytes) + "\n")?;
            } else {
                fs::write(path, bytes)?;
            }
        }
        site.inventory()?;
        succeed(Command::new(site.path("shell")).args([site.path(""), site.path("")]))?;
        Ok(site)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Writes every tool's inventory, and its settings.
    fn inventory(&self) -> Result<(), Box<dyn Error>> {
        let (key_file, known_hosts_file) = (key(), known_hosts());
        let (key, known_hosts) = (key_file.display(), known_hosts_file.display());
        let mut yaml = format!(
            "all:\n  vars: {{ansible_user: root, ansible_ssh_private_key_file: {key}, \
             ansible_ssh_known_hosts_file: {known_hosts}}}\n  children:\n    nodes:\n      hosts:\n"
        );
        let (mut list, mut script) = (Vec::new(), String::new());
        for host in &self.hosts {
            let (name, address) = (&host.name, &host.address);
            let mut variables = json!({
                "node_name": name,
                "node_ip": address,
                "node_labels": format!("topology.kubernetes.io/zone=z{}", host.number % 3),
                "pod_subnet": format!("10.244.{}.0/24", host.number),
            });
            let words = variables.as_object().expect("it is one");
            let words = words.iter().map(|(name, value)| format!("{name}={value}"));
            writeln!(
                script,
                "{address} {}",
                words.collect::<Vec<_>>().join(" ").replace('"', "")
            )?;
            variables["ansible_host"] = json!(address);
            writeln!(yaml, "        {name}: {variables}")?;
            variables["ssh_user"] = json!("root");
            variables["ssh_key"] = json!(key_file);
            variables["ssh_known_hosts_file"] = json!(known_hosts_file);
            list.push(json!([address, variables]));
        }
        fs::write(self.path("inventory.yaml"), yaml)?;
        fs::write(self.path("hosts.json"), json!(list).to_string())?;
        fs::write(self.path("hosts.txt"), script)?;
        let options = format!(
            "-F /dev/null -o BatchMode=yes -o UserKnownHostsFile={known_hosts} -i {key} -l root"
        );
        fs::write(self.path("ssh_options"), &options)?;
        let settings = fs::read_to_string(self.path("ansible.cfg.in"))?;
        fs::write(
            self.path("ansible.cfg"),
            settings.replace("@known_hosts@", &known_hosts.to_string()),
        )?;
        Ok(())
    }
}

fn succeed(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {status}").into())
}
