//! The formats against texts that `ansible-vault` 2.19 made, and against anything.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    Envelope, Keyring, NoAnswer, PasswordSource, Recipients, VaultError, VaultId, age, encrypt,
    is_encrypted,
};

/// Made with the password `first password`, of `hello\nworld\n`.
const V11: &str = "\
$ANSIBLE_VAULT;1.1;AES256\n\
66633661643966343634656566316538646266356363353630613238653934373033313537643633\n\
3264393030326366343831333161663239653065333433370a333231626461313538633266633633\n\
36383030613765663638643236396638343934306432363337656161303734366132363465343261\n\
3565393339383533640a353863366537313437386634666561396639363337626363353435633334\n\
3437\n\
";

/// Made with the password `zweites Paßwort` and the vault id `prod`, of the same text.
const V12: &str = "\
$ANSIBLE_VAULT;1.2;AES256;prod\n\
62613262653163386161396330323334616537643765616365623535656631633930373666373764\n\
3638343262666165313136623566326533636561373263640a326438353639653337616534366266\n\
38393361346532343634323439303030366235646538363234646630323738623032653038613761\n\
3533623162383335610a333064383238356337653235316565663035633933343264356566633862\n\
6230\n\
";

/// Made with the password `first password`, of nothing.
const EMPTY: &str = "\
$ANSIBLE_VAULT;1.1;AES256\n\
62373838646438396436663033393238313334326664373263636461306563633061323332336438\n\
3066383062396236663465303730613737386161306335350a353631623933313331313530623364\n\
38383833303566363266316130376462616633383962363061643831323537373137623436303465\n\
6637643930326134660a313535366665306363613364633036623038373562393232373336636539\n\
3362\n\
";

const IDENTITY: &str = "# made for this test\nAGE-SECRET-KEY-1SZ2L8G62727877XHKTZG85VJN4RPZFYNVZC6MTT4GY5WADDAFFYSPX0SPL\n";

fn keyring(ids: &[&str], directory: &Path) -> Keyring {
    let ids = ids.iter().map(|id| {
        let (label, password) = id.split_once('=').expect("label=password");
        let path = directory.join(label);
        fs::write(&path, password).expect("written");
        VaultId {
            label: label.to_owned(),
            source: PasswordSource::File(path),
        }
    });
    Keyring::new(
        ids.collect(),
        Vec::new(),
        Box::new(|_| Err(NoAnswer::Nobody)),
    )
}

fn opened(keys: &Keyring, text: &[u8]) -> Result<String, VaultError> {
    let plain = keys.decrypt(text)?;
    Ok(String::from_utf8(plain.to_vec()).expect("text"))
}

#[test]
fn what_ansible_encrypted_is_decrypted() {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = keyring(
        &["default=first password\n", "prod=zweites Paßwort"],
        directory.path(),
    );
    assert_eq!(
        opened(&keys, V11.as_bytes()).as_deref(),
        Ok("hello\nworld\n")
    );
    assert_eq!(
        opened(&keys, V12.as_bytes()).as_deref(),
        Ok("hello\nworld\n")
    );
    assert_eq!(opened(&keys, EMPTY.as_bytes()).as_deref(), Ok(""));
    let indented = V11.replace('\n', "\n    ").replace("\n    ", "\r\n\t");
    assert_eq!(
        opened(&keys, indented.as_bytes()).as_deref(),
        Ok("hello\nworld\n")
    );
}

#[test]
fn the_same_salt_gives_the_text_that_ansible_made() {
    let inner: Vec<u8> = (V12.lines().skip(1).collect::<String>().as_bytes())
        .chunks(2)
        .map(|pair| {
            let digits = std::str::from_utf8(pair).expect("hexadecimal");
            u8::from_str_radix(digits, 16).expect("hexadecimal")
        })
        .collect();
    let salt: Vec<u8> = inner[..64]
        .chunks(2)
        .map(|pair| {
            let digits = std::str::from_utf8(pair).expect("hexadecimal");
            u8::from_str_radix(digits, 16).expect("hexadecimal")
        })
        .collect();
    let sealed = Envelope::seal_with(
        b"hello\nworld\n",
        "zweites Paßwort".as_bytes(),
        "prod",
        &salt,
    );
    assert_eq!(sealed.expect("sealed").to_string(), V12);
}

#[test]
fn what_is_encrypted_here_comes_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = keyring(&["default=a", "x=b"], directory.path());
    for length in [0, 1, 15, 16, 17, 1000] {
        let plain = "ü".repeat(length);
        let default = encrypt(plain.as_bytes(), b"a", "default").expect("encrypted");
        assert!(default.starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
        assert_eq!(opened(&keys, default.as_bytes()).as_ref(), Ok(&plain));
        let labelled = encrypt(plain.as_bytes(), b"b", "x").expect("encrypted");
        assert!(labelled.starts_with("$ANSIBLE_VAULT;1.2;AES256;x\n"));
        assert_eq!(opened(&keys, labelled.as_bytes()).as_ref(), Ok(&plain));
        assert_ne!(
            encrypt(plain.as_bytes(), b"b", "x").expect("encrypted"),
            labelled
        );
    }
}

#[test]
fn a_label_is_a_hint_and_not_a_condition() {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = keyring(&["dev=wrong", "test=zweites Paßwort"], directory.path());
    assert_eq!(
        opened(&keys, V12.as_bytes()).as_deref(),
        Ok("hello\nworld\n")
    );
}

#[test]
fn wrong_and_missing_passwords_are_told_apart() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = opened(&keyring(&["dev=wrong"], directory.path()), V12.as_bytes());
    let error = error.expect_err("refused");
    assert_eq!(
        error.help().as_deref(),
        Some("tried: `dev`; it was encrypted with the vault id `prod`, which was not given")
    );
    let label = Some("prod".to_owned());
    let missing = opened(&Keyring::default(), V12.as_bytes());
    assert_eq!(missing, Err(VaultError::NoPassword { label }));
}

#[test]
fn an_altered_text_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = keyring(&["default=first password"], directory.path());
    let flipped = V11.replacen("\n3437", "\n3438", 1);
    assert_ne!(flipped, V11);
    let error = opened(&keys, flipped.as_bytes()).expect_err("refused");
    assert!(
        matches!(error, VaultError::WrongPassword { .. }),
        "{error:?}"
    );
}

#[test]
fn a_damaged_text_says_what_is_wrong() {
    let half = &V11[..=V11.len() / 2];
    let inner = |text: &str| format!("$ANSIBLE_VAULT;1.1;AES256\n{text}");
    for (text, message) in [
        (
            "$ANSIBLE_VAULT;1.1;AES256",
            "this encrypted text is damaged: nothing follows its first line",
        ),
        (
            "$ANSIBLE_VAULT;1.1",
            "this encrypted text is damaged: its first line is cut off",
        ),
        (
            "$ANSIBLE_VAULT;1.2;AES256\nab",
            "this encrypted text is damaged: its first line is malformed",
        ),
        (
            "$ANSIBLE_VAULT;1.0;AES\nab",
            "version `1.0` of Ansible Vault is not supported",
        ),
        (
            "$ANSIBLE_VAULT;1.1;ROT13\nab",
            "the cipher `ROT13` of Ansible Vault is not supported",
        ),
        (
            half,
            "this encrypted text is damaged: it is cut off, or has characters that are not hexadecimal",
        ),
        (
            &inner("zz"),
            "this encrypted text is damaged: it is cut off, or has characters that are not hexadecimal",
        ),
        (
            &inner("61620a"),
            "this encrypted text is damaged: it is cut off: there is no whole checksum",
        ),
        (
            &inner("0a0a"),
            "this encrypted text is damaged: it is cut off: there is no whole salt",
        ),
        (
            &inner("61620a63640a"),
            "this encrypted text is damaged: it is cut off: there is no whole content",
        ),
    ] {
        let error = Envelope::parse(text.as_bytes()).expect_err(text);
        assert_eq!(error.to_string(), message);
        assert!(error.help().is_some());
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = keyring(&["default=first password"], directory.path());
    let age = age::encrypt_cheaply(b"text", "first password", false);
    let armored = age::encrypt_cheaply(b"text", "first password", true);
    // A generator of its own, so that a failure comes again.
    let random = Cell::new(0x2545_F491_4F6C_DD1D_u64);
    let next = |below: usize| {
        let mut x = random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        random.set(x);
        usize::try_from(x % below as u64).expect("it fits")
    };
    for round in 0..600 {
        let seed = [V11.as_bytes(), V12.as_bytes(), &age, &armored][round % 4];
        let mut text = seed.to_vec();
        for _ in 0..=next(4) {
            let at = next(text.len());
            match next(4) {
                0 => text[at] = u8::try_from(next(256)).expect("a byte"),
                1 => text.truncate(at.max(1)),
                2 => text.insert(at, b"\n;\0g\xff"[next(5)]),
                _ => drop(text.remove(at)),
            }
            if text.is_empty() {
                text.push(b'$');
            }
        }
        let _ = Envelope::parse(&text);
        // To derive keys takes long; what has changed nothing important is opened.
        if round % 20 == 0
            && let Ok(plain) = opened(&keys, &text)
        {
            assert!(plain == "hello\nworld\n" || plain == "text", "{plain}");
        }
    }
    for text in [
        &b""[..],
        b"$",
        b"$ANSIBLE_VAULT;",
        b"$ANSIBLE_VAULT;\xff",
        b"age-encryption.org/v1",
        b"age-encryption.org/v9\n",
    ] {
        assert!(keys.decrypt(text).is_err());
    }
}

#[test]
fn a_password_is_asked_for_once_and_only_when_it_is_needed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let ask = move |question: &str| {
        assert_eq!(question, "Vault password: ");
        count.fetch_add(1, Ordering::Relaxed);
        Ok("first password".to_owned())
    };
    let id = VaultId::unlabelled(PasswordSource::Prompt);
    let keys = Keyring::new(vec![id], Vec::new(), Box::new(ask));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    for _ in 0..2 {
        assert!(opened(&keys.clone(), V11.as_bytes()).is_ok());
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_program_prints_the_password_of_its_label() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("keys-client");
    let script = "#!/bin/sh\n[ \"$1 $2\" = '--vault-id prod' ] && echo 'zweites Paßwort'\n";
    fs::write(&path, script).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("allowed");
    let run = |label: &str| {
        let id: VaultId = format!("{label}@{}", path.display())
            .parse()
            .expect("an id");
        let keys = Keyring::new(vec![id], Vec::new(), Box::new(|_| Err(NoAnswer::Nobody)));
        opened(&keys, V12.as_bytes())
    };
    assert_eq!(run("prod").as_deref(), Ok("hello\nworld\n"));
    let error = run("dev").expect_err("refused").to_string();
    assert!(
        error.ends_with("keys-client` failed (exit status: 1)"),
        "{error}"
    );
}

#[test]
fn a_password_that_cannot_be_had_says_why() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("empty"), "\n").expect("written");
    let message = |path: PathBuf| {
        let id = VaultId::unlabelled(PasswordSource::File(path));
        let keys = Keyring::new(vec![id], Vec::new(), Box::new(|_| Err(NoAnswer::Nobody)));
        let error = opened(&keys, V11.as_bytes())
            .expect_err("refused")
            .to_string();
        error.replace(&directory.path().display().to_string(), "D")
    };
    assert_eq!(
        message(directory.path().join("empty")),
        "the password in `D/empty` is empty"
    );
    assert_eq!(
        message(directory.path().into()),
        "the password file `D` is a directory"
    );
    let missing = message(directory.path().join("none"));
    assert_eq!(
        missing,
        "cannot read the password in `D/none`: No such file or directory (os error 2)"
    );
}

#[test]
fn vault_ids_are_read_as_ansible_reads_them() {
    for (text, label, source) in [
        (
            "prod@keys/prod",
            "prod",
            PasswordSource::File("keys/prod".into()),
        ),
        ("prod@prompt", "prod", PasswordSource::Prompt),
        ("@prompt", "default", PasswordSource::Prompt),
        (
            "keys/all",
            "default",
            PasswordSource::File("keys/all".into()),
        ),
    ] {
        let expected = VaultId {
            label: label.into(),
            source,
        };
        assert_eq!(text.parse(), Ok(expected));
    }
}

#[test]
fn age_opens_with_a_passphrase_or_an_identity() {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = keyring(&["default=open sesame"], directory.path());
    for armor in [false, true] {
        let text = age::encrypt_cheaply(b"plain", "open sesame", armor);
        assert!(is_encrypted(&text));
        assert_eq!(opened(&keys, &text).as_deref(), Ok("plain"));
        let cut = &text[..text.len() - 3];
        assert!(
            matches!(opened(&keys, cut), Err(VaultError::Damaged(_))),
            "{armor}"
        );
        let other = keyring(&["default=close sesame"], directory.path());
        let error = opened(&other, &text).expect_err("refused");
        assert!(matches!(error, VaultError::WrongPassword { .. }));
        fs::write(directory.path().join("default"), "open sesame").expect("written");
    }

    let mut recipients = Recipients::default();
    recipients
        .add("age1cefrpcsjypnmyuavdhmsun255qw7dhm6ssy5hqlk4aanl29ydfcqdjejef")
        .expect("a key");
    assert!(recipients.add("age1nonsense").is_err());
    let text = recipients.encrypt(b"plain").expect("encrypted");
    assert_eq!(opened(&keys, text.as_bytes()), Err(VaultError::NoIdentity));
    let path = directory.path().join("identity");
    let with = |identity: &str| {
        fs::write(&path, identity).expect("written");
        let keys = Keyring::new(
            Vec::new(),
            vec![path.clone()],
            Box::new(|_| Err(NoAnswer::Nobody)),
        );
        opened(&keys, text.as_bytes())
    };
    assert_eq!(with(IDENTITY).as_deref(), Ok("plain"));
    assert_eq!(
        with("AGE-SECRET-KEY-18KXZUD6YNWGPKY2TPPFCZPW59L5G6P6N2N0QJ2NFWR0DPYVZF06QPM70GD"),
        Err(VaultError::WrongIdentity)
    );
    assert!(matches!(with("nonsense"), Err(VaultError::Key(_))));
}

#[test]
fn the_vault_id_to_encrypt_with_must_be_clear() {
    let directory = tempfile::tempdir().expect("a directory");
    let keys = keyring(&["a=1", "b=2"], directory.path());
    assert!(matches!(
        keys.to_encrypt(None),
        Err(VaultError::Ambiguous { .. })
    ));
    assert!(matches!(
        keys.to_encrypt(Some("c")),
        Err(VaultError::UnknownLabel { .. })
    ));
    assert!(
        keys.to_encrypt(Some("b"))
            .is_ok_and(|(label, password)| label == "b" && password[..] == *b"2")
    );
}

#[test]
fn a_password_that_nobody_can_be_asked_for_says_why() {
    for (why, message) in [
        (NoAnswer::Nobody, "there is no terminal"),
        (NoAnswer::Different, "typed in two different ways"),
    ] {
        let id = VaultId::unlabelled(PasswordSource::Prompt);
        let keys = Keyring::new(vec![id], Vec::new(), Box::new(move |_| Err(why)));
        let error = opened(&keys, V11.as_bytes())
            .expect_err("refused")
            .to_string();
        assert!(error.contains(message), "{error}");
    }
}
