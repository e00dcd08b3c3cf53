//! From tokens or text to all that is known about its protocols.

use proc_macro2::TokenStream;
use syn::Visibility;
use telltale_types::{GlobalState, GlobalType, Label, Names};

use crate::arms::Arms;
use crate::ast::{Ast, Attributes};
use crate::diagnostic::Diagnostic;
use crate::flow::{self, Ahead};
use crate::forget::Forget;
use crate::graph::{Graph, State, Structure, graph};
use crate::interface::{self, Interface};
use crate::limit::{Steps, limit_steps};
use crate::mistakes::Mistakes;
use crate::name::Name;
use crate::parse::parse;
use crate::resolve::{Protocol, Resolved, resolve};
use crate::source_map::SourceMap;
use crate::structure::check_structure;
use crate::text;

/// All that is known about a choreography, whether or not there are mistakes in it.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// What the user wrote.
    pub ast: Ast,
    /// The protocols, in the order of the source. A name that is defined twice stands for the
    /// first protocol of that name.
    pub protocols: Vec<Analysed>,
    /// The mistakes of the first stage that found any, in the order of the source. If there are more
    /// than [`MISTAKE_LIMIT`](crate::MISTAKE_LIMIT), the last says how many.
    pub diagnostics: Vec<Diagnostic>,
}

/// All that is known about one protocol.
#[derive(Clone, Debug)]
pub struct Analysed {
    /// What it is called.
    pub name: Name,
    /// Who may use what is generated.
    pub visibility: Visibility,
    /// Its documentation and what it allows.
    pub attributes: Attributes,
    /// It as the tree prints it.
    pub text: String,
    /// What is generated for it. With mistakes in the source, as much as is known.
    pub interface: Interface,
    /// What it means; there once its names and its structure are right.
    pub lowered: Option<Lowered>,
}

/// What a protocol means, and where that stands.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The protocol seen from above.
    pub global: GlobalType,
    /// Where its steps stand in the source.
    pub source: SourceMap,
    pub(crate) arms: Arms,
}

/// Reads a choreography from a text.
///
/// Nothing of the text is kept: lines and columns are known, but the spans are of no place. (Where a
/// thread has split other texts with `proc-macro2`, that keeps this one as well, so that their spans
/// stay right.)
pub fn analyse_str(text: &str) -> Analysis {
    text::read(text, |tokens| {
        let mut analysis = tokens.map_or_else(
            |mistake| Analysis { diagnostics: vec![mistake], ..Analysis::default() },
            analyse,
        );
        analysis.forget();
        analysis
    })
}

impl Forget for Lowered {
    fn forget(&mut self) {
        self.source.forget();
    }
}

/// Reads a choreography from the tokens inside of `choreography! { … }`.
///
/// Each stage hands on what it understood, so that something can be generated for it, but only the
/// mistakes of the first stage that has any are reported: the others may follow from them.
pub fn analyse(tokens: TokenStream) -> Analysis {
    let mut stages = Stages::default();

    // Every statement that can be read is in the tree.
    let ast = stages.run(|mistakes| parse(tokens, mistakes));
    // From here on every name is a `RoleId`, a `LabelId`, a loop or a protocol.
    let mut resolved = stages.run(|mistakes| resolve(&ast, mistakes));
    // No protocol has more steps than the limit, with those of the protocols that it runs.
    let mut steps = stages.run(|mistakes| limit_steps(&mut resolved, mistakes));
    // Everything is reached, loops have messages, choices begin with a message of who decides.
    let graphs = stages.run(|mistakes| graphs(&resolved, &mut steps, mistakes));
    let has_meaning = stages.is_clean();
    // No two things are generated under one name.
    let interfaces = stages.run(|mistakes| interface::interfaces(&resolved, &graphs, mistakes));

    let parts = resolved.protocols.iter().zip(&graphs).zip(interfaces);
    let analysed = |((protocol, graph), interface): ((&Protocol<'_>, _), _)| Analysed {
        name: protocol.ast.name.clone(),
        visibility: protocol.ast.visibility.clone(),
        attributes: protocol.ast.attributes.clone(),
        text: protocol.ast.to_string(),
        interface,
        lowered: if has_meaning { lower(protocol, graph) } else { None },
    };
    let protocols = parts.map(analysed).collect();
    Analysis { protocols, diagnostics: stages.mistakes, ast }
}

/// Runs one stage after the other and keeps the mistakes of the first that has any.
#[derive(Default)]
struct Stages {
    mistakes: Vec<Diagnostic>,
}

impl Stages {
    fn run<T>(&mut self, stage: impl FnOnce(&mut Mistakes) -> T) -> T {
        let mut mistakes = Mistakes::default();
        let result = stage(&mut mistakes);
        if self.is_clean() {
            self.mistakes = mistakes.in_order();
        }
        result
    }

    fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }
}

fn graphs<'a>(
    resolved: &Resolved<'a>,
    steps: &mut Steps,
    mistakes: &mut Mistakes,
) -> Vec<Graph<'a>> {
    let falls = check_structure(resolved, mistakes);
    let mut graphs: Vec<Option<Graph<'a>>> = resolved.protocols.iter().map(|_| None).collect();
    for &index in &resolved.callees_first {
        let protocol = &resolved.protocols[index];
        let mut budget = steps.budget(index, protocol.ast);
        let flow = flow::build(protocol, &graphs, &falls, &mut budget, mistakes);
        let ahead = Ahead::of(&flow, mistakes);
        flow::check_endless(&flow, &ahead, mistakes);
        let firsts = flow::firsts(&flow, &ahead, &protocol.roles, &mut budget, mistakes);
        graphs[index] = Some(graph(&flow, &ahead, &firsts));
    }
    graphs.into_iter().flatten().collect()
}

fn state(state: &State<'_>) -> GlobalState {
    match &state.structure {
        None => GlobalState::Exits(state.exits.iter().map(|exit| exit.global).collect()),
        Some(Structure::Par { par, .. }) => GlobalState::Par(par.clone()),
        Some(Structure::ArmEnd) => GlobalState::ArmEnd,
    }
}

/// The global type; a graph without mistakes always has one.
fn lower(protocol: &Protocol<'_>, graph: &Graph<'_>) -> Option<Lowered> {
    let roles = protocol.roles.iter().map(|role| role.name.to_string());
    let label = |(name, payload): (String, String)| Label::with(name, payload);
    let labels = protocol.labels.iter().map(|entry| (entry.name(), entry.payload.to_string()));
    let names = Names::new(roles, labels.map(label)).ok()?;
    let states: Vec<GlobalState> = graph.states.iter().map(state).collect();
    let global = GlobalType::new(names, states).ok()?;
    let arms = Arms::of(&protocol.ast.body);
    Some(Lowered { global, source: SourceMap::new(graph), arms })
}
