//! Types in the notation of the papers.
//!
//! A state that is come to from several places gets a name. Where every use of a name lies inside
//! what it names, the type prints as a term: `μt0. Alice→Bob:Ping. t0`. Otherwise, when branches share
//! their continuation, it prints as equations: `Alice→{Bob:L. t0, Bob:R. t0} where t0 = …`. (A term
//! would repeat what is shared; a row of choices would repeat it exponentially often.)
//!
//! A parallel part prints as its arms and what follows: `(A→B:Open. end | B→A:Open. end). end`.
//!
//! Nesting is as deep as a protocol is long, so printing keeps a stack of its own.

use std::fmt;

use crate::{Direction, GlobalExit, GlobalType, LocalTypeR, Par, StateId};

pub(crate) fn global(global: &GlobalType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let names = global.names();
    let layout = |state| {
        let exits = global.exits(state);
        let branch = |exit: GlobalExit| {
            let message = format!("{}:{}", names.role(exit.receiver), names.label(exit.label));
            (message, exit.target)
        };
        let open = match global.sender(state) {
            Some(sender) => format!("{}→", names.role(sender)),
            None => String::new(),
        };
        let par = global.par(state);
        Layout { open, branches: exits.map(branch).collect(), may_end: false, par }
    };
    Printer::new(global.len(), layout).print(f)
}

pub(crate) fn local(local: &LocalTypeR, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let names = local.names();
    let layout = |state| {
        let branches: Vec<_> =
            local.exits(state).map(|exit| (exit.action.display(names), exit.target)).collect();
        let may_end = local.may_end(state) && !branches.is_empty();
        let open = match local.direction(state) {
            _ if branches.len() == 1 && !may_end => "",
            Some(Direction::Send) => "⊕",
            Some(Direction::Receive) => "&",
            None => "",
        };
        Layout { open: open.to_owned(), branches, may_end, par: local.par(state) }
    };
    Printer::new(local.len(), layout).print(f)
}

/// How one state prints: what stands before its branches, and each branch with where it leads.
struct Layout {
    open: String,
    branches: Vec<(String, StateId)>,
    may_end: bool,
    /// The parallel part that begins here instead.
    par: Option<Par>,
}

impl Layout {
    /// Where the state leads, in the order in which it prints.
    fn targets(&self) -> Vec<StateId> {
        let branches = self.branches.iter().map(|(_, target)| *target);
        let par = self.par.iter().flat_map(|par| par.arms.iter().copied().chain([par.next]));
        branches.chain(par).collect()
    }
}

/// A depth-first walk that finds the states which need a name.
struct Walk {
    come_to: Vec<u32>,
    open: Vec<bool>,
    /// Whether some state is come to again from outside of what hangs below it.
    cross: bool,
}

impl Walk {
    fn over(states: usize, layout: &impl Fn(StateId) -> Layout) -> Self {
        let mut walk = Self { come_to: vec![0; states], open: vec![false; states], cross: false };
        let mut stack = vec![(StateId::START, false)];
        while let Some((state, leave)) = stack.pop() {
            let at = state.index();
            if leave {
                walk.open[at] = false;
                continue;
            }
            let targets = layout(state).targets();
            if targets.is_empty() {
                continue;
            }
            walk.come_to[at] += 1;
            if walk.come_to[at] > 1 {
                walk.cross |= !walk.open[at];
                continue;
            }
            walk.open[at] = true;
            stack.push((state, true));
            stack.extend(targets.into_iter().rev().map(|target| (target, false)));
        }
        walk
    }
}

struct Printer<L> {
    layout: L,
    /// The number in the name of each state that has one.
    numbers: Vec<Option<usize>>,
    /// Whether the names need equations.
    equations: bool,
}

enum Item {
    Text(String),
    State(StateId),
}

impl<L: Fn(StateId) -> Layout> Printer<L> {
    fn new(states: usize, layout: L) -> Self {
        let walk = Walk::over(states, &layout);
        let mut count = 0;
        let mut number = |times: &u32| {
            count += usize::from(*times > 1);
            (*times > 1).then(|| count - 1)
        };
        let numbers = walk.come_to.iter().map(&mut number).collect();
        Self { layout, numbers, equations: walk.cross }
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bound = vec![self.equations; self.numbers.len()];
        self.run(vec![Item::State(StateId::START)], &mut bound, f)?;
        if !self.equations {
            return Ok(());
        }
        let named =
            self.numbers.iter().enumerate().filter_map(|(at, number)| Some((at, (*number)?)));
        for (at, number) in named {
            let word = if number == 0 { "where" } else { "," };
            write!(f, "{}{word} t{number} = ", if number == 0 { " " } else { "" })?;
            let mut stack = Vec::new();
            self.push_body(StateId::at(at), &mut stack);
            self.run(stack, &mut bound, f)?;
        }
        Ok(())
    }

    /// Prints what is on the stack; a name that is not bound yet is bound where it comes first.
    fn run(
        &self,
        mut stack: Vec<Item>,
        bound: &mut [bool],
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        while let Some(item) = stack.pop() {
            match item {
                Item::Text(text) => f.write_str(&text)?,
                Item::State(state) => {
                    let number = self.numbers[state.index()];
                    let again = std::mem::replace(&mut bound[state.index()], true);
                    match number {
                        Some(number) if again => write!(f, "t{number}")?,
                        Some(number) => {
                            write!(f, "μt{number}. ")?;
                            self.push_body(state, &mut stack);
                        }
                        None => self.push_body(state, &mut stack),
                    }
                }
            }
        }
        Ok(())
    }

    fn push_body(&self, state: StateId, stack: &mut Vec<Item>) {
        let Layout { open, branches, may_end, par } = (self.layout)(state);
        if let Some(par) = par {
            stack.extend(par_items(&par).into_iter().rev());
            return;
        }
        let braces = branches.len() > 1 || may_end;
        let mut items = vec![Item::Text(open)];
        if braces {
            items.push(Item::Text("{".to_owned()));
        }
        if branches.is_empty() {
            items.push(Item::Text("end".to_owned()));
        }
        for (nth, (message, target)) in branches.into_iter().enumerate() {
            let comma = if nth > 0 { ", " } else { "" };
            items.extend([Item::Text(format!("{comma}{message}. ")), Item::State(target)]);
        }
        if may_end {
            items.push(Item::Text(", end".to_owned()));
        }
        if braces {
            items.push(Item::Text("}".to_owned()));
        }
        stack.extend(items.into_iter().rev());
    }
}

/// `(first arm | second arm). what follows`
fn par_items(par: &Par) -> Vec<Item> {
    let mut items = Vec::new();
    for (nth, &arm) in par.arms.iter().enumerate() {
        let before = if nth > 0 { " | " } else { "(" };
        items.extend([Item::Text(before.to_owned()), Item::State(arm)]);
    }
    items.extend([Item::Text("). ".to_owned()), Item::State(par.next)]);
    items
}
