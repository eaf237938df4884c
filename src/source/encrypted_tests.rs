//! Encrypted files and values: what they give, and that nothing that is said of them shows a part of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Diagnostic, SourceMap, Span, parse_yaml, render};
use crate::vault::{self, Keyring, NoAnswer, PasswordSource, VaultId};

fn map(directory: &Path) -> SourceMap {
    let path = directory.join("password");
    fs::write(&path, "open sesame").expect("written");
    let id = VaultId::unlabelled(PasswordSource::File(path));
    SourceMap::with_keys(Keyring::new(
        vec![id],
        Vec::new(),
        Box::new(|_| Err(NoAnswer::Nobody)),
    ))
}

fn encrypted(directory: &Path, plain: &[u8]) -> PathBuf {
    let path = directory.join("secret.yaml");
    let text = vault::encrypt(plain, b"open sesame", "default").expect("encrypted");
    fs::write(&path, text).expect("written");
    path
}

fn value(plain: &str) -> String {
    let text = vault::encrypt(plain.as_bytes(), b"open sesame", "default").expect("encrypted");
    format!(
        "!vault |\n    {}\n",
        text.trim_end().replace('\n', "\n    ")
    )
}

#[test]
fn the_values_of_an_encrypted_file_are_secret() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = encrypted(
        directory.path(),
        b"user: [root, hunter2]\npin: 1234567\nport: 80\n",
    );
    let mut map = map(directory.path());
    let id = map.load(&path).expect("decrypted");
    let documents = parse_yaml(&map, id).expect("YAML");
    assert!(map.is_secret(id));
    assert_eq!(map.load(&path), Ok(id));
    assert_eq!(
        documents[0].get("port").and_then(super::Node::as_i64),
        Some(80)
    );
    assert_eq!(
        map.secrets().redact("hunter2 1234567 80 user"),
        "******** ******** 80 user"
    );
}

#[test]
fn encrypted_values_are_decrypted_where_they_stand() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut map = map(directory.path());
    let text = format!("a: {}b: [1, &x {}", value("hunter2"), "{c: 2}]\n");
    let id = map.add("vars.yaml", text);
    let documents = parse_yaml(&map, id).expect("YAML");
    let a = documents[0].get("a").expect("a value");
    assert_eq!(
        (a.as_str(), a.tag.as_deref(), a.is_secret()),
        (Some("hunter2"), None, true)
    );
    assert!(documents[0].get("b").is_some_and(|b| b.as_list().is_some()));
    assert_eq!(map.secrets().redact("is hunter2"), "is ********");
}

#[test]
fn an_encrypted_key_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut map = map(directory.path());
    let id = map.add("vars.yaml", "? !vault abc\n: 1\n");
    let error = parse_yaml(&map, id).expect_err("refused");
    assert_eq!(error.message, "a key cannot be encrypted");
}

#[test]
fn no_message_shows_a_part_of_an_encrypted_file() {
    let directory = tempfile::tempdir().expect("a directory");
    for plain in [
        "a: hunter2\na: hunter2\n",
        "a: {{ hunter2 }}\n",
        "a: 'hunter2\n",
        "a: !!int hunter2",
        "- hunter2: [\n",
    ] {
        let path = encrypted(directory.path(), plain.as_bytes());
        let mut map = map(directory.path());
        let id = map.load(&path).expect("decrypted");
        let error = parse_yaml(&map, id).expect_err(plain);
        let text = render(&error, &map, false);
        assert!(!text.contains("hunter2"), "{text}");
        assert!(
            text.contains("secret.yaml:1:") || text.contains("secret.yaml:2:"),
            "{text}"
        );
    }
}

#[test]
fn a_place_in_an_encrypted_file_is_shown_without_its_text() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = encrypted(directory.path(), b"a: 1\nb: hunter2\n");
    let mut map = map(directory.path());
    let id = map.load(&path).expect("decrypted");
    let error = Diagnostic::error("`b` is wrong").at(Span::new(id, 8..15), "this is hunter2");
    let text = render(&error, &map, false).replace(&directory.path().display().to_string(), "D");
    assert_eq!(
        text,
        "error: `b` is wrong\n--> D/secret.yaml:2:4\n = note: the text of an encrypted file is not shown"
    );
}

#[test]
fn a_file_that_cannot_be_opened_says_so_each_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = encrypted(directory.path(), b"a: 1\n");
    let mut map = SourceMap::new();
    let first = map.load(&path).expect_err("refused");
    assert_eq!(map.load(&path).expect_err("refused"), first);
    assert_eq!(
        first.message,
        "this is encrypted, and no password was given"
    );
}

#[test]
fn the_content_of_any_encrypted_file_can_be_had() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut map = map(directory.path());
    let path = encrypted(directory.path(), b"\xff\x00");
    let plain = map.decrypt(&path).expect("decrypted").expect("encrypted");
    assert_eq!(plain[..], *b"\xff\x00");
    assert!(map.load(&path).is_err());
    let path = encrypted(directory.path(), b"first line here\n");
    map.decrypt(&path).expect("decrypted");
    assert_eq!(map.secrets().redact("+first line here"), "+********");
    fs::write(&path, "plain").expect("written");
    assert_eq!(map.decrypt(&path), Ok(None));
}
