//! What the build script writes down of each protocol that has gone through `choreography!`.

use telltale_vm::loader::CodeImage;
use telltale_vm::{VM, VMError};

use crate::play::Opened;
use crate::script::{Actors, GivenOnce};

/// A protocol in the binary.
#[derive(Debug)]
pub struct Case {
    /// The file it is from, or its seed.
    pub from: &'static str,
    /// The text that was given to the macro.
    pub text: &'static str,
    /// The protocol, by its place in the text.
    pub protocol: usize,
    /// What the macro has made of it.
    pub image: &'static CodeImage,
    /// The payloads that its role objects give once for several receivers.
    pub given_once: &'static [GivenOnce],
    /// Opens a session whose role objects answer from a seed.
    pub open: fn(&mut VM, Actors) -> Result<Opened, VMError>,
}
