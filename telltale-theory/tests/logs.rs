//! Logs: a log is accepted exactly when the definitions say that it begins a run.
//!
//! `TELLTALE_PROTOCOLS=100000` looks at so many random protocols, `TELLTALE_SEED` says where to begin.

use std::collections::BTreeSet;

use telltale_theory::oracle::{
    Rng, Shape, can_happen, generate, generate_parallel, is_run, may_do,
};
use telltale_theory::{Event, Options, accepts, project_all_with};
use telltale_types::{
    Direction, GlobalTerm, GlobalType, Label, LocalTypeR, LogError, LogEvent, Monitor, RoleId,
    UNDER_WAY_LIMIT,
};

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// A protocol that can be projected, and its parts.
struct Case {
    seed: u64,
    global: GlobalType,
    locals: Vec<(String, LocalTypeR)>,
}

/// Calls a function with many protocols that can be projected: half of them with parallel parts.
fn for_cases(count: u64, mut test: impl FnMut(&Case)) {
    let first = number("TELLTALE_SEED", 0);
    let options = Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
    for seed in first..first + number("TELLTALE_PROTOCOLS", count) {
        let global = match seed % 4 {
            0 => generate(seed, Shape::default()),
            1 => generate(seed, Shape { roles: 3, labels: 2, ..Shape::default() }),
            2 => generate_parallel(seed, Shape { roles: 4, states: 6, exits: 3, labels: 2 }),
            _ => generate_parallel(seed, Shape { roles: 2, states: 3, exits: 3, labels: 2 }),
        };
        let Ok(locals) = project_all_with(&global, &options) else { continue };
        test(&Case { seed, global, locals });
    }
}

impl Case {
    fn monitor(&self) -> Monitor {
        let parts = self.locals.iter().map(|(role, local)| (role.as_str(), local));
        Monitor::of_roles(&self.global, parts).expect("the parts are those of the protocol")
    }

    /// Everything that can happen, on every channel.
    fn alphabet(&self) -> Vec<Event> {
        let lanes = self.global.lanes();
        let states = || self.global.states();
        let pairs = states().flat_map(|state| {
            self.global.exits(state).map(move |exit| (state, (exit.sender, exit.receiver)))
        });
        let split = lanes.split(pairs);
        let events = states().flat_map(|state| {
            let number = |pair| split.of(lanes.of_state(state), &pair).number;
            let both = self.global.exits(state).flat_map(move |exit| {
                let (from, to, label) = (exit.sender, exit.receiver, exit.label);
                let both = [Event::sent(from, to, label), Event::received(from, to, label)];
                both.map(|event| event.in_lane(number((from, to))))
            });
            both.collect::<Vec<_>>()
        });
        events.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn is_run(&self, word: &[Event]) -> bool {
        is_run(&self.global, word)
    }

    /// A random run of at most so many events.
    fn run(&self, rng: &mut Rng, length: usize) -> Vec<Event> {
        let alphabet = self.alphabet();
        let mut run = Vec::new();
        while run.len() < length {
            let first = rng.below(alphabet.len());
            let turns = (0..alphabet.len()).map(|nth| alphabet[(first + nth) % alphabet.len()]);
            let mut longer = turns.map(|event| [&run[..], &[event]].concat());
            match longer.find(|run| self.is_run(run)) {
                Some(longer) => run = longer,
                None => break,
            }
        }
        run
    }

    fn sides(&self, event: Event) -> [String; 3] {
        let Event { role, action, .. } = event;
        let names = self.global.names();
        let (role, peer) = (names.role(role).to_owned(), names.role(action.peer).to_owned());
        let label = names.label(action.label).to_string();
        match action.direction {
            Direction::Send => [role, peer, label],
            Direction::Receive => [peer, role, label],
        }
    }

    fn logged(&self, event: Event) -> LogEvent {
        let [sender, receiver, label] = self.sides(event);
        match event.action.direction {
            Direction::Send => LogEvent::sent(sender, receiver, label),
            Direction::Receive => LogEvent::received(sender, receiver, label),
        }
    }

    fn log(&self, word: &[Event]) -> Vec<LogEvent> {
        word.iter().map(|event| self.logged(*event).on_channel(event.lane)).collect()
    }

    /// How many events fit.
    fn accepted(&self, log: &[LogEvent]) -> usize {
        let mut monitor = self.monitor();
        let fits = log.iter().take_while(|event| monitor.observe(event).is_ok());
        fits.count()
    }

    fn written(&self, word: &[Event]) -> String {
        let show = |event: &Event| format!("{}@{}", event.display(self.global.names()), event.lane);
        let events: Vec<String> = word.iter().map(show).collect();
        format!("TELLTALE_SEED={} is {}\n{}", self.seed, self.global, events.join("  "))
    }
}

/// The same with one event removed, doubled, swapped with the next, or replaced.
fn mutated(rng: &mut Rng, run: &[Event], alphabet: &[Event]) -> Vec<Event> {
    let mut word = run.to_vec();
    let at = rng.below(run.len());
    match rng.below(4) {
        0 => drop(word.remove(at)),
        1 => word.insert(at, word[at]),
        2 => word.swap(at, (at + 1).min(run.len() - 1)),
        _ => word[at] = alphabet[rng.below(alphabet.len())],
    }
    word
}

/// How long the beginning of a word is that begins a run.
fn longest_run(case: &Case, word: &[Event]) -> usize {
    (1..=word.len()).take_while(|&end| case.is_run(&word[..end])).count()
}

#[test]
fn what_is_accepted_begins_a_run() {
    let (mut right, mut wrong) = (0, 0);
    for_cases(800, |case| {
        let mut rng = Rng::new(case.seed);
        let run = case.run(&mut rng, 10);
        if run.is_empty() {
            return;
        }
        assert_eq!(case.accepted(&case.log(&run)), run.len(), "{}", case.written(&run));
        let alphabet = case.alphabet();
        for _ in 0..4 {
            let word = mutated(&mut rng, &run, &alphabet);
            let fits = longest_run(case, &word);
            assert_eq!(case.accepted(&case.log(&word)), fits, "{}", case.written(&word));
            let counted = if fits == word.len() { &mut right } else { &mut wrong };
            *counted += 1;
        }
    });
    println!("{right} mutated runs are runs, {wrong} are not");
    assert!(right > 20 && wrong > 200 || number("TELLTALE_PROTOCOLS", 800) < 800);
}

/// For a log that does not say on which channel something happened: how many of its events fit, and in how many ways.
fn understood(case: &Case, alphabet: &[Event], word: &[Event]) -> (usize, usize) {
    let mut all = vec![Vec::new()];
    for (at, event) in word.iter().enumerate() {
        let same = |one: &&Event| one.role == event.role && one.action == event.action;
        let same = || alphabet.iter().filter(same);
        let longer = all.iter().flat_map(|word| same().map(|one| [&word[..], &[*one]].concat()));
        let longer: Vec<Vec<Event>> = longer.filter(|word| case.is_run(word)).collect();
        if longer.is_empty() {
            return (at, all.len());
        }
        all = longer;
    }
    (word.len(), all.len())
}

#[test]
fn a_log_without_channels_fits_if_some_channels_do() {
    let mut several = 0;
    for_cases(800, |case| {
        let alphabet = case.alphabet();
        if alphabet.iter().all(|event| event.lane == 0) {
            return;
        }
        let mut rng = Rng::new(case.seed);
        let run = case.run(&mut rng, 7);
        if run.is_empty() {
            return;
        }
        for word in [run.clone(), mutated(&mut rng, &run, &alphabet)] {
            let (fits, ways) = understood(case, &alphabet, &word);
            let log: Vec<LogEvent> = word.iter().map(|event| case.logged(*event)).collect();
            assert_eq!(case.accepted(&log), fits, "{}", case.written(&word));
            several += usize::from(ways > 1);
        }
    });
    println!("{several} logs could be understood in several ways");
    assert!(several > 10 || number("TELLTALE_PROTOCOLS", 800) < 800);
}

/// A message as one event is its sending and its receiving, one directly after the other. So nothing is under way before it.
#[test]
fn exchanges_are_two_events_at_once() {
    let (mut right, mut wrong) = (0, 0);
    for_cases(800, |case| {
        let mut rng = Rng::new(case.seed);
        let alphabet = case.alphabet();
        let is_sent = |event: &&Event| event.action.direction == Direction::Send;
        let sent: Vec<Event> = alphabet.iter().filter(is_sent).copied().collect();
        let (mut word, mut monitor) = (Vec::new(), case.monitor());
        for _ in 0..12 {
            let message = sent[rng.below(sent.len())];
            let Event { role, action, lane } = message;
            let received = Event::received(role, action.peer, action.label).in_lane(lane);
            let [from, to, label] = case.sides(message);
            // Sometimes only one of the two happens.
            let (events, log) = match rng.below(4) {
                0 => (vec![message], LogEvent::sent(from, to, label)),
                1 => (vec![received], LogEvent::received(from, to, label)),
                _ => (vec![message, received], LogEvent::exchange(from, to, label)),
            };
            let longer = [&word[..], &events[..]].concat();
            let at_once = events.len() == 2;
            let count =
                |event: Event| word.iter().filter(|one| is_on_channel_of(event, **one)).count();
            let is_empty = count(message) == count(received);
            let fits = case.is_run(&longer) && (is_empty || !at_once);
            let result = monitor.observe(&log.on_channel(lane));
            assert_eq!(result.is_ok(), fits, "{}", case.written(&longer));
            if fits {
                (word, right) = (longer, right + 1);
            } else {
                wrong += 1;
            }
        }
    });
    println!("{right} events fit, {wrong} do not");
    assert!(right > 250 && wrong > 250 || number("TELLTALE_PROTOCOLS", 800) < 800);
}

/// Whether one event is what another is, but for the label.
fn is_on_channel_of(event: Event, one: Event) -> bool {
    let way = |event: Event| (event.role, event.action.direction, event.action.peer, event.lane);
    way(event) == way(one)
}

/// A run is complete when nothing can come after it: what is implemented does not get stuck.
#[test]
fn a_log_is_complete_when_nothing_can_follow() {
    let mut complete = 0;
    for_cases(800, |case| {
        let mut rng = Rng::new(case.seed);
        let run = case.run(&mut rng, 14);
        let accepted = case.monitor().check(case.log(&run)).expect("a run is accepted");
        let alphabet = case.alphabet();
        let next = |event: &&Event| case.is_run(&[&run[..], &[**event]].concat());
        let goes_on = alphabet.iter().any(|event| next(&event));
        assert_eq!(accepted.is_complete(), !goes_on, "{}\n{accepted}", case.written(&run));
        assert_eq!(accepted.pending.is_empty() && accepted.under_way.is_empty(), !goes_on);
        complete += usize::from(!goes_on);
    });
    assert!(complete > 40 || number("TELLTALE_PROTOCOLS", 800) < 800, "{complete}");
}

/// What is said to be expected instead is all that can happen.
#[test]
fn all_alternatives_are_named() {
    for_cases(800, |case| {
        let mut rng = Rng::new(case.seed);
        let run = case.run(&mut rng, 8);
        let mut monitor = case.monitor();
        for event in case.log(&run) {
            monitor.observe(&event).expect("a run is accepted");
        }
        let names = case.global.names();
        let wrong = LogEvent::sent(names.role(RoleId(0)), names.role(RoleId(1)), "nothing");
        let Err(LogError::Unfit(unfit)) = monitor.observe(&wrong) else {
            panic!("{}", case.written(&run))
        };
        for one in &unfit.expected {
            assert!(!one.steps.is_empty(), "{}", case.written(&run));
            for &(state, nth) in &one.steps {
                let exit = case.global.exits(state).nth(nth).expect("a step of the protocol");
                assert_eq!(exit.action(one.role), Some(one.action), "{}", case.written(&run));
            }
        }
        let told: BTreeSet<String> = unfit.expected.iter().map(|one| one.text.clone()).collect();
        let can = |event: &&Event| case.is_run(&[&run[..], &[**event]].concat());
        let alphabet = case.alphabet();
        let next = alphabet.iter().filter(can);
        let next: BTreeSet<String> = next.map(|event| case.logged(*event).to_string()).collect();
        assert_eq!(told, next, "{}", case.written(&run));
    });
}

/// The part of one role accepts what the role may see, whatever others do.
#[test]
fn a_part_accepts_what_its_role_may_do() {
    let (mut right, mut wrong) = (0, 0);
    for_cases(800, |case| {
        let mut rng = Rng::new(case.seed);
        let run = case.run(&mut rng, 12);
        for (role, local) in &case.locals {
            let id = case.global.names().find_role(role).expect("a role of the protocol");
            let own = |event: &Event| event.role == id;
            let alphabet: Vec<Event> = case.alphabet().into_iter().filter(own).collect();
            let view: Vec<Event> = run.iter().copied().filter(own).collect();
            let log: Vec<LogEvent> = run.iter().map(|event| case.logged(*event)).collect();
            let accepted = local.accepts(role, log).expect("what a role sees fits");
            assert_eq!(accepted.events as usize, view.len());
            if view.is_empty() || alphabet.iter().any(|event| event.lane > 0) {
                continue;
            }
            let word = mutated(&mut rng, &view, &alphabet);
            let log = word.iter().map(|event| case.logged(*event));
            let fits = may_do(&case.global, id, &word);
            assert_eq!(local.accepts(role, log).is_ok(), fits, "{role}: {}", case.written(&word));
            *(if fits { &mut right } else { &mut wrong }) += 1;
        }
    });
    println!("{right} mutated views fit, {wrong} do not");
    assert!(right > 25 && wrong > 120 || number("TELLTALE_PROTOCOLS", 800) < 800);
}

/// Two roles of several: what is between them has to be in order.
#[test]
fn some_roles_can_be_watched() {
    for_cases(1_000, |case| {
        let mut rng = Rng::new(case.seed);
        let run = case.run(&mut rng, 10);
        let parts = case.locals.iter().take(2).map(|(role, local)| (role.as_str(), local));
        let monitor = Monitor::of_roles(&case.global, parts).expect("parts of the protocol");
        let accepted = monitor.clone().check(case.log(&run)).expect("a run fits");
        let own = run.iter().filter(|event| event.role.index() < 2).count();
        assert_eq!((accepted.events as usize, accepted.skipped as usize), (own, run.len() - own));
        let between = |event: &&Event| event.role.index() < 2 && event.action.peer.index() < 2;
        let between: Vec<Event> = run.iter().filter(between).copied().collect();
        let received_first = |event: &Event| event.action.direction == Direction::Receive;
        if let Some(at) = between.iter().position(received_first) {
            let early = &between[at..];
            assert!(!can_happen(early) && monitor.check(case.log(early)).is_err());
        }
    });
}

/// Whether a message was sent in one arm or in the other makes two logs of one, and both are kept as far as they go.
#[test]
fn what_is_under_way_in_many_ways_has_a_limit() {
    let message = |label, then| (Label::new(label), then);
    let flood = GlobalTerm::comm(
        "A",
        "B",
        [message("x", GlobalTerm::var("t")), message("stop", GlobalTerm::end())],
    );
    let once = GlobalTerm::comm("A", "B", [message("x", GlobalTerm::end())]);
    let both = GlobalTerm::par([GlobalTerm::mu("t", flood), once], GlobalTerm::end());
    let global = both.close().expect("a protocol");
    let sent = |_| LogEvent::sent("A", "B", "x");
    let many = UNDER_WAY_LIMIT + 1;
    let error = accepts(&global, (0..many).map(sent)).expect_err("that is too much");
    assert_eq!(
        error.to_string(),
        "event 5001: so far the log can be understood in several ways, with more than 10000 messages under way; \
         give the `channel` of its events"
    );
    let accepted = accepts(&global, (0..many).map(|nth| sent(nth).on_channel(1)));
    let accepted = accepted.expect("each event says where it is");
    assert_eq!(accepted.events as usize, many);
}
