//! What is generated for one protocol: a module.
//!
//! Identifiers that the user wrote keep their place in the source. Everything else comes from
//! `telltale_vm::generated`, under one private name that no user can have hidden.

mod cast;
mod choices;
mod docs;
mod image;
mod roles;
mod session;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use telltale_bytecode::CodeImage;
use telltale_syntax::Analysed;

/// The module of a protocol.
pub(crate) fn protocol(protocol: &Analysed, image: &CodeImage) -> TokenStream {
    let interface = &protocol.interface;
    let (visibility, module) = (&protocol.visibility, &interface.module);
    let docs = docs::module(protocol);
    let runtime = runtime(protocol.attributes.crate_path.as_ref());
    let image_static = image::emit(image);
    let roles = roles::emit(interface);
    let choices = choices::emit(interface);
    let session = session::emit(interface);
    let cast = cast::emit(interface, image);
    // The lints are about code that somebody wrote; nobody wrote this. A payload type may be less
    // visible than the protocol, and not every protocol is used in every way.
    quote! {
        #docs
        #[allow(
            unused,
            unused_qualifications,
            private_interfaces,
            unreachable_pub,
            missing_debug_implementations,
            clippy::all,
            clippy::pedantic
        )]
        #visibility mod #module {
            use super::*;
            use #runtime::generated as __telltale;

            #image_static
            #roles
            #choices
            #session
            #cast
        }
    }
}

/// Where the generated module finds `telltale_vm`.
fn runtime(path: Option<&syn::Path>) -> TokenStream {
    let Some(path) = path else { return quote!(::telltale_vm) };
    match path.segments.first() {
        // The module is one further in than the user's path.
        Some(first) if first.ident == "self" => {
            let rest = path.segments.iter().skip(1);
            quote!(super #(:: #rest)*)
        }
        Some(first) if first.ident == "super" => quote!(super::#path),
        _ => path.to_token_stream(),
    }
}

/// A name of ours that no local name of the user's can be mistaken for.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
