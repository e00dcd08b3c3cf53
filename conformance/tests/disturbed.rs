//! A session that is disturbed at any moment, in any way, does what it does undisturbed, as far as it is let;
//! and its neighbours do not notice.

use telltale_conformance::disturb::{Disturbance, Moment, disturb, undisturbed};
use telltale_conformance::image::protocols;

/// How many random protocols there are beside the corpus.
const RANDOM: usize = 30;

/// Up to which call or round sessions are disturbed.
const MOMENTS: usize = 24;

#[test]
fn at_every_call() {
    everywhere(Moment::Call, |_| true);
}

#[test]
fn after_every_round() {
    everywhere(Moment::Round, |what| !what.is_of_handler());
}

fn everywhere(moment: fn(usize) -> Moment, fits: fn(&Disturbance) -> bool) {
    let (mut failures, mut count) = (Vec::new(), 0);
    for (seed, (name, image)) in (1..).zip(protocols(3_000_000, RANDOM)) {
        let reference = undisturbed(&image, seed);
        for at in 0..MOMENTS.min(reference.calls()) {
            for what in Disturbance::all(image.names().role_count()).into_iter().filter(fits) {
                count += 1;
                if let Err(wrong) = disturb(&image, &reference, seed, moment(at), what) {
                    failures
                        .push(format!("{name}, seed {seed}, {:?}, {what:?}: {wrong}", moment(at)));
                }
            }
        }
    }
    println!("{count} disturbances");
    let shown = failures.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(failures.is_empty(), "{} of {count}; among them\n{shown}", failures.len());
}
