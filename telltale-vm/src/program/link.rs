//! From an image to a linked program ([`Linked`]).
//!
//! An image knows nothing of a VM's memory. So when its first session is opened, each instruction
//! becomes one [`Op`] at the same place of the program, which says where the channel is in a session's
//! block, how much it holds and what kind a payload must have; the sessions share them. An instruction
//! on another session is linked when it is executed, since only then is known which session that is.

use telltale_bytecode::{Branch, Image, Instr, Pc, Reg, SetId, Slot, TargetsId};
use telltale_types::{Direction, LabelId, RoleId};

use crate::lines::label_of;
use crate::memory::channel::Plan;
use crate::memory::coroutine::CoroId;
use crate::program::landings::landings;
use crate::program::lanes::Lanes;
use crate::program::loaded::Plans;
use crate::program::op::{Choices, Code, Exchange, Linked, Op};
use crate::value::expected::ExpectedKind;

/// Which of its channels to a role, or from it, a role that forks uses at an instruction.
pub(crate) type OwnChannels = dyn Fn(Pc, Direction, RoleId) -> u16;

/// Links the programs of an image.
pub(crate) fn link(image: &Image, plans: &Plans, lanes: Option<&Lanes>) -> Linked {
    let labels = (0..image.names().label_count()).map(LabelId::at);
    let expected: Box<[ExpectedKind]> =
        labels.map(|label| ExpectedKind::of_type(label_of(image.names(), label).payload)).collect();
    let mut ops = Vec::with_capacity(image.programs.code().len() + 1);
    let (mut choices, mut starts) = (Choices::default(), Vec::new());
    for role in (0..image.names().role_count()).map(RoleId::at) {
        let own = lanes.and_then(|lanes| lanes.code.channels(image, role));
        let (program, trap) = (&image.programs[role], image.programs.code().len() as u32);
        let landings = landings(program, image.programs.start(role), trap);
        let lands_at = |target: Pc| landings.get(target.index()).copied().unwrap_or(trap);
        for (at, &instr) in program.iter().enumerate() {
            let channels = Channels { plans, expected: &expected, role, own: own.as_deref() };
            let (pc, lands_at) = (Pc(at as u32), &lands_at);
            let linker = Linker { image, program: role, pc, channels, lands_at };
            let fork = lanes.and_then(|lanes| lanes.code.link(&linker, lanes, instr, &mut starts));
            ops.push(fork.unwrap_or_else(|| linker.own(instr, &mut choices)));
        }
    }
    ops.push(Op::new(Code::Trap));
    Linked { ops: ops.into(), choices, starts, expected }
}

/// The channels of the session that an instruction acts on, seen from the role that acts.
#[derive(Clone, Copy)]
pub(crate) struct Channels<'a> {
    pub(crate) plans: &'a Plans,
    pub(crate) expected: &'a [ExpectedKind],
    pub(crate) role: RoleId,
    /// Which channels are its own, where the role does several things at once.
    pub(crate) own: Option<&'a OwnChannels>,
}

/// Links one instruction of a role's program.
pub(crate) struct Linker<'a> {
    pub(crate) image: &'a Image,
    /// Whose program it is.
    pub(crate) program: RoleId,
    /// Where the instruction is in it.
    pub(crate) pc: Pc,
    pub(crate) channels: Channels<'a>,
    /// Where in the code of all roles control is that goes to a place of the program: past all jumps, or at the trap if
    /// that is outside of the program.
    pub(crate) lands_at: &'a dyn Fn(Pc) -> u32,
}

impl Linker<'_> {
    /// An instruction of a program.
    fn own(&self, instr: Instr, choices: &mut Choices) -> Op {
        let op = self.link(instr, choices);
        if endpoint_of(instr).is_some() {
            // What it sends or receives is another session's matter, where control goes is not.
            let is_invalid = op.code == Code::Invalid;
            let next = if is_invalid { (self.lands_at)(Pc(u32::MAX)) } else { op.exchange.next };
            let exchange = Exchange { next, ..Exchange::NONE };
            return Op { exchange, code: Code::Outside, operand: Slot::HANDLER, ..op };
        }
        op
    }

    /// The instruction, whatever endpoint it names, on the channels that are given. Its branches, if it has some, go behind
    /// those of other choices.
    pub(crate) fn link(&self, instr: Instr, choices: &mut Choices) -> Op {
        match instr {
            Instr::Send { to, value, label, next, .. } => {
                let exchange = self.sent(Branch { peer: to, label }, next.from(self.pc));
                Op { exchange, operand: value, ..Op::new(Code::Send) }
            }
            Instr::Recv { from, value, label, next, .. } => {
                let exchange = self.received(Branch { peer: from, label }, next.from(self.pc));
                Op { exchange, operand: value, ..Op::new(Code::Recv) }
            }
            Instr::Choose { set, targets, .. } => {
                self.choice(Code::Choose, set, targets, Self::sent, choices)
            }
            Instr::Offer { set, targets, .. } => {
                let op = self.choice(Code::OfferMany, set, targets, Self::received, choices);
                with_one_sender(op, choices.exchanges(&op)).unwrap_or(op)
            }
            Instr::Halt => Op::new(Code::Halt),
            Instr::Join if self.channels.own.is_some() => Op::new(Code::Join),
            // Compiled programs of roles that fork are linked in another place; others do not.
            Instr::Fork { .. } | Instr::Join => Op::new(Code::Invalid),
            Instr::Jmp { target } => self.passing(Code::Registers, target),
            Instr::Invoke { next, .. } => self.passing(Code::Registers, next.from(self.pc)),
            Instr::LoadImm { .. } | Instr::Mov { .. } | Instr::Yield => {
                self.passing(Code::Registers, Pc(self.pc.0 + 1))
            }
            Instr::Open { .. } | Instr::Close { .. } => {
                self.passing(Code::Outside, Pc(self.pc.0 + 1))
            }
        }
    }

    /// An instruction without a message.
    fn passing(&self, code: Code, next: Pc) -> Op {
        let exchange = Exchange { next: (self.lands_at)(next), ..Exchange::NONE };
        Op { exchange, ..Op::new(code) }
    }

    /// The coroutines that begin, each with where it does, and what follows them.
    pub(crate) fn fork(
        &self,
        coro: impl Fn(u8) -> CoroId,
        count: u8,
        targets: TargetsId,
        starts: &mut Vec<(CoroId, u32)>,
    ) -> Op {
        let target = |nth: u8| {
            let target = self.image.find_target(targets, nth.into());
            (self.lands_at)(target.unwrap_or(Pc(u32::MAX)))
        };
        let first = starts.len() as u32;
        for nth in 0..count {
            starts.push((coro(nth), target(nth)));
        }
        let exchange = Exchange { next: target(count), ..Exchange::NONE };
        Op { exchange, first, count: count.into(), ..Op::new(Code::Fork) }
    }

    fn sent(&self, branch: Branch, next: Pc) -> Exchange {
        let Channels { plans, role, .. } = self.channels;
        let lane = self.lane(Direction::Send, branch.peer);
        self.exchange(plans.find(role, branch.peer, lane), branch, next)
    }

    fn received(&self, branch: Branch, next: Pc) -> Exchange {
        let Channels { plans, role, .. } = self.channels;
        let lane = self.lane(Direction::Receive, branch.peer);
        self.exchange(plans.find(branch.peer, role, lane), branch, next)
    }

    /// Which of the channels to a role, or from it, is used here.
    fn lane(&self, direction: Direction, peer: RoleId) -> u16 {
        self.channels.own.map_or(0, |number| number(self.pc, direction, peer))
    }

    /// What is not in the protocol has no channel and no kind of payload; the guard refuses it before
    /// anybody looks.
    fn exchange(&self, channel: Option<Plan>, branch: Branch, next: Pc) -> Exchange {
        let Branch { peer, label } = branch;
        let channel = channel.unwrap_or(Plan::NONE);
        let expected = self.channels.expected.get(label.index()).copied();
        let expected = expected.unwrap_or(ExpectedKind::ANYTHING);
        Exchange { channel, next: (self.lands_at)(next), label, peer, expected }
    }

    /// A choice without branches, or between branches that the image does not have, is invalid.
    fn choice(
        &self,
        code: Code,
        set: SetId,
        targets: TargetsId,
        exchange: fn(&Self, Branch, Pc) -> Exchange,
        choices: &mut Choices,
    ) -> Op {
        let branches = self.image.find_branches(set).unwrap_or_default();
        if branches.is_empty() {
            return Op::new(Code::Invalid);
        }
        let first = choices.exchanges.len() as u32;
        for (nth, &branch) in branches.iter().enumerate() {
            let target = self.image.find_target(targets, nth);
            choices.exchanges.push(exchange(self, branch, target.unwrap_or(Pc(u32::MAX))));
        }
        choices.branches.extend_from_slice(branches);
        let count = u32::try_from(branches.len()).expect("an image has fewer than 2³² branches");
        Op { first, count, set, ..Op::new(code) }
    }
}

/// An external choice whose messages all come on one channel looks at that channel once.
fn with_one_sender(op: Op, branches: &[Exchange]) -> Option<Op> {
    let first = *branches.first()?;
    let one = branches.iter().all(|branch| branch.peer == first.peer);
    let exchange = Exchange { channel: first.channel, peer: first.peer, ..Exchange::NONE };
    one.then_some(Op { code: Code::Offer, exchange, ..op })
}

/// The register with the endpoint through which an instruction acts, and where its payload comes from or
/// goes to.
pub(crate) fn endpoint_of(instr: Instr) -> Option<(Reg, Slot)> {
    let (via, slot) = match instr {
        Instr::Send { via, value, .. } | Instr::Recv { via, value, .. } => (via, value),
        Instr::Offer { via, .. } | Instr::Choose { via, .. } => (via, Slot::HANDLER),
        _ => return None,
    };
    via.as_reg().map(|reg| (reg, slot))
}
