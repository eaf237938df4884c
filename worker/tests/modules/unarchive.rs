//! `unarchive` writes what differs from an archive, and nothing that leads out of its directory.

use std::io::{Cursor, Write};

use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::{Case, Entry, dir, file, known, link};

/// An entry of a tar archive: a name, what it is, its mode, its content or target.
type Item = (&'static str, EntryType, u32, &'static str);

const TOOL: Item = ("./x/bin/tool", EntryType::Regular, 0o755, "#!/bin/sh\n");

/// A small release: a directory, two files, a link and a hard link.
const RELEASE: [Item; 5] = [
    ("./x/", EntryType::Directory, 0o775, ""),
    TOOL,
    ("./x/README", EntryType::Regular, 0o644, "read me\n"),
    ("./x/bin/alias", EntryType::Symlink, 0o777, "tool"),
    ("./x/bin/same", EntryType::Link, 0o755, "./x/bin/tool"),
];

fn tar(items: &[Item]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, mode, text) in items {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_uid(12345);
        // Not `set_path`, which refuses the names that are to be refused by us.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        let content = if kind.is_file() { *text } else { "" };
        if !kind.is_file() {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder
            .append(&header, content.as_bytes())
            .expect("memory can be written");
    }
    builder.into_inner().expect("memory can be written")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).expect("the options are sound");
    writer.write_all(bytes).expect("memory can be written");
    writer.finish().expect("memory can be written")
}

/// Two frames, as a parallel compressor makes them.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let level = || ruzstd::encoding::CompressionLevel::Fastest;
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    let mut frames = ruzstd::encoding::compress_to_vec(head, level());
    frames.extend(ruzstd::encoding::compress_to_vec(tail, level()));
    frames
}

/// The release as a zip archive, which has no hard links.
fn zip() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = |mode| SimpleFileOptions::default().unix_permissions(mode);
    for (name, kind, mode, text) in &RELEASE[..3] {
        let name = name.trim_start_matches("./");
        if kind.is_dir() {
            writer
                .add_directory(name, options(*mode))
                .expect("memory can be written");
        } else {
            writer
                .start_file(name, options(*mode))
                .expect("memory can be written");
            writer
                .write_all(text.as_bytes())
                .expect("memory can be written");
        }
    }
    writer
        .add_symlink("x/bin/alias", "tool", options(0o777))
        .expect("memory can be written");
    writer.finish().expect("memory can be written").into_inner()
}

/// Unpacks `archive`, which is on the host, into `/opt`.
fn unpack(archive: &[u8], mut more: Value) -> Case {
    more["src"] = "/tmp/a".into();
    more["remote_src"] = true.into();
    more["dest"] = "/opt".into();
    Case::new("unarchive", more).before([file("/tmp/a", archive), dir("/opt")])
}

fn release() -> [Entry; 6] {
    [
        dir("/opt/x").mode(0o775),
        dir("/opt/x/bin"),
        file("/opt/x/bin/tool", "#!/bin/sh\n").mode(0o755),
        file("/opt/x/README", "read me\n"),
        link("/opt/x/bin/alias", "tool"),
        file("/opt/x/bin/same", "#!/bin/sh\n").mode(0o755),
    ]
}

#[test]
fn every_kind_of_archive_is_unpacked() {
    let plain = tar(&RELEASE);
    for archive in [gzip(&plain), xz(&plain), zstd(&plain), plain] {
        unpack(&archive, json!({}))
            .changes(["5 of 5 entries of /tmp/a in /opt"])
            .after(release())
            .run();
    }
    unpack(&zip(), json!({}))
        .changes(["4 of 4 entries of /tmp/a in /opt"])
        .after(release().into_iter().take(5))
        .run();
}

#[test]
fn an_archive_of_the_controller_is_compared_without_being_kept() {
    let archive = known("a.tar.gz", gzip(&tar(&[TOOL])));
    let ran = Case::new("unarchive", json!({"src": archive.value(), "dest": "/opt"}))
        .before([file("/opt/x/bin/tool", "#!/bin/sh\n").mode(0o755)])
        .content(&archive)
        .run();
    assert!(ran.checked.contains_key("dest"));
}

#[test]
fn what_was_tampered_with_is_repaired_and_nothing_else() {
    let ran = unpack(&tar(&RELEASE), json!({}))
        .before([
            dir("/opt/x").mode(0o700),
            file("/opt/x/bin/tool", "#!/bin/ed\n").mode(0o755),
            file("/opt/x/README", "read me\n"),
            file("/opt/x/bin/alias", "no link"),
            file("/opt/x/own", "kept"),
        ])
        .changes(["3 of 5 entries of /tmp/a in /opt"])
        .after([
            file("/opt/x/bin/tool", "#!/bin/sh\n"),
            link("/opt/x/bin/alias", "tool"),
            file("/opt/x/bin/same", "#!/bin/sh\n").mode(0o755),
        ])
        .run();
    let before = ran.diffs[0].before.as_deref().unwrap_or_default();
    assert_eq!(
        before,
        "x/bin/alias: mode 0644, 7 bytes\nx/bin/tool: mode 0755, 10 bytes, other content\n"
    );
}

#[test]
fn a_mode_is_repaired() {
    unpack(&tar(&[TOOL]), json!({}))
        .before([file("/opt/x/bin/tool", "#!/bin/sh\n").mode(0o644)])
        .changes(["1 of 1 entries of /tmp/a in /opt"])
        .after([file("/opt/x/bin/tool", "#!/bin/sh\n").mode(0o755)])
        .run();
}

#[test]
fn names_are_chosen_and_stripped() {
    let args = json!({"include": ["./x/bin/"], "exclude": ["x/bin/alias"], "strip_components": 2});
    unpack(&tar(&RELEASE), args)
        .changes(["2 of 2 entries of /tmp/a in /opt"])
        .after([
            file("/opt/tool", "#!/bin/sh\n").mode(0o755),
            file("/opt/same", "#!/bin/sh\n").mode(0o755),
        ])
        .run();
    let failure = unpack(&tar(&RELEASE), json!({"include": ["x/sbin"]})).plan_fails();
    assert_eq!(
        failure.message,
        "the archive has no `x/sbin`, which `include` asks for"
    );
}

#[test]
fn the_mode_may_be_given() {
    let ran = unpack(
        &tar(&RELEASE[..3]),
        json!({"mode": "u=rwX,go=", "list_files": true}),
    )
    .changes(["3 of 3 entries of /tmp/a in /opt"])
    .after([
        dir("/opt/x").mode(0o700),
        dir("/opt/x/bin").mode(0o700),
        file("/opt/x/bin/tool", "#!/bin/sh\n").mode(0o700),
        file("/opt/x/README", "read me\n").mode(0o600),
    ])
    .run();
    assert_eq!(ran.applied["files"], json!(["x", "x/README", "x/bin/tool"]));
}

#[test]
fn directories_without_an_entry_are_made_alike() {
    let items = [("a/b/c", EntryType::Regular, 0o644, "x")];
    unpack(&tar(&items), json!({"mode": "u=rwX,go="}))
        .changes(["1 of 1 entries of /tmp/a in /opt"])
        .after([
            dir("/opt/a").mode(0o700),
            dir("/opt/a/b").mode(0o700),
            file("/opt/a/b/c", "x").mode(0o600),
        ])
        .run();
}

#[test]
fn the_last_of_two_entries_with_one_name_counts() {
    let items = [
        ("f", EntryType::Regular, 0o644, "first"),
        ("f", EntryType::Regular, 0o644, "second"),
    ];
    unpack(&tar(&items), json!({}))
        .changes(["1 of 1 entries of /tmp/a in /opt"])
        .after([file("/opt/f", "second")])
        .run();
}

#[test]
fn nothing_is_done_if_what_it_creates_is_there() {
    unpack(b"not even an archive", json!({"creates": "/opt"})).run();
}

#[test]
fn set_user_id_bits_are_dropped() {
    unpack(&tar(&[("su", EntryType::Regular, 0o4755, "x")]), json!({}))
        .changes(["1 of 1 entries of /tmp/a in /opt"])
        .after([file("/opt/su", "x").mode(0o755)])
        .run();
}

#[test]
fn what_leads_out_of_the_directory_is_refused() {
    let hostile: [(&[Item], &str); 6] = [
        (
            &[("/etc/x", EntryType::Regular, 0o644, "")],
            "the name `/etc/x`",
        ),
        (
            &[("a/../../x", EntryType::Regular, 0o644, "")],
            "the name `a/../../x`",
        ),
        (
            &[("l", EntryType::Symlink, 0o777, "/etc")],
            "the link `/etc`",
        ),
        (
            &[("a/l", EntryType::Symlink, 0o777, "../../etc")],
            "the link `../../etc`",
        ),
        (
            &[("h", EntryType::Link, 0o644, "/etc/passwd")],
            "the name `/etc/passwd`",
        ),
        (
            &[("null", EntryType::Char, 0o644, "")],
            "`null` in the archive is neither",
        ),
    ];
    for (items, message) in hostile {
        let failure = unpack(&tar(items), json!({})).plan_fails();
        assert!(failure.message.contains(message), "{}", failure.message);
    }
}

#[test]
fn nothing_is_unpacked_through_a_link() {
    let case = unpack(&tar(&[("l/x", EntryType::Regular, 0o644, "")]), json!({}));
    let failure = case
        .before([dir("/etc"), link("/opt/l", "/etc")])
        .plan_fails();
    assert_eq!(
        failure.message,
        "`/opt/l` is a link but something else in the archive: move it out of the way"
    );
    let through = [
        ("d/", EntryType::Directory, 0o755, ""),
        ("l", EntryType::Symlink, 0o777, "d"),
        ("l/x", EntryType::Regular, 0o644, ""),
    ];
    unpack(&tar(&through), json!({}))
        .changes(["3 of 3 entries of /tmp/a in /opt"])
        .after([dir("/opt/d"), link("/opt/l", "d")])
        .apply_fails();
}

#[test]
fn a_damaged_archive_is_an_error() {
    let whole = tar(&RELEASE);
    for archive in [gzip(&whole), xz(&whole), zstd(&whole), zip()] {
        let cut = &archive[..archive.len() - 12];
        let failure = unpack(cut, json!({})).plan_fails();
        assert!(
            failure.message.contains("the archive"),
            "{}",
            failure.message
        );
    }
    let failure = unpack(b"text", json!({})).plan_fails();
    assert!(
        failure
            .message
            .starts_with("the archive is damaged or of an unknown kind")
    );
}

#[test]
fn a_missing_directory_is_an_error() {
    let failure = Case::new(
        "unarchive",
        json!({"src": "/a", "remote_src": true, "dest": "/srv"}),
    )
    .plan_fails();
    assert_eq!(
        failure.message,
        "the directory `/srv` does not exist: make it first, with `file: {path: /srv, state: directory}`"
    );
}
