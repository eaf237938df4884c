//! Makes new inputs of old ones: bytes, lines and words are changed, copied, moved and repeated. Which, follows from
//! the seed alone.

use fastrand::Rng;

/// The longest input, in bytes. What is larger is in [`cases`](super::cases).
const MAX_LENGTH: usize = 32 << 10;

/// Words that mean something to one of the readers, or that numbers and lengths break on.
const WORDS: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{#",
    "#}",
    "{% raw %}",
    "{% if ",
    "{% for x in ",
    "| ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ": ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "<<: *a",
    "!vault |\n",
    "!!binary ",
    "!!str ",
    "---\n",
    "...\n",
    "|\n",
    ">-\n",
    "#",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "\\",
    "\\x",
    "\\u",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\0",
    "\u{feff}",
    "\u{2028}",
    "\u{10ffff}",
    "é",
    "-1",
    "0",
    "00",
    "0x",
    "1e999",
    ".inf",
    ".nan",
    "18446744073709551616",
    "-9223372036854775809",
    "9999999999999999999999999999",
    "null",
    "~",
    "true",
    "omit",
    "hosts",
    "children",
    "vars",
    "tasks",
    "block",
    "rescue",
    "always",
    "include_tasks",
    "import_tasks",
    "include_role",
    "loop",
    "when",
    "register",
    "notify",
    "handlers",
    "serial",
    "import_playbook: site.yaml",
    "all",
    "[all:vars]\n",
    "[a:children]\n",
    "h[1:9999]",
    "h[001:3]",
    "h[a:z]",
    ":&",
    ":!",
    "=",
    "item",
    "range(end=9)",
    " is defined",
    " not ",
    " and ",
    "~ ",
    "..",
    "//",
    "$ANSIBLE_VAULT;1.1;AES256\n",
    "age-encryption.org/v1\n",
    "-> X25519 ",
];

/// An input made of one or two of `pool`.
pub(crate) fn mutant(random: &mut Rng, pool: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = pick(random, pool);
    for _ in 0..=random.usize(..6) {
        change(random, &mut bytes, pool);
        bytes.truncate(MAX_LENGTH);
    }
    bytes
}

fn pick(random: &mut Rng, pool: &[Vec<u8>]) -> Vec<u8> {
    pool[random.usize(..pool.len())].clone()
}

fn change(random: &mut Rng, bytes: &mut Vec<u8>, pool: &[Vec<u8>]) {
    match random.u8(..11) {
        0 if !bytes.is_empty() => {
            let at = random.usize(..bytes.len());
            bytes[at] ^= 1 << random.u8(..8);
        }
        1 if !bytes.is_empty() => {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        2 => {
            let piece = piece(random, bytes);
            bytes.drain(piece);
        }
        3 => {
            let piece = piece(random, bytes);
            let copied = bytes[piece].to_vec();
            insert(random, bytes, &copied);
        }
        4 => {
            let other = pick(random, pool);
            let piece = piece(random, &other);
            insert(random, bytes, &other[piece]);
        }
        5 => {
            let piece = piece(random, bytes);
            let times = random.usize(..40);
            let copied = bytes[piece].repeat(times);
            insert(random, bytes, &copied);
        }
        6 => {
            let word = WORDS[random.usize(..WORDS.len())];
            let piece = piece(random, bytes);
            bytes.splice(piece, word.bytes());
        }
        7 => lines(random, bytes, pool),
        8 => number(random, bytes),
        _ => {
            let word = WORDS[random.usize(..WORDS.len())];
            insert(random, bytes, word.as_bytes());
        }
    }
}

/// A short range more often than a long one.
fn piece(random: &mut Rng, bytes: &[u8]) -> std::ops::Range<usize> {
    let start = random.usize(..=bytes.len());
    let longest = 1 << random.u8(..9);
    let length = random.usize(..=longest.min(bytes.len() - start));
    start..start + length
}

fn insert(random: &mut Rng, bytes: &mut Vec<u8>, new: &[u8]) {
    let at = random.usize(..=bytes.len());
    bytes.splice(at..at, new.iter().copied());
}

/// Moves, copies, removes or indents a line, or takes one of another input.
fn lines(random: &mut Rng, bytes: &mut Vec<u8>, pool: &[Vec<u8>]) {
    let split = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let lines = bytes.split(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    };
    let mut all = split(bytes);
    let from = random.usize(..all.len());
    let to = random.usize(..all.len());
    match random.u8(..5) {
        0 => all.swap(from, to),
        1 => {
            let line = all[from].clone();
            all.insert(to, line);
        }
        2 => {
            all.remove(from);
        }
        3 => {
            for line in &mut all[from.min(to)..=from.max(to)] {
                line.splice(0..0, *b"  ");
            }
        }
        _ => {
            let others = split(&pick(random, pool));
            all.insert(to, others[random.usize(..others.len())].clone());
        }
    }
    *bytes = all.join(&b'\n');
}

/// Puts another number in place of one.
fn number(random: &mut Rng, bytes: &mut Vec<u8>) {
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit()))
        .collect();
    if starts.is_empty() {
        return;
    }
    let start = starts[random.usize(..starts.len())];
    let digits = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let end = start + digits.count();
    let numbers = [
        "0",
        "1",
        "-1",
        "255",
        "65536",
        "4294967296",
        "99999999999999999999",
        "1e9",
        "007",
    ];
    let new = numbers[random.usize(..numbers.len())];
    bytes.splice(start..end, new.bytes());
}
