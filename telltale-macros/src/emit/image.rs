//! The image as a `static`: nothing is built when the program starts.
//!
//! Tables are byte strings, one token each however long the protocol is.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use telltale_bytecode::{CodeImage, packed};

/// `pub static IMAGE: CodeImage = …;`
pub(super) fn emit(image: &CodeImage, codecs: Option<TokenStream>) -> TokenStream {
    let (roles, text, ends) = image.names().parts();
    let roles = Literal::u8_unsuffixed(roles);
    let (branches, sets, set_ends_and_targets) = image.choices();
    let sets = Literal::u16_unsuffixed(sets);
    let ends = Literal::byte_string(ends);
    let global_type = Literal::byte_string(image.global_type.packed());
    let local_count = Literal::usize_unsuffixed(image.local_types.len());
    let local_types =
        image.local_types.iter().map(|(_, local)| Literal::byte_string(local.packed()));
    let code = table(&quote!(code), image.programs.code(), packed::pack_code);
    let program_ends = table(&quote!(numbers), image.programs.ends(), packed::pack_numbers);
    let set_ends_and_targets = table(&quote!(numbers), set_ends_and_targets, packed::pack_numbers);
    let branches = table(&quote!(branches), branches, packed::pack_branches);
    let extras = extras(image, codecs);
    let channels = table(&quote!(channels), image.channels(), packed::pack_channels);
    let hash = Literal::byte_string(&image.hash().0);
    quote! {
        /// The protocol, ready to run. It prints as a readable disassembly.
        pub static IMAGE: __telltale::CodeImage = {
            static NAMES: __telltale::Names = __telltale::Names::from_static(#roles, #text, #ends);
            static LOCAL_TYPES: [__telltale::LocalTypeR; #local_count] =
                [#(__telltale::LocalTypeR::from_static(&NAMES, #local_types)),*];
            static TABLES: __telltale::Image =
                __telltale::Image::from_static(__telltale::StaticImage {
                    names: &NAMES,
                    global_type: #global_type,
                    local_types: &LOCAL_TYPES,
                    code: #code,
                    program_ends: #program_ends,
                    branches: #branches,
                    set_ends_and_targets: #set_ends_and_targets,
                    sets: #sets,
                    channels: #channels,
                    extras: #extras,
                    hash: *#hash,
                });
            __telltale::CodeImage::from_static(&TABLES)
        };
    }
}

/// Few protocols have places where a role may rest, or payloads that can be written down.
fn extras(image: &CodeImage, codecs: Option<TokenStream>) -> TokenStream {
    let rests = image.rests();
    if rests.is_empty() && codecs.is_none() {
        return quote!(::core::option::Option::None);
    }
    let rests = table(&quote!(rests), rests, packed::pack_rests);
    let payloads = codecs.map(|codecs| {
        let version = Literal::u32_unsuffixed(image.payload_version());
        quote!(.with_payloads(#version, __telltale::Attachment(#codecs)))
    });
    quote!(::core::option::Option::Some(
        const { &__telltale::Extras::resting_static(#rests) #payloads }
    ))
}

/// A table that the compiler unpacks into read-only data.
fn table<T>(unpack: &TokenStream, rows: &[T], pack: fn(&[T]) -> Vec<u8>) -> TokenStream {
    if rows.is_empty() {
        return quote!(&[]);
    }
    let bytes = Literal::byte_string(&pack(rows));
    let rows = Literal::usize_unsuffixed(rows.len());
    quote!(const { &__telltale::#unpack::<#rows>(#bytes) })
}
