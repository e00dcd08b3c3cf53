//! From an image to a linked program ([`Linked`]).
//!
//! An image knows nothing of a VM's memory. So when its first session is opened, each instruction
//! becomes one [`Op`] at the same place of the program, which says where the channel is in a session's
//! block, how much it holds and what kind a payload must have; the sessions share them.

use telltale_bytecode::{Branch, Image, Instr, Pc, SetId, TargetsId, Via};
use telltale_types::RoleId;

use crate::memory::channel::{Plan, Rule};
use crate::program::loaded::Plans;
use crate::program::op::{Code, Exchange, Linked, Op};
use crate::value::expected::ExpectedKind;

/// Links the programs of an image.
pub(crate) fn link(image: &Image, plans: &Plans) -> Linked {
    let expected =
        image.names().labels().map(|(_, label)| ExpectedKind::of_type(label.payload)).collect();
    let (role, exchanges, branches) = (RoleId(0), Vec::new(), Vec::new());
    let mut linker = Linker { image, plans, expected, role, exchanges, branches };
    let mut ops = Vec::with_capacity(image.programs.code().len() + 1);
    for (role, _) in image.names().roles() {
        linker.role = role;
        for (at, &instr) in image.programs[role].iter().enumerate() {
            ops.push(linker.op(Pc(at as u32), instr));
        }
    }
    ops.push(Op::new(Code::Trap));
    Linked {
        ops: ops.into(),
        exchanges: linker.exchanges.into(),
        branches: linker.branches.into(),
        expected: linker.expected.into(),
    }
}

struct Linker<'a> {
    image: &'a Image,
    plans: &'a Plans,
    expected: Vec<ExpectedKind>,
    role: RoleId,
    exchanges: Vec<Exchange>,
    branches: Vec<Branch>,
}

impl Linker<'_> {
    fn op(&mut self, at: Pc, instr: Instr) -> Op {
        match instr {
            // Nothing is known of what a program written by hand does, so nothing is filled in.
            _ if !self.image.is_verified() => Op::new(Code::Assembled),
            Instr::Send { via: Via::OWN, to, label, next, .. } => {
                let exchange = self.sent(Branch { peer: to, label }, next.from(at));
                let plain = exchange.channel.rule == Rule::Plain;
                let code = if plain { Code::Send } else { Code::SendSpecial };
                Op { exchange, ..Op::new(code) }
            }
            Instr::Recv { via: Via::OWN, from, label, next, .. } => {
                let exchange = self.received(Branch { peer: from, label }, next.from(at));
                Op { exchange, ..Op::new(Code::Recv) }
            }
            Instr::Choose { via: Via::OWN, set, targets } => {
                self.choice(Code::Choose, set, targets, Self::sent)
            }
            Instr::Offer { via: Via::OWN, set, targets } => {
                let op = self.choice(Code::OfferMany, set, targets, Self::received);
                self.with_one_sender(op).unwrap_or(op)
            }
            Instr::Halt => Op::new(Code::Halt),
            _ => Op::new(Code::Assembled),
        }
    }

    fn sent(&self, branch: Branch, next: Pc) -> Exchange {
        self.exchange(self.plans.plan(self.role, branch.peer), branch, next)
    }

    fn received(&self, branch: Branch, next: Pc) -> Exchange {
        self.exchange(self.plans.plan(branch.peer, self.role), branch, next)
    }

    fn exchange(&self, channel: Plan, Branch { peer, label }: Branch, next: Pc) -> Exchange {
        let expected = self.expected[label.index()];
        Exchange { channel, next: self.settle(next), label, peer, expected }
    }

    fn choice(
        &mut self,
        code: Code,
        set: SetId,
        targets: TargetsId,
        exchange: impl Fn(&Self, Branch, Pc) -> Exchange,
    ) -> Op {
        let branches = self.image.branches(set);
        let (first, count) = (self.branches.len() as u32, branches.len() as u16);
        for (nth, &branch) in branches.iter().enumerate() {
            let exchange = exchange(self, branch, self.image.target(targets, nth));
            self.exchanges.push(exchange);
        }
        self.branches.extend(branches);
        Op { first, count, set, ..Op::new(code) }
    }

    /// An external choice whose messages all come on one channel looks at that channel once.
    fn with_one_sender(&self, op: Op) -> Option<Op> {
        let branches = &self.exchanges[op.first as usize..];
        let first = *branches.first()?;
        let one = branches.iter().all(|branch| branch.peer == first.peer);
        let exchange = Exchange { channel: first.channel, peer: first.peer, ..Exchange::NONE };
        one.then_some(Op { code: Code::Offer, exchange, ..op })
    }

    /// The place in the code of all roles, past all jumps; the trap, if it is outside of the program.
    fn settle(&self, mut target: Pc) -> u32 {
        let program = &self.image.programs[self.role];
        for _ in 0..program.len() {
            match program.get(target.index()) {
                Some(&Instr::Jmp { target: further }) => target = further,
                Some(_) => return self.image.programs.start(self.role) + target.0,
                None => break,
            }
        }
        self.image.programs.code().len() as u32
    }
}
