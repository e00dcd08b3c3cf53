//! What is generated for one protocol: a module.
//!
//! Identifiers that the user wrote keep their place in the source. Everything else comes from
//! `telltale_vm::generated`, under one private name that no user can have hidden.

mod choices;
mod decision;
mod dispatch;
mod docs;
mod image;
mod links;
mod message;
mod objects;
mod roles;
mod session;
mod span;

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use telltale_bytecode::CodeImage;
use telltale_syntax::Analysed;
use telltale_types::{GlobalType, Names};

use span::{at, local};

/// The module of a protocol. Without an image it has every item all the same, so that code that uses
/// them is right, but it does nothing.
pub(crate) fn protocol(protocol: &Analysed, image: Option<&CodeImage>) -> TokenStream {
    let interface = &protocol.interface;
    let (visibility, module) = (&protocol.visibility, &interface.module);
    let docs = docs::module(protocol);
    let crate_path = protocol.attributes.crate_path.as_ref();
    let runtime = runtime(crate_path);
    let image_static = image.map_or_else(|| image::emit(&no_image()), image::emit);
    let roles = roles::emit(interface, &outside(crate_path));
    let choices = choices::emit(interface);
    let uses = span::without_places(interface);
    let session = session::emit(interface);
    let objects = objects::emit(&uses, image);
    let links = links::emit(interface);
    let inside = quote! {
        use super::*;
        use #runtime::generated as __telltale;

        #image_static
        #roles
        #choices
        #session
        #objects
        #links
    };
    // From the first word to the last brace it stands at the name of the protocol, so errors about it point there.
    let keyword = Ident::new("mod", at(module.span()));
    let mut block = Group::new(Delimiter::Brace, inside);
    block.set_span(Span::call_site().located_at(module.span()));
    // The lints are about code that somebody wrote; nobody wrote this. A payload type may be less
    // visible than the protocol, and not every protocol is used in every way.
    quote! {
        #docs
        #[allow(
            unused,
            unused_qualifications,
            unexpected_cfgs,
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

/// Where the user finds `telltale_vm`: how a method says it that an editor copies from a trait to an `impl`.
fn outside(path: Option<&syn::Path>) -> TokenStream {
    match path {
        Some(path) if path.segments.len() > 1 && path.segments[0].ident == "self" => {
            let rest = path.segments.iter().skip(1);
            quote!(#(#rest)::*)
        }
        path => runtime(path),
    }
}
