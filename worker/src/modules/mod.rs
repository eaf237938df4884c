//! The modules: one file each, one line each in the table. Those under `full` are not part of a lean worker, and
//! they alone may use what it lacks.

use crate::module::{Flavour, Module};

/// Declares the files and the table.
macro_rules! modules {
    (lean { $($lean:ident),* $(,)? } full { $($full:ident),* $(,)? }) => {
        $(pub mod $lean;)*
        $(#[cfg(feature = "full")] pub mod $full;)*

        /// Every module that this build has.
        pub static MODULES: &[&Module] = &[
            $(&$lean::MODULE,)*
            $(#[cfg(feature = "full")] &$full::MODULE,)*
        ];

        /// The names of those that only a full worker has.
        const FULL: &[&str] = &[$(stringify!($full)),*];
    };
}

modules! {
    lean {
        apt,
        async_status,
        blockinfile,
        command,
        copy,
        file,
        group,
        hostname,
        lineinfile,
        modprobe,
        package,
        raw,
        service,
        shell,
        stat,
        sysctl,
        systemd_service,
        template,
        user,
        wait_for,
    }
    full {
        get_url,
        unarchive,
    }
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
