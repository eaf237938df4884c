//! The users and groups of a host.

use std::path::Path;

use super::{Host, Program};
use crate::plan::Failure;

/// Which services know the accounts of the host: the first of these files says so, the administrator's or that of the
/// distribution.
const SERVICES: [&str; 2] = ["/etc/nsswitch.conf", "/usr/etc/nsswitch.conf"];

/// A line of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Full name and the like.
    pub gecos: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of the group database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Group name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// The users that have it as a supplementary group.
    pub members: Vec<String>,
}

impl User {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let mut text = || fields.next().map(str::to_owned);
        Some(Self {
            name,
            uid,
            gid,
            gecos: text()?,
            home: text()?,
            shell: text()?,
        })
    }
}

impl Group {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let gid = fields.nth(1)?.parse().ok()?;
        let members = fields
            .next()?
            .split(',')
            .filter(|member| !member.is_empty());
        Some(Self {
            name,
            gid,
            members: members.map(str::to_owned).collect(),
        })
    }
}

impl Host {
    /// The user called `name`, from `/etc/passwd` or else from whatever the host's name service knows.
    pub fn user(&self, name: &str) -> Result<Option<User>, Failure> {
        self.account("/etc/passwd", "passwd", name, User::parse, |user| {
            user.name == name
        })
    }

    /// The user with this id.
    pub fn user_by_uid(&self, uid: u32) -> Result<Option<User>, Failure> {
        let key = uid.to_string();
        self.account("/etc/passwd", "passwd", &key, User::parse, |user| {
            user.uid == uid
        })
    }

    /// The group called `name`.
    pub fn group(&self, name: &str) -> Result<Option<Group>, Failure> {
        self.account("/etc/group", "group", name, Group::parse, |group| {
            group.name == name
        })
    }

    /// The group with this id.
    pub fn group_by_gid(&self, gid: u32) -> Result<Option<Group>, Failure> {
        let key = gid.to_string();
        self.account("/etc/group", "group", &key, Group::parse, |group| {
            group.gid == gid
        })
    }

    /// The groups of `/etc/group`.
    pub fn groups(&self) -> Result<Vec<Group>, Failure> {
        let text = self.read_text(Path::new("/etc/group"))?.unwrap_or_default();
        Ok(text.lines().filter_map(Group::parse).collect())
    }

    /// The id of a user given by name or number.
    pub fn uid(&self, name: &str) -> Result<u32, Failure> {
        if let Some(user) = self.user(name)? {
            return Ok(user.uid);
        }
        name.parse()
            .map_err(|_| Failure::new(format!("there is no user `{name}`")))
    }

    /// The id of a group given by name or number.
    pub fn gid(&self, name: &str) -> Result<u32, Failure> {
        if let Some(group) = self.group(name)? {
            return Ok(group.gid);
        }
        name.parse()
            .map_err(|_| Failure::new(format!("there is no group `{name}`")))
    }

    fn account<T>(
        &self,
        file: &str,
        database: &str,
        key: &str,
        parse: fn(&str) -> Option<T>,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, Failure> {
        let text = self.read_text(Path::new(file))?.unwrap_or_default();
        if let Some(account) = text
            .lines()
            .filter_map(parse)
            .find(|account| is_wanted(account))
        {
            return Ok(Some(account));
        }
        // sssd, ldap and their like are known to the host's own `getent` only.
        if self.is_in_files_only(database)? || self.which("getent").is_none() {
            return Ok(None);
        }
        let found = self.query(&Program::new("getent").args([database, key]))?;
        Ok(found.stdout().lines().find_map(parse).filter(is_wanted))
    }

    /// Whether what is not in the database's file is known nowhere else. So it is where nothing is said: the C
    /// libraries of today take the files then.
    fn is_in_files_only(&self, database: &str) -> Result<bool, Failure> {
        let mut bytes = None;
        for file in SERVICES {
            if bytes.is_none() {
                bytes = self.read(Path::new(file))?;
            }
        }
        // Comments may be in any encoding.
        let bytes = bytes.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let of_database = |line: &str| {
            let (name, services) = line.split_once(':')?;
            (name.trim() == database)
                .then(|| services.split_whitespace().all(|word| word == "files"))
        };
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default());
        Ok(lines.filter_map(of_database).all(|is| is))
    }
}
