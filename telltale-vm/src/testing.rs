//! What unit tests are made of.

use telltale_bytecode::CodeImage;
use telltale_types::GlobalType;

/// The image of a protocol, if it projects.
pub(crate) fn image(global: &GlobalType) -> Option<CodeImage> {
    let locals = telltale_theory::project_all(global).ok()?;
    Some(CodeImage::from_local_types(&locals.into_iter().collect(), global))
}
