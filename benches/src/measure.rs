//! Medians of interleaved samples: what one message costs.

use std::time::Instant;

/// One way to exchange messages.
pub struct Contender<'a> {
    /// Exchanges at least so many messages; gives how many it were.
    exchange: Box<dyn FnMut(u64) -> u64 + 'a>,
}

impl<'a> Contender<'a> {
    pub fn new(exchange: impl FnMut(u64) -> u64 + 'a) -> Self {
        Self { exchange: Box::new(exchange) }
    }
}

const SAMPLES: usize = 15;

/// The median cost of a message of each contender, in nanoseconds. The contenders take turns, so
/// that a slow moment of the machine hits all of them.
pub fn medians(contenders: &mut [Contender<'_>], messages: u64) -> Vec<f64> {
    let mut samples = vec![Vec::new(); contenders.len()];
    for round in 0..=SAMPLES {
        for (contender, samples) in contenders.iter_mut().zip(&mut samples) {
            let start = Instant::now();
            let done = (contender.exchange)(messages);
            let cost = start.elapsed().as_nanos() as f64 / done as f64;
            // The first round warms up.
            if round > 0 {
                samples.push(cost);
            }
        }
    }
    samples.into_iter().map(median).collect()
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
