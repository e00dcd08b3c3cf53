//! What is generated for one protocol: a module.
//!
//! Identifiers that the user wrote keep their place in the source. Everything else comes from
//! `telltale_vm::generated`, under one private name that no user can have hidden; what an editor copies from a trait to
//! an `impl` is named by paths that mean the same there.

mod choices;
mod codecs;
mod decision;
mod dispatch;
mod docs;
mod endpoints;
mod given_once;
mod image;
mod links;
mod message;
mod objects;
mod roles;
mod session;
mod word;

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use telltale_bytecode::CodeImage;
use telltale_syntax::{Analysed, ast};
use telltale_types::{GlobalType, Names};

use word::{Words, at, local};

/// The module of a protocol. Without an image it has every item all the same, so that code that uses
/// them is right, but it does nothing.
pub(crate) fn protocol(
    protocol: &mut Analysed,
    ast: &ast::Protocol,
    image: Option<&CodeImage>,
) -> TokenStream {
    let interface = &protocol.interface;
    let docs = docs::module(protocol, ast, image);
    let crate_path = protocol.attributes.crate_path.as_ref();
    let runtime = runtime(crate_path);
    let codecs = image.and(protocol.attributes.serde.as_ref());
    let codecs = codecs.map(|serde| codecs::emit(interface, serde));
    let image_static = match image {
        Some(image) => image::emit(image, codecs),
        None => image::emit(&no_image(), None),
    };
    let words = Words::of(interface);
    let roles = roles::emit(interface, image, &words, &outside(crate_path));
    let choices = choices::emit(interface, &words);
    let session = session::emit(interface, &words, protocol.attributes.serde.is_some());
    let links = links::emit(interface);
    let endpoints = endpoints::emit(interface, image);
    // What is not for users is not for their editors: it only uses what the names stand for.
    words.leave(&mut protocol.interface);
    let objects = objects::emit(&protocol.interface, image);
    let inside = quote! {
        use super::*;
        use #runtime::generated as __telltale;

        #image_static
        #roles
        #choices
        #session
        #objects
        #endpoints
        #links
    };
    // From the first word to the last brace it stands at the name of the protocol, so errors about it point there.
    let keyword = Ident::new("mod", words.module.begin);
    let block = words.module.braces(inside);
    let (visibility, module) = (&protocol.visibility, &protocol.interface.module);
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
    path.map_or_else(|| quote!(::telltale_vm), one_module_in)
}

/// What means in the generated module what a path means around it.
fn one_module_in(path: &syn::Path) -> TokenStream {
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

/// Where the user finds `telltale_vm`: how a method says it that an editor copies from a trait to an `impl`. A path
/// that begins with `super` means two things in the two modules.
fn outside(path: Option<&syn::Path>) -> TokenStream {
    match path {
        Some(path) if path.segments.len() > 1 && path.segments[0].ident == "self" => {
            let rest = path.segments.iter().skip(1);
            quote!(#(#rest)::*)
        }
        path => runtime(path),
    }
}
