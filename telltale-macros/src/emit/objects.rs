//! The role objects of one session, as the VM sees them: from numbers to typed methods.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use telltale_bytecode::CodeImage;
use telltale_syntax::interface::Interface;
use telltale_types::RoleId;

use super::dispatch::dispatch;
use super::given_once::GivenOnce;
use super::{decision, message, session};

/// What the VM asks of `Roles`; without an image it asks nothing.
pub(super) fn emit(interface: &Interface, image: Option<&CodeImage>) -> TokenStream {
    let generics = session::generics(interface);
    let bounds = session::bounds(interface);
    let arguments: Vec<_> = interface.roles.iter().map(|role| &role.argument).collect();
    let names = (0..interface.roles.len()).map(|role| &interface.model(RoleId::at(role)).name);
    let ids = (0..=u8::MAX).map(Literal::u8_unsuffixed);
    let given = GivenOnce::of(interface);
    let (objects, ty, kept) = (given.objects(), given.type_name(), given.emit(interface));
    let snapshots = given.snapshots();
    let messages = image.map(|_| message::arms(interface, &given)).unwrap_or_default();
    let choices = image.map(|image| decision::arms(interface, image, &given)).unwrap_or_default();
    let messages = dispatch(&quote!(__telltale::message_key(from, to, label)), messages);
    let choices = dispatch(&quote!(__telltale::choice_key(role, set)), choices);
    // What parallel parts need is linked where somebody names it.
    let is_parallel = image.is_some_and(|image| image.global_type.is_parallel());
    let parallel = is_parallel.then(|| {
        quote! {
            const PARALLEL: __telltale::Option<__telltale::ParallelParts> =
                __telltale::Option::Some(__telltale::PARALLEL);
        }
    });
    quote! {
        #kept

        impl<#(#bounds),*> __telltale::RoleObjects for #ty<#(#generics),*> {
            #parallel

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

            fn image() -> __telltale::Option<&'static __telltale::CodeImage> {
                __telltale::Option::Some(&self::IMAGE)
            }

            #[inline]
            fn players(&self) -> __telltale::Players {
                __telltale::Players::OBJECTS
                    #(.with(__telltale::RoleId(#ids), self::#names::__player(&#objects.#arguments)))*
            }

            fn discard(self) {
                #(__telltale::discard(#objects.#arguments);)*
            }

            #snapshots
        }
    }
}
