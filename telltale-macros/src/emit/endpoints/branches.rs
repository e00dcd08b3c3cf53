//! What may come in a state: an enum with the payload and the next state of each branch.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::Payload;
use telltale_syntax::interface::LabelInterface;
use telltale_types::{Action, LocalExit, StateId};

use super::Part;
use crate::emit::docs;
use crate::emit::message::{fields, place};

impl Part<'_> {
    /// `pub enum AnswerBranch { Buy(u64, Parcel), Leave(End) }`
    pub(super) fn branches(&self, state: StateId, name: &Ident) -> TokenStream {
        let exits: Vec<LocalExit> = self.local.exits(state).collect();
        let variants = exits.iter().map(|&exit| self.variant(&exits, exit));
        let arms = exits.iter().map(|&exit| self.arm(&exits, exit));
        let mut names: Vec<Ident> =
            exits.iter().map(|&exit| self.exit_name(&exits, exit, "From")).collect();
        let end = self.local.may_end(state).then(|| {
            let is_taken = names.iter().any(|name| name == "End");
            Ident::new(if is_taken { "SessionEnd" } else { "End" }, name.span())
        });
        let end_variant = end.as_ref().map(|end| {
            let docs = docs::doc(&format!(
                "Nothing more: the others are done, and so is `{}`.",
                self.role.name
            ));
            quote!(#docs #end)
        });
        let end_arm = end
            .as_ref()
            .map(|end| quote!(if arrived.is_nothing() { return __telltale::Ok(Self::#end); }));
        names.extend(end);
        let texts = names.iter().map(ToString::to_string);
        let docs = docs::doc(&format!("What may come in [`{}`].", self.names.state(state)));
        quote_spanned! {name.span()=>
            #docs
            pub enum #name { #(#variants,)* #end_variant }

            impl __telltale::Branches for #name {
                fn of(arrived: __telltale::Arrived) -> __telltale::Result<Self, __telltale::SessionError> {
                    match arrived.key() { #(#arms)* _ => {} }
                    #end_arm
                    arrived.unexpected()
                }
            }

            impl ::core::fmt::Debug for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.write_str(match self { #(Self::#names { .. } => #texts,)* })
                }
            }
        }
    }

    /// `Buy(u64, Parcel)`
    fn variant(&self, exits: &[LocalExit], exit: LocalExit) -> TokenStream {
        let (label, from) = (self.label(exit), self.peer(exit));
        let name = self.exit_name(exits, exit, "From");
        let (text, target) = (docs::label(label), self.names.state(exit.target));
        let docs = docs::doc(&format!("`{text}` from `{from}`; then comes [`{target}`]."));
        let types =
            label.payload.types().map(|ty| self.names.payload(&Payload::Tuple(vec![ty.clone()])));
        match &label.payload {
            Payload::Unit | Payload::Tuple(_) => quote!(#docs #name(#(#types,)* #target)),
            Payload::Record(fields) => {
                let fields = fields.iter().zip(types).map(|(field, ty)| {
                    let name = &field.name;
                    let docs = docs::doc(&format!("`{name}` of `{}`.", label.name));
                    quote!(#docs #name: #ty)
                });
                let (me, docs_of_me) = (me(label), docs::doc("The endpoint, in its next state."));
                quote!(#docs #name { #(#fields,)* #docs_of_me #me: #target })
            }
        }
    }

    /// `65538 => return arrived.take().map(|(field0, me)| Self::Buy(field0, me)),`
    fn arm(&self, exits: &[LocalExit], exit: LocalExit) -> TokenStream {
        let label = self.label(exit);
        let name = self.exit_name(exits, exit, "From");
        let LocalExit { action: Action { peer, label: id, .. }, .. } = exit;
        let key = Literal::u32_unsuffixed(u32::from(peer.0) << 16 | u32::from(id.0));
        let parts = fields(label.payload.types().count(), place(label));
        match (&label.payload, &parts[..]) {
            (Payload::Unit, _) | (Payload::Tuple(_), []) => {
                quote!(#key => return arrived.signal().map(Self::#name),)
            }
            (Payload::Tuple(_), [_]) => {
                quote!(#key => return arrived.take().map(|(payload, me)| Self::#name(payload, me)),)
            }
            (Payload::Tuple(_), parts) => quote! {
                #key => return arrived.take().map(|((#(#parts),*), me)| Self::#name(#(#parts,)* me)),
            },
            (Payload::Record(fields), parts) => {
                let names = fields.iter().map(|field| &field.name);
                let me = me(label);
                let payload = match parts {
                    [one] => quote!(#one),
                    parts => quote!((#(#parts),*)),
                };
                quote! {
                    #key => return arrived.take()
                        .map(|(#payload, me)| Self::#name { #(#names: #parts,)* #me: me }),
                }
            }
        }
    }
}

/// The field of the next state; a payload may have one of that name.
fn me(label: &LabelInterface) -> Ident {
    let Payload::Record(fields) = &label.payload else { return Ident::new("me", place(label)) };
    let is_taken = fields.iter().any(|field| field.name == "me");
    Ident::new(if is_taken { "me_" } else { "me" }, place(label))
}
