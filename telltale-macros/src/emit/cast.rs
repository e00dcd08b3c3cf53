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

use super::{at, local, session};

/// `struct __Cast` and what the VM asks of it; without an image it asks nothing.
pub(super) fn emit(interface: &Interface, image: Option<&CodeImage>) -> TokenStream {
    let generics = session::generics(interface);
    let bounds = session::bounds(interface);
    let arguments: Vec<_> = interface.roles.iter().map(|role| &role.argument).collect();
    let arms = |of: &dyn Fn(&CodeImage) -> Vec<Arm>| image.map(of).unwrap_or_default();
    let unasked = quote!(__telltale::unasked());
    let untold = quote!(__telltale::untold(value));
    let send = dispatch(&quote!(label), arms(&|_| sends(interface)), &unasked);
    let receive = dispatch(&quote!(label), arms(&|_| receives(interface)), &untold);
    let choose = dispatch(&quote!(set), arms(&|image| chooses(interface, image)), &unasked);
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

/// What is done for a role and another number.
struct Arm {
    role: usize,
    number: u16,
    then: TokenStream,
}

impl Arm {
    /// Role and number in one, as `__telltale::key` gives it.
    fn key(&self) -> u32 {
        (self.role as u32) << 16 | u32::from(self.number)
    }
}

/// What the arm for the role and another number does, or what is done if there is none.
fn dispatch(number: &TokenStream, mut arms: Vec<Arm>, otherwise: &TokenStream) -> TokenStream {
    if arms.is_empty() {
        return otherwise.clone();
    }
    arms.sort_unstable_by_key(Arm::key);
    let tree = tree(&arms, otherwise);
    quote! {
        let __key = __telltale::key(role, #number.0);
        #tree
    }
}

/// A tree of comparisons. A `match` would become a jump through a table, and processors foresee where
/// some small branches go much better than where one jump with many targets does.
fn tree(arms: &[Arm], otherwise: &TokenStream) -> TokenStream {
    let key = |arm: &Arm| Literal::u32_unsuffixed(arm.key());
    if arms.len() <= 3 {
        let (keys, then) = (arms.iter().map(key), arms.iter().map(|arm| &arm.then));
        return quote!(#(if __key == #keys { #then } else)* { #otherwise });
    }
    let (low, high) = arms.split_at(arms.len() / 2);
    let (first, low, high) = (key(&high[0]), tree(low, otherwise), tree(high, otherwise));
    quote!(if __key < #first { #low } else { #high })
}

/// Where a payload type stands, or else its label: there the type must be one that can be sent.
fn place(label: &LabelInterface) -> Span {
    let types = label.payload.types().flat_map(ToTokens::to_token_stream);
    let first = types.map(|tree| tree.span()).next();
    at(first.unwrap_or_else(|| label.name.span()))
}

/// `self::Bob::quote(&mut self.bob)`; a method call could mean a method of another trait.
fn call(role: &RoleInterface, method: &Ident, arguments: &TokenStream) -> TokenStream {
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
    Arm { role: id, number: method.label.0, then }
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
    Arm { role: id, number: method.label.0, then }
}

fn chooses(interface: &Interface, image: &CodeImage) -> Vec<Arm> {
    let sets = sets(image);
    let choices = interface.choices.iter();
    // Whatever is chosen in the protocol is chosen in the image.
    let arm = |choice: &ChoiceInterface| {
        let branches = sorted(choice.variants.iter().map(first_message));
        let set = sets.get(&(choice.role, branches.clone()))?;
        Some(choose(interface, choice, *set, &branches))
    };
    choices.filter_map(arm).collect()
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

/// Asks for a choice.
fn choose(interface: &Interface, choice: &ChoiceInterface, set: SetId, branches: &[Branch]) -> Arm {
    let asked = call(&interface.roles[choice.role.index()], &choice.method, &TokenStream::new());
    let variants = choice.variants.iter().filter_map(|variant| {
        let branch = branches.iter().position(|branch| *branch == first_message(variant))?;
        Some(pick(interface, choice, variant, branch))
    });
    let then = quote!(match #asked? { #(#variants,)* });
    Arm { role: choice.role.index(), number: set.0, then }
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
fn taken_apart(label: &LabelInterface) -> (TokenStream, TokenStream) {
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

fn fields(count: usize, place: Span) -> Vec<Ident> {
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
