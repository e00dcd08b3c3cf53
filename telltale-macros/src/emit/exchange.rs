//! Whole messages at once: what one role's method gives goes straight to another role's method.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use telltale_bytecode::CodeImage;
use telltale_syntax::Payload;
use telltale_syntax::interface::{ChoiceInterface, Interface, SendMethod, Variant};
use telltale_types::{LabelId, RoleId};

use super::cast::{Arm, ask, call, each_choice, fields, place, taken_apart};
use super::local;

/// An arm for each message that is no branch of a choice.
pub(super) fn messages(interface: &Interface) -> Vec<Arm> {
    let roles = (0..interface.roles.len()).map(RoleId::at);
    let arms = roles.flat_map(|from| {
        let sends = interface.roles[from.index()].sends.iter();
        sends.flat_map(move |method| {
            method.peers.iter().filter_map(move |&to| message(interface, from, to, method))
        })
    });
    arms.collect()
}

/// As `__telltale::exchange_key` gives it.
fn key(from: RoleId, to: RoleId, label: LabelId) -> u32 {
    u32::from(from.0) << 24 | u32::from(to.0) << 16 | u32::from(label.0)
}

fn message(interface: &Interface, from: RoleId, to: RoleId, method: &SendMethod) -> Option<Arm> {
    let (sender, label) = (&interface.roles[from.index()], &interface.labels[method.label.index()]);
    let receiver = method.to.then(|| by_name(interface, to));
    let given = call(sender, &method.name, &quote!(#receiver));
    let taken = match &label.payload {
        Payload::Record(_) => {
            let (name, pattern) = (&label.name, taken_apart(label).0);
            quote!(#name #pattern)
        }
        Payload::Unit => quote!(()),
        Payload::Tuple(_) => {
            let payload = &fields(1, place(label))[0];
            quote!(#payload)
        }
    };
    let told = told(interface, from, to, method.label, Carried::Whole)?;
    let (note, failed) = (quote!(given()), failed());
    let then = quote_spanned! {place(label)=>
        match #given { __telltale::Ok(#taken) => { #note; #told } #failed }
    };
    Some(Arm { key: key(from, to, method.label), then })
}

/// `, Role::Bob`, for methods that want to know whom they talk to.
fn by_name(interface: &Interface, role: RoleId) -> TokenStream {
    let name = &interface.roles[role.index()].name;
    quote!(, Role::#name)
}

/// An arm for each choice.
pub(super) fn choices(interface: &Interface, image: &CodeImage) -> Vec<Arm> {
    each_choice(interface, image, &|choice, variants| {
        let (asked, failed) = (ask(interface, choice), failed());
        let variants =
            variants.iter().filter_map(|&(one, branch)| variant(interface, choice, one, branch));
        quote!(match #asked { #(#variants)* #failed })
    })
}

/// `Ok(Verdict::Counter(field0)) => { given(1); self::Alice::on_counter(&mut self.alice, field0) }`
fn variant(
    interface: &Interface,
    choice: &ChoiceInterface,
    variant: &Variant,
    branch: usize,
) -> Option<TokenStream> {
    let label = &interface.labels[variant.label.index()];
    let told = told(interface, choice.role, variant.receiver, variant.label, Carried::InParts)?;
    let (pattern, _) = taken_apart(label);
    let (choice, variant) = (&choice.name, &variant.name);
    let branch = Literal::usize_unsuffixed(branch);
    let note = quote!(given(#branch));
    Some(quote_spanned! {place(label)=>
        __telltale::Ok(#choice::#variant #pattern) => { #note; #told }
    })
}

/// How a payload that is a tuple has been taken.
enum Carried {
    Whole,
    InParts,
}

/// Tells the receiver, which gets what has been taken as `field0` and so on.
fn told(
    interface: &Interface,
    from: RoleId,
    to: RoleId,
    label: LabelId,
    carried: Carried,
) -> Option<TokenStream> {
    let receiver = &interface.roles[to.index()];
    let method = receiver.receives.iter().find(|method| method.label == label)?;
    let payload = &interface.labels[label.index()].payload;
    let sender = method.from.then(|| by_name(interface, from));
    let span = place(&interface.labels[label.index()]);
    let arguments = match (payload, carried) {
        (Payload::Tuple(_), Carried::Whole) => fields(1, span),
        _ => fields(payload.types().count(), span),
    };
    Some(match (method.parameters.len(), &arguments[..]) {
        (1, [_, _, ..]) => call(receiver, &method.name, &quote!(#sender, (#(#arguments),*))),
        _ => call(receiver, &method.name, &quote!(#sender #(, #arguments)*)),
    })
}

/// What the sender has given is no payload. (A closure in place of a `match` would be a function of its own to
/// the compiler, and take twice as long to check.)
fn failed() -> TokenStream {
    let error = local("error", Span::call_site());
    quote!(__telltale::Err(#error) => __telltale::Err(#error),)
}
