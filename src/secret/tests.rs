//! What is hidden and what is not.

use serde_json::json;

use super::{MASK, Secrets};
use crate::value::{Value, from_json, to_json};

fn knowing(texts: &[&str]) -> Secrets {
    let secrets = Secrets::default();
    texts.iter().for_each(|text| secrets.add(text));
    secrets
}

#[test]
fn a_secret_is_hidden_wherever_it_occurs() {
    let secrets = knowing(&["hunter2\n"]);
    assert_eq!(
        secrets.redact("a hunter2, hunter2!"),
        "a ********, ********!"
    );
    assert_eq!(secrets.redact("hunter"), "hunter");
    assert!(secrets.occurs("xhunter2x"));
}

#[test]
fn overlapping_secrets_leave_nothing_behind() {
    let secrets = knowing(&["abcd1", "1xyz", "cd1x", "abcd1xyzw"]);
    assert_eq!(
        secrets.redact("-abcd1xyz-abcd1xyzw-1xyz"),
        "-********-********-********"
    );
}

#[test]
fn secrets_that_come_later_are_hidden_too() {
    let secrets = Secrets::default();
    for number in 0..200 {
        let secret = format!("secret-{number:03}-x");
        assert_eq!(secrets.redact(&secret), secret);
        secrets.add(&secret);
        assert_eq!(secrets.redact(&secret), MASK);
        assert_eq!(secrets.redact("secret-000-x"), MASK);
    }
}

#[test]
fn short_secrets_are_hidden_where_they_stand_alone() {
    let secrets = knowing(&["abc"]);
    assert_eq!(secrets.redact("abc\n"), MASK);
    assert_eq!(secrets.redact("abcd"), "abcd");
}

#[test]
fn common_words_are_never_hidden() {
    let secrets = knowing(&["true", "No", "", " ", "null"]);
    assert!(secrets.is_empty());
}

#[test]
fn a_text_of_many_lines_is_hidden_line_by_line() {
    let key =
        "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\n  b3BlbnNzaC1rZXktdjE\nshort\n-----END KEY-----\n";
    let secrets = knowing(&[key]);
    assert_eq!(
        secrets.redact("+    MIIEpAIBAAKCAQEA7\n short\n-----END KEY-----"),
        "+    ********\n short\n-----END KEY-----"
    );
    assert_eq!(
        secrets.redact(&json!({ "key": key.trim() }).to_string()),
        r#"{"key":"********"}"#
    );
    let twice = json!(json!({ "key": key.trim() }).to_string()).to_string();
    assert!(!secrets.redact(&twice).contains("b3Blbn"), "{twice}");
}

#[test]
fn the_forms_that_quotes_demand_are_hidden() {
    let secrets = knowing(&[r#"it's "so""#]);
    for shown in [
        r#"it's \"so\""#,
        r#"it'\''s "so""#,
        r#"it'"'"'s "so""#,
        r#"it''s "so""#,
    ] {
        assert_eq!(secrets.redact(shown), MASK);
    }
}

#[test]
fn what_messages_shorten_is_hidden() {
    let long = "0123456789".repeat(6);
    let secrets = knowing(&[&long]);
    let shown = crate::value::type_name(&Value::from(long.as_str()));
    assert_eq!(secrets.redact(&shown), "the string `********…`");
}

#[test]
fn values_are_hidden_in_depth_with_their_keys() {
    let secrets = Secrets::default();
    secrets.add_value(&from_json(
        &json!({"user": ["hunter2"], "pin": 123_456, "port": 80, "on": true}),
    ));
    let value = json!({"a": [{"hunter2": "is hunter2"}], "pin": 123_456, "port": 80, "user": "user", "t": true});
    let expected =
        json!({"a": [{MASK: "is ********"}], "pin": MASK, "port": 80, "user": "user", "t": true});
    assert_eq!(to_json(&secrets.redact_value(&from_json(&value))), expected);
}

#[test]
fn what_is_made_from_a_secret_is_one() {
    let secrets = knowing(&["hunter2"]);
    let from = [from_json(&json!({"name": "alice", "password": "hunter2"}))];
    secrets.add_derived(
        &from,
        &from_json(&json!([
            "alice",
            "name",
            "aHVudGVyMg==",
            "the hunter2 itself"
        ])),
    );
    assert_eq!(
        secrets.redact("alice name aHVudGVyMg== the"),
        "alice name ******** the"
    );
    secrets.add_derived(&[Value::from("plain")], &Value::from("cGxhaW4="));
    assert_eq!(secrets.redact("cGxhaW4="), "cGxhaW4=");
}

#[test]
fn nothing_is_shown_by_debug() {
    assert_eq!(format!("{:?}", knowing(&["hunter2"])), "Secrets");
}

#[test]
fn a_secret_that_was_cut_off_is_hidden() {
    let secrets = knowing(&["hunter2-and-more", "hunting"]);
    assert_eq!(
        secrets.redact("command `echo hunter2-an…"),
        "command `echo ********…"
    );
    assert_eq!(secrets.redact("hunt… hu… x…"), "********… hu… x…");
    let long = "a\nsome hunter2-\n[... 17 bytes left out ...]\nmore\nb\n";
    let hidden = "a\n********\n[... 17 bytes left out ...]\n********\nb\n";
    assert_eq!(secrets.redact(long), hidden);
    let lines: Vec<&str> = long.lines().collect();
    let redacted: Vec<&str> = hidden.lines().collect();
    let value = secrets.redact_value(&from_json(&json!(lines)));
    assert_eq!(to_json(&value), json!(redacted));
    assert_eq!(Secrets::default().redact(long), long);
}
