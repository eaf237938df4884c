//! What filters make of secrets: the encoded, the hashed, the upper-cased secret is one too.
//!
//! The rewriter puts three filters of no effect around each filter of the author's. Filters are the only way from a
//! text to a text in which it does not occur, apart from slices and loops over characters.

use std::cell::RefCell;

use tera::{Kwargs, State, Tera, TeraResult};

use super::bounds;
use super::strict::{ALSO, MADE, TAKEN};
use crate::secret::Secrets;
use crate::value::Value;

thread_local! {
    /// What each filter that is being applied was given. Rendering is synchronous.
    static GIVEN: RefCell<Vec<Vec<Value>>> = const { RefCell::new(Vec::new()) };
}

/// Forgets what a rendering that failed has left behind.
pub(super) fn forget() {
    GIVEN.with_borrow_mut(Vec::clear);
}

pub(super) fn register(tera: &mut Tera, secrets: &Secrets) {
    tera.register_filter(TAKEN, |value: &Value, _: Kwargs, _: &State| {
        GIVEN.with_borrow_mut(|given| given.push(vec![value.clone()]));
        value.clone()
    });
    tera.register_filter(ALSO, |value: &Value, _: Kwargs, _: &State| {
        GIVEN.with_borrow_mut(|given| {
            if let Some(values) = given.last_mut() {
                values.push(value.clone());
            }
        });
        value.clone()
    });
    let secrets = secrets.clone();
    tera.register_filter(MADE, move |value: &Value, _: Kwargs, _: &State| {
        let given = GIVEN.with_borrow_mut(Vec::pop).unwrap_or_default();
        bounds::check(value)?;
        secrets.add_derived(&given, value);
        TeraResult::Ok(value.clone())
    });
}
