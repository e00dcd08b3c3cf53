//! Payloads that are given once, with a choice, and sent to several receivers.
//!
//! What is for the later receivers waits beside the role objects. Only protocols that have such messages have a place
//! for it; in all others the struct `Roles` is what the VM sees.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
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

    /// Where a payload of this role and label waits.
    pub(super) fn place_of(&self, role: RoleId, label: LabelId) -> Option<TokenStream> {
        let at = self.payloads.iter().position(|payload| *payload == (role, label))?;
        let at = Literal::usize_unsuffixed(at);
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

    /// `self.given.0.keep(|| Clone::clone(&payload), 2);`
    pub(super) fn keep(
        &self,
        interface: &Interface,
        role: RoleId,
        variant: &Variant,
        payload: &TokenStream,
    ) -> Option<TokenStream> {
        let count = Literal::usize_unsuffixed(variant.others.len());
        let kept = self.place_of(role, variant.label).filter(|_| !variant.others.is_empty())?;
        let label = &interface.labels[variant.label.index()];
        Some(
            quote_spanned!(place(label)=> (#kept).keep(|| __telltale::Clone::clone(&#payload), #count);),
        )
    }

    /// `struct __Objects`, if there is something to keep.
    pub(super) fn emit(&self, interface: &Interface) -> TokenStream {
        if self.is_empty() {
            return TokenStream::new();
        }
        let generics = session::generics(interface);
        let bounds = session::bounds(interface);
        let payloads = self.payloads.iter().map(|(_, label)| {
            let label = &interface.labels[label.index()];
            let ty = payload_type(label);
            quote_spanned!(place(label)=> __telltale::GivenOnce<#ty>)
        });
        quote! {
            /// The role objects, and the payloads that have been given for several receivers.
            #[doc(hidden)]
            pub struct __Objects<#(#generics),*> {
                roles: Roles<#(#generics),*>,
                given: (#(#payloads,)*),
            }

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
}
