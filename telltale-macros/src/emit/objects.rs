//! The role objects of one session, as the VM sees them: from numbers to typed methods.

use proc_macro2::TokenStream;
use quote::quote;
use telltale_bytecode::CodeImage;
use telltale_syntax::interface::Interface;

use super::dispatch::dispatch;
use super::{decision, message, session};

/// `struct __Objects` and what the VM asks of it; without an image it asks nothing.
pub(super) fn emit(interface: &Interface, image: Option<&CodeImage>) -> TokenStream {
    let generics = session::generics(interface);
    let bounds = session::bounds(interface);
    let arguments: Vec<_> = interface.roles.iter().map(|role| &role.argument).collect();
    let messages = image.map(|_| message::arms(interface)).unwrap_or_default();
    let choices = image.map(|image| decision::arms(interface, image)).unwrap_or_default();
    let messages = dispatch(&quote!(__telltale::message_key(from, to, label)), messages);
    let choices = dispatch(&quote!(__telltale::choice_key(role, set)), choices);
    quote! {
        #[doc(hidden)]
        pub struct __Objects<#(#generics),*> { #(#arguments: #generics),* }

        impl<#(#bounds),*> __telltale::RoleObjects for __Objects<#(#generics),*> {
            #[inline]
            fn message<__Visitor: __telltale::MessageVisitor>(
                &mut self,
                from: __telltale::RoleId,
                to: __telltale::RoleId,
                label: __telltale::LabelId,
                visitor: __Visitor,
            ) -> __Visitor::Done {
                #messages
            }

            #[inline]
            fn choice<__Visitor: __telltale::ChoiceVisitor>(
                &mut self,
                role: __telltale::RoleId,
                set: __telltale::SetId,
                visitor: __Visitor,
            ) -> __Visitor::Done {
                #choices
            }

            fn discard(self) {
                #(__telltale::discard(self.#arguments);)*
            }
        }

        impl<#(#bounds),*> __telltale::Returned for __Objects<#(#generics),*> {
            type Ended = Ended<#(#generics),*>;

            fn end(self, outcome: __telltale::Outcome) -> Self::Ended {
                Ended { outcome, #(#arguments: self.#arguments),* }
            }
        }
    }
}
