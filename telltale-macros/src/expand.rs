//! The pipeline: from the tokens of `choreography! { … }` to Rust items.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use telltale_bytecode::CodeImage;
use telltale_syntax::{Analysed, Diagnostic, Lowered, SpanRange, analyse};
use telltale_theory::{Options, project_all_with};

use crate::{emit, explain, mend};

/// Expands a choreography, whatever it is. Mistakes become `compile_error!`s; what is generated beside
/// them is what would be there without them, as far as it is known, so that they stay the only errors.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    // From here on every name means something, or there are diagnostics.
    let mut analysis = analyse(tokens);
    let mut output = TokenStream::new();
    output.extend(analysis.diagnostics.iter().map(Diagnostic::to_compile_error));

    let is_clean = analysis.diagnostics.is_empty();
    if !is_clean {
        // From here on no two things have one name, and every payload type is a type.
        mend::mend(&mut analysis);
    }
    for protocol in &analysis.protocols {
        let lowered = protocol.lowered.as_ref().filter(|_| is_clean);
        let image = match lowered.map(|lowered| image(protocol, lowered)) {
            Some(Err(errors)) => {
                output.extend(errors);
                None
            }
            Some(Ok(image)) => Some(image),
            None => None,
        };
        output.extend(emit::protocol(protocol, image.as_ref()));
    }
    output
}

/// The bytecode of a protocol, or why there is none.
fn image(protocol: &Analysed, lowered: &Lowered) -> Result<CodeImage, TokenStream> {
    let options =
        Options { allow_silent_end: protocol.attributes.silent_end, ..Options::default() };
    let name = SpanRange::from(&protocol.name);

    // Every role can play its part, and has a local type.
    let local_types = project_all_with(&lowered.global, &options)
        .map_err(|error| explain::errors(&error, lowered, name))?;
    // Every state of every role has an instruction.
    let local_types = local_types.into_iter().collect::<BTreeMap<_, _>>();
    CodeImage::try_from_local_types(&local_types, &lowered.global)
        .map_err(|error| explain::compile_error(name, &error.to_string()))
}

#[cfg(test)]
mod tests;
