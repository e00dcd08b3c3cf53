//! A role is asked exactly once for each message it sends and told exactly once of each message it
//! receives, whatever the room in the channels and whoever runs when.

mod support;

use std::collections::BTreeMap;

use support::{Ledger, Script, image, image_of, is_closed, open, try_image};
use telltale_theory::oracle::{Shape, generate, with_payloads};
use telltale_vm::{Observed, Policy, VM, VMConfig, Value};

const POLICIES: [Policy; 4] = Policy::ALL;

fn ways() -> impl Iterator<Item = VMConfig> {
    POLICIES.into_iter().flat_map(|policy| {
        [1, 2, 64].into_iter().flat_map(move |capacity| {
            [1, 3, 64].into_iter().map(move |quantum| VMConfig {
                policy,
                capacity,
                quantum,
                ..VMConfig::default()
            })
        })
    })
}

/// How often each role sent and received each message, as the handler would log it.
fn sent_and_received(vm: &VM) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in vm.trace() {
        let (role, line) = match (&event.what, event.to_string()) {
            (Observed::Sent { from, .. }, text) => (*from, format!("{}!", label(&text))),
            (Observed::Received { to, .. }, text) => (*to, format!("{}?", label(&text))),
            _ => continue,
        };
        *counts.entry(format!("{} {line}", event.role(role))).or_default() += 1;
    }
    counts
}

/// The label of an event as it prints, without what it carries.
fn label(event: &str) -> &str {
    let label = event.rsplit(':').next().unwrap_or_default();
    label.split('(').next().unwrap_or_default()
}

#[test]
fn once_for_each_message_of_a_stream() {
    // A is far ahead of B, as far as the channel lets it.
    let image = image("A→B:a. A→B:b. A→B:c. A→B:d. A→B:e. B→A:f");
    for config in ways() {
        let script = Script::units();
        let (mut vm, session) = open(config.clone(), &image);
        vm.run(&script, 10_000).expect("no session faults");
        assert!(is_closed(&vm, session));
        let mut log = script.log();
        log.sort();
        let once = ["A a!", "A b!", "A c!", "A d!", "A e!", "A f?"];
        assert_eq!(log[..6], once, "{config:?}");
        let once = ["B a?", "B b?", "B c?", "B d?", "B e?", "B f!"];
        assert_eq!(log[6..], once, "{config:?}");
    }
}

#[test]
fn once_for_each_choice_even_when_its_channel_is_full() {
    // All choices but the first find the channel full when it holds one message.
    let image = image_of("A→{B:a; B:b. A→{B:a; B:b. A→{B:a; B:b. A→B:c}}}", "u64");
    for config in ways() {
        let mut script = Script::new(|_, _, before| Ok(Value::Uint(before as u64)));
        script.branch = 1;
        let (mut vm, session) = open(config.clone(), &image);
        vm.run(&script, 10_000).expect("no session faults");
        assert!(is_closed(&vm, session), "{config:?}");
        assert_eq!(script.count("A …!"), 3, "{config:?}");
        assert_eq!(script.count("A c!"), 1, "{config:?}");
        assert_eq!(script.count("B b?"), 3, "{config:?}");
        assert_eq!(script.count("B c?"), 1, "{config:?}");
        assert_eq!(script.log().len(), 8, "{config:?}");
    }
}

#[test]
fn as_often_as_the_trace_says() {
    for seed in 0..250 {
        let global = generate(seed, Shape { roles: 4, ..Shape::default() });
        let Some(image) = try_image(&global) else { continue };
        for config in ways().skip(seed as usize % 4).step_by(4) {
            let mut script = Script::units();
            script.branch = 0;
            let (mut vm, _) = open(config.clone(), &image);
            vm.run(&script, 20).expect("no session faults");
            let trace = sent_and_received(&vm);
            for (line, count) in &trace {
                if line.ends_with('?') {
                    assert_eq!(script.count(line), *count, "seed {seed}, {config:?}: {line}");
                }
            }
            // Whoever has been asked has sent, but for a choice that still waits for room.
            let asked = script.log().iter().filter(|line| line.ends_with('!')).count();
            let sent: usize =
                trace.iter().filter(|(line, _)| line.ends_with('!')).map(|(_, count)| count).sum();
            let waits = asked - sent;
            assert!(waits <= image.names().role_count(), "seed {seed}, {config:?}");
            if vm.open_sessions() == 0 {
                assert_eq!(waits, 0, "seed {seed}, {config:?}");
            }
        }
    }
}

#[test]
fn what_is_given_arrives_in_order() {
    for seed in 0..400 {
        let global = with_payloads(&generate(seed, Shape::default()), |_| "u64");
        let Some(image) = try_image(&global) else { continue };
        for config in ways().skip(seed as usize % 4).step_by(4) {
            let ledger = Ledger::default();
            let (mut vm, _) = open(config.clone(), &image);
            vm.run(&ledger, 40).expect("no session faults");
            let (given, taken) = (
                ledger.given.lock().expect("nobody panicked"),
                ledger.taken.lock().expect("nobody panicked"),
            );
            for (channel, taken) in &*taken {
                assert!(given[channel].starts_with(taken), "seed {seed}, {config:?}");
            }
            if vm.open_sessions() == 0 {
                assert_eq!(*given, *taken, "seed {seed}, {config:?}");
            }
        }
    }
}
