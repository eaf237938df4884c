//! The modules: one file each, one line each in the table.

use crate::module::Module;

/// Declares the files and the table.
macro_rules! modules {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// Every module that runs on a host, by name.
        pub static MODULES: &[&Module] = &[$(&$name::MODULE),*];
    };
}

modules! {
    apt,
    async_status,
    authorized_key,
    blockinfile,
    command,
    copy,
    deb822_repository,
    file,
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
    unarchive,
    user,
    wait_for,
}

/// The module called `name`.
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().copied().find(|module| module.name == name)
}
