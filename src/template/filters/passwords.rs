//! Hashes of passwords, and choices that look random. Nothing here differs from run to run: what is random comes
//! from a salt or seed that the author gives.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use sha2::{Digest, Sha256};
use tera::{Kwargs, State, Tera, TeraResult};

use super::{argument, fail, type_word};
use crate::template::reference::{Documented, filter};
use crate::value::Value;

pub(super) const TABLE: &[Documented] = &[
    filter(
        "password_hash",
        &["hashtype?", "salt", "rounds?"],
        "A password as it stands in `/etc/shadow`: `hashtype` is `sha512` or `sha256`. The salt must be given, since a random one would change the password in each run.",
        "'secret' | password_hash('sha256', 'saltsalt')",
        "\"$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\"",
    ),
    filter(
        "random",
        &["seed", "start?", "step?"],
        "An item of a list, or a number from `start` up to this one, which it does not reach; the same one for the same seed. Other numbers than Ansible's.",
        "60 | random(seed='web1') < 60",
        "true",
    ),
    filter(
        "shuffle",
        &["seed"],
        "A list in an order that is the same for the same seed. Another order than Ansible's.",
        "[1, 2, 3] | shuffle(seed='web1') | sort",
        "[1,2,3]",
    ),
];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("password_hash", password_hash);
    tera.register_filter("random", random);
    tera.register_filter(
        "shuffle",
        |items: &[Value], arguments: Kwargs, _: &State| {
            let seed = argument(&arguments, "seed")?.to_string();
            let mut keyed: Vec<(u64, &Value)> = items
                .iter()
                .enumerate()
                .map(|(place, item)| (number(&format!("{seed}\0{place}")), item))
                .collect();
            keyed.sort_by_key(|(key, _)| *key);
            Ok(keyed
                .into_iter()
                .map(|(_, item)| item.clone())
                .collect::<Vec<_>>())
        },
    );
}

/// A number that a seed stands for.
fn number(seed: &str) -> u64 {
    let digest = Sha256::digest(seed);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes)
}

fn random(value: &Value, arguments: Kwargs, _: &State) -> TeraResult<Value> {
    let number = number(&argument(&arguments, "seed")?.to_string());
    if let Some(items) = value.as_array() {
        let Ok(count @ 1..) = u64::try_from(items.len()) else {
            return fail("the list is empty");
        };
        let place = usize::try_from(number % count).unwrap_or_default();
        return Ok(items[place].clone());
    }
    let Some(end) = value.as_i64() else {
        return fail(format!(
            "`random` takes a list or a whole number, not {}",
            type_word(value)
        ));
    };
    let start = arguments.get::<i64>("start")?.unwrap_or(0);
    let step = arguments.get::<i64>("step")?.unwrap_or(1);
    let span = end.checked_sub(start).filter(|span| *span > 0);
    let (Some(span), 1..) = (span, step) else {
        return fail("`random` needs a number greater than `start`, and a `step` from 1");
    };
    let choices = (span - 1) / step + 1;
    let choice = i64::try_from(number % choices.unsigned_abs()).unwrap_or_default();
    Ok(Value::from(start + choice * step))
}

/// More rounds would hold up the whole run.
const MAX_ROUNDS: u32 = 1_000_000;

fn password_hash(password: &str, arguments: Kwargs, _: &State) -> TeraResult<String> {
    let salt = arguments.must_get::<&str>("salt")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/';
    if salt.is_empty() || salt.len() > 16 || !salt.chars().all(fits) {
        return fail("a salt is 1 to 16 letters, digits, dots or slashes");
    }
    let rounds = arguments.get::<u32>("rounds")?;
    let params = match rounds {
        None => Params::default(),
        Some(rounds) => match Params::new(rounds) {
            Ok(params) if rounds <= MAX_ROUNDS => params,
            _ => return fail(format!("`rounds` is a number from 1000 to {MAX_ROUNDS}")),
        },
    };
    let (id, hash) = match arguments.get::<&str>("hashtype")?.unwrap_or("sha512") {
        "sha512" | "sha512_crypt" => {
            let digest = sha512_crypt(password.as_bytes(), salt.as_bytes(), params);
            ("6", sha512_text(&digest))
        }
        "sha256" | "sha256_crypt" => {
            let digest = sha256_crypt(password.as_bytes(), salt.as_bytes(), params);
            ("5", sha256_text(&digest))
        }
        other => {
            return fail(format!(
                "unknown type of hash `{other}`: known are `sha512` and `sha256`"
            ));
        }
    };
    let rounds = rounds.map_or_else(String::new, |rounds| format!("rounds={rounds}$"));
    Ok(format!("${id}${rounds}{salt}${hash}"))
}

// The order of the bytes is that of crypt(3), which mixes them in threes.

fn sha512_text(digest: &[u8; 64]) -> String {
    let mut text = String::with_capacity(86);
    let (mut a, mut b, mut c) = (0, 21, 42);
    for _ in 0..21 {
        letters([digest[a], digest[b], digest[c]], 4, &mut text);
        (a, b, c) = (b + 1, c + 1, a + 1);
    }
    letters([0, 0, digest[63]], 2, &mut text);
    text
}

fn sha256_text(digest: &[u8; 32]) -> String {
    let mut text = String::with_capacity(43);
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        letters([digest[a], digest[b], digest[c]], 4, &mut text);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    letters([0, digest[31], digest[30]], 3, &mut text);
    text
}

fn letters(bytes: [u8; 3], count: usize, text: &mut String) {
    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut bits = bytes
        .iter()
        .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
    for _ in 0..count {
        text.push(char::from(ALPHABET[bits & 63]));
        bits >>= 6;
    }
}
