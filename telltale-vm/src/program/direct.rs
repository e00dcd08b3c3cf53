//! Messages of driven roles that are sent and received without a slice (see [`exec::direct`](crate::exec)): what can be known of them
//! before.

use telltale_bytecode::{CodeImage, Pc};
use telltale_types::{LabelId, RoleId};

use crate::exec::Slice;
use crate::memory::arena::Slot;
use crate::memory::channel::Plan;
use crate::memory::coroutine::{Coro, CoroId};
use crate::memory::ready;
use crate::program::loaded::Loaded;
use crate::program::op::{Code, Exchange};
use crate::roles::players::Players;
use crate::value::expected::ExpectedKind;
use crate::{SessionId, VM, VMError};

/// What only sessions with roles from outside need: pointers that they bring along, so that other programs link nothing of it.
#[derive(Debug)]
pub(crate) struct OutsideCode {
    /// [`VM::open_from_outside`].
    pub(crate) open: Open,
    /// [`VM::settle_from_outside`].
    pub(crate) settle: fn(&mut VM, Slot) -> bool,
    /// [`Slice::name`].
    pub(crate) name: fn(&mut Slice<'_, '_>, CoroId),
}

/// Opens a session of an image, with the number of its role objects, whether it has an owner, who plays it, and the first role
/// that is played from outside.
type Open = fn(&mut VM, &CodeImage, u32, bool, Players, RoleId) -> Result<SessionId, VMError>;

/// What driven roles do at each place of the code.
#[derive(Debug)]
pub(crate) struct Directs {
    pub(crate) code: &'static OutsideCode,
    /// By place; none if roles do several things at once.
    pub(crate) turns: Box<[Turn]>,
    messages: Vec<DirectMessage>,
}

/// What a role does at one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// The channel on which it receives, and whose it is; none if it sends.
    channel: Plan,
    from: RoleId,
    /// The messages: the first and how many.
    count: u16,
    first: u32,
}

/// A message that is simple: its channel keeps every message in its order, and the role goes on with another message behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DirectMessage {
    pub(crate) channel: Plan,
    /// What the role's word has more afterwards.
    pub(crate) step: u64,
    label: LabelId,
    to: RoleId,
    pub(crate) expected: ExpectedKind,
}

impl Directs {
    /// Finds the simple ones.
    pub(crate) fn of(loaded: &Loaded, code: &'static OutsideCode) -> Self {
        let mut messages = Vec::new();
        let is_simple = loaded.coroutines == loaded.roles && loaded.coroutines <= ready::WORD;
        let roles = if is_simple { loaded.roles } else { 0 };
        let mut turns = Vec::new();
        for role in (0..roles).map(RoleId::at) {
            let code = 0..loaded.image.programs[role].len() as u32;
            turns.extend(code.map(|pc| turn(loaded, role, Pc(pc), &mut messages)));
        }
        Self { code, turns: turns.into(), messages }
    }

    /// The message that is sent, if it is a simple one of these.
    #[inline(always)]
    pub(crate) fn sent(&self, turn: &Turn, to: RoleId, label: LabelId) -> Option<&DirectMessage> {
        self.sends(turn).find(|sent| sent.to == to && sent.label == label)
    }

    /// The simple messages of which a role sends one.
    #[inline(always)]
    pub(crate) fn sends(&self, turn: &Turn) -> std::slice::Iter<'_, DirectMessage> {
        let all = if turn.channel.exists() { &[] } else { self.all(turn) };
        all.iter()
    }

    /// The message that has come, if it is a simple one of these.
    #[inline(always)]
    pub(crate) fn received(&self, turn: &Turn, label: LabelId) -> Option<&DirectMessage> {
        self.all(turn).iter().find(|taken| taken.label == label)
    }

    #[inline(always)]
    fn all(&self, turn: &Turn) -> &[DirectMessage] {
        let first = turn.first as usize;
        self.messages.get(first..first + usize::from(turn.count)).unwrap_or_default()
    }
}

impl Turn {
    /// The channel on which it receives, and whose it is.
    #[inline(always)]
    pub(crate) fn from(&self) -> Option<(Plan, RoleId)> {
        self.channel.exists().then_some((self.channel, self.from))
    }
}

fn turn(loaded: &Loaded, role: RoleId, pc: Pc, messages: &mut Vec<DirectMessage>) -> Turn {
    let at = loaded.image.programs.start(role) + pc.0;
    let (linked, op) = (&loaded.linked, &loaded.linked.ops[at as usize]);
    let first = messages.len() as u32;
    let Exchange { channel, peer, .. } = op.exchange;
    let (channel, all) = match op.code {
        Code::Send | Code::Choose => (Plan::NONE, linked.sent(op)),
        Code::Recv | Code::Offer => (channel, linked.received(op)),
        _ => (Plan::NONE, &[][..]),
    };
    let is_simple = |exchange: &&Exchange| {
        !exchange.channel.rule.replaces() && goes_on_at(loaded, role, exchange.next)
    };
    messages.extend(all.iter().filter(is_simple).map(|exchange| {
        let Exchange { channel, next, label, peer, expected } = *exchange;
        let step = Coro::at(next, 1).to_word().wrapping_sub(Coro::at(at, 0).to_word());
        DirectMessage { channel, step, label, to: peer, expected }
    }));
    Turn { channel, from: peer, count: (messages.len() as u32 - first) as u16, first }
}

/// Whether an instruction is a message, which the session cannot end without.
fn goes_on_at(loaded: &Loaded, role: RoleId, at: u32) -> bool {
    match loaded.linked.ops[at as usize].code {
        Code::Send | Code::Choose => true,
        Code::Recv | Code::Offer | Code::OfferMany => {
            let pc = Pc(at - loaded.image.programs.start(role));
            !loaded.image.may_rest(role, pc)
        }
        _ => false,
    }
}
