//! Payloads that are given once, with a choice, and sent to several receivers.
//!
//! What is for the later receivers waits beside the role objects. Only protocols that have such messages have a place
//! for it; in all others the struct `Roles` is what the VM sees.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use telltale_syntax::interface::{Interface, Variant};
use telltale_types::{LabelId, RoleId};

use super::message::{payload_type, place};
use super::session;

/// The payloads that wait: who gives them, and their labels.
pub(super) struct GivenOnce {
    payloads: Vec<(RoleId, LabelId)>,
}

impl GivenOnce {
    /// Those of a protocol.
    pub(super) fn of(interface: &Interface) -> Self {
        let mut payloads = Vec::new();
        for choice in &interface.choices {
            for variant in choice.variants.iter().filter(|variant| !variant.others.is_empty()) {
                if !payloads.contains(&(choice.role, variant.label)) {
                    payloads.push((choice.role, variant.label));
                }
            }
        }
        Self { payloads }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    fn number_of(&self, role: RoleId, label: LabelId) -> Option<usize> {
        self.payloads.iter().position(|payload| *payload == (role, label))
    }

    /// Where a payload of this role and label waits.
    pub(super) fn place_of(&self, role: RoleId, label: LabelId) -> Option<TokenStream> {
        let at = Literal::usize_unsuffixed(self.number_of(role, label)?);
        Some(quote!(&mut self.given.#at))
    }

    /// Where the object of a role is.
    pub(super) fn objects(&self) -> TokenStream {
        if self.is_empty() { quote!(self) } else { quote!(self.roles) }
    }

    /// The type that implements `RoleObjects`.
    pub(super) fn type_name(&self) -> TokenStream {
        if self.is_empty() { quote!(Roles) } else { quote!(__Objects) }
    }

    /// `self.given.0.keep(&payload, __copy0, 2);`
    pub(super) fn keep(
        &self,
        interface: &Interface,
        role: RoleId,
        variant: &Variant,
        payload: &TokenStream,
    ) -> Option<TokenStream> {
        let count = Literal::usize_unsuffixed(variant.others.len());
        let kept = self.place_of(role, variant.label).filter(|_| !variant.others.is_empty())?;
        let copy = copy(self.number_of(role, variant.label)?);
        let label = &interface.labels[variant.label.index()];
        Some(quote_spanned!(place(label)=> (#kept).keep(&#payload, #copy, #count);))
    }

    /// `struct __Objects`, if there is something to keep.
    pub(super) fn emit(&self, interface: &Interface) -> TokenStream {
        if self.is_empty() {
            return TokenStream::new();
        }
        let generics = session::generics(interface);
        let bounds = session::bounds(interface);
        let label = |(_, label): &(RoleId, LabelId)| &interface.labels[label.index()];
        let payloads = self.payloads.iter().map(label).map(|label| {
            let ty = payload_type(label);
            quote_spanned!(place(label)=> __telltale::GivenOnce<#ty>)
        });
        let copies = self.payloads.iter().map(label).enumerate().map(|(nth, label)| {
            let (copy, ty) = (copy(nth), payload_type(label));
            quote_spanned! {place(label)=>
                fn #copy(payload: &#ty) -> #ty {
                    __telltale::Clone::clone(payload)
                }
            }
        });
        quote! {
            /// The role objects, and the payloads that have been given for several receivers.
            #[doc(hidden)]
            pub struct __Objects<#(#generics),*> {
                roles: Roles<#(#generics),*>,
                given: (#(#payloads,)*),
            }

            #(#copies)*

            impl<#(#bounds),*> __telltale::NamedRoles for Roles<#(#generics),*> {
                type Objects = __Objects<#(#generics),*>;

                fn into_objects(self) -> Self::Objects {
                    __Objects { roles: self, given: ::core::default::Default::default() }
                }

                fn from_objects(objects: Self::Objects) -> Self {
                    objects.roles
                }

                fn of_objects(objects: &Self::Objects) -> &Self {
                    &objects.roles
                }
            }
        }
    }
    /// What waits is written down, and waits again.
    pub(super) fn snapshots(&self) -> TokenStream {
        if self.is_empty() {
            return TokenStream::new();
        }
        let each = self.payloads.iter().enumerate().map(|(nth, (role, label))| {
            let (role, label) = (Literal::u8_unsuffixed(role.0), Literal::u16_unsuffixed(label.0));
            let member = quote!((__telltale::RoleId(#role), __telltale::LabelId(#label)));
            (copy(nth), Literal::usize_unsuffixed(nth), member)
        });
        let (written, put): (Vec<_>, Vec<_>) = each
            .map(|(copy, at, member)| {
                let written = quote!(to(#member, &self.given.#at.copies(#copy)););
                let put = quote! {
                    if member == #member {
                        return self.given.#at.put(payloads);
                    }
                };
                (written, put)
            })
            .unzip();
        quote! {
            fn given(&self, to: &mut __telltale::GivenSink<'_>) {
                #(#written)*
            }

            fn put_given(
                &mut self,
                member: (__telltale::RoleId, __telltale::LabelId),
                payloads: __telltale::Vec<__telltale::Value>,
            ) {
                #(#put)*
            }
        }
    }
}

/// The function that copies a payload.
fn copy(nth: usize) -> Ident {
    format_ident!("__copy{nth}")
}
