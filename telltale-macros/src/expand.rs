//! The pipeline: from the tokens of `choreography! { … }` to Rust items.

use proc_macro2::TokenStream;
use telltale_bytecode::CodeImage;
use telltale_syntax::{Analysed, Diagnostic, Projected, analyse, project_all};

use crate::{emit, mend};

/// Expands a choreography, whatever it is. Mistakes become `compile_error!`s; what is generated beside
/// them is what would be there without them, as far as it is known, so that they stay the only errors.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    // From here on every name means something and no name has two meanings, or there are diagnostics.
    let mut analysis = analyse(tokens);
    let mut errors: TokenStream =
        analysis.diagnostics.iter().map(Diagnostic::to_compile_error).collect();

    // Every role can play its part and has a local type, or there are diagnostics of it.
    let projected = project_all(&analysis);

    // No two things have one name and every payload type is a type, whatever was wrong.
    mend::mend(&mut analysis);

    let mut items = TokenStream::new();
    // A name that is defined twice has one protocol and two trees, but then there is no image, and only what has one is drawn.
    let protocols = analysis.protocols.iter_mut().zip(&analysis.ast.protocols);
    for ((protocol, ast), projected) in protocols.zip(projected) {
        // Every state of every role has an instruction.
        let image = projected
            .map_err(|mistakes| mistakes.iter().map(Diagnostic::to_compile_error).collect())
            .and_then(|projected| image(protocol, &projected));
        // Everything that the protocol has is there, with bytecode or without.
        items.extend(emit::protocol(protocol, ast, image.as_ref().ok()));
        errors.extend(image.err());
    }
    errors.extend(items);
    errors
}

/// The bytecode of a protocol, or why there is none.
fn image(protocol: &Analysed, projected: &Projected) -> Result<CodeImage, TokenStream> {
    let version = protocol.attributes.serde.as_ref().map_or(0, |serde| serde.version);
    CodeImage::try_from_local_types(&projected.locals, &projected.global)
        .map(|image| image.with_payload_version(version))
        .map_err(|error| syn::Error::new(protocol.name.span(), error).to_compile_error())
}

#[cfg(test)]
mod tests;
