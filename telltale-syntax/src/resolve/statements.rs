//! The statements of one protocol, with their roles, labels, loops and calls.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::RoleId;

use super::calls::Calls;
use super::labels::Labels;
use super::roles::{NAMED, Roles, Unknown};
use super::{Branch, LoopIndex, Meaning, Protocol, ProtocolIndex, Step};
use crate::ast::{self, Block, Choice, Do, Jump, LoopLabel, Message, Statement};
use crate::camel::check_camel_case;
use crate::diagnostic::Diagnostic;
use crate::mistake::Mistake;
use crate::mistakes::Mistakes;
use crate::name::Name;
use crate::similar::similar;
use crate::span::SpanRange;

/// What is known about the protocols of the block.
pub(super) struct Known<'k, 'a> {
    pub(super) by_name: &'k BTreeMap<String, ProtocolIndex>,
    /// Those that this one runs are here already.
    pub(super) resolved: &'k [Option<Protocol<'a>>],
    pub(super) calls: &'k Calls,
}

/// Resolves the statements of a protocol.
pub(super) fn protocol<'a>(
    ast: &'a ast::Protocol,
    roles: Roles<'a>,
    known: &Known<'_, 'a>,
    mistakes: &mut Mistakes,
) -> Protocol<'a> {
    let mut scope = Scope {
        known,
        roles,
        labels: Labels::default(),
        loops: Vec::new(),
        loop_count: 0,
        par_loops: 0,
        unknown_roles: Unknown::default(),
        unknown_names: BTreeSet::new(),
        mistakes,
    };
    let body = scope.block(&ast.body);
    let unknown = std::mem::take(&mut scope.unknown_roles);
    // Whoever is alone can do nothing, which has been said.
    if unknown.is_empty() && scope.roles.declared.len() > 1 {
        for role in scope.roles.unused() {
            let mistake = Mistake::UnusedRole { name: role.name.to_string() };
            scope.mistakes.push(Diagnostic::new(mistake, &role.name));
        }
    }
    unknown.report(ast, scope.mistakes);
    Protocol { ast, roles: scope.roles.declared, labels: scope.labels.entries, body }
}

struct Scope<'s, 'a> {
    known: &'s Known<'s, 'a>,
    roles: Roles<'a>,
    labels: Labels<'a>,
    /// The loops around the statement, the innermost last.
    loops: Vec<OpenLoop<'a>>,
    loop_count: usize,
    /// How many of them are outside of the innermost `par`.
    par_loops: usize,
    unknown_roles: Unknown,
    /// The protocols that were said to be unknown.
    unknown_names: BTreeSet<String>,
    mistakes: &'s mut Mistakes,
}

struct OpenLoop<'a> {
    index: LoopIndex,
    label: Option<&'a LoopLabel>,
}

impl<'a> Scope<'_, 'a> {
    fn block(&mut self, block: &'a Block) -> Vec<Step<'a>> {
        let step =
            |statement| self.meaning(statement).map(|meaning| Step { ast: statement, meaning });
        block.statements.iter().filter_map(step).collect()
    }

    fn meaning(&mut self, statement: &'a Statement) -> Option<Meaning<'a>> {
        match statement {
            Statement::Message(message) => self.message(message),
            Statement::Choice(choice) => self.choice(choice),
            Statement::Loop(looping) => Some(self.looping(looping)),
            Statement::Break(jump) => self.jump(jump, "break").map(Meaning::Break),
            Statement::Continue(jump) => self.jump(jump, "continue").map(Meaning::Continue),
            Statement::Par(par) => Some(self.par(par)),
            Statement::Do(call) => self.call(call),
        }
    }

    fn mistake(&mut self, mistake: Mistake, span: impl Into<SpanRange>) {
        self.mistakes.push(Diagnostic::new(mistake, span));
    }

    /// What may have been meant by a name, as long as that will be read.
    fn similar<'n>(&self, name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
        if self.mistakes.is_full() { None } else { similar(name, known) }
    }

    /// The role of this name. None that stands `beside` it is meant, for it would stand there twice.
    fn role<'n>(
        &mut self,
        name: &Name,
        beside: impl IntoIterator<Item = &'n Name>,
    ) -> Option<RoleId> {
        let text = name.to_string();
        let role = self.roles.find(&text);
        if role.is_none() {
            let roles = &self.roles;
            self.unknown_roles.add(name, || {
                let beside: BTreeSet<String> =
                    beside.into_iter().map(ToString::to_string).collect();
                similar(&text, roles.names().filter(|known| !beside.contains(*known)))
            });
        }
        role
    }

    fn message(&mut self, message: &'a Message) -> Option<Meaning<'a>> {
        let mut senders = Vec::new();
        for name in &message.senders {
            let Some(sender) = self.role(name, message.names()) else { continue };
            if senders.contains(&sender) {
                let role = name.to_string();
                self.mistake(Mistake::DuplicateSender { role }, name);
            } else {
                senders.push(sender);
            }
        }
        let mut receivers = Vec::new();
        for name in &message.receivers {
            let Some(receiver) = self.role(name, message.names()) else { continue };
            let role = name.to_string();
            if senders.contains(&receiver) {
                self.mistake(Mistake::SelfMessage { role }, name);
            } else if receivers.contains(&receiver) {
                self.mistake(Mistake::DuplicateReceiver { role }, name);
            } else {
                receivers.push(receiver);
            }
        }
        let label = self.labels.of(message, self.mistakes)?;
        Some(Meaning::Message { ast: message, senders, receivers, label })
    }

    fn choice(&mut self, choice: &'a Choice) -> Option<Meaning<'a>> {
        if let Some(name) = &choice.name {
            check_camel_case("choice", name, self.mistakes);
        }
        let chooser = self.role(&choice.chooser, []);
        let branch = |ast| Branch { ast, body: self.block(ast) };
        let branches = choice.branches.iter().map(branch).collect();
        Some(Meaning::Choice { ast: choice, chooser: chooser?, branches })
    }

    fn looping(&mut self, looping: &'a ast::Loop) -> Meaning<'a> {
        if let Some(label) = &looping.label {
            let taken = self.loops.iter().filter_map(|open| open.label);
            if let Some(first) = taken.into_iter().find(|taken| taken.name == label.name) {
                let line = first.span.line();
                self.mistake(Mistake::ShadowedLoop { label: label.name.clone(), line }, label.span);
            }
        }
        let index = self.loop_count;
        self.loop_count += 1;
        self.loops.push(OpenLoop { index, label: looping.label.as_ref() });
        let body = self.block(&looping.body);
        self.loops.pop();
        Meaning::Loop { ast: looping, index, body }
    }

    fn jump(&mut self, jump: &'a Jump, word: &'static str) -> Option<LoopIndex> {
        let is_meant = |open: &OpenLoop<'_>| match &jump.label {
            Some(label) => open.label.is_some_and(|known| known.name == label.name),
            None => true,
        };
        let Some(depth) = self.loops.iter().rposition(is_meant) else {
            let mistake = match &jump.label {
                Some(label) if !self.loops.is_empty() => self.unknown_loop(label),
                _ => Mistake::JumpOutsideLoop { word },
            };
            let named = jump.label.as_ref().filter(|_| !self.loops.is_empty());
            self.mistake(mistake, named.map_or(jump.span, |label| label.span));
            return None;
        };
        if depth < self.par_loops {
            self.mistake(Mistake::JumpOutOfPar { word }, jump.span);
            return None;
        }
        Some(self.loops[depth].index)
    }

    fn unknown_loop(&self, label: &LoopLabel) -> Mistake {
        let known = self.loops.iter().filter_map(|open| open.label);
        let similar = self.similar(&label.name, known.map(|known| known.name.as_str()));
        Mistake::UnknownLoop { label: label.name.clone(), similar }
    }

    fn par(&mut self, par: &'a ast::Par) -> Meaning<'a> {
        let outside = std::mem::replace(&mut self.par_loops, self.loops.len());
        let arms = par.arms.iter().map(|arm| self.block(arm)).collect();
        self.par_loops = outside;
        Meaning::Par { arms }
    }

    fn call(&mut self, call: &'a Do) -> Option<Meaning<'a>> {
        let roles: Vec<Option<RoleId>> =
            call.roles.iter().map(|role| self.role(role, &call.roles)).collect();
        let name = call.protocol.to_string();
        let known = self.known;
        let Some(&callee) = known.by_name.get(&name) else {
            if self.unknown_names.insert(name.clone()) {
                let similar = self.similar(&name, known.by_name.keys().map(String::as_str));
                self.mistake(Mistake::UnknownProtocol { name, similar }, &call.protocol);
            }
            return None;
        };
        if known.calls.is_recursive(call) {
            return None;
        }
        let protocol = known.resolved[callee].as_ref()?;
        let expected = protocol.ast.roles.len();
        let given = roles.len();
        if given != expected {
            let theirs = protocol.ast.roles.iter().take(NAMED);
            let roles = theirs.map(|role| role.name.to_string()).collect();
            let mistake = Mistake::WrongRoleCount { protocol: name, expected, given, roles };
            self.mistake(mistake, call.span);
            return None;
        }
        let mut seen = BTreeSet::new();
        let repeated = |(_, role): &(_, &Option<RoleId>)| role.is_some() && !seen.insert(**role);
        if let Some((ident, _)) = call.roles.iter().zip(&roles).find(repeated) {
            self.mistake(Mistake::RoleTwice { role: ident.to_string(), protocol: name }, ident);
            return None;
        }
        let labels = self.labels.adopt(call, (callee, protocol), self.mistakes)?;
        let roles: Option<Vec<RoleId>> = roles.into_iter().collect();
        Some(Meaning::Do { ast: call, callee, roles: roles?, labels })
    }
}
