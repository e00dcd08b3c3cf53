//! What a VM loads: see [`CodeImage`].

pub use telltale_bytecode::CodeImage;
