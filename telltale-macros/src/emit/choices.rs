//! An enum for each choice, and a struct for each message with named fields.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::ast::Derives;
use telltale_syntax::interface::{ChoiceInterface, Interface, LabelInterface, Variant};
use telltale_syntax::{Field, Payload};
use telltale_types::LabelId;

use super::message::{fields, taken_apart_of};
use super::span::{across, at, hidden, made_of};
use super::{docs, span};

/// All types that carry payloads.
pub(super) fn emit(interface: &Interface) -> TokenStream {
    let choices = interface.choices.iter().map(|choice| choice_enum(interface, choice));
    let labels = interface.labels.iter().filter(|label| label.has_struct);
    let structs = labels.map(payload_struct);
    quote!(#(#choices)* #(#structs)*)
}

/// `pub enum Verdict { Accept { address: String }, … }`
fn choice_enum(interface: &Interface, choice: &ChoiceInterface) -> TokenStream {
    let ChoiceInterface { name, method, docs, derives, role, variants, .. } = choice;
    let role = docs::role_name(interface, *role);
    let more = format!("What `{role}` can decide; asked for by `{role}::{method}`.");
    let variants = variants.iter().map(|one| variant(interface, one));
    // Without a name of the user's it stands at the word `choice`, as its method does.
    let is_named = interface.is_named(choice);
    let name = if is_named { name.clone() } else { made_of(name, method.span()) };
    let place = name.span();
    let docs = docs::with(place, docs, &more);
    let derived = derive(derives);
    let debug = debug(
        derives,
        &name,
        choice
            .variants
            .iter()
            .map(|one| (Some(&one.name), &interface.labels[one.label.index()].payload)),
    );
    let several = several_branches(interface, choice, &name);
    let item = across(place, quote_spanned!(at(place)=> pub enum #name<> { #(#variants,)* }));
    quote!(#docs #derived #item #debug #several)
}

/// Where a label begins several branches, no variant has its name. Whoever writes it all the same is told which there
/// are.
fn several_branches(
    interface: &Interface,
    choice: &ChoiceInterface,
    name: &Ident,
) -> Option<TokenStream> {
    let mut variants: BTreeMap<LabelId, Vec<&Variant>> = BTreeMap::new();
    for variant in &choice.variants {
        variants.entry(variant.label).or_default().push(variant);
    }
    variants.retain(|_, variants| variants.len() > 1);
    let constants = variants.iter().map(|(label, variants)| {
        let label = &interface.labels[label.index()].name;
        let names = docs::list(variants.iter().map(|variant| &variant.name));
        let note = format!("`{label}` begins several branches, which are called {names}");
        let label = made_of(label, label.span());
        let place = label.span();
        let ty = across(place, quote_spanned!(at(place)=> __telltale::SeveralBranches));
        let constant = quote_spanned! {at(place)=>
            #[doc(hidden)]
            #[deprecated(note = #note)]
            pub const #label: #ty = __telltale::SeveralBranches;
        };
        across(place, constant)
    });
    let constants: Vec<_> = constants.collect();
    let name = hidden(name);
    (!constants.is_empty()).then(|| {
        quote! {
            #[allow(non_upper_case_globals)]
            impl #name { #(#constants)* }
        }
    })
}

/// `#[derive(…)]`
fn derive(derives: &Derives) -> Option<TokenStream> {
    let paths = &derives.paths;
    (!derives.is_empty()).then(|| quote!(#[::core::prelude::v1::derive(#(#paths),*)]))
}

/// `impl Debug`, unless it is derived: what carries a payload that cannot be printed can be printed all the same.
fn debug<'a>(
    derives: &Derives,
    name: &Ident,
    variants: impl Iterator<Item = (Option<&'a Ident>, &'a Payload)>,
) -> Option<TokenStream> {
    if derives.has("Debug") {
        return None;
    }
    let arms = variants.map(|(variant, payload)| {
        let of = variant.map(hidden).map(|variant| quote!(::#variant));
        let text = variant.unwrap_or(name).to_string();
        let (pattern, _) = taken_apart_of(&span::payload_without_places(payload), name.span());
        let names = fields(payload.types().count(), name.span());
        let printed = match payload {
            Payload::Unit => quote!(f.write_str(#text)),
            Payload::Tuple(_) => {
                quote!(f.debug_tuple(#text)#(.field((&__telltale::Printed(#names)).printable()))*.finish())
            }
            Payload::Record(record) => {
                let keys = record.iter().map(|field| field.name.to_string());
                quote! {
                    f.debug_struct(#text)
                        #(.field(#keys, (&__telltale::Printed(#names)).printable()))*
                        .finish()
                }
            }
        };
        quote!(Self #of #pattern => #printed,)
    });
    let name = hidden(name);
    Some(quote! {
        impl ::core::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                use __telltale::{PrintedAsDebug as _, PrintedAsHole as _};
                match self { #(#arms)* }
            }
        }
    })
}

fn variant(interface: &Interface, variant: &Variant) -> TokenStream {
    let Variant { name, receiver, label, docs } = variant;
    let label = &interface.labels[label.index()];
    let (text, receiver) = (docs::label(label), docs::role_name(interface, *receiver));
    let docs = docs::with(name.span(), docs, &format!("Sends `{text}` to `{receiver}`."));
    let name = if *name == label.name { name.clone() } else { made_of(name, name.span()) };
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
    let LabelInterface { name, payload, docs, derives, .. } = label;
    let debug = debug(derives, name, [(None, payload)].into_iter());
    let derived = derive(derives);
    let Payload::Record(fields) = payload else { return TokenStream::new() };
    let docs = docs::with(name.span(), docs, &format!("What `{name}` carries."));
    let public = quote!(pub);
    let fields = fields.iter().map(|one| field(label, Some(&public), one));
    let place = name.span();
    let item = across(place, quote_spanned!(at(place)=> pub struct #name<> { #(#fields),* }));
    quote!(#docs #derived #item #debug)
}

fn field(label: &LabelInterface, public: Option<&TokenStream>, field: &Field) -> TokenStream {
    let Field { name, ty } = field;
    let docs = docs::of(name.span(), &format!("`{name}` of `{}`.", label.name));
    quote!(#docs #public #name: #ty)
}
