//! Statements, walked through one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::generate::{Block, Program, Statement};

/// Sender, receiver, label.
pub(crate) type Event = (usize, usize, String);

/// A statement: for each block around it, from the outside, which it is and where in it things are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    frames: Vec<(usize, usize)>,
    /// Of a message, how many have received it.
    received: usize,
}

impl Place {
    /// Goes on behind the statement.
    fn pass(&mut self) {
        if let Some((_, at)) = self.frames.last_mut() {
            *at += 1;
        }
        self.received = 0;
    }
}

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refused {
    /// Statements go round without a message.
    Unguarded,
    /// A branch ends without a message.
    Ends,
    /// Another role acts first.
    Foreign,
    /// Two branches begin alike and go on in different ways.
    Alike,
}

impl Refused {
    pub(crate) const ALL: [Self; 4] = [Self::Unguarded, Self::Ends, Self::Foreign, Self::Alike];
}

/// What can happen, where that leads to, and the choices of which a branch ends on the way to it.
type Heads = BTreeMap<Event, (Place, BTreeSet<Place>)>;

pub(crate) struct Interpreter<'p> {
    blocks: Vec<&'p Block>,
    /// By address, the number of a block.
    numbers: BTreeMap<*const Block, usize>,
    /// By protocol, the number of its block.
    bodies: Vec<usize>,
    has_flattened: bool,
}

impl<'p> Interpreter<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        let mut blocks: Vec<&Block> = program.protocols.iter().collect();
        let bodies = (0..blocks.len()).collect();
        let mut at = 0;
        while let Some(block) = blocks.get(at).copied() {
            for statement in block {
                match statement {
                    Statement::Choice { branches, .. } => blocks.extend(branches),
                    Statement::Loop { body, .. } => blocks.push(body),
                    _ => {}
                }
            }
            at += 1;
        }
        let numbers = blocks.iter().enumerate().map(|(at, block)| (std::ptr::from_ref(*block), at));
        Self { numbers: numbers.collect(), blocks, bodies, has_flattened: false }
    }

    /// Whether a branch that can be reached begins with a choice.
    pub(crate) fn has_flattened(&self) -> bool {
        self.has_flattened
    }

    /// Goes wherever statements lead, in every protocol.
    pub(crate) fn check(&mut self) -> Result<(), Refused> {
        for body in self.bodies.clone() {
            let mut open = vec![Place { frames: vec![(body, 0)], received: 0 }];
            let mut known = BTreeSet::new();
            while let Some(place) = open.pop() {
                if known.insert(place.clone()) {
                    open.extend(self.next(&place)?.into_values());
                }
            }
        }
        Ok(())
    }

    /// The beginning of the last protocol.
    pub(crate) fn start(&self) -> Place {
        let body = self.bodies.last().copied().unwrap_or_default();
        Place { frames: vec![(body, 0)], received: 0 }
    }

    /// What can happen next, and where that leads to.
    pub(crate) fn next(&mut self, place: &Place) -> Result<BTreeMap<Event, Place>, Refused> {
        let (place, _) = self.look(place.clone())?;
        let heads = self.heads(&place, &mut Vec::new())?;
        Ok(heads.into_iter().map(|(event, (place, _))| (event, place)).collect())
    }

    fn statement(&self, place: &Place) -> Option<&'p Statement> {
        let &(block, at) = place.frames.last()?;
        self.blocks[block].get(at)
    }

    /// Goes on to where something happens; also says of which choices a branch ended.
    fn look(&self, mut place: Place) -> Result<(Place, BTreeSet<Place>), Refused> {
        let mut seen = BTreeSet::new();
        let mut ended = BTreeSet::new();
        loop {
            if !seen.insert(place.clone()) {
                return Err(Refused::Unguarded);
            }
            match self.statement(&place) {
                Some(Statement::Message { .. } | Statement::Choice { .. }) => {
                    return Ok((place, ended));
                }
                Some(Statement::Loop { body, .. }) => place.frames.push((self.number(body), 0)),
                Some(Statement::Do { callee, .. }) => place.frames.push((self.bodies[*callee], 0)),
                Some(Statement::Break(number)) => {
                    self.leave_to(*number, &mut place);
                    place.pass();
                }
                Some(Statement::Continue(number)) => self.leave_to(*number, &mut place),
                None => {
                    place.frames.pop();
                    match self.statement(&place) {
                        Some(Statement::Choice { .. }) => {
                            ended.insert(place.clone());
                            place.pass();
                        }
                        Some(Statement::Do { .. }) => place.pass(),
                        // It goes round.
                        Some(_) => {}
                        None => return Ok((place, ended)),
                    }
                }
            }
        }
    }

    fn number(&self, block: &Block) -> usize {
        self.numbers[&std::ptr::from_ref(block)]
    }

    /// Leaves blocks until a loop is the statement at hand.
    fn leave_to(&self, loop_number: usize, place: &mut Place) {
        while !matches!(
            self.statement(place),
            Some(Statement::Loop { number, .. }) if *number == loop_number
        ) {
            place.frames.pop();
        }
    }

    /// What can happen where something happens; `through` are the choices that were gone through before.
    fn heads(&mut self, place: &Place, through: &mut Vec<Place>) -> Result<Heads, Refused> {
        match self.statement(place) {
            None => Ok(Heads::new()),
            Some(Statement::Message { sender, receivers, label }) => {
                let to = receivers[place.received];
                let (from, to) = (self.role(*sender, place), self.role(to, place));
                let mut next = place.clone();
                next.received += 1;
                if next.received == receivers.len() {
                    next.pass();
                }
                // Where nothing happens any more, that is found out from there.
                let next = self.look(next.clone()).map_or(next, |(next, _)| next);
                Ok(Heads::from([((from, to, format!("M{label}")), (next, BTreeSet::new()))]))
            }
            Some(Statement::Choice { chooser, branches }) => {
                self.has_flattened |= !through.is_empty();
                if through.contains(place) {
                    return Err(Refused::Unguarded);
                }
                through.push(place.clone());
                let mut all = Heads::new();
                for branch in branches {
                    let heads = self.branch(branch, *chooser, place, through)?;
                    for (event, (next, ended)) in heads {
                        let known =
                            all.entry(event).or_insert_with(|| (next.clone(), ended.clone()));
                        if known.0 != next {
                            return Err(Refused::Alike);
                        }
                        known.1.extend(ended);
                    }
                }
                through.pop();
                if all.len() == 1 { Err(Refused::Alike) } else { Ok(all) }
            }
            Some(_) => unreachable!("nothing happens at other statements"),
        }
    }

    /// What a branch begins with.
    fn branch(
        &mut self,
        branch: &Block,
        chooser: usize,
        choice: &Place,
        through: &mut Vec<Place>,
    ) -> Result<Heads, Refused> {
        let mut begin = choice.clone();
        begin.frames.push((self.number(branch), 0));
        let (begin, ended) = self.look(begin)?;
        if ended.contains(choice) {
            return Err(Refused::Ends);
        }
        let first = match self.statement(&begin) {
            None => return Err(Refused::Ends),
            Some(Statement::Message { sender, .. }) => *sender,
            Some(Statement::Choice { chooser, .. }) => *chooser,
            Some(_) => unreachable!("nothing happens at other statements"),
        };
        if self.role(first, &begin) != self.role(chooser, choice) {
            return Err(Refused::Foreign);
        }
        let mut heads = self.heads(&begin, through)?;
        for (_, all_ended) in heads.values_mut() {
            all_ended.extend(ended.iter().cloned());
        }
        if heads.values().any(|(_, ended)| ended.contains(choice)) {
            return Err(Refused::Ends);
        }
        Ok(heads)
    }

    /// Who plays a role of the protocol that a place is in.
    fn role(&self, role: usize, place: &Place) -> usize {
        place.frames.iter().rev().fold(role, |role, &(block, at)| {
            match self.blocks[block].get(at) {
                Some(Statement::Do { roles, .. }) => roles[role],
                _ => role,
            }
        })
    }
}
