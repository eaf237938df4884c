//! `timezone` makes a link, and keeps the file with the name of the zone where there is one.

use serde_json::json;

use crate::support::{Case, file, link};

const ZURICH: &str = "/usr/share/zoneinfo/Europe/Zurich";

#[test]
fn the_link_and_the_name_follow() {
    let ran = Case::new("timezone", json!({"name": "Europe/Zurich"}))
        .before([
            file(ZURICH, "TZif"),
            link("/etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
            file("/etc/timezone", "Etc/UTC\n"),
        ])
        .changes(["time zone in /etc/localtime", "time zone in /etc/timezone"])
        .after([
            link("/etc/localtime", ZURICH),
            file("/etc/timezone", "Europe/Zurich\n"),
        ])
        .run();
    assert_eq!(ran.diffs[0].before.as_deref(), Some("Etc/UTC"));
}

#[test]
fn a_relative_link_to_the_zone_is_as_good() {
    Case::new("timezone", json!({"name": "Europe/Zurich"}))
        .before([
            file(ZURICH, "TZif"),
            link("/etc/localtime", "../usr/share/zoneinfo/Europe/Zurich"),
        ])
        .run();
}

#[test]
fn what_is_no_zone_is_refused() {
    let failure = Case::new("timezone", json!({"name": "Europe/Zurych"})).plan_fails();
    assert!(
        failure.message.contains("is `tzdata` installed"),
        "{failure:?}"
    );
    for name in ["", "../../etc/shadow", "/etc/shadow", "a b"] {
        let failure = Case::new("timezone", json!({ "name": name })).plan_fails();
        assert!(failure.message.contains("expected a zone"), "{failure:?}");
    }
}
