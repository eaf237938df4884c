//! The modules: one file each, one line each in the table. Those with the feature are not part of a lean worker, and
//! they alone may use what it lacks.

use crate::module::{Flavour, Module};

/// Declares the files and the table.
macro_rules! modules {
    ($($(#[$feature:meta])? $name:ident),* $(,)?) => {
        $($(#[$feature])? pub mod $name;)*

        /// Every module that this build has, by name.
        pub static MODULES: &[&Module] = &[$($(#[$feature])? &$name::MODULE),*];

        /// The names of those that only a full worker has.
        const FULL: &[&str] = &[$($(modules!(@name $name $feature),)?)*];
    };
    (@name $name:ident $feature:meta) => { stringify!($name) };
}

modules! {
    apt,
    async_status,
    authorized_key,
    blockinfile,
    command,
    copy,
    #[cfg(feature = "full")]
    deb822_repository,
    file,
    #[cfg(feature = "full")]
    get_url,
    group,
    hostname,
    lineinfile,
    modprobe,
    package,
    raw,
    replace,
    service,
    shell,
    stat,
    sysctl,
    systemd_service,
    template,
    timezone,
    #[cfg(feature = "full")]
    unarchive,
    user,
    wait_for,
}

/// The module called `name`.
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().copied().find(|module| module.name == name)
}

/// Which worker has the module called `name`.
pub fn flavour(name: &str) -> Flavour {
    if FULL.contains(&name) {
        Flavour::Full
    } else {
        Flavour::Lean
    }
}
