//! Facts about whom the worker runs as.

use std::env;

use serde_json::{Map, Value, json};

use super::files::Files;

pub(super) fn gather(files: &Files, facts: &mut Map<String, Value>) {
    let uid = rustix::process::getuid().as_raw();
    let database = files.text("/etc/passwd").unwrap_or_default();
    let user = database
        .lines()
        .find_map(|line| user(line, uid))
        .unwrap_or_else(|| {
            // The host knows the user from elsewhere; then the login has said who it is.
            let variable = |name| env::var(name).ok();
            let name = variable("USER").or_else(|| variable("LOGNAME"));
            json!({ "name": name, "uid": uid, "home": variable("HOME"), "shell": variable("SHELL") })
        });
    facts.insert("user".into(), user);
}

/// The user of a line of the user database, if it has this id.
fn user(line: &str, uid: u32) -> Option<Value> {
    let fields: Vec<_> = line.split(':').collect();
    let [name, _, id, _, _, home, shell] = fields[..] else {
        return None;
    };
    (id.parse() == Ok(uid))
        .then(|| json!({ "name": name, "uid": uid, "home": home, "shell": shell }))
}
