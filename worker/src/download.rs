//! Getting a file from a URL. It passes by in pieces, is never in memory as a whole, and is written only to
//! where the caller says. Who may be trusted is what the host's own bundle of certificates says.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};

use crate::arg::AbsPath;
use crate::checksum::Checksum;
use crate::file_install::{Remote, open_source};
use crate::host::{Host, nameless_file};
use crate::plan::Failure;

/// Where distributions keep the certificates they trust: Debian, Fedora, openSUSE, Alpine.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A file behind a URL.
#[derive(Clone)]
pub(crate) struct Download {
    /// Where it is: `http`, `https` or `file`.
    pub(crate) url: String,
    /// What is sent along with the request. It may be secret.
    pub(crate) headers: Vec<(String, String)>,
    /// How long to wait for a connection, for an answer, and for each piece of the file.
    pub(crate) timeout: Duration,
    /// What the file must be.
    pub(crate) checksum: Option<Checksum>,
}

impl Download {
    /// The URL without what may be secret in it: a password and a query.
    pub(crate) fn shown_url(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}{path}")
    }

    fn agent(&self, host: &Host) -> Result<Agent, Failure> {
        let certificates = certificates(host)?;
        if certificates.is_empty() && self.url.starts_with("https:") {
            return Err(self.failure(&format!(
                "the host trusts no certificates (looked at {}): install `ca-certificates`",
                BUNDLES.join(", ")
            )));
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&certificates))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .proxy(self.proxy(host)?)
            .tls_config(tls)
            .user_agent("provision")
            .timeout_resolve(Some(self.timeout))
            .timeout_connect(Some(self.timeout))
            .timeout_recv_response(Some(self.timeout))
            .timeout_per_read(Some(self.timeout))
            .build();
        Ok(config.into())
    }

    /// The proxy that the environment has for this kind of URL.
    fn proxy(&self, host: &Host) -> Result<Option<Proxy>, Failure> {
        let variable = |name: &str| {
            let set = [name.to_owned(), name.to_uppercase()].into_iter();
            set.filter_map(|name| Some((host.variable(&name)?, name)))
                .find(|(value, _)| !value.is_empty())
        };
        let scheme = self.url.split_once("://").map_or("", |(scheme, _)| scheme);
        let found = variable(&format!("{scheme}_proxy")).or_else(|| variable("all_proxy"));
        let Some((url, name)) = found else {
            return Ok(None);
        };
        // What it is is not said: there may be a password in it.
        let wrong = |error: ureq::Error| self.failure(&format!("`{name}` names no proxy: {error}"));
        let proxy = Proxy::new(&url).map_err(wrong)?;
        let (around, _) = variable("no_proxy").unwrap_or_default();
        let mut builder = Proxy::builder(proxy.protocol())
            .host(proxy.host())
            .port(proxy.port());
        if let Some(user) = proxy.username() {
            builder = builder.username(user);
        }
        if let Some(password) = proxy.password() {
            builder = builder.password(password);
        }
        for name in around
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            // A name stands for all that is below it, with a dot before it or without.
            let bare = name.trim_start_matches('.');
            builder = builder.no_proxy(bare).no_proxy(&format!(".{bare}"));
        }
        builder.build().map(Some).map_err(wrong)
    }

    fn failure(&self, why: &str) -> Failure {
        Failure::new(format!("cannot get `{}`: {why}", self.shown_url()))
    }
}

impl Remote for Download {
    fn name(&self) -> Option<&str> {
        let (_, rest) = self.url.split_once("://")?;
        let path = rest.split(['?', '#']).next()?;
        let (_, name) = path.rsplit_once('/')?;
        (!name.is_empty()).then_some(name)
    }

    fn is_known(&self, file: &mut File) -> Option<io::Result<bool>> {
        let wanted = self.checksum.as_ref()?;
        let found = wanted.pass(file, &mut io::sink());
        Some(found.map(|found| found == *wanted))
    }

    fn open(&self, host: &Host) -> Result<Box<dyn Read>, Failure> {
        if let Some(path) = self.url.strip_prefix("file://") {
            let path = AbsPath::new(path)
                .ok_or_else(|| self.failure("expected `file://` and an absolute path"))?;
            return Ok(Box::new(open_source(host, &path)?));
        }
        let mut request = self.agent(host)?.get(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match request.call() {
            Ok(response) => Ok(Box::new(response.into_body().into_reader())),
            Err(error) => Err(self.failure(&error.to_string())),
        }
    }

    fn receive(&self, body: &mut dyn Read, into: &mut dyn Write) -> io::Result<()> {
        let Some(wanted) = &self.checksum else {
            return io::copy(body, into).map(drop);
        };
        let found = wanted.pass(body, into)?;
        if found == *wanted {
            Ok(())
        } else {
            Err(io::Error::other(format!(
                "`{}` has the checksum {found}, expected {wanted}",
                self.shown_url()
            )))
        }
    }

    fn fetch(&self, host: &Host) -> Result<File, Failure> {
        let mut body = self.open(host)?;
        let fetched = nameless_file().and_then(|mut file| {
            self.receive(&mut body, &mut file)?;
            file.rewind()?;
            Ok(file)
        });
        fetched.map_err(|error| self.failure(&error.to_string()))
    }
}

/// The certificates of the first bundle that the host has.
fn certificates(host: &Host) -> Result<Vec<Certificate<'static>>, Failure> {
    for path in BUNDLES {
        if let Some(bundle) = host.read(Path::new(path))? {
            return Ok(parse_pem(&bundle)
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect());
        }
    }
    Ok(Vec::new())
}
