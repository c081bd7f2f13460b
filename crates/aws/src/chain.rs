//! What caused an error.

use std::error::Error;

/// What caused an error, outermost first.
pub(crate) fn chain<'a>(error: &'a dyn Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |error| (**error).source())
}
