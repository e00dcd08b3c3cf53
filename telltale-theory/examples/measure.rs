//! How long large protocols take: `cargo run --release -p telltale-theory --example measure
//! [scale]`.
//!
//! Prints, for protocols of several shapes with about 2,000 statements times the scale, the
//! milliseconds that checking and projecting take. (Not a test: a machine may be busy. What scales
//! badly shows when the scale is doubled.)

use std::time::Instant;

use telltale_theory::oracle::LARGE;

fn main() {
    let scale: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    println!(
        "{:<44}{:>10}{:>10}{:>10}{:>12}",
        "shape", "exits", "verdict", "check ms", "project ms"
    );
    for (name, build) in LARGE {
        let global = build(scale);
        let start = Instant::now();
        let verdict = telltale_theory::check(&global);
        let check = start.elapsed();
        let start = Instant::now();
        let projected = telltale_theory::project_all(&global);
        let project = start.elapsed();
        let exits: usize = global.states().map(|state| global.exits(state).len()).sum();
        let verdict = match &verdict {
            Ok(()) => "fine".to_owned(),
            Err(error) if error.violations().is_empty() => error.to_string(),
            Err(error) => format!("{} wrong", error.violations().len()),
        };
        assert_eq!(projected.is_ok(), verdict == "fine");
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        println!("{name:<44}{exits:>10}{verdict:>10}{:>10.1}{:>12.1}", ms(check), ms(project));
    }
}
