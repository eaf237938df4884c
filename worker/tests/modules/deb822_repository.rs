//! `deb822_repository` writes a file of sources, and the file of its key.

use serde_json::json;

use crate::support::{Case, dir, file};

const KEY: &str =
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n";
const SOURCES: &str = "X-Repolib-Name: The vendor\nTypes: deb\nURIs: https://example.org/debian\n\
                       Suites: bookworm\nComponents: main extra\nSigned-By: /etc/apt/keyrings/the-vendor.asc\n";

#[test]
fn a_source_and_its_key_are_written() {
    let args = json!({
        "name": "The vendor", "uris": "https://example.org/debian", "suites": "bookworm",
        "components": ["main", "extra"], "signed_by": KEY,
    });
    Case::new("deb822_repository", args)
        .before([dir("/etc/apt/sources.list.d"), dir("/etc/apt/keyrings")])
        .changes([
            "file /etc/apt/keyrings/the-vendor.asc",
            "file /etc/apt/sources.list.d/the-vendor.sources",
        ])
        .after([
            file("/etc/apt/keyrings/the-vendor.asc", KEY),
            file("/etc/apt/sources.list.d/the-vendor.sources", SOURCES),
        ])
        .run();
}

#[test]
fn a_key_that_is_there_is_not_fetched_again() {
    let args = json!({
        "name": "The vendor", "uris": "https://example.org/debian", "suites": "bookworm",
        "components": ["main", "extra"], "signed_by": "https://nowhere.invalid/key",
    });
    Case::new("deb822_repository", args)
        .before([
            file("/etc/apt/keyrings/the-vendor.asc", KEY),
            file("/etc/apt/sources.list.d/the-vendor.sources", SOURCES),
        ])
        .run();
}

#[test]
fn a_source_is_removed_with_its_key() {
    Case::new(
        "deb822_repository",
        json!({"name": "vendor", "state": "absent"}),
    )
    .before([
        file("/etc/apt/keyrings/vendor.asc", KEY),
        file("/etc/apt/sources.list.d/vendor.sources", "Types: deb\n"),
    ])
    .changes([
        "file /etc/apt/sources.list.d/vendor.sources",
        "file /etc/apt/keyrings/vendor.asc",
    ])
    .gone([
        "/etc/apt/sources.list.d/vendor.sources",
        "/etc/apt/keyrings/vendor.asc",
    ])
    .run();
}

#[test]
fn what_apt_could_not_read_is_refused() {
    let cases = [
        (json!({"name": "a/b", "state": "absent"}), "argument `name`"),
        (
            json!({"name": "a", "suites": "x", "components": "main"}),
            "argument `uris`: required",
        ),
        (
            json!({"name": "a", "uris": "b", "suites": "x"}),
            "argument `components`: required",
        ),
        (
            json!({"name": "a", "uris": "b\nTrusted: yes", "suites": "x/"}),
            "without white space",
        ),
    ];
    for (args, expected) in cases {
        let failure = Case::new("deb822_repository", args).plan_fails();
        assert!(failure.message.contains(expected), "{failure:?}");
    }
}
