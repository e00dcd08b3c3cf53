//! A payload that is given once and sent to several receivers.

use crate::{HandlerError, HandlerResult};

/// The payload of a branch's first message, until its last receiver has it.
///
/// ```
/// use telltale_vm::generated::GivenOnce;
///
/// let mut given = GivenOnce::default();
/// given.keep(&"tea", 2);
/// assert_eq!([given.take(), given.take(), given.take()], [Some("tea"), Some("tea"), None]);
/// ```
#[derive(Debug)]
pub struct GivenOnce<P> {
    payload: Option<P>,
    /// How many receivers still get it.
    left: usize,
}

impl<P> Default for GivenOnce<P> {
    fn default() -> Self {
        Self { payload: None, left: 0 }
    }
}

impl<P: Clone> GivenOnce<P> {
    /// Keeps a copy for this many receivers.
    pub fn keep(&mut self, payload: &P, receivers: usize) {
        (self.payload, self.left) = (Some(payload.clone()), receivers);
    }

    /// The payload for the next receiver, if it was given.
    pub fn take(&mut self) -> Option<P> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 { self.payload.take() } else { self.payload.clone() }
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
