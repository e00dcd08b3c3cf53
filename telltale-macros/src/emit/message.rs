//! Messages: which role's method gives the payload, and which takes it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use telltale_bytecode::packed::message_key;
use telltale_syntax::Payload;
use telltale_syntax::interface::{
    Interface, LabelInterface, ReceiveMethod, RoleInterface, SendMethod,
};
use telltale_types::{LabelId, RoleId};

use super::dispatch::Arm;
use super::given_once::GivenOnce;
use super::{at, local};

/// An arm for each message.
pub(super) fn arms(interface: &Interface, given: &GivenOnce) -> Vec<Arm> {
    let mut arms = Vec::new();
    for (to, receiver) in interface.roles.iter().enumerate() {
        for method in &receiver.receives {
            arms.extend(method.peers.iter().map(|&from| Arm {
                key: message_key(from, RoleId::at(to), method.label),
                gives: message(interface, given, from, RoleId::at(to), method),
            }));
        }
    }
    arms
}

/// `visitor.transfer(&mut self.bob, self::Bob::quote, &mut self.alice, self::Alice::on_quote)`
fn message(
    interface: &Interface,
    given: &GivenOnce,
    from: RoleId,
    to: RoleId,
    method: &ReceiveMethod,
) -> TokenStream {
    let label = &interface.labels[method.label.index()];
    let source = source(interface, given, from, to, method.label);
    let carried = if source.is_some() { "transfer" } else { "deliver" };
    let carried = carrying(carried, method, label);
    let taken = taken(interface, given, from, to, method);
    quote_spanned!(place(label)=> visitor.#carried(#source #taken))
}

/// `&mut self.bob, self::Bob::quote,`: where the payload comes from; nowhere if it always comes with a choice.
fn source(
    interface: &Interface,
    given: &GivenOnce,
    from: RoleId,
    to: RoleId,
    label: LabelId,
) -> Option<TokenStream> {
    let sender = &interface.roles[from.index()];
    let method = sender.sends.iter().find(|one| one.label == label && one.peers.contains(&to));
    let asked = method.map(|method| (object(given, sender), give(interface, from, to, method)));
    let kept = given.place_of(from, label).filter(|_| is_given(interface, from, to, label));
    match (asked, kept) {
        (Some((object, ask)), None) => Some(quote!(#object, #ask,)),
        (None, Some(kept)) => Some(quote!(#kept, __telltale::GivenOnce::give,)),
        // It may have been given, depending on how the protocol has come here.
        (Some((object, ask)), Some(kept)) => {
            let [both, payload] = ["both", "payload"].map(|name| local(name, Span::call_site()));
            Some(quote! {
                &mut (#kept, #object),
                |#both| match #both.0.take() {
                    __telltale::Option::Some(#payload) => __telltale::Ok(#payload),
                    __telltale::Option::None => (#ask)(#both.1),
                },
            })
        }
        (None, None) => None,
    }
}

/// Whether the receiver is one of those for which a choice gives the payload once.
fn is_given(interface: &Interface, from: RoleId, to: RoleId, label: LabelId) -> bool {
    let choices = interface.choices.iter().filter(|choice| choice.role == from);
    let mut variants = choices.flat_map(|choice| &choice.variants);
    variants.any(|variant| variant.label == label && variant.others.contains(&to))
}

/// The method of a visitor for such a message.
pub(super) fn carrying(carried: &str, method: &ReceiveMethod, label: &LabelInterface) -> Ident {
    let signal = if method.parameters.is_empty() { "_signal" } else { "" };
    Ident::new(&format!("{carried}{signal}"), place(label))
}

/// What gives the payload: the sender's method, or what makes a tuple of the struct that it gives.
fn give(interface: &Interface, from: RoleId, to: RoleId, sends: &SendMethod) -> TokenStream {
    let (model, label) = (interface.model(from), &interface.labels[sends.label.index()]);
    let sends = model.sends.iter().find(|one| one.label == sends.label).unwrap_or(sends);
    let method = path(model, sends.to.as_ref().unwrap_or(&sends.name));
    let peer = sends.to.as_ref().map(|_| by_name(interface, to));
    if peer.is_none() && !label.has_struct {
        return method;
    }
    let giver = local("giver", Span::call_site());
    let in_parts = label.has_struct.then(|| {
        let (name, (fields, payload)) = (&label.name, taken_apart(label));
        quote!(.map(|#name #fields| #payload))
    });
    quote!(|#giver| #method(#giver #peer) #in_parts)
}

/// `&mut self.alice, self::Alice::on_quote`: who takes the payload, and how.
pub(super) fn taken(
    interface: &Interface,
    given: &GivenOnce,
    from: RoleId,
    to: RoleId,
    method: &ReceiveMethod,
) -> TokenStream {
    let receiver = &interface.roles[to.index()];
    let model = interface.model(to);
    let method = model.receives.iter().find(|one| one.label == method.label).unwrap_or(method);
    let take = path(model, method.from.as_ref().unwrap_or(&method.name));
    let taker = object(given, receiver);
    let peer = method.from.as_ref().map(|_| by_name(interface, from));
    let count = method.parameters.len();
    if peer.is_none() && count <= 1 {
        return quote!(#taker, #take);
    }
    let fields = fields(count, method.name.span());
    let payload = match &fields[..] {
        [] => None,
        [one] => Some(quote!(, #one)),
        fields => Some(quote!(, (#(#fields),*))),
    };
    let it = local("taker", Span::call_site());
    quote!(#taker, |#it #payload| #take(#it #peer #(, #fields)*))
}

/// `&mut self.bob`
pub(super) fn object(given: &GivenOnce, role: &RoleInterface) -> TokenStream {
    let (objects, field) = (given.objects(), &role.argument);
    quote!(&mut #objects.#field)
}

/// `self::Bob::quote`; as a method of the object it could be one of another trait.
pub(super) fn path(role: &RoleInterface, method: &Ident) -> TokenStream {
    let name = &role.name;
    quote_spanned!(at(method.span())=> self::#name::#method)
}

/// `, Role::Bob`, for methods that want to know whom they talk to.
fn by_name(interface: &Interface, role: RoleId) -> TokenStream {
    let name = &interface.roles[role.index()].name;
    quote!(, Role::#name)
}

/// Where a payload type stands, or else its label: there the type must be one that can be sent.
pub(super) fn place(label: &LabelInterface) -> Span {
    let types = label.payload.types().flat_map(ToTokens::to_token_stream);
    let first = types.map(|tree| tree.span()).next();
    at(first.unwrap_or_else(|| label.name.span()))
}

/// The type of the value that travels: `()`, a type, or a tuple.
pub(super) fn payload_type(label: &LabelInterface) -> TokenStream {
    let types: Vec<_> = label.payload.types().collect();
    match &types[..] {
        [] => quote!(()),
        [one] => quote!(#one),
        types => quote!((#(#types),*)),
    }
}

/// A pattern for the fields of a payload, and the value that travels: nothing, one, or a tuple.
pub(super) fn taken_apart(label: &LabelInterface) -> (TokenStream, TokenStream) {
    taken_apart_of(&label.payload, place(label))
}

/// The same for a payload whose fields get their names here.
pub(super) fn taken_apart_of(payload: &Payload, place: Span) -> (TokenStream, TokenStream) {
    let names = fields(payload.types().count(), place);
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

/// Names for this many fields.
pub(super) fn fields(count: usize, place: Span) -> Vec<Ident> {
    (0..count).map(|at| local(&format!("field{at}"), place)).collect()
}
