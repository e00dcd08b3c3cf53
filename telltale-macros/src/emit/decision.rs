//! Decisions: which role is asked, and who takes the first message of the branch that it takes.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use telltale_bytecode::packed::choice_key;
use telltale_bytecode::{Branch, CodeImage, Instr, SetId};
use telltale_syntax::interface::{ChoiceInterface, Interface, Variant};
use telltale_types::RoleId;

use super::dispatch::Arm;
use super::given_once::GivenOnce;
use super::local;
use super::message::{carrying, object, path, place, taken, taken_apart};

/// An arm for each choice.
pub(super) fn arms(interface: &Interface, image: &CodeImage, given: &GivenOnce) -> Vec<Arm> {
    let sets = sets(image);
    // Whatever is chosen in the protocol is chosen in the image.
    let arm = |choice: &ChoiceInterface| {
        let branches = sorted(choice.variants.iter().map(first_message));
        let set = sets.get(&(choice.role, branches.clone()))?;
        Some(Arm {
            key: choice_key(choice.role, *set),
            gives: decision(interface, given, choice, &branches),
        })
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

/// `match self::Bob::verdict(&mut self.bob) { … }`
fn decision(
    interface: &Interface,
    given: &GivenOnce,
    choice: &ChoiceInterface,
    branches: &[Branch],
) -> TokenStream {
    let role = &interface.roles[choice.role.index()];
    let asked = choice.like.map_or(choice, |model| &interface.choices[model]);
    let method = path(interface.model(choice.role), &asked.method);
    let object = object(given, role);
    let variants = (choice.variants.iter()).filter_map(|one| {
        let branch = branches.iter().position(|branch| *branch == first_message(one))?;
        variant(interface, given, choice, one, branch)
    });
    let error = local("error", Span::call_site());
    quote! {
        match #method(#object) {
            #(#variants)*
            __telltale::Err(#error) => visitor.fail(#error),
        }
    }
}

/// The enum and the variant for a branch. They may be those of another choice, whose branches begin with the same
/// labels.
fn variant_of<'i>(
    interface: &'i Interface,
    choice: &'i ChoiceInterface,
    variant: &'i Variant,
) -> (&'i Ident, &'i Ident) {
    let Some(model) = choice.like.map(|model| &interface.choices[model]) else {
        return (&choice.name, &variant.name);
    };
    let with_label = |choice: &'i ChoiceInterface| {
        choice.variants.iter().filter(|other| other.label == variant.label)
    };
    let nth = with_label(choice).position(|other| std::ptr::eq(other, variant)).unwrap_or(0);
    (&model.name, with_label(model).nth(nth).map_or(&variant.name, |other| &other.name))
}

/// `Ok(Verdict::Counter(a)) => visitor.transfer(1, a, &mut self.alice, self::Alice::on_counter),`
fn variant(
    interface: &Interface,
    given: &GivenOnce,
    choice: &ChoiceInterface,
    variant: &Variant,
    branch: usize,
) -> Option<TokenStream> {
    let receives = &interface.roles[variant.receiver.index()].receives;
    let receives = receives.iter().find(|method| method.label == variant.label)?;
    let label = &interface.labels[variant.label.index()];
    let taken = taken(interface, given, choice.role, variant.receiver, receives);
    let (fields, payload) = taken_apart(label);
    let (carried, branch) =
        (carrying("transfer", receives, label), Literal::usize_unsuffixed(branch));
    let sent = local("payload", place(label));
    let kept = given.keep(interface, choice.role, variant, &quote!(#sent));
    let kept = kept.map(|kept| quote!(let #sent = #payload; #kept));
    let payload = if kept.is_some() { quote!(#sent) } else { payload };
    let payload = (!receives.parameters.is_empty()).then(|| quote!(#payload,));
    let (choice, variant) = variant_of(interface, choice, variant);
    Some(quote_spanned! {place(label)=>
        __telltale::Ok(#choice::#variant #fields) => {
            #kept
            visitor.#carried(#branch, #payload #taken)
        }
    })
}
