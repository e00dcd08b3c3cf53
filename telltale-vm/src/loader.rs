//! What a VM loads: see [`CodeImage`], and [`UntrustedImage`] for what comes from outside.

pub use telltale_bytecode::{CodeImage, ContentHash, ImageError, Limits, UntrustedImage};
