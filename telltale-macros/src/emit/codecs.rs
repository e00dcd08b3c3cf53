//! How payloads are written down, if `#[serde]` stands in front of the protocol: a table with an entry for each label.
//!
//! What an entry says stands at the payload's type, so that a type without serde is an error there.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use telltale_syntax::Payload;
use telltale_syntax::ast::Serde;
use telltale_syntax::interface::{Interface, LabelInterface};

use super::message::{payload_type, place};
use super::word::ours;
use super::{at, one_module_in};

/// What serde knows tuples of.
const MOST_FIELDS: usize = 16;

/// The table, as an `Option` of a reference to a `static`.
pub(super) fn emit(interface: &Interface, serde: &Serde) -> TokenStream {
    let codec = serde.codec.as_ref().map_or_else(|| quote!(__telltale::Json), one_module_in);
    let names = interface.labels.iter().enumerate().filter_map(|(nth, label)| names(nth, label));
    let labels = interface.labels.iter().enumerate().map(|(nth, label)| entry(nth, label));
    let lines = interface.labels.iter().map(|label| line(label.name.span()));
    let span = serde.codec.as_ref().map_or_else(|| serde.span.first(), Spanned::span);
    let codec = quote_spanned!(at(span)=> type __Codec = #codec;);
    let new = quote_spanned!(at(span)=> __telltale::PayloadCodecs::new::<__Codec>);
    // The whole table is the argument of one macro: where `telltale_vm` is without serde, that is one error, at the attribute.
    let mut table = Group::new(
        Delimiter::Brace,
        quote! {{
            #codec
            #(#names)*
            static CODECS: __telltale::PayloadCodecs =
                #new(&[#(#labels),*]).at(::core::file!(), &[#(#lines),*]);
            ::core::option::Option::Some(&CODECS)
        }},
    );
    table.set_span(ours(serde.span.last()));
    quote_spanned!(ours(serde.span.first())=> __telltale::with_serde! #table)
}

/// The line of a place in its file; 0 outside of a compiler.
fn line(place: Span) -> Literal {
    let line = if proc_macro::is_available() { place.unwrap().line() } else { 0 };
    Literal::u32_unsuffixed(u32::try_from(line).unwrap_or(0))
}

/// `PayloadCodec::of::<__Codec, u64>()`, `tuple2::<__Codec, u64, String>()` or `record2::<__Codec, __Names0, u64, String>()`
fn entry(nth: usize, label: &LabelInterface) -> TokenStream {
    let types: Vec<_> = label.payload.types().collect();
    if let Some(one_more) = types.get(MOST_FIELDS) {
        let problem = format!("a payload with `#[serde]` has at most {MOST_FIELDS} fields");
        return syn::Error::new_spanned(one_more, problem).to_compile_error();
    }
    let place = place(label);
    match &label.payload {
        Payload::Record(_) => {
            let record = Ident::new(&format!("record{}", types.len()), place);
            let names = format_ident!("__Names{nth}");
            quote_spanned!(place=> __telltale::#record::<__Codec, #names, #(#types),*>())
        }
        Payload::Tuple(_) if types.len() > 1 => {
            let tuple = Ident::new(&format!("tuple{}", types.len()), place);
            quote_spanned!(place=> __telltale::#tuple::<__Codec, #(#types),*>())
        }
        Payload::Unit | Payload::Tuple(_) => {
            let payload = payload_type(label);
            quote_spanned!(place=> __telltale::PayloadCodec::of::<__Codec, #payload>())
        }
    }
}

/// What the fields of a payload are called.
fn names(nth: usize, label: &LabelInterface) -> Option<TokenStream> {
    let Payload::Record(fields) = &label.payload else { return None };
    let ty = format_ident!("__Names{nth}");
    let names = fields.iter().map(|field| syn::ext::IdentExt::unraw(&field.name).to_string());
    Some(quote! {
        struct #ty;
        impl __telltale::FieldNames for #ty {
            const NAMES: &'static [&'static str] = &[#(#names),*];
        }
    })
}
