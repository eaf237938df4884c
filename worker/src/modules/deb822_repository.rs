//! `deb822_repository`: a source of packages for apt. Refreshing the lists is the affair of `apt`.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::arg::{AbsPath, Mode};
use crate::choices;
use crate::download::Download;
use crate::file_install::{Install, Origin, Remote as _};
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Diff, Failure, Output, Plan};

const SOURCES: &str = "/etc/apt/sources.list.d";
const KEYS: &str = "/etc/apt/keyrings";
const ARMOR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const TIMEOUT: Duration = Duration::from_secs(10);

choices! {
    /// Whether apt has the source.
    pub enum State { Present = "present", Absent = "absent" }
}

choices! {
    /// What packages of the source are.
    pub enum Type { Deb = "deb", DebSrc = "deb-src" }
}

module! {
    /// Gives apt a source of packages, or takes it away, as the file `/etc/apt/sources.list.d/NAME.sources`.
    ///
    /// The lists are not refreshed: do that with `apt: {update_cache: true}` in a handler. The key of a URL is fetched
    /// only if `/etc/apt/keyrings` has none of this name; to be sure of which key it is, and to replace it, take
    /// `get_url` with `checksum` and name its file in `signed_by`. With `state: absent` that key is removed too.
    ///
    /// Registered are `dest` and, where a key is kept there, `key_filename`.
    ///
    /// # Check mode
    /// Full. A key that is missing is fetched all the same, to know what it is.
    ///
    /// # Examples
    /// ```yaml
    /// - name: packages of the vendor
    ///   deb822_repository:
    ///     name: vendor
    ///     uris: https://packages.example.org/debian
    ///     suites: "{{ facts.os.version_codename }}"
    ///     components: [stable]
    ///     signed_by: https://packages.example.org/key.asc
    ///   notify: apt update
    ///
    /// - name: no longer
    ///   deb822_repository: {name: vendor, state: absent}
    /// ```
    deb822_repository [check = check] {
        /// What the source is called: letters, digits, `-`, `_` and `.`; a blank becomes `-`.
        name: String,
        /// Whether apt has it.
        state: State = State::Present,
        /// Whether packages are built (`deb`) or sources (`deb-src`), or both.
        types: Vec<Type> = vec![Type::Deb],
        /// Where it is. Required unless `state` is `absent`.
        uris: Vec<String> = Vec::new(),
        /// The releases, or a path that ends with `/`. Required unless `state` is `absent`.
        suites: Vec<String> = Vec::new(),
        /// Its parts. Required unless the suite is a path.
        components: Vec<String> = Vec::new(),
        /// The architectures. By default those of the host.
        architectures: Vec<String> = Vec::new(),
        /// The key that signs it: the file of one on the host, a URL, or the key itself in ASCII armor.
        signed_by: Option<String>,
        /// Whether it is trusted without a signature (`true`), or not even with one (`false`).
        trusted: Option<bool>,
        /// Whether apt uses it.
        enabled: Option<bool>,
        /// Permission bits of the file.
        mode: Mode = Mode::Bits(0o644),
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if args.name.is_empty() || args.name.starts_with('.') || !args.name.chars().all(allowed) {
        let message = format!("expected letters, digits, `-`, `_` and `.`, found {:?}", args.name);
        return Err(ArgError::of("name", message));
    }
    if args.state == State::Absent {
        return Ok(());
    }
    let fields = [
        ("uris", &args.uris),
        ("suites", &args.suites),
        ("components", &args.components),
        ("architectures", &args.architectures),
    ];
    for (field, words) in fields {
        let is_word = |word: &String| !word.is_empty() && !word.contains(char::is_whitespace);
        if !words.iter().all(is_word) {
            return Err(ArgError::of(field, "expected words without white space"));
        }
        let by_path = args.suites.iter().all(|suite| suite.ends_with('/'));
        if words.is_empty() && field != "architectures" && !(field == "components" && by_path) {
            return Err(ArgError::of(field, "required for `state: present`"));
        }
    }
    match args.signed_by.as_deref() {
        Some(key) if !key.contains(ARMOR) && key.contains(char::is_whitespace) => Err(ArgError::of(
            "signed_by",
            "expected the path of a file, a URL, or a key in ASCII armor",
        )),
        _ => Ok(()),
    }
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let name = args.name.replace(' ', "-").to_lowercase();
    let dest = Path::new(SOURCES).join(format!("{name}.sources"));
    let keys = ["asc", "gpg"].map(|kind| Path::new(KEYS).join(format!("{name}.{kind}")));
    let mut plan = Plan::new();
    if args.state == State::Absent {
        plan.output("dest", dest.to_string_lossy());
        for path in [dest].into_iter().chain(keys) {
            remove(path, host, &mut plan)?;
        }
        return Ok(plan);
    }
    let signed_by = plan_key(args, keys, host, &mut plan)?;
    let file = Install {
        origin: Origin::Bytes(text(args, signed_by.as_deref()).into_bytes()),
        dest,
        permissions: Permissions::new(host, Some(&args.mode), None, None)?,
        backup: false,
        force: true,
        validate: None,
        checksum: None,
    };
    plan.append(file.plan(host)?);
    Ok(plan)
}

fn remove(path: PathBuf, host: &Host, plan: &mut Plan) -> Result<(), Failure> {
    if host.stat(&path)?.is_some() {
        let before = host.read(&path)?;
        let diff = Diff::contents(before.as_deref(), None);
        plan.change(format!("file {}", path.display()), diff, move |writer| {
            writer.remove(&path)?;
            Ok(Output::new())
        });
    }
    Ok(())
}

/// Plans the file of the key, and says what `Signed-By` is to say.
fn plan_key(
    args: &Args,
    keys: [PathBuf; 2],
    host: &Host,
    plan: &mut Plan,
) -> Result<Option<String>, Failure> {
    let Some(key) = &args.signed_by else {
        return Ok(None);
    };
    if let Some(path) = AbsPath::new(key.as_str()) {
        return Ok(Some(path.to_string()));
    }
    let [armored, binary] = keys;
    let (origin, dest) = if key.contains(ARMOR) {
        (Origin::Bytes(format!("{}\n", key.trim()).into_bytes()), armored)
    } else if host.exists(&armored) || host.exists(&binary) {
        let known = if host.exists(&armored) { armored } else { binary };
        plan.output("key_filename", known.to_string_lossy());
        return Ok(Some(known.to_string_lossy().into_owned()));
    } else {
        let (file, is_armored) = fetched(key, host)?;
        (Origin::Fetched(file), if is_armored { armored } else { binary })
    };
    plan.output("key_filename", dest.to_string_lossy());
    let signed_by = dest.to_string_lossy().into_owned();
    let install = Install {
        origin,
        dest,
        permissions: Permissions::new(host, Some(&Mode::Bits(0o644)), None, None)?,
        backup: false,
        force: true,
        validate: None,
        checksum: None,
    };
    plan.append(install.plan(host)?);
    Ok(Some(signed_by))
}

/// The key that a URL names, and whether it is in ASCII armor: apt goes by the name of the file.
fn fetched(url: &str, host: &Host) -> Result<(std::fs::File, bool), Failure> {
    if !["http://", "https://", "file:///"].iter().any(|scheme| url.starts_with(scheme)) {
        let message = "expected the path of a file, a URL, or a key in ASCII armor";
        return Err(ArgError::of("signed_by", message).into());
    }
    let download = Download {
        url: url.to_owned(),
        headers: Vec::new(),
        timeout: TIMEOUT,
        checksum: None,
    };
    let mut file = download.fetch(host)?;
    let mut start = Vec::new();
    let read = (&mut file)
        .take(4096)
        .read_to_end(&mut start)
        .and_then(|_| file.rewind());
    read.map_err(|error| Failure::new(format!("cannot read the key of `{}`: {error}", download.shown_url())))?;
    let is_armored = String::from_utf8_lossy(&start).contains(ARMOR);
    // A binary one begins with the tag of a packet, whose highest bit is set.
    if !is_armored && start.first().is_none_or(|byte| byte & 0x80 == 0) {
        return Err(Failure::new(format!("`{}` is no OpenPGP key", download.shown_url())));
    }
    Ok((file, is_armored))
}

fn text(args: &Args, signed_by: Option<&str>) -> String {
    let types: Vec<&str> = args
        .types
        .iter()
        .map(|kind| match kind {
            Type::Deb => "deb",
            Type::DebSrc => "deb-src",
        })
        .collect();
    let yes_or_no = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let some = |words: &[String]| (!words.is_empty()).then(|| words.join(" "));
    let fields = [
        ("X-Repolib-Name", Some(args.name.clone())),
        ("Types", Some(types.join(" "))),
        ("URIs", some(&args.uris)),
        ("Suites", some(&args.suites)),
        ("Components", some(&args.components)),
        ("Architectures", some(&args.architectures)),
        ("Signed-By", signed_by.map(str::to_owned)),
        ("Trusted", args.trusted.map(yes_or_no)),
        ("Enabled", args.enabled.map(yes_or_no)),
    ];
    fields
        .into_iter()
        .filter_map(|(field, value)| Some(format!("{field}: {}\n", value?)))
        .collect()
}
