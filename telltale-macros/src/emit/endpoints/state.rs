//! One state: a type, and what can be done in it.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use telltale_syntax::Payload;
use telltale_syntax::interface::{LabelInterface, snake_ident};
use telltale_types::{Direction, Lanes, LocalExit, LocalState, Par, StateId};

use super::Part;
use crate::emit::message::{fields, place};
use crate::emit::{at, docs};

impl Part<'_> {
    /// The type of a state, and its methods.
    pub(super) fn state(&self, state: StateId) -> TokenStream {
        match self.local.state(state) {
            LocalState::Exits { exits, .. } if exits.is_empty() => self.end(state),
            LocalState::Exits { exits, may_end } => {
                let more = match (self.local.direction(state), &exits[..]) {
                    (Some(Direction::Send), _) => self.sends(&exits),
                    (_, [only]) if !may_end => self.receives(*only),
                    _ => self.offers(state),
                };
                let branches = (!more.branches.is_empty()).then_some(more.branches);
                let item = self.item(state, &more.summary, &more.methods);
                quote!(#item #branches)
            }
            LocalState::Par(par) => self.fork(state, &par),
            LocalState::ArmEnd => self.arm_end(state),
        }
    }

    /// `pub struct Price(…);`
    fn item(&self, state: StateId, summary: &str, methods: &TokenStream) -> TokenStream {
        let name = self.names.state(state);
        let path = format!("{}::{name}", self.role.argument);
        let docs = docs::doc(summary);
        quote_spanned! {name.span()=>
            #docs
            #[must_use = "an endpoint that is dropped before its end cancels its session for all"]
            pub struct #name(__telltale::Handle);

            impl #name { #methods }

            __telltale::state!(#name, #path);
        }
    }

    /// Nothing is left to be done.
    fn end(&self, state: StateId) -> TokenStream {
        let name = self.names.state(state);
        let docs = docs::doc(&format!("`{}` is done.", self.role.name));
        quote_spanned! {name.span()=>
            #docs
            pub struct #name(());

            __telltale::end_state!(#name);
        }
    }

    /// One method for each message that can be sent.
    fn sends(&self, exits: &[LocalExit]) -> Does {
        let methods = exits.iter().map(|&exit| {
            let (label, to) = (self.label(exit), self.peer(exit));
            let method = snake_ident(&self.exit_name(exits, exit, "To"));
            let (text, target) = (docs::label(label), self.names.state(exit.target));
            let docs = docs::with(
                &label.docs,
                &format!("Sends `{text}` to `{to}`; then comes [`{target}`]."),
            );
            let (parameters, payload) = self.parameters(label);
            let (peer, id) = ids(exit);
            quote_spanned! {at(label.name.span())=>
                #docs
                pub fn #method(self #(, #parameters)*) -> __telltale::Sending<#target> {
                    __telltale::Sending::new(self.0, #peer, #id, #payload)
                }
            }
        });
        let methods = quote!(#(#methods)*);
        let texts = exits.iter().map(|&exit| {
            let (label, to) = (docs::label(self.label(exit)), self.peer(exit));
            format!("`{label}` to `{to}`")
        });
        let texts: Vec<String> = texts.collect();
        Does {
            summary: format!("Sends {}.", texts.join(" or ")),
            methods,
            branches: TokenStream::new(),
        }
    }

    /// One method for the only message that can come.
    fn receives(&self, exit: LocalExit) -> Does {
        let (label, from) = (self.label(exit), self.peer(exit));
        let method = snake_ident(&label.name);
        let (text, target) = (docs::label(label), self.names.state(exit.target));
        let docs = docs::with(
            &label.docs,
            &format!("Receives `{text}` from `{from}`; then comes [`{target}`]."),
        );
        let future = if label.payload.types().next().is_none() {
            quote!(__telltale::ReceivingSignal<#target>)
        } else {
            let payload = self.names.payload(&label.payload);
            quote!(__telltale::Receiving<#payload, #target>)
        };
        let ready = ready(method == "ready");
        let methods = quote_spanned! {at(label.name.span())=>
            #docs
            pub fn #method(self) -> #future { <#future>::new(self.0) }
            #ready
        };
        Does {
            summary: format!("Receives `{text}` from `{from}`."),
            methods,
            branches: TokenStream::new(),
        }
    }

    /// One method for whichever of several messages comes.
    fn offers(&self, state: StateId) -> Does {
        let name = self.names.branches(state);
        let ready = ready(false);
        let methods = quote_spanned! {name.span()=>
            /// Receives whichever message comes.
            pub fn next(self) -> __telltale::Offering<#name> { __telltale::Offering::new(self.0) }
            #ready
        };
        let summary = format!("Receives what [`{name}`] says.");
        Does { summary, methods, branches: self.branches(state, &name) }
    }

    /// Several things at once begin.
    fn fork(&self, state: StateId, par: &Par) -> TokenStream {
        let lanes = self.local.lanes();
        let arms: Vec<&Ident> = par.arms.iter().map(|arm| self.names.state(*arm)).collect();
        let numbers = par.arms.iter().map(|arm| lanes.of_state(*arm).index());
        let numbers = numbers.map(Literal::usize_unsuffixed);
        let handles = fields(arms.len(), self.names.state(state).span());
        let methods = quote! {
            /// One endpoint for each of the things that are done at once.
            pub fn fork(self) -> (#(#arms),*) {
                let [#(#handles),*] = self.0.fork([#(#numbers),*]);
                (#(__telltale::State::at(#handles)),*)
            }
        };
        let summary = format!("`{}` does several things at once.", self.role.name);
        self.item(state, &summary, &methods)
    }

    /// One of several things that are done at once is over.
    fn arm_end(&self, state: StateId) -> TokenStream {
        let lanes = self.local.lanes();
        let arm = lanes.arm(lanes.of_state(state));
        let joined = arm.and_then(|arm| {
            let par = self.local.par(arm.par)?;
            Some((arm, self.ends_of(&par, &lanes)?, par.next))
        });
        let Some((arm, ends, next)) = joined else { return self.end(state) };
        let fork = self.names.state(arm.par);
        let summary = format!("Waits to be joined with what was done beside it since [`{fork}`].");
        // The first of the arms takes the others.
        let methods = (arm.index == 0).then(|| {
            let (others, next) = (&ends[1..], self.names.state(next));
            let handles = fields(others.len(), fork.span());
            let around = Literal::usize_unsuffixed(arm.around.index());
            quote! {
                /// Goes on when everything is done that was done at once.
                ///
                /// # Errors
                ///
                /// When the endpoints are not of one session; all of these sessions are cancelled.
                pub fn join(self #(, #handles: #others)*) -> __telltale::Result<#next, __telltale::SessionError> {
                    __telltale::join(self.0, [#(#handles.0),*], #around).map(__telltale::State::at)
                }
            }
        });
        self.item(state, &summary, &methods.unwrap_or_default())
    }

    /// Where the arms of a parallel part end; nothing if one of them does not.
    fn ends_of(&self, par: &Par, lanes: &Lanes) -> Option<Vec<&Ident>> {
        let is_end = |state: &StateId| matches!(self.local.state(*state), LocalState::ArmEnd);
        let end_in = |lane| {
            let mut ends = self.local.states().filter(is_end);
            ends.find(|end| lanes.of_state(*end) == lane).map(|end| self.names.state(end))
        };
        par.arms.iter().map(|arm| end_in(lanes.of_state(*arm))).collect()
    }

    /// What a message is called among the exits of a state: its label, or `StopToAlice`.
    pub(super) fn exit_name(&self, exits: &[LocalExit], exit: LocalExit, between: &str) -> Ident {
        let label = &self.label(exit).name;
        let same = exits.iter().filter(|other| other.action.label == exit.action.label).count();
        if same == 1 {
            return label.clone();
        }
        Ident::new(&format!("{label}{between}{}", self.peer(exit)), label.span())
    }

    pub(super) fn label(&self, exit: LocalExit) -> &LabelInterface {
        &self.interface.labels[exit.action.label.index()]
    }

    pub(super) fn peer(&self, exit: LocalExit) -> &Ident {
        docs::role_name(self.interface, exit.action.peer)
    }

    /// `price: u64`, and the value that travels.
    fn parameters(&self, label: &LabelInterface) -> (Vec<TokenStream>, TokenStream) {
        let place = place(label);
        match &label.payload {
            Payload::Unit => (Vec::new(), quote!(())),
            Payload::Tuple(_) => {
                let (name, ty) = (snake_ident(&label.name), self.names.payload(&label.payload));
                (vec![quote_spanned!(place=> #name: #ty)], quote!(#name))
            }
            Payload::Record(fields) => {
                let types = label
                    .payload
                    .types()
                    .map(|ty| self.names.payload(&Payload::Tuple(vec![ty.clone()])));
                let names: Vec<&Ident> = fields.iter().map(|field| &field.name).collect();
                let parameters =
                    names.iter().zip(types).map(|(name, ty)| quote_spanned!(place=> #name: #ty));
                let payload = match &names[..] {
                    [one] => quote!(#one),
                    names => quote!((#(#names),*)),
                };
                (parameters.collect(), payload)
            }
        }
    }
}

/// What a state does.
struct Does {
    summary: String,
    methods: TokenStream,
    branches: TokenStream,
}

/// `ready`, or `ready_` where a message is called so.
fn ready(is_taken: bool) -> TokenStream {
    let name = if is_taken { quote!(ready_) } else { quote!(ready) };
    quote! {
        /// Waits until a message has come, and takes nothing: this can be dropped at any time.
        pub fn #name(&mut self) -> __telltale::Ready<'_> { self.0.ready() }
    }
}

/// The peer and the label, as numbers.
fn ids(exit: LocalExit) -> (Literal, Literal) {
    (Literal::u8_unsuffixed(exit.action.peer.0), Literal::u16_unsuffixed(exit.action.label.0))
}
