//! What `/etc/shadow` says of a user besides the password's hash: whether it is locked, and when it ends.

use std::path::Path;

use super::super::group::run;
use super::Args;
use crate::host::{Host, Program};
use crate::plan::{Diff, Failure, Plan};

const FILE: &str = "/etc/shadow";
const SECONDS_A_DAY: i64 = 86_400;

/// A line of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Shadow {
    /// The hash of the password, behind a `!` if it is locked.
    pub(super) hash: String,
    /// How many days a password lasts at least and at most, and the day on which the account ends.
    days: [Option<i64>; 3],
}

impl Shadow {
    /// What the file says of `name`.
    pub(super) fn of(host: &Host, name: &str) -> Result<Option<Self>, Failure> {
        let text = host.read_text(Path::new(FILE))?.unwrap_or_default();
        let line = text
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.first() == Some(&name));
        Ok(line.map(|fields| {
            let days = [3, 4, 7].map(|at| {
                let days = fields.get(at)?.parse().ok()?;
                (days >= 0).then_some(days)
            });
            let hash = fields.get(1).copied().unwrap_or_default().to_owned();
            Self { hash, days }
        }))
    }

    /// The hash as it is when it is not locked.
    pub(super) fn bare_hash(&self) -> &str {
        self.hash.strip_prefix('!').unwrap_or(&self.hash)
    }

    fn is_locked(&self) -> bool {
        self.hash.starts_with('!')
    }
}

/// Whether `args` want anything of it.
pub(super) fn is_wanted(args: &Args) -> bool {
    let days = [args.expires, args.password_expire_min, args.password_expire_max];
    args.password_lock.is_some() || days.iter().any(Option::is_some)
}

/// Plans what `args` want of it. A user who is still to be made has none yet. `renewed` tells that the password is set
/// before, which unlocks it.
pub(super) fn plan_shadow(args: &Args, shadow: Option<&Shadow>, renewed: bool, plan: &mut Plan) {
    let days = shadow.map_or([None; 3], |shadow| shadow.days);
    let expires = args.expires.map(|seconds| match seconds {
        0.. => seconds / SECONDS_A_DAY,
        _ => -1,
    });
    let wanted = [
        ("least age of the password", "--mindays", args.password_expire_min),
        ("greatest age of the password", "--maxdays", args.password_expire_max),
        ("end", "--expiredate", expires),
    ];
    for ((what, option, wanted), current) in wanted.into_iter().zip(days) {
        let Some(wanted) = wanted else { continue };
        let wanted_days = (wanted >= 0).then_some(wanted);
        if wanted_days != current {
            let shown = |days: Option<i64>| days.map(|days| format!("{days} days"));
            let diff = Diff::new(shown(current), shown(wanted_days));
            let program = Program::new("chage").args([option, &wanted.to_string(), &args.name]);
            run(plan, format!("user {}: {what}", args.name), diff, program);
        }
    }
    let is_locked = shadow.is_none_or(Shadow::is_locked) && !renewed;
    match args.password_lock {
        Some(lock) if lock != is_locked => {
            let option = if lock { "--lock" } else { "--unlock" };
            let text = |locked| if locked { "locked" } else { "not locked" };
            let diff = Diff::new(Some(text(is_locked)), Some(text(lock)));
            let program = Program::new("usermod").args([option, &args.name]);
            run(plan, format!("user {}: lock of the password", args.name), diff, program);
        }
        _ => {}
    }
}
