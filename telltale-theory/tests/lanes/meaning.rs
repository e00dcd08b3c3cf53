//! A run by the letter: a path, and for every role the events of the arms in every order.

use std::collections::BTreeSet;

use telltale_theory::Event;
use telltale_theory::oracle::{Rng, can_happen, is_run, may_do};
use telltale_types::{GlobalExit, GlobalType, RoleId, StateId};

use crate::{are_many, events, exits, for_protocols, written};

type Events<'e> = dyn Fn(StateId, GlobalExit) -> [Event; 2] + 'e;

/// A path, or an arm of one.
type Path = Vec<Step>;

#[derive(Clone)]
enum Step {
    Exchange([Event; 2]),
    AtOnce(Vec<Path>),
}

/// How many paths or orders of one protocol are looked at.
const MOST: usize = 2_000;

/// All paths from a state to where its lane ends; nothing if there are too many.
fn paths(
    global: &GlobalType,
    events: &Events<'_>,
    from: StateId,
    ahead: usize,
) -> Option<Vec<Path>> {
    let ahead = ahead.checked_sub(1)?;
    let mut found = Vec::new();
    for exit in global.exits(from) {
        let step = Step::Exchange(events(from, exit));
        let rest = paths(global, events, exit.target, ahead)?;
        found.extend(rest.into_iter().map(|rest| [vec![step.clone()], rest].concat()));
    }
    if let Some(par) = global.par(from) {
        let mut arms: Vec<Vec<Path>> = vec![Vec::new()];
        for arm in par.arms {
            arms = pairs(&arms, &paths(global, events, arm, ahead)?, |arms, arm| {
                arms.iter().chain([arm]).cloned().collect()
            })?;
        }
        let rest = paths(global, events, par.next, ahead)?;
        let follow = |arms: &Vec<Path>, rest: &Path| {
            [vec![Step::AtOnce(arms.clone())], rest.clone()].concat()
        };
        found.extend(pairs(&arms, &rest, follow)?);
    } else if global.exits(from).len() == 0 {
        found.push(Vec::new());
    }
    (found.len() <= MOST).then_some(found)
}

fn pairs<A, B, C>(ones: &[A], others: &[B], both: impl Fn(&A, &B) -> C) -> Option<Vec<C>> {
    if ones.len() * others.len() > MOST {
        return None;
    }
    let both = &both;
    Some(ones.iter().flat_map(|one| others.iter().map(move |other| both(one, other))).collect())
}

type Views = BTreeSet<Vec<Event>>;

/// Everything that a role can see along a path; nothing if that is too much.
fn views(path: &Path, role: RoleId) -> Option<Views> {
    let mut seen = Views::from([Vec::new()]);
    for step in path {
        let next = match step {
            Step::Exchange(events) => {
                Views::from([events.iter().copied().filter(|event| event.role == role).collect()])
            }
            Step::AtOnce(arms) => {
                let mut shuffled = Views::from([Vec::new()]);
                for arm in arms {
                    shuffled = combined(&shuffled, &views(arm, role)?, shuffles)?;
                }
                shuffled
            }
        };
        seen = combined(&seen, &next, |one, other| vec![[one, other].concat()])?;
    }
    Some(seen)
}

fn combined(
    ones: &Views,
    others: &Views,
    both: impl Fn(&[Event], &[Event]) -> Vec<Vec<Event>>,
) -> Option<Views> {
    let few = ones.iter().chain(others).all(|view| view.len() <= 6);
    let (ones, others) = (Vec::from_iter(ones), Vec::from_iter(others));
    let combined = pairs(&ones, &others, |one, other| both(one, other)).filter(|_| few)?;
    Some(combined.into_iter().flatten().collect())
}

/// All orders of two views that keep the order of each.
fn shuffles(one: &[Event], other: &[Event]) -> Vec<Vec<Event>> {
    let (Some((x, after_x)), Some((y, after_y))) = (one.split_first(), other.split_first()) else {
        return vec![[one, other].concat()];
    };
    let begin = |event: Event, rest: Vec<Vec<Event>>| {
        rest.into_iter().map(move |rest| [vec![event], rest].concat())
    };
    begin(*x, shuffles(after_x, other)).chain(begin(*y, shuffles(one, after_y))).collect()
}

/// For each path and each role, the beginnings of what the role can see.
struct Letter(Vec<Vec<Views>>);

impl Letter {
    fn of(global: &GlobalType) -> Option<Self> {
        let paths =
            paths(global, &events(global), StateId::START, 24).filter(|paths| paths.len() <= 50)?;
        let roles = || global.names().roles().map(|(role, _)| role);
        let beginnings = |views: Views| -> Views {
            let all =
                views.iter().flat_map(|view| (0..=view.len()).map(|end| view[..end].to_vec()));
            all.collect()
        };
        let of_path =
            |path: &Path| roles().map(|role| Some(beginnings(views(path, role)?))).collect();
        Some(Self(paths.iter().map(of_path).collect::<Option<_>>()?))
    }

    fn may_do(&self, view: &[Event], role: RoleId) -> bool {
        self.0.iter().any(|path| path[role.index()].contains(&seen(view, role)))
    }

    fn is_run(&self, word: &[Event]) -> bool {
        let sees = |(at, views): (usize, &Views)| views.contains(&seen(word, RoleId::at(at)));
        can_happen(word) && self.0.iter().any(|path| path.iter().enumerate().all(sees))
    }
}

fn seen(word: &[Event], role: RoleId) -> Vec<Event> {
    word.iter().copied().filter(|event| event.role == role).collect()
}

#[test]
fn runs_are_those_of_the_letter() {
    let (mut compared, mut runs, mut longest) = (0, 0, 0);
    for_protocols(300, |global| {
        let Some(letter) = Letter::of(global) else { return };
        let events = events(global);
        let alphabet: BTreeSet<Event> =
            exits(global).flat_map(|(state, exit)| events(state, exit)).collect();
        let mut open = vec![Vec::new()];
        let mut known = BTreeSet::new();
        let mut rng = Rng::new(compared);
        while !open.is_empty() && known.len() < 60 {
            let run: Vec<Event> = open.swap_remove(rng.below(open.len()));
            for &event in &alphabet {
                let longer = [&run[..], &[event]].concat();
                let right = letter.is_run(&longer);
                assert_eq!(is_run(global, &longer), right, "{}", written(global, &longer));
                let may = letter.may_do(&longer, event.role);
                assert_eq!(
                    may_do(global, event.role, &longer),
                    may,
                    "{}",
                    written(global, &longer)
                );
                if right && known.insert(longer.clone()) {
                    longest = longest.max(longer.len());
                    open.push(longer);
                }
            }
        }
        compared += 1;
        runs += known.len();
    });
    println!("{compared} protocols, {runs} runs of up to {longest} events");
    assert!(!are_many() || longest >= 8, "{compared} protocols, up to {longest} events");
}
