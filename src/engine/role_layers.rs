//! The variables of all roles of the play that runs, as one layer each: a name is looked up once and not in role after
//! role.

use crate::playbook::Play;
use crate::vars::Definitions;

/// The variables of a play's roles. Of two roles with the same name, the later one wins.
#[derive(Default)]
pub(super) struct RoleLayers {
    /// The play that they belong to; only compared.
    play: Option<*const Play>,
    pub(super) defaults: Definitions,
    pub(super) vars: Definitions,
}

impl RoleLayers {
    pub(super) fn new(play: &Play) -> Self {
        let mut layers = Self {
            play: Some(std::ptr::from_ref(play)),
            ..Self::default()
        };
        for role in &play.roles {
            for (whole, part) in [
                (&mut layers.defaults, &role.defaults),
                (&mut layers.vars, &role.vars),
            ] {
                let part = part.iter();
                whole.extend(part.map(|(name, found)| (name.clone(), found.clone())));
            }
        }
        layers
    }

    /// The layers, if they are those of `play`.
    pub(super) fn of(&self, play: &Play) -> Option<&Self> {
        (self.play == Some(std::ptr::from_ref(play))).then_some(self)
    }
}
