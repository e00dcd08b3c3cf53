//! What is done to whom, and when: the same for the same seed.

use std::time::Duration;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// A process that plays a role is killed, and another one begins.
    KillProcess,
    /// A process stands still for longer than its claims are its own, and goes on as if nothing had been.
    StopProcess,
    /// A server cuts all of its connections.
    CutAtServer,
    /// The network cuts all connections to a server, in the middle of what goes through them.
    CutInMiddle,
    /// The network before a server is slow for a while.
    Delay,
    /// The network before a server swallows everything for a while, and nobody is told.
    Swallow,
    /// A server is killed with all of its processes, and comes back; or does not, and its standby takes its place.
    KillServer,
    /// A server stands still for a while.
    StopServer,
}

/// How often of a hundred.
const OFTEN: [u64; Blow::ALL.len()] = [36, 16, 8, 12, 8, 5, 9, 6];

impl Blow {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::KillProcess,
        Self::StopProcess,
        Self::CutAtServer,
        Self::CutInMiddle,
        Self::Delay,
        Self::Swallow,
        Self::KillServer,
        Self::StopServer,
    ];

    /// Its place among them.
    pub fn index(self) -> usize {
        self as usize
    }

    /// What has happened so many times.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::KillProcess => "processes killed",
            Self::StopProcess => "processes stopped for longer than their claims",
            Self::CutAtServer => "times that a server cut all connections",
            Self::CutInMiddle => "times that the network cut them in the middle",
            Self::Delay => "times that the network was slow",
            Self::Swallow => "times that the network swallowed everything",
            Self::KillServer => "servers killed, which came back",
            Self::StopServer => "servers stopped",
        }
    }
}

/// Draws blows from a seed.
#[derive(Debug)]
pub struct Plan {
    state: u64,
    /// Those of which there has been none yet come first, so that a short run has all of them.
    first: Vec<Blow>,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64) -> Self {
        let mut first = Blow::ALL.to_vec();
        for _ in 0..seed % 8 {
            first.rotate_left(1);
        }
        Self { state: seed, first }
    }

    /// What happens next, and after which time.
    pub fn next_blow(&mut self) -> (Duration, Blow) {
        let pause = Duration::from_millis(50 + self.below(700));
        if let Some(blow) = self.first.pop() {
            return (pause, blow);
        }
        let mut drawn = self.below(100);
        for (blow, often) in Blow::ALL.into_iter().zip(OFTEN) {
            if drawn < often {
                return (pause, blow);
            }
            drawn -= often;
        }
        unreachable!("they are a hundred together")
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        // Splitmix.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
