//! Who is provisioned: hosts, groups, the patterns that pick from them, and the variables that the
//! inventory gives them.
//!
//! Variables are kept as they were written, each source for itself: what they evaluate to and who wins
//! beyond [`Inventory::layers_for`] is decided elsewhere.

pub mod connection;
mod group;
mod host;
mod ini;
pub mod jump;
mod layer;
mod literal;
mod load;
mod model;
mod name;
pub mod password;
mod pattern;
mod range;
pub mod routes;
mod script;
mod sources;
mod vars;
mod vars_files;

pub use group::Group;
pub use host::Host;
pub use layer::{GroupRank, LayerKind, VarLayer};
pub use model::Inventory;
pub use name::{GroupName, HostName, InvalidName, NameFlaw};
pub use pattern::HostPattern;
pub use sources::base;
pub use vars::Vars;
