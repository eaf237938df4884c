//! `get_url`: a file from a web server. Unpacking it is the affair of `unarchive`.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::arg::{AbsPath, Arg, Mode};
use crate::checksum::Checksum;
use crate::download::Download;
use crate::file_install::{Install, Origin};
use crate::host::Host;
use crate::module;
use crate::module::ArgError;
use crate::permissions::Permissions;
use crate::plan::{Failure, Plan};

module! {
    /// Downloads a file to the host.
    ///
    /// With `checksum`, a file that has it is not fetched again, and one that arrives with another is not put in
    /// place. Without it, a file that is there stays, unless `force` is true: then it is fetched each time and
    /// replaced if it differs.
    ///
    /// Certificates are checked against the host's own bundle. Proxies are taken from the environment, the task's own
    /// first (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`). A link at `dest` is replaced, not followed.
    ///
    /// Registers `dest` and `url`, without a password or query in it.
    ///
    /// # Check mode
    /// Full. With `force` and without `checksum` the file is fetched all the same, to be compared.
    ///
    /// # Examples
    /// ```yaml
    /// - name: a release
    ///   get_url:
    ///     url: https://dl.example.org/runc/v1.2.4/runc.amd64
    ///     dest: /usr/local/sbin/runc
    ///     checksum: sha256:e83565aa78ec8f52a4d2b4eb6c4ca262b74c5f6770c1f43670c3029c20175502
    ///     mode: "0755"
    /// ```
    get_url [check = check] {
        /// Where the file is: `http://`, `https://`, or `file://` for a file of the host.
        url: String,
        /// The file on the host. If it is a directory, the file is put into it under the URL's last part. The
        /// directory it is to be in must exist.
        dest: AbsPath,
        /// What the file must be: `sha256:` or `sha512:` and hexadecimal digits, or the digits alone.
        checksum: Option<String>,
        /// Whether a file without `checksum` is fetched although there is one already.
        force: bool = false,
        /// How many seconds to wait for a connection, for an answer, and for each further piece of the file.
        timeout: u64 = 10u64,
        /// Headers to send with the request.
        headers: Map<String, Value> = Map::new(),
        /// Permission bits. Without it a file that is there keeps its own; a new one gets 0644.
        mode: Option<Mode>,
        /// Owner, by name or number.
        owner: Option<String>,
        /// Group, by name or number.
        group: Option<String>,
        /// Whether to keep the old file, as `NAME.HASH~` beside the new one.
        backup: bool = false,
    }
}

fn check(args: &Args) -> Result<(), ArgError> {
    download(args)?;
    let is_known = ["http://", "https://", "file:///"]
        .iter()
        .any(|scheme| args.url.starts_with(scheme));
    if !is_known {
        return Err(ArgError::of(
            "url",
            "expected `http://`, `https://` or `file:///`",
        ));
    }
    if args.timeout == 0 {
        return Err(ArgError::of("timeout", "expected at least one second"));
    }
    Ok(())
}

fn download(args: &Args) -> Result<Download, ArgError> {
    let checksum = args.checksum.as_deref().map(Checksum::parse).transpose()?;
    let mut headers = Vec::new();
    for (name, value) in &args.headers {
        // What is wrong with the value is not said: it may be secret.
        let value = String::parse(value)
            .map_err(|_| ArgError::of("headers", format!("`{name}` must be a string")))?;
        headers.push((name.clone(), value));
    }
    Ok(Download {
        url: args.url.clone(),
        headers,
        timeout: Duration::from_secs(args.timeout),
        checksum,
    })
}

fn plan(args: &Args, host: &Host) -> Result<Plan, Failure> {
    let download = download(args)?;
    let url = download.shown_url();
    let install = Install {
        force: args.force || download.checksum.is_some(),
        origin: Origin::Remote(Rc::new(download)),
        dest: args.dest.to_path_buf(),
        permissions: Permissions::new(
            host,
            args.mode.as_ref(),
            args.owner.as_deref(),
            args.group.as_deref(),
        )?,
        backup: args.backup,
        validate: None,
        checksum: None,
    };
    let mut plan = install.plan(host)?;
    plan.output("url", url);
    Ok(plan)
}
