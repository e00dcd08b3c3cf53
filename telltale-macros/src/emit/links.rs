//! Links from the statements of a protocol to what their names stand for. They are for editors: the compiler never sees
//! them.

use std::fmt::Write as _;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use telltale_syntax::Payload;
use telltale_syntax::interface::{Interface, LabelInterface, Mentioned};
use telltale_types::LabelId;

use super::docs;
use super::word::left;

/// An enum of the labels with what they carry, and a `use` for each statement that names a role or a label.
pub(super) fn emit(interface: &Interface) -> TokenStream {
    let methods = methods(interface);
    let labels = interface.labels.iter().zip(&methods).map(|(one, methods)| label(one, methods));
    let uses = interface.mentions.iter().filter_map(|mention| {
        let name = &mention.name;
        match mention.meaning {
            Mentioned::Role(role) if interface.roles[role.index()].like.is_some() => {
                Some(quote!(Role::#name as _))
            }
            // Who renames a role in a statement means both.
            Mentioned::Role(_) => Some(quote!(#name as _, Role::#name as _)),
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

/// For each label the methods that give and take it.
fn methods(interface: &Interface) -> Vec<String> {
    let mut methods = vec![String::new(); interface.labels.len()];
    let mut add = |role: &Ident, label: LabelId, method: &Ident| {
        let text = &mut methods[label.index()];
        let comma = if text.is_empty() { "" } else { ", " };
        write!(text, "{comma}`{role}::{method}`").expect("a text takes all text");
    };
    for role in interface.roles.iter().filter(|role| role.like.is_none()) {
        role.sends.iter().for_each(|method| add(&role.name, method.label, &method.name));
        role.receives.iter().for_each(|method| add(&role.name, method.label, &method.name));
    }
    methods
}

/// A label as it is written, and the methods that give and take it.
fn label(label: &LabelInterface, methods: &str) -> TokenStream {
    let docs = docs::with(&label.docs, &format!("`{}`: {methods}.", docs::label(label)));
    let name = &label.name;
    match left(&label.payload) {
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
