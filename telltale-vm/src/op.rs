//! Linked programs: instructions with everything filled in that depends on the VM. How they are made is
//! in `link`, what they mean in `exec`.

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::channel::Plan;
use crate::{HandlerResult, Kind, Value};

/// The programs of an image, linked.
#[derive(Debug)]
pub(crate) struct Linked {
    /// One for each instruction, and a trap behind them.
    pub(crate) ops: Box<[Op]>,
    /// The branches of all choices.
    pub(crate) exchanges: Box<[Exchange]>,
    pub(crate) branches: Box<[Branch]>,
    /// For each label, what its payload must be.
    pub(crate) wants: Box<[Wants]>,
}

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Send,
    /// Into a channel that does not simply keep what it gets.
    SendSpecial,
    Choose,
    Recv,
    /// An external choice between messages of one sender.
    Offer,
    /// An external choice between messages of several senders.
    OfferMany,
    Halt,
    /// The end of a program that does not end.
    Trap,
    /// An instruction of a program written by hand, which is looked at when it is executed.
    Assembled,
}

/// One linked instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// What is sent or received. Of an external choice on one channel: that channel.
    pub(crate) exchange: Exchange,
    /// The branches of a choice: the first and how many.
    pub(crate) first: u32,
    pub(crate) count: u16,
    /// The set of branches of a choice, as the image knows it.
    pub(crate) set: SetId,
    pub(crate) code: Code,
}

/// One line of the processor's cache.
const _: () = assert!(size_of::<Op>() == 64);

/// One end of an exchange: a message that a role sends or receives, alone or as a branch of a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    /// The channel and the message as one number, which both ends have and nothing else.
    pub(crate) id: u64,
    /// The ready bit of the other role.
    pub(crate) peer_bit: u64,
    pub(crate) channel: Plan,
    /// Where control goes afterwards.
    pub(crate) next: u32,
    /// Where the message is received. At the end that sends, this is a guess: where it is most likely
    /// received.
    pub(crate) receipt: Receipt,
    pub(crate) label: LabelId,
    /// The place of the other role in the block.
    pub(crate) peer_at: u16,
    /// The other role.
    pub(crate) peer: RoleId,
    /// What the payload must be.
    pub(crate) wants: Wants,
    /// At the end that sends: whether its role can act again at once, since it does not receive next.
    pub(crate) goes_on: bool,
}

const _: () = assert!(size_of::<Exchange>() == 48);

/// Where a message is received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receipt {
    /// The instruction.
    pub(crate) at: u32,
    /// Where its role goes on.
    pub(crate) next: u32,
    /// Whether the turn goes on as that of the receiver: it sends next. (At the end that sends: and the
    /// sender does not.)
    pub(crate) leads: bool,
}

/// The kind that a payload must have, if it must be of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wants(Option<Kind>);

const LARGE: u8 = Kind::Text as u8;
const ERROR: u8 = LARGE + 1;
/// The number that the compiler gives to no kind at all.
const ANY: u8 = Kind::Opaque as u8 + 1;

impl Linked {
    /// The branches of a choice, in the order of the image.
    #[inline]
    pub(crate) fn exchanges(&self, op: &Op) -> &[Exchange] {
        &self.exchanges[op.first as usize..][..usize::from(op.count)]
    }

    /// The same, as a handler sees them.
    #[inline]
    pub(crate) fn branches(&self, op: &Op) -> &[Branch] {
        &self.branches[op.first as usize..][..usize::from(op.count)]
    }

    /// How a role that stands at an instruction takes a message, if it takes it there.
    pub(crate) fn receipt_at(&self, at: u32, sent: &Exchange) -> Option<Receipt> {
        let op = self.ops.get(at as usize)?;
        let taken = match op.code {
            Code::Recv => &op.exchange,
            Code::Offer => find(self.exchanges(op), sent.label)?,
            _ => return None,
        };
        (taken.id == sent.id).then(|| taken.receipt.of(sent))
    }
}

/// The branch with a label. Branches are ordered by label, and the labels of a choice mostly have
/// consecutive numbers.
#[inline]
pub(crate) fn find(branches: &[Exchange], label: LabelId) -> Option<&Exchange> {
    let guess = usize::from(label.0.wrapping_sub(branches.first()?.label.0));
    match branches.get(guess) {
        Some(branch) if branch.label == label => Some(branch),
        _ => branches.iter().find(|branch| branch.label == label),
    }
}

impl Code {
    /// Whether a role that comes to such an instruction may have to wait for a message.
    pub(crate) fn receives(self) -> bool {
        matches!(self, Self::Recv | Self::Offer | Self::OfferMany)
    }

    /// Whether a role that comes to such an instruction sends, and is likely not to wait.
    pub(crate) fn sends(self) -> bool {
        matches!(self, Self::Send | Self::Choose)
    }

    /// Whether it takes messages of one sender.
    pub(crate) fn takes(self) -> bool {
        matches!(self, Self::Recv | Self::Offer)
    }

    pub(crate) fn is_choice(self) -> bool {
        matches!(self, Self::Choose | Self::Offer | Self::OfferMany)
    }
}

impl Op {
    pub(crate) const fn new(code: Code) -> Self {
        Self { exchange: Exchange::NONE, first: 0, count: 0, set: SetId(0), code }
    }
}

impl Exchange {
    /// That of an instruction which is none: no channel is at the start of a block.
    pub(crate) const NONE: Self = Self {
        id: 0,
        peer_bit: 0,
        channel: Plan::NONE,
        next: 0,
        receipt: Receipt::NOWHERE,
        label: LabelId(0),
        peer_at: 0,
        peer: RoleId(0),
        wants: Wants(None),
        goes_on: false,
    };
}

impl Receipt {
    /// No role ever stands there.
    pub(crate) const NOWHERE: Self = Self { at: u32::MAX, next: 0, leads: false };

    /// The receipt of what was sent in this way.
    pub(crate) fn of(self, sent: &Exchange) -> Self {
        Self { leads: self.leads && !sent.goes_on, ..self }
    }
}

impl Wants {
    pub(crate) fn of_type(payload: &str) -> Self {
        Self(Kind::of_type(payload))
    }

    /// Whether a payload is of that kind.
    #[inline(always)]
    pub(crate) fn accepts(self, value: &Value) -> bool {
        // For nearly every scalar this comparison of two numbers is all. (The compiler makes it of the
        // match, if nothing else hangs on it.)
        let found = match value {
            Value::Unit => Kind::Unit as u8,
            Value::Bool(_) => Kind::Bool as u8,
            Value::Int(_) => Kind::Int as u8,
            Value::Uint(_) => Kind::Uint as u8,
            Value::Float(_) => Kind::Float as u8,
            Value::Char(_) => Kind::Char as u8,
            Value::Large(_) => LARGE,
        };
        found == self.number() && found < LARGE || self.accepts_any(value)
    }

    /// Whether an answer is a payload of that kind.
    #[inline(always)]
    pub(crate) fn accepts_answer(self, answer: &HandlerResult<Value>) -> bool {
        let found = match answer {
            Ok(Value::Unit) => Kind::Unit as u8,
            Ok(Value::Bool(_)) => Kind::Bool as u8,
            Ok(Value::Int(_)) => Kind::Int as u8,
            Ok(Value::Uint(_)) => Kind::Uint as u8,
            Ok(Value::Float(_)) => Kind::Float as u8,
            Ok(Value::Char(_)) => Kind::Char as u8,
            Ok(Value::Large(_)) => LARGE,
            Err(_) => ERROR,
        };
        found == self.number() && found < LARGE || self.accepts_any_answer(answer)
    }

    /// The number of its kind.
    #[inline(always)]
    fn number(self) -> u8 {
        self.0.map_or(ANY, |kind| kind as u8)
    }

    #[inline(never)]
    fn accepts_any(self, value: &Value) -> bool {
        self.0.is_none_or(|kind| kind == value.kind())
    }

    #[inline(never)]
    fn accepts_any_answer(self, answer: &HandlerResult<Value>) -> bool {
        answer.as_ref().is_ok_and(|value| self.accepts_any(value))
    }

    pub(crate) fn kind(self) -> Option<Kind> {
        self.0
    }
}
