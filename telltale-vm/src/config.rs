//! How a VM is set up.

use crate::scripted::run::EXCHANGE;

/// The limits and choices of a VM. They are fixed when it is made.
///
/// ```
/// use telltale_vm::{Policy, Recording, VM, VMConfig};
///
/// let vm = VM::new(VMConfig {
///     capacity: 1,
///     policy: Policy::RoundRobin,
///     recording: Recording::Off,
///     ..VMConfig::default()
/// });
/// assert!(vm.trace().is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VMConfig {
    /// Who runs next.
    pub policy: Policy,
    /// How many instructions one session executes before the next one has its turn. 0 is taken as 1.
    pub quantum: u32,
    /// How many messages a channel may hold. 0 is taken as 1.
    ///
    /// A limit, not a reservation: memory is taken when messages are queued.
    pub capacity: u16,
    /// What happens to a message for which there is no room.
    pub when_full: WhenFull,
    /// What a channel keeps.
    pub mode: ChannelMode,
    /// Channels that are different, in every protocol that has roles of these names.
    pub channels: Vec<ChannelConfig>,
    /// How many messages a channel may hold that grows ([`WhenFull::Resize`]). 0 is taken as 1.
    pub max_buffered: u16,
    /// How many sessions may be open at once.
    pub max_sessions: usize,
    /// How many roles the open sessions may have together.
    pub max_coroutines: usize,
    /// How many registers a program may use.
    pub max_registers: u8,
    /// What is recorded of the run.
    pub recording: Recording,
    /// What a message means that nobody has received when all roles are done.
    pub leftover: Leftover,
    /// Where the seeds of the handlers' contexts come from, and the decisions of [`Policy::Random`].
    pub seed: u64,
}

/// One channel that is different from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ChannelConfig {
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// How many messages it may hold. 0 is taken as 1. A channel that grows may hold
    /// [`VMConfig::max_buffered`].
    pub capacity: u16,
    /// What happens to a message for which there is no room.
    pub when_full: WhenFull,
    /// What it keeps.
    pub mode: ChannelMode,
}

/// Who runs next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Policy {
    /// A role runs until it waits, yields, is done or its session has used its quantum.
    #[default]
    Cooperative,
    /// Every ready role executes one instruction, then the next session has its turn.
    RoundRobin,
    /// As [`Policy::Cooperative`], but of the roles that can act, the one comes first for whose
    /// messages, or for room in whose channels, most others wait; of equals, the next in order. The
    /// first turn of a slice goes round, so nobody starves.
    ProgressAware,
    /// Chance decides, from [`VMConfig::seed`]: which ready role has a turn, how long it is, and the order of
    /// sessions in a round. For tests of role objects and handlers that share something: each seed tries
    /// another order, and the same seed replays it.
    Random,
}

impl Policy {
    /// All policies, for tests that compare them.
    pub const ALL: [Self; 4] =
        [Self::Cooperative, Self::RoundRobin, Self::ProgressAware, Self::Random];
}

/// What happens to a message for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WhenFull {
    /// The sender waits until there is room. With this, a protocol that projects cannot deadlock,
    /// whatever the capacity.
    #[default]
    Block,
    /// The message is lost, which the trace says.
    Drop,
    /// The session faults.
    Error,
    /// The channel grows, up to [`VMConfig::max_buffered`]; past that the session faults.
    Resize,
}

/// What a channel keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChannelMode {
    /// Every message, in the order in which they were sent.
    #[default]
    Fifo,
    /// Of messages with one label that were sent in a row and not received yet, the last.
    LatestValue,
}

/// What a message means that is still in its channel when all roles of a session are done.
///
/// Programs that keep to their protocol leave none; a peer outside that sends too much does
/// ([`VM::inject`](crate::VM::inject)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Leftover {
    /// The session faults, and the fault names the message.
    #[default]
    Fault,
    /// It is dropped, and the session completes.
    Drop,
}

/// What a VM records of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Recording {
    /// Nothing.
    Off,
    /// Every event: memory grows as long as the VM runs.
    Full,
    /// The last events, this many of them.
    Last(usize),
}

impl Default for Recording {
    /// The last 65,536 events: a few megabytes at most, however long the VM runs.
    fn default() -> Self {
        Self::Last(1 << 16)
    }
}

impl Default for VMConfig {
    /// Cooperative, 64 instructions per slice, channels of 64 messages whose senders wait, as many
    /// sessions as fit into memory, the last 65,536 events, a fault for messages that are left over, seed 0.
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            quantum: 64,
            capacity: 64,
            when_full: WhenFull::default(),
            mode: ChannelMode::default(),
            channels: Vec::new(),
            max_buffered: u16::MAX,
            max_sessions: usize::MAX,
            max_coroutines: usize::MAX,
            max_registers: u8::MAX,
            recording: Recording::default(),
            leftover: Leftover::default(),
            seed: 0,
        }
    }
}

impl VMConfig {
    /// Whether sessions follow their schedules unless something prevents it; where the policy has no choice, unless it is
    /// [`Policy::Cooperative`], which never minds.
    pub(crate) fn follows_schedules(&self) -> bool {
        self.policy != Policy::RoundRobin && self.quantum >= EXCHANGE
    }

    /// How the channel between two roles works.
    pub(crate) fn channel(&self, from: &str, to: &str) -> (u16, WhenFull, ChannelMode) {
        let own = self.channels.iter().find(|channel| channel.from == from && channel.to == to);
        let (capacity, when_full, mode) = match own {
            Some(channel) => (channel.capacity, channel.when_full, channel.mode),
            None => (self.capacity, self.when_full, self.mode),
        };
        let capacity = if when_full == WhenFull::Resize { self.max_buffered } else { capacity };
        (capacity.max(1), when_full, mode)
    }
}
