//! A payload that is given once and sent to several receivers.

use crate::{HandlerError, HandlerResult, Value, pack, unpack};

/// The payload of a branch's first message, once for each receiver that still gets it.
///
/// ```
/// use telltale_vm::generated::GivenOnce;
///
/// let mut given = GivenOnce::default();
/// given.keep(&"tea", Clone::clone, 2);
/// assert_eq!([given.take(), given.take(), given.take()], [Some("tea"), Some("tea"), None]);
/// ```
#[derive(Debug)]
pub struct GivenOnce<P>(Vec<P>);

impl<P> Default for GivenOnce<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P> GivenOnce<P> {
    /// Keeps a copy for each of this many receivers.
    // The caller knows how copies are made, so that a payload that has none is one error, at its type.
    pub fn keep(&mut self, payload: &P, copy: fn(&P) -> P, receivers: usize) {
        self.0.clear();
        self.0.extend(std::iter::repeat_with(|| copy(payload)).take(receivers));
    }

    /// The payload for the next receiver, if it was given.
    pub fn take(&mut self) -> Option<P> {
        self.0.pop()
    }

    /// The payload for the next receiver, which has always been given before.
    ///
    /// # Errors
    ///
    /// When it has not.
    pub fn give(&mut self) -> HandlerResult<P> {
        self.take().ok_or_else(|| HandlerError::msg("its payload was not given with the choice"))
    }
}

impl<P: Send + 'static> GivenOnce<P> {
    /// Copies of what waits.
    pub fn copies(&self, copy: fn(&P) -> P) -> Vec<Value> {
        self.0.iter().map(|payload| pack(copy(payload))).collect()
    }

    /// This waits again. What is of another type was made up by somebody: whoever is to get it gets an error.
    pub fn put(&mut self, payloads: Vec<Value>) {
        self.0 = payloads.into_iter().map_while(|payload| unpack(payload).ok()).collect();
    }
}
