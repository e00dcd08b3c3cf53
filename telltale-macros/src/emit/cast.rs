//! The role objects of one session, as the VM calls them: from numbers to typed methods.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use telltale_bytecode::{Branch, CodeImage, Instr, SetId};
use telltale_syntax::Payload;
use telltale_syntax::interface::{
    ChoiceInterface, Interface, LabelInterface, ReceiveMethod, RoleInterface, SendMethod, Variant,
};
use telltale_types::RoleId;

use super::{at, exchange, local, session};

/// `struct __Cast` and what the VM asks of it; without an image it asks nothing.
pub(super) fn emit(interface: &Interface, image: Option<&CodeImage>) -> TokenStream {
    let generics = session::generics(interface);
    let bounds = session::bounds(interface);
    let arguments: Vec<_> = interface.roles.iter().map(|role| &role.argument).collect();
    let arms = |of: &dyn Fn(&CodeImage) -> Vec<Arm>| image.map(of).unwrap_or_default();
    let unasked = quote!(__telltale::unasked());
    let untold = quote!(__telltale::untold(value));
    let by_label = quote!(__telltale::key(role, label.0));
    let by_set = quote!(__telltale::key(role, set.0));
    let by_exchange = quote!(__telltale::exchange_key(from, to, label));
    let apart = quote!(return __telltale::None);
    let send = dispatch(&by_label, arms(&|_| sends(interface)), &unasked);
    let receive = dispatch(&by_label, arms(&|_| receives(interface)), &untold);
    let choose = dispatch(&by_set, arms(&|image| chooses(interface, image)), &unasked);
    let exchange = dispatch(&by_exchange, arms(&|_| exchange::messages(interface)), &apart);
    let decide = dispatch(&by_set, arms(&|image| exchange::choices(interface, image)), &apart);
    let role_of = role_of(interface);
    quote! {
        #[doc(hidden)]
        pub struct __Cast<#(#generics),*> { #(#arguments: #generics),* }

        impl<#(#bounds),*> __telltale::Cast for __Cast<#(#generics),*> {
            fn send(
                &mut self,
                role: __telltale::RoleId,
                to: __telltale::RoleId,
                label: __telltale::LabelId,
            ) -> __telltale::HandlerResult<__telltale::Value> {
                #send
            }

            fn receive(
                &mut self,
                role: __telltale::RoleId,
                from: __telltale::RoleId,
                label: __telltale::LabelId,
                value: __telltale::Value,
            ) -> __telltale::HandlerResult<()> {
                #receive
            }

            fn choose(
                &mut self,
                role: __telltale::RoleId,
                set: __telltale::SetId,
            ) -> __telltale::HandlerResult<__telltale::Picked> {
                #choose
            }

            fn exchange(
                &mut self,
                from: __telltale::RoleId,
                to: __telltale::RoleId,
                label: __telltale::LabelId,
                given: impl __telltale::FnOnce(),
            ) -> __telltale::Option<__telltale::HandlerResult<()>> {
                __telltale::Some({ #exchange })
            }

            fn choose_and_exchange(
                &mut self,
                role: __telltale::RoleId,
                set: __telltale::SetId,
                given: impl __telltale::FnOnce(usize),
            ) -> __telltale::Option<__telltale::HandlerResult<()>> {
                __telltale::Some({ #decide })
            }
        }

        impl<#(#bounds),*> __telltale::Returned for __Cast<#(#generics),*> {
            type Ended = Ended<#(#generics),*>;

            fn end(self, outcome: __telltale::Outcome) -> Self::Ended {
                Ended { outcome, #(#arguments: self.#arguments),* }
            }
        }

        #role_of
    }
}

/// What is done for a key.
pub(super) struct Arm {
    pub(super) key: u32,
    pub(super) then: TokenStream,
}

/// Role and number in one, as `__telltale::key` gives it.
fn key(role: usize, number: u16) -> u32 {
    (role as u32) << 16 | u32::from(number)
}

/// What the arm for the key does, or what is done if there is none.
fn dispatch(key: &TokenStream, mut arms: Vec<Arm>, otherwise: &TokenStream) -> TokenStream {
    if arms.is_empty() {
        return otherwise.clone();
    }
    arms.sort_unstable_by_key(|arm| arm.key);
    let tree = tree(&arms, otherwise);
    quote! {
        let __key = #key;
        #tree
    }
}

/// A tree of comparisons. A `match` would become a jump through a table, and processors foresee where
/// some small branches go much better than where one jump with many targets does.
fn tree(arms: &[Arm], otherwise: &TokenStream) -> TokenStream {
    let key = |arm: &Arm| Literal::u32_unsuffixed(arm.key);
    if arms.len() <= 3 {
        let (keys, then) = (arms.iter().map(key), arms.iter().map(|arm| &arm.then));
        return quote!(#(if __key == #keys { #then } else)* { #otherwise });
    }
    let (low, high) = arms.split_at(arms.len() / 2);
    let (first, low, high) = (key(&high[0]), tree(low, otherwise), tree(high, otherwise));
    quote!(if __key < #first { #low } else { #high })
}

/// Where a payload type stands, or else its label: there the type must be one that can be sent.
pub(super) fn place(label: &LabelInterface) -> Span {
    let types = label.payload.types().flat_map(ToTokens::to_token_stream);
    let first = types.map(|tree| tree.span()).next();
    at(first.unwrap_or_else(|| label.name.span()))
}

/// `self::Bob::quote(&mut self.bob)`; a method call could mean a method of another trait.
pub(super) fn call(role: &RoleInterface, method: &Ident, arguments: &TokenStream) -> TokenStream {
    let RoleInterface { name, argument, .. } = role;
    quote_spanned!(at(method.span())=> self::#name::#method(&mut self.#argument #arguments))
}

fn sends(interface: &Interface) -> Vec<Arm> {
    let roles = interface.roles.iter().enumerate();
    let arms = roles.flat_map(|(id, role)| {
        role.sends.iter().map(move |method| send(interface, id, role, method))
    });
    arms.collect()
}

fn send(interface: &Interface, id: usize, role: &RoleInterface, method: &SendMethod) -> Arm {
    let label = &interface.labels[method.label.index()];
    let to = method.to.then(|| quote!(, __role(to)));
    let given = call(role, &method.name, &quote!(#to));
    let place = place(label);
    let then = if label.has_struct {
        let name = &label.name;
        let (fields, payload) = taken_apart(label);
        quote_spanned! {place=> __telltale::packed(#given.map(|#name #fields| #payload)) }
    } else {
        quote_spanned!(place=> __telltale::packed(#given))
    };
    Arm { key: key(id, method.label.0), then }
}

fn receives(interface: &Interface) -> Vec<Arm> {
    let roles = interface.roles.iter().enumerate();
    let arms = roles
        .flat_map(|(id, role)| role.receives.iter().map(move |method| receive(id, role, method)));
    arms.collect()
}

fn receive(id: usize, role: &RoleInterface, method: &ReceiveMethod) -> Arm {
    let from = method.from.then(|| quote!(, __role(from)));
    let unpacked = quote!(__telltale::unpacked(&IMAGE, label, value)?);
    let then = match method.parameters.len() {
        0 => call(role, &method.name, &quote!(#from)),
        1 => call(role, &method.name, &quote!(#from, #unpacked)),
        count => {
            let fields = fields(count, method.name.span());
            let told = call(role, &method.name, &quote!(#from #(, #fields)*));
            quote!(let (#(#fields),*) = #unpacked; #told)
        }
    };
    Arm { key: key(id, method.label.0), then }
}

fn chooses(interface: &Interface, image: &CodeImage) -> Vec<Arm> {
    each_choice(interface, image, &|choice, variants| {
        let asked = ask(interface, choice);
        let variants =
            variants.iter().map(|&(variant, branch)| pick(interface, choice, variant, branch));
        quote!(match #asked? { #(#variants,)* })
    })
}

/// Asks for a choice.
pub(super) fn ask(interface: &Interface, choice: &ChoiceInterface) -> TokenStream {
    call(&interface.roles[choice.role.index()], &choice.method, &TokenStream::new())
}

/// A variant, and which of the set of branches it is.
pub(super) type Numbered<'a> = (&'a Variant, usize);

/// An arm for each choice, made of its variants.
pub(super) fn each_choice(
    interface: &Interface,
    image: &CodeImage,
    then: &dyn Fn(&ChoiceInterface, &[Numbered<'_>]) -> TokenStream,
) -> Vec<Arm> {
    let sets = sets(image);
    // Whatever is chosen in the protocol is chosen in the image.
    let arm = |choice: &ChoiceInterface| {
        let branches = sorted(choice.variants.iter().map(first_message));
        let set = sets.get(&(choice.role, branches.clone()))?;
        let place = |variant| branches.iter().position(|branch| *branch == first_message(variant));
        let variants: Vec<_> = (choice.variants.iter())
            .filter_map(|variant| Some((variant, place(variant)?)))
            .collect();
        Some(Arm { key: key(choice.role.index(), set.0), then: then(choice, &variants) })
    };
    interface.choices.iter().filter_map(arm).collect()
}

/// The numbers of the sets of branches that each role chooses from.
fn sets(image: &CodeImage) -> BTreeMap<(RoleId, Vec<Branch>), SetId> {
    let programs = image.names().roles().map(|(role, _)| (role, &image.programs[role]));
    let sets = programs.flat_map(|(role, program)| {
        program.iter().filter_map(move |instr| match *instr {
            Instr::Choose { set, .. } => Some(((role, image.branches(set).to_vec()), set)),
            _ => None,
        })
    });
    sets.collect()
}

/// Branches in the order of an image.
fn sorted(branches: impl Iterator<Item = Branch>) -> Vec<Branch> {
    let mut branches: Vec<Branch> = branches.collect();
    branches.sort_unstable_by_key(|branch| (branch.label, branch.peer));
    branches
}

fn first_message(variant: &Variant) -> Branch {
    Branch { peer: variant.receiver, label: variant.label }
}

/// `Verdict::Counter(a) => picked(1, a)`
fn pick(
    interface: &Interface,
    choice: &ChoiceInterface,
    variant: &Variant,
    branch: usize,
) -> TokenStream {
    let branch = Literal::usize_unsuffixed(branch);
    let label = &interface.labels[variant.label.index()];
    let (fields, payload) = taken_apart(label);
    let (choice, variant) = (&choice.name, &variant.name);
    quote_spanned! {place(label)=>
        #choice::#variant #fields => __telltale::picked(#branch, #payload)
    }
}

/// A pattern for the fields of a payload, and the value that travels: nothing, one, or a tuple.
pub(super) fn taken_apart(label: &LabelInterface) -> (TokenStream, TokenStream) {
    let payload = &label.payload;
    let names = fields(payload.types().count(), place(label));
    let value = match &names[..] {
        [] => quote!(()),
        [one] => quote!(#one),
        names => quote!((#(#names),*)),
    };
    let pattern = match payload {
        Payload::Unit => TokenStream::new(),
        Payload::Tuple(_) => quote!((#(#names),*)),
        Payload::Record(fields) => {
            let keys = fields.iter().map(|field| &field.name);
            quote!({ #(#keys: #names),* })
        }
    };
    (pattern, value)
}

pub(super) fn fields(count: usize, place: Span) -> Vec<Ident> {
    (0..count).map(|at| local(&format!("field{at}"), place)).collect()
}

/// The role with a number, if any method asks for it.
fn role_of(interface: &Interface) -> Option<TokenStream> {
    let is_asked = interface.roles.iter().any(|role| {
        role.sends.iter().any(|method| method.to) || role.receives.iter().any(|method| method.from)
    });
    let names = interface.roles.iter().map(|role| &role.name);
    is_asked.then(|| {
        quote! {
            fn __role(id: __telltale::RoleId) -> Role {
                [#(Role::#names),*][id.index()]
            }
        }
    })
}
