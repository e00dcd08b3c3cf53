//! An enum for each choice, and a struct for each message with named fields.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use telltale_syntax::interface::{ChoiceInterface, Interface, LabelInterface, Variant};
use telltale_syntax::{Field, Payload};

use super::{at, docs, placed};

/// All types that carry payloads.
pub(super) fn emit(interface: &Interface) -> TokenStream {
    let choices = interface.choices.iter().map(|choice| choice_enum(interface, choice));
    let labels = interface.labels.iter().filter(|label| label.has_struct);
    let structs = labels.map(payload_struct);
    quote!(#(#choices)* #(#structs)*)
}

/// `pub enum Verdict { Accept { address: String }, … }`
fn choice_enum(interface: &Interface, choice: &ChoiceInterface) -> TokenStream {
    let ChoiceInterface { name, docs, role, variants, .. } = choice;
    let more = format!("What `{}` can decide.", docs::role_name(interface, *role));
    let docs = docs::with(docs, &more);
    let variants = variants.iter().map(|one| variant(interface, one));
    let name = placed(name);
    quote_spanned!(at(name.span())=> #docs pub enum #name { #(#variants,)* })
}

fn variant(interface: &Interface, variant: &Variant) -> TokenStream {
    let Variant { name, receiver, label, docs } = variant;
    let label = &interface.labels[label.index()];
    let (text, receiver) = (docs::label(label), docs::role_name(interface, *receiver));
    let docs = docs::with(docs, &format!("Sends `{text}` to `{receiver}`."));
    match &label.payload {
        Payload::Unit => quote!(#docs #name),
        Payload::Tuple(types) => quote!(#docs #name(#(#types),*)),
        Payload::Record(fields) => {
            let fields = fields.iter().map(|one| field(label, None, one));
            quote!(#docs #name { #(#fields),* })
        }
    }
}

/// `pub struct Accept { pub address: String }`
fn payload_struct(label: &LabelInterface) -> TokenStream {
    let LabelInterface { name, payload, docs, .. } = label;
    let Payload::Record(fields) = payload else { return TokenStream::new() };
    let docs = docs::with(docs, &format!("What `{name}` carries."));
    let public = quote!(pub);
    let fields = fields.iter().map(|one| field(label, Some(&public), one));
    let name = placed(name);
    quote_spanned!(at(name.span())=> #docs pub struct #name { #(#fields),* })
}

fn field(label: &LabelInterface, public: Option<&TokenStream>, field: &Field) -> TokenStream {
    let Field { name, ty } = field;
    let docs = docs::doc(&format!("`{name}` of `{}`.", label.name));
    quote!(#docs #public #name: #ty)
}
