//! What a message carries.

mod inner;
mod print;
mod unfit;
mod words;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;
use syn::spanned::Spanned;

pub(crate) use inner::one_module_in;
pub(crate) use print::{tokens_text, type_text};
pub(crate) use unfit::find_unfit;
pub(crate) use words::{begins_path, is_type_name, with_first_words};

/// The fields of a label, in the shape they were written in.
#[derive(Clone, Debug, Default)]
pub enum Payload {
    /// `Ping`, `Ping()` or `Ping {}`
    #[default]
    Unit,
    /// `Pair(u64, String)`
    Tuple(Vec<Type>),
    /// `Accept { address: String }`
    Record(Vec<Field>),
}

/// A named field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Ident,
    /// Its type, as written.
    pub ty: Type,
}

impl Payload {
    /// The payload type as the one text by which payloads are compared: `()`, `u64`,
    /// `(u64, String)` or `{ address: String }`.
    ///
    /// The same for tokens of a compiler and of a text.
    pub fn text(&self) -> String {
        match self {
            Self::Unit => "()".to_owned(),
            Self::Tuple(types) if types.len() == 1 => type_text(&types[0]),
            Self::Tuple(types) => format!("({})", list(types.iter().map(type_text))),
            Self::Record(fields) => {
                let field = |field: &Field| format!("{}: {}", field.name, type_text(&field.ty));
                format!("{{ {} }}", list(fields.iter().map(field)))
            }
        }
    }

    /// The payload with types that mean inside of a module what these mean around it.
    pub(crate) fn one_module_in(&self) -> Self {
        let moved =
            |field: &Field| Field { name: field.name.clone(), ty: one_module_in(&field.ty) };
        match self {
            Self::Unit => Self::Unit,
            Self::Tuple(types) => Self::Tuple(types.iter().map(one_module_in).collect()),
            Self::Record(fields) => Self::Record(fields.iter().map(moved).collect()),
        }
    }

    /// The types in it.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        let (tuple, record): (&[Type], &[Field]) = match self {
            Self::Unit => (&[], &[]),
            Self::Tuple(types) => (types, &[]),
            Self::Record(fields) => (&[], fields),
        };
        tuple.iter().chain(record.iter().map(|field| &field.ty))
    }

    /// Whether there is nothing to carry.
    pub fn is_unit(&self) -> bool {
        self.text() == "()"
    }

    /// The payload as one Rust type, if it has no named fields: `()`, the type, or a tuple of them.
    pub fn as_type(&self) -> Option<TokenStream> {
        match self {
            Self::Unit => Some(quote::quote!(())),
            Self::Tuple(types) if types.len() == 1 => Some(types[0].to_token_stream()),
            Self::Tuple(types) => {
                // Where the first type stands, so that errors about the whole do not point to the whole macro.
                let mut tuple = Group::new(Delimiter::Parenthesis, quote::quote!(#(#types),*));
                tuple.set_span(types.first().map_or_else(Span::call_site, Spanned::span));
                Some(TokenTree::from(tuple).into())
            }
            Self::Record(_) => None,
        }
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
