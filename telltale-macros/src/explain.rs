//! Errors of the later stages, at the statements they come from.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use telltale_syntax::{Lowered, SpanRange};
use telltale_theory::{ProjectionError, Violation, Violations};

/// One `compile_error!` for each violation, at the message that somebody cannot know whether to exchange.
pub(crate) fn errors(
    error: &ProjectionError,
    lowered: &Lowered,
    protocol: SpanRange,
) -> TokenStream {
    if error.violations().is_empty() {
        return compile_error(protocol, &error.to_string());
    }
    let explained = |violation: &Violation| {
        let step = lowered.source.step(violation.act.state, violation.act.exit);
        let span = step.map_or(protocol, |step| step.call.unwrap_or(step.message).span);
        let (global, violations) = (lowered.global.clone(), vec![violation.clone()]);
        compile_error(span, &Violations { global, violations }.to_string())
    };
    error.violations().iter().map(explained).collect()
}

/// `compile_error! { "…" }` that underlines the right tokens.
pub(crate) fn compile_error(span: SpanRange, text: &str) -> TokenStream {
    // The compiler underlines from the first token of the macro call to its last.
    let name = quote_spanned!(span.first=> ::core::compile_error!);
    let body = quote_spanned!(span.last=> { #text });
    quote!(#name #body)
}
