//! What is generated for one protocol: a module.
//!
//! Identifiers that the user wrote keep their place in the source. Everything else comes from
//! `telltale_vm::generated`, under one private name that no user can have hidden.

mod choices;
mod decision;
mod dispatch;
mod docs;
mod given_once;
mod image;
mod message;
mod objects;
mod roles;
mod session;

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use telltale_bytecode::CodeImage;
use telltale_syntax::Analysed;
use telltale_types::{GlobalType, Names};

/// The module of a protocol. Without an image it has every item all the same, so that code that uses
/// them is right, but it does nothing.
pub(crate) fn protocol(protocol: &Analysed, image: Option<&CodeImage>) -> TokenStream {
    let interface = &protocol.interface;
    let (visibility, module) = (&protocol.visibility, &interface.module);
    let docs = docs::module(protocol, image);
    let runtime = runtime(protocol.attributes.crate_path.as_ref());
    let image_static = image.map_or_else(|| image::emit(&no_image()), image::emit);
    let roles = roles::emit(interface);
    let choices = choices::emit(interface);
    let session = session::emit(interface);
    let objects = objects::emit(interface, image);
    let inside = quote! {
        use super::*;
        use #runtime::generated as __telltale;

        #image_static
        #roles
        #choices
        #session
        #objects
    };
    // From the first word to the last brace it stands at the name of the protocol, so errors about it point there.
    let keyword = Ident::new("mod", at(module.span()));
    let mut block = Group::new(Delimiter::Brace, inside);
    block.set_span(at(module.span()));
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
            non_camel_case_types,
            clippy::all,
            clippy::pedantic
        )]
        #visibility #keyword #module #block
    }
}

/// The image of a protocol in which nobody does anything, to stand where there is none.
fn no_image() -> CodeImage {
    Names::new([""; 0], [])
        .and_then(|names| GlobalType::new(names, vec![Vec::new()]))
        .map(|global| CodeImage::from_local_types(&BTreeMap::new(), &global))
        .expect("a type without roles is a type")
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

/// Where the user's token stands, for what is made of it. So errors about what is generated point there,
/// and lints know that nobody wrote it.
fn at(place: Span) -> Span {
    Span::call_site().located_at(place)
}

/// A name of the user's, for an item that is made of it.
fn placed(name: &Ident) -> Ident {
    let mut name = name.clone();
    name.set_span(at(name.span()));
    name
}

/// A name of ours that no local name of the user's can be mistaken for.
fn local(name: &str, place: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(place))
}
