//! Links from the statements of a protocol to what their names stand for. They are for editors: nothing uses them.

use proc_macro2::TokenStream;
use quote::quote;
use telltale_syntax::Payload;
use telltale_syntax::interface::{Interface, LabelInterface, Mentioned};
use telltale_types::LabelId;

use super::docs;
use super::span::payload_without_places;

/// An enum of the labels with what they carry, and a `use` for each statement that names a role or a label.
pub(super) fn emit(interface: &Interface) -> TokenStream {
    let labels = interface.labels.iter().enumerate();
    let labels = labels.map(|(at, one)| label(interface, LabelId::at(at), one));
    let uses = interface.mentions.iter().filter_map(|mention| {
        let name = &mention.name;
        match mention.meaning {
            Mentioned::Role(_) => Some(quote!(#name as _)),
            Mentioned::Label(_) => Some(quote!(__Message::#name as _)),
            Mentioned::Choice => None,
        }
    });
    quote! {
        #[cfg(rust_analyzer)]
        enum __Message { #(#labels,)* }
        #[cfg(rust_analyzer)]
        const _: () = { use self::{#(#uses),*}; };
    }
}

/// A label as it is written, and the methods that give and take it.
fn label(interface: &Interface, id: LabelId, label: &LabelInterface) -> TokenStream {
    let name = &label.name;
    let docs = docs::with(name.span(), &label.docs, &docs::methods(interface, id));
    match payload_without_places(&label.payload) {
        Payload::Unit => quote!(#docs #name),
        Payload::Tuple(types) => quote!(#docs #name(#(#types),*)),
        Payload::Record(fields) => {
            let fields = fields.iter().map(|field| {
                let (name, ty) = (&field.name, &field.ty);
                quote!(#name: #ty)
            });
            quote!(#docs #name { #(#fields),* })
        }
    }
}
