//! The mode, owner and group that a task wants for a file. Says which changes lead there; what the file is
//! and what is in it is the module's affair.

use std::path::Path;

use crate::arg::Mode;
use crate::host::{Attributes, FileKind, Host, Stat};
use crate::plan::{Diff, Failure, Output, Plan};

/// Permission bits of a new file and of a new directory, where nothing else is asked for.
const NEW_FILE_MODE: u32 = 0o644;
const NEW_DIRECTORY_MODE: u32 = 0o755;

/// The wanted mode, owner and group; what is not given stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permissions {
    mode: Option<Mode>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Permissions {
    /// Resolves the names of owner and group.
    pub(crate) fn new(
        host: &Host,
        mode: Option<&Mode>,
        owner: Option<&str>,
        group: Option<&str>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            mode: mode.cloned(),
            uid: owner.map(|name| host.uid(name)).transpose()?,
            gid: group.map(|name| host.gid(name)).transpose()?,
        })
    }

    /// These permissions for something that has the bits `mode` where nothing else is asked for.
    #[cfg(feature = "full")]
    #[must_use]
    pub(crate) fn starting_from(&self, mode: u32, is_dir: bool) -> Self {
        let wanted = self.mode.as_ref();
        Self {
            mode: Some(Mode::Bits(wanted.map_or(mode, |m| m.bits(mode, is_dir)))),
            ..*self
        }
    }

    /// What a new file gets, or one that takes the place of `old`.
    pub(crate) fn of_file(&self, old: Option<&Stat>) -> Attributes {
        let mode = old.map_or(NEW_FILE_MODE, |stat| stat.mode);
        self.attributes(
            self.mode
                .as_ref()
                .map_or(mode, |wanted| wanted.bits(mode, false)),
        )
    }

    /// What a new directory gets.
    pub(crate) fn of_directory(&self) -> Attributes {
        let mode = NEW_DIRECTORY_MODE;
        self.attributes(
            self.mode
                .as_ref()
                .map_or(mode, |wanted| wanted.bits(mode, true)),
        )
    }

    fn attributes(&self, mode: u32) -> Attributes {
        Attributes {
            mode: Some(mode),
            uid: self.uid,
            gid: self.gid,
        }
    }

    /// Whether `stat` is as wanted.
    #[cfg(feature = "full")]
    pub(crate) fn fit(&self, stat: &Stat) -> bool {
        self.bits(stat) == stat.mode
            && self.uid.is_none_or(|uid| uid == stat.uid)
            && self.gid.is_none_or(|gid| gid == stat.gid)
    }

    /// Plans what makes the file `path`, which is as `stat` says, as wanted.
    pub(crate) fn adjust(
        &self,
        host: &Host,
        plan: &mut Plan,
        path: &Path,
        stat: &Stat,
    ) -> Result<(), Failure> {
        let shown = path.display();
        let mode = self.bits(stat);
        if let Some(uid) = self.uid.filter(|uid| *uid != stat.uid) {
            let diff = Diff::new(
                Some(user_name(host, stat.uid)?),
                Some(user_name(host, uid)?),
            );
            // Giving a file away clears its set-user-id bits, so the mode is set along with it.
            let attributes = Attributes {
                mode: Some(mode),
                uid: Some(uid),
                gid: None,
            };
            set(plan, format!("owner of {shown}"), diff, path, attributes);
        }
        if let Some(gid) = self.gid.filter(|gid| *gid != stat.gid) {
            let diff = Diff::new(
                Some(group_name(host, stat.gid)?),
                Some(group_name(host, gid)?),
            );
            let attributes = Attributes {
                mode: Some(mode),
                uid: None,
                gid: Some(gid),
            };
            set(plan, format!("group of {shown}"), diff, path, attributes);
        }
        if mode != stat.mode {
            let diff = Diff::new(
                Some(format!("{:04o}", stat.mode)),
                Some(format!("{mode:04o}")),
            );
            let attributes = Attributes {
                mode: Some(mode),
                ..Attributes::default()
            };
            set(plan, format!("mode of {shown}"), diff, path, attributes);
        }
        Ok(())
    }

    fn bits(&self, stat: &Stat) -> u32 {
        let is_dir = stat.kind == FileKind::Directory;
        self.mode
            .as_ref()
            .map_or(stat.mode, |mode| mode.bits(stat.mode, is_dir))
    }
}

fn set(plan: &mut Plan, what: String, diff: Diff, path: &Path, attributes: Attributes) {
    let path = path.to_owned();
    plan.change(what, diff, move |writer| {
        writer.set_attributes(&path, attributes)?;
        Ok(Output::new())
    });
}

fn user_name(host: &Host, uid: u32) -> Result<String, Failure> {
    let user = host.user_by_uid(uid)?;
    Ok(user.map_or_else(|| uid.to_string(), |user| user.name))
}

fn group_name(host: &Host, gid: u32) -> Result<String, Failure> {
    let group = host.group_by_gid(gid)?;
    Ok(group.map_or_else(|| gid.to_string(), |group| group.name))
}
