//! Medians of interleaved samples.

use std::time::{Duration, Instant};

use crate::contender::Contender;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Only to see that everything runs.
    pub is_quick: bool,
    /// How many samples a median is of.
    pub samples: usize,
    /// How many messages a sample has.
    pub messages: u64,
}

impl Effort {
    pub fn full() -> Self {
        Self { is_quick: false, samples: 15, messages: 200_000 }
    }

    pub fn quick() -> Self {
        Self { is_quick: true, samples: 1, messages: 2_000 }
    }

    /// The number, or what is left of it when there is no time.
    pub fn either<T>(self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }
}

/// The median cost of a message of each contender, in nanoseconds. The contenders take turns, so that a
/// slow moment of the machine hits all of them.
pub fn messages(
    mut contenders: Vec<Box<dyn Contender>>,
    messages: u64,
    samples: usize,
) -> Vec<f64> {
    let mut costs = vec![Vec::new(); contenders.len()];
    for sample in 0..=samples {
        for (contender, costs) in contenders.iter_mut().zip(&mut costs) {
            let before = contender.sent();
            let start = Instant::now();
            contender.exchange(messages.div_ceil(contender.handicap()));
            let time = start.elapsed();
            let cost = per(time, contender.sent() - before);
            // The first one warms up.
            if sample > 0 {
                costs.push(cost);
            }
        }
    }
    contenders.into_iter().for_each(Contender::end);
    costs.into_iter().map(median).collect()
}

/// The medians of several costs that are measured by turns. Each function gives one sample.
pub fn by_turns(samplers: &mut [&mut dyn FnMut() -> f64], samples: usize) -> Vec<f64> {
    let mut costs = vec![Vec::new(); samplers.len()];
    for sample in 0..=samples {
        for (sampler, costs) in samplers.iter_mut().zip(&mut costs) {
            let cost = sampler();
            if sample > 0 {
                costs.push(cost);
            }
        }
    }
    costs.into_iter().map(median).collect()
}

/// What one of so many things takes, in nanoseconds.
pub fn per(time: Duration, count: u64) -> f64 {
    time.as_nanos() as f64 / count as f64
}

pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
