//! The order of precedence.

/// Declares the layers from the weakest to the strongest, so that what each is is written once.
macro_rules! layers {
    ($($name:ident, $label:literal: $doc:literal;)*) => {
        /// Where a variable can be set, from the weakest to the strongest. This is Ansible's order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Layer {
            $(#[doc = $doc] $name,)*
        }

        impl Layer {
            /// All layers, from the weakest to the strongest.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What the layer is, in a sentence.
            pub fn describe(self) -> &'static str {
                match self {
                    $(Self::$name => $doc,)*
                }
            }

            /// What the layer is called beside a value.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }
        }
    };
}

layers! {
    RoleDefaults, "role defaults":
        "`defaults/main.yaml` of a role; a role's own defaults win over those of the play's other roles";
    Inventory, "inventory":
        "the inventory and its `group_vars/` and `host_vars/`; the inventory knows their order";
    Play, "play vars": "`vars:` of the play";
    PlayPrompt, "prompt": "answers to `vars_prompt:` of the play";
    PlayFiles, "vars_files": "`vars_files:` of the play; a later file wins";
    Role, "role vars": "`vars/main.yaml` of a role";
    Task, "task vars": "`vars:` of the task and of the blocks around it; the innermost wins";
    IncludedFiles, "include_vars": "`include_vars`";
    Learned, "learned": "`set_fact` and `register`: what was learned in this run";
    RoleParameters, "role parameters":
        "`vars:` beside a role's name in `roles:`, and those of `include_tasks` and `include_role`";
    Extra, "extra vars": "`-e` on the command line";
    Loop, "loop": "the item of a loop";
    Magic, "magic": "what the run itself knows: `inventory_hostname`, `groups`, `facts`, ...";
}

#[cfg(test)]
mod tests {
    use super::Layer;

    #[test]
    fn all_layers_are_listed_in_their_order() {
        assert!(Layer::ALL.is_sorted());
        assert_eq!(Layer::ALL.first(), Some(&Layer::RoleDefaults));
        assert_eq!(Layer::ALL.last(), Some(&Layer::Magic));
    }
}
