//! How a VM is set up.

/// The limits and choices of a VM. They are fixed when it is made.
///
/// ```
/// use telltale_vm::{Recording, VM, VMConfig};
///
/// let vm = VM::new(VMConfig { capacity: 1, recording: Recording::Off, ..VMConfig::default() });
/// # let _ = vm;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VMConfig {
    /// How many messages a channel may hold before its sender has to wait; at least 1.
    ///
    /// A limit, not a reservation: memory is taken when messages are queued.
    pub capacity: u16,
    /// How many instructions one session executes before the next one has its turn; at least 1.
    pub quantum: u32,
    /// How many sessions may be open at once.
    pub max_sessions: usize,
    /// What is recorded of the run.
    pub recording: Recording,
    /// Where the seeds of the handlers' contexts come from.
    pub seed: u64,
}

/// What a VM records of its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Nothing, so that a VM can run for ever.
    Off,
    /// Every event.
    #[default]
    Full,
}

impl Default for VMConfig {
    /// 64 messages per channel, 64 instructions per turn, no limit on sessions but memory, a full
    /// trace, seed 0.
    fn default() -> Self {
        Self {
            capacity: 64,
            quantum: 64,
            max_sessions: usize::MAX,
            recording: Recording::Full,
            seed: 0,
        }
    }
}
