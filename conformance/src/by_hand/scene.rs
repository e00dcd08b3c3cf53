//! What happens in a machine, as data.

use std::fmt;

use telltale_theory::oracle::Rng;
use telltale_vm::loader::CodeImage;
use telltale_vm::{ChannelConfig, ChannelMode, Policy, Recording, VMConfig, WhenFull};

use super::moody::Mood;
use super::parts::{PLAYERS, ROLES};
use super::program::Programs;
use super::write::programs;

/// Everything that is needed to play it again.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Where the handler takes its answers from.
    pub seed: u64,
    /// How the machine is set up.
    pub config: VMConfig,
    /// The images whose programs are written by hand.
    pub images: Vec<Programs>,
    /// What somebody outside does, one after the other.
    pub acts: Vec<Act>,
}

impl Scene {
    /// The images.
    pub fn code(&self) -> Vec<CodeImage> {
        let mut images = Vec::new();
        for programs in &self.images {
            images.push(programs.image(&images));
        }
        images
    }
}

/// What somebody outside does. Sessions are named by their place among those that are running.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Opens a session of an image.
    Open(usize),
    /// Opens a session of an image and cancels it at once.
    OpenAndCancel(usize),
    /// Opens a game, with role objects or with the handler.
    OpenGame {
        /// Whether role objects play it.
        with_objects: bool,
    },
    /// Runs for so many rounds.
    Run(usize),
    /// Gives so many turns.
    Step(usize),
    /// Pauses a role.
    Pause(&'static str),
    /// Resumes a role.
    Resume(&'static str),
    /// Wakes a role, whether or not it waits.
    Wake(usize, &'static str),
    /// Injects a message, whether or not there is such a channel.
    Inject {
        /// The session.
        session: usize,
        /// The sender, the receiver and the label.
        message: (u8, u8, u16),
        /// Whether the payload is a number; otherwise it is counted.
        number: bool,
    },
    /// Injects what a network has deferred, or drops it.
    Deferred {
        /// The session.
        session: usize,
        /// Whether it is dropped.
        lost: bool,
    },
    /// Cancels a session.
    Cancel(usize),
    /// Closes a session.
    Close(usize),
    /// The handler behaves like this from now on.
    Mood(Mood),
}

/// The scene of a seed.
pub fn scene(seed: u64) -> Scene {
    let mut rng = Rng::new(seed);
    let config = config(&mut rng);
    let mut images = Vec::new();
    for _ in 0..3 {
        images.push(programs(&mut rng, &images));
    }
    let mut acts = vec![Act::OpenGame { with_objects: rng.once_in(2) }, Act::Open(0)];
    acts.push(Act::Mood(mood(&mut rng)));
    let count = 4 + rng.below(14);
    let is_simple = rng.once_in(3);
    acts.extend((0..count).map(|_| {
        if is_simple { simple_act(&mut rng, images.len()) } else { act(&mut rng, images.len()) }
    }));
    Scene { seed, config, images, acts }
}

fn config(rng: &mut Rng) -> VMConfig {
    let policies = [[Policy::Cooperative; 2].as_slice(), &Policy::ALL].concat();
    let fulls = [
        WhenFull::Block,
        WhenFull::Block,
        WhenFull::Block,
        WhenFull::Drop,
        WhenFull::Error,
        WhenFull::Resize,
    ];
    let when_full = fulls[rng.below(fulls.len())];
    let mode = if rng.once_in(5) { ChannelMode::LatestValue } else { ChannelMode::Fifo };
    let capacity = [1, 1, 2, 64][rng.below(4)];
    // Those who do nothing wrong have channels that lose nothing.
    let [one, other] = PLAYERS;
    let channels = [(one, other), (other, one)].map(|(from, to)| {
        let (from, to) = (from.to_owned(), to.to_owned());
        let (when_full, mode) = (WhenFull::Block, ChannelMode::Fifo);
        ChannelConfig { from, to, capacity: 1 + rng.below(2) as u16, when_full, mode }
    });
    VMConfig {
        policy: policies[rng.below(policies.len())],
        quantum: [1, 2, 3, 64, 64][rng.below(5)],
        capacity,
        when_full,
        mode,
        channels: channels.into(),
        max_buffered: [2, 40, u16::MAX][rng.below(3)],
        max_sessions: 8 + rng.below(24),
        max_coroutines: if rng.once_in(4) { 12 + rng.below(30) } else { usize::MAX },
        recording: Recording::Full,
        ..VMConfig::default()
    }
}

fn mood(rng: &mut Rng) -> Mood {
    let mut often =
        |chance: usize, times: &[usize]| rng.once_in(chance).then(|| times[rng.below(times.len())]);
    Mood {
        pending: often(3, &[2, 4, 8]),
        wrong: often(3, &[5, 20]),
        network: often(4, &[2, 6]),
        bombs: often(6, &[1, 4]),
    }
}

/// Short runs, and sessions that come and go between them.
fn simple_act(rng: &mut Rng, images: usize) -> Act {
    match rng.below(8) {
        0..4 => Act::Run(1),
        4 => Act::Step(1 + rng.below(3)),
        5 => Act::Open(rng.below(images)),
        6 => Act::OpenGame { with_objects: rng.once_in(2) },
        _ => Act::Cancel(rng.below(6)),
    }
}

fn act(rng: &mut Rng, images: usize) -> Act {
    let session = rng.below(6);
    match rng.below(28) {
        0..4 => Act::Open(rng.below(images)),
        4 => Act::OpenAndCancel(rng.below(images)),
        5 | 6 => Act::OpenGame { with_objects: rng.once_in(2) },
        7..13 => Act::Run([1, 1, 2, 3, 10, 100][rng.below(6)]),
        13..16 => Act::Step([1, 1, 2, 5, 50][rng.below(5)]),
        16 => Act::Pause(role(rng)),
        17 => Act::Resume(role(rng)),
        18 | 19 => Act::Wake(session, ROLES[rng.below(3)]),
        20 | 21 => {
            let message = (rng.below(3) as u8, rng.below(3) as u8, rng.below(3) as u16);
            Act::Inject { session, message, number: rng.once_in(2) }
        }
        22 => Act::Deferred { session, lost: rng.once_in(3) },
        23 | 24 => Act::Cancel(session),
        25 => Act::Close(session),
        _ => Act::Mood(mood(rng)),
    }
}

fn role(rng: &mut Rng) -> &'static str {
    let all = [ROLES[0], ROLES[1], ROLES[2], PLAYERS[0], PLAYERS[1]];
    all[rng.below(all.len())]
}

/// What can be read, and written into a test.
impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = VMConfig::default();
        let VMConfig { policy, quantum, capacity, when_full, mode, max_sessions, .. } = self.config;
        write!(f, "seed {}, {policy:?}", self.seed)?;
        write!(f, ", quantum {quantum}, capacity {capacity} {when_full:?} {mode:?}")?;
        write!(f, ", at most {max_sessions} sessions")?;
        if self.config.max_coroutines != usual.max_coroutines {
            write!(f, " and {} roles", self.config.max_coroutines)?;
        }
        writeln!(f, ", max_buffered {}", self.config.max_buffered)?;
        for (at, image) in self.code().iter().enumerate() {
            writeln!(f, "image {at}, for {}\n{image}", image.global_type)?;
        }
        self.acts.iter().try_for_each(|act| writeln!(f, "{act:?}"))
    }
}
