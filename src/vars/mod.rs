//! What is known about a host: definitions that are rendered when they are used, values that were learned,
//! and the order in which one wins over the other.
//!
//! It knows neither playbooks nor hosts; whoever builds a [`Scope`] does.

mod definition;
mod layer;
mod scope;

pub use definition::{Definition, Definitions, Form, diagnostic, is_variable_name, place};
pub use layer::Layer;
pub use scope::{NotLiteral, Scope, ScopeLayer, Source, Surroundings, Values};
