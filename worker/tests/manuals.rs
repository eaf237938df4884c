//! Every module has a manual, and what the manual shows is right. Needs the feature `manual`.
#![cfg(feature = "manual")]

use provision_worker::module::{ArgError, Module};
use provision_worker::modules::MODULES;
use serde_json::{Map, Value};

/// The keys of a task that are not its module.
const KEYWORDS: [&str; 18] = [
    "async",
    "poll",
    "name",
    "when",
    "loop",
    "register",
    "notify",
    "changed_when",
    "failed_when",
    "ignore_errors",
    "become",
    "become_user",
    "tags",
    "vars",
    "no_log",
    "until",
    "retries",
    "delay",
];

/// The YAML blocks of a manual.
fn examples(manual: &str) -> Vec<String> {
    let mut examples = Vec::new();
    let mut current: Option<String> = None;
    for line in manual.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        match &mut current {
            None if line.trim() == "```yaml" => current = Some(String::new()),
            None => {}
            Some(_) if line.trim() == "```" => examples.extend(current.take()),
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    examples
}

/// The arguments that a task of an example gives to `module`; `None` if it is a task of another.
fn arguments(module: &Module, task: &Map<String, Value>) -> Option<Map<String, Value>> {
    match task.get(module.name)? {
        Value::Object(args) => Some(args.clone()),
        Value::Null => Some(Map::new()),
        plain => {
            let field = module
                .free_form
                .unwrap_or_else(|| panic!("`{}` takes no plain string", module.name));
            let mut args = match task.get("args") {
                Some(Value::Object(args)) => args.clone(),
                _ => Map::new(),
            };
            args.insert(field.to_owned(), plain.clone());
            Some(args)
        }
    }
}

/// Checks arguments as the controller does: one that has a template in it is not known yet.
fn check(module: &Module, args: &Map<String, Value>) -> Result<(), ArgError> {
    let mut is_known = true;
    for (name, value) in args {
        let field = module
            .field(name)
            .ok_or_else(|| ArgError::new(format!("unknown argument `{name}`")))?;
        if value.to_string().contains("{{") {
            is_known = false;
        } else {
            (field.check)(value).map_err(|mismatch| ArgError::of(field.name, mismatch.0))?;
        }
    }
    if is_known {
        (module.validate)(args)
    } else {
        Ok(())
    }
}

#[test]
fn every_module_has_the_sections_of_a_manual() {
    for module in MODULES {
        let manual = module.manual;
        let name = module.name;
        assert!(!manual.trim().is_empty(), "`{name}` has no manual");
        for section in ["# Check mode", "# Examples"] {
            let has_it = manual.lines().any(|line| line.trim() == section);
            assert!(has_it, "the manual of `{name}` has no section `{section}`");
        }
    }
}

#[test]
fn every_argument_is_documented() {
    for module in MODULES {
        for field in module.fields {
            let is_documented = !field.manual.trim().is_empty();
            assert!(
                is_documented,
                "`{}` of `{}` is not documented",
                field.name, module.name
            );
        }
    }
}

#[test]
fn every_example_is_right() {
    for module in MODULES {
        let name = module.name;
        let mut shown = 0;
        for example in examples(module.manual) {
            let tasks: Vec<Map<String, Value>> =
                serde_saphyr::from_str(&example).unwrap_or_else(|error| {
                    panic!("an example of `{name}` is no list of tasks: {error}")
                });
            for task in tasks {
                for key in task.keys() {
                    let is_module = MODULES.iter().any(|module| module.name == key);
                    let is_known = is_module || key == "args" || KEYWORDS.contains(&key.as_str());
                    assert!(is_known, "an example of `{name}` has the key `{key}`");
                }
                let Some(args) = arguments(module, &task) else {
                    continue;
                };
                shown += 1;
                if let Err(error) = check(module, &args) {
                    panic!("an example of `{name}` is wrong: {error:?}");
                }
            }
        }
        assert!(shown > 0, "the manual of `{name}` has no example of it");
    }
}

#[test]
fn the_table_is_in_order() {
    let names: Vec<_> = MODULES.iter().map(|module| module.name).collect();
    assert!(names.is_sorted(), "{names:?}");
}
