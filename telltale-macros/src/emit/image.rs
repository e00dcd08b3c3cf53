//! The image as a `static`: nothing is built when the program starts.
//!
//! Tables are byte strings, one token each however long the protocol is.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use telltale_bytecode::{Branch, Channel, CodeImage, Pc};
use telltale_types::RoleId;

/// `pub static IMAGE: CodeImage = …;`
pub(super) fn emit(image: &CodeImage) -> TokenStream {
    let (roles, text, ends) = image.names().parts();
    let roles = Literal::u8_unsuffixed(roles);
    let (branches, sets, set_ends_and_targets) = image.choices();
    let sets = Literal::u16_unsuffixed(sets);
    let ends = Literal::byte_string(ends);
    let global_type = Literal::byte_string(image.global_type.packed());
    let local_count = Literal::usize_unsuffixed(image.local_types.len());
    let local_types =
        image.local_types.iter().map(|(_, local)| Literal::byte_string(local.packed()));
    let code = image.programs.code().iter().flat_map(|instr| instr.to_word().to_le_bytes());
    let code = table(&quote!(decode), image.programs.code().len(), code);
    let program_ends = numbers(image.programs.ends());
    let set_ends_and_targets = numbers(set_ends_and_targets);
    let branches =
        table(&quote!(branches), branches.len(), branches.iter().copied().flat_map(branch));
    let extras = extras(image.rests());
    let channels = image.channels();
    let channels =
        table(&quote!(channels), channels.len(), channels.iter().copied().flat_map(channel));
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

fn branch(branch: Branch) -> [u8; 3] {
    let [low, high] = branch.label.0.to_le_bytes();
    [branch.peer.0, low, high]
}

/// Few protocols have places where a role may rest.
fn extras(rests: &[(RoleId, Pc)]) -> TokenStream {
    if rests.is_empty() {
        return quote!(::core::option::Option::None);
    }
    let rests = table(&quote!(rests), rests.len(), rests.iter().copied().flat_map(rest));
    quote!(::core::option::Option::Some(
        const { &__telltale::Extras::resting_static(#rests) }
    ))
}

fn rest((role, pc): (RoleId, Pc)) -> [u8; 5] {
    let [a, b, c, d] = pc.0.to_le_bytes();
    [role.0, a, b, c, d]
}

fn channel(channel: Channel) -> [u8; 3] {
    [channel.from.0, channel.to.0, channel.single.into()]
}

fn numbers(numbers: &[u32]) -> TokenStream {
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
    table(&quote!(numbers), numbers.len(), bytes)
}

/// A table that the compiler unpacks into read-only data.
fn table(unpack: &TokenStream, rows: usize, bytes: impl Iterator<Item = u8>) -> TokenStream {
    if rows == 0 {
        return quote!(&[]);
    }
    let bytes = Literal::byte_string(&bytes.collect::<Vec<u8>>());
    let rows = Literal::usize_unsuffixed(rows);
    quote!(const { &__telltale::#unpack::<#rows>(#bytes) })
}
