//! Random versions of random protocols: what the report says, and what happens.

use telltale_theory::oracle::{
    Mishap, Rng, Shape, explore_mixed, generate, generate_parallel, is_run, two_versions,
};
use telltale_theory::{Change, Comparison, Options, compare, project_all_with};
use telltale_types::{GlobalExit, GlobalType, Label, LabelId, LocalTypeR, Names, RoleId, StateId};

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Two versions, and what becomes of their parts.
struct Case {
    seed: u64,
    old: Version,
    new: Version,
    comparison: Comparison,
}

struct Version {
    global: GlobalType,
    locals: Vec<(String, LocalTypeR)>,
}

impl Version {
    fn of(global: GlobalType) -> Option<Self> {
        let options =
            Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
        let locals = project_all_with(&global, &options).ok()?;
        Some(Self { global, locals })
    }
}

/// Calls a function with pairs of versions, both of which can be projected.
fn for_cases(count: u64, mut test: impl FnMut(&Case)) {
    let first = number("TELLTALE_SEED", 0);
    for seed in first..first + number("TELLTALE_PROTOCOLS", count) {
        let global = match seed % 5 {
            0 => generate(seed, Shape { roles: 3, states: 5, ..Shape::default() }),
            1 => generate(seed, Shape { roles: 4, labels: 2, ..Shape::default() }),
            2 => generate_parallel(seed, Shape { roles: 3, states: 4, exits: 3, labels: 2 }),
            _ => told(seed),
        };
        let Some((old, new)) = two_versions(seed, &global) else { continue };
        let Some((old, new)) = Version::of(old).zip(Version::of(new)) else { continue };
        let comparison = compare(&old.global, &new.global).expect("both have projections");
        test(&Case { seed, old, new, comparison });
    }
}

/// A protocol of three roles, in which whoever is not part of a choice is told of it.
fn told(seed: u64) -> GlobalType {
    let rng = &mut Rng::new(seed);
    let choices = 1 + rng.below(3);
    let mut table: Vec<Vec<GlobalExit>> = vec![Vec::new(); choices + 1];
    for choice in 0..choices {
        let sender = rng.below(3);
        let [sender, receiver, third] = [0, 1, 2].map(|nth| RoleId::at((sender + nth) % 3));
        for label in (0..2 + rng.below(2)).map(LabelId::at) {
            let back = rng.once_in(4) && label.index() > 0;
            let next = StateId::at(if back { rng.below(choices) } else { choice + 1 });
            let tells = [sender, receiver][rng.below(2)];
            table.push(vec![GlobalExit { sender: tells, receiver: third, label, target: next }]);
            let target = StateId::at(table.len() - 1);
            table[choice].push(GlobalExit { sender, receiver, label, target });
        }
    }
    let labels = (0..3).map(|label| Label::new(format!("m{label}")));
    let names = Names::new(["A", "B", "C"], labels).expect("the names are distinct");
    GlobalType::new(names, table).expect("every state is come to")
}

impl Case {
    /// Plays the roles that are chosen by name as they were, and all others as they are now.
    fn play(&self, is_old: impl Fn(&str) -> bool, must_be_run: bool) -> Result<(), Mishap> {
        let parts = self.old.locals.iter().zip(&self.new.locals).map(|((role, old), (_, new))| {
            if is_old(role) { (&self.old.global, old) } else { (&self.new.global, new) }
        });
        let parts: Vec<_> = parts.collect();
        let is_right = |run: &[_]| !must_be_run || is_run(&self.new.global, run);
        explore_mixed(&parts, (8, 200), is_right).map(drop)
    }

    /// The same the other way round.
    fn turned(&self) -> Self {
        let copy = |version: &Version| Version {
            global: version.global.clone(),
            locals: version.locals.clone(),
        };
        let (old, new) = (copy(&self.new), copy(&self.old));
        let comparison = compare(&old.global, &new.global).expect("both have projections");
        Self { seed: self.seed, old, new, comparison }
    }

    fn written(&self) -> String {
        let Self { seed, old, new, comparison } = self;
        format!("TELLTALE_SEED={seed}: {} is now {}\n{comparison}", old.global, new.global)
    }
}

#[test]
fn what_is_called_fine_never_misbehaves() {
    let (mut fine, mut wrong, mut unseen) = (0, 0, 0);
    for_cases(2_400, |case| {
        if case.comparison.is_same() {
            return;
        }
        for role in &case.comparison.roles {
            let Change::Changed { old_with_new, .. } = &role.change else { continue };
            let is_old = |name: &str| name == role.role;
            if old_with_new.is_ok() {
                assert_eq!(case.play(is_old, true), Ok(()), "{}", case.written());
                fine += 1;
            } else if case.play(is_old, false).is_ok() {
                unseen += 1;
            } else {
                wrong += 1;
            }
        }
    });
    println!("{fine} are fine; {wrong} are not and misbehave; {unseen} are not and do not");
    assert!(fine > 100 && wrong > 200 || number("TELLTALE_PROTOCOLS", 2_400) < 2_400);
}

/// Several roles may stay as they were if each of them may.
#[test]
fn what_is_called_fine_is_fine_together() {
    let mut several = 0;
    for_cases(2_400, |case| {
        let mut rng = Rng::new(case.seed);
        let changed =
            case.comparison.roles.iter().filter(|role| {
                matches!(&role.change, Change::Changed { old_with_new: Ok(()), .. })
            });
        let changed: Vec<&str> = changed.map(|role| role.role.as_str()).collect();
        if changed.len() > 1 {
            let kept: Vec<&str> = changed.iter().copied().filter(|_| rng.below(3) > 0).collect();
            let result = case.play(|name| kept.contains(&name), true);
            assert_eq!(result, Ok(()), "{kept:?}: {}", case.written());
            several += 1;
        }
    });
    assert!(several > 20 || number("TELLTALE_PROTOCOLS", 2_400) < 2_400, "{several}");
}

#[test]
fn the_report_has_two_sides() {
    for_cases(800, |case| {
        let turned = case.turned();
        assert_eq!(case.comparison.is_same(), turned.comparison.is_same());
        for role in &case.comparison.roles {
            let name = &role.role;
            let there = turned.comparison.roles.iter().find(|other| other.role == *name);
            match (&role.change, &there.expect("the same roles").change) {
                (Change::Same, Change::Same)
                | (Change::Added, Change::Removed)
                | (Change::Removed, Change::Added) => {}
                (
                    Change::Changed { old_with_new, new_with_old },
                    Change::Changed { old_with_new: theirs, new_with_old: ours },
                ) => assert!((old_with_new, new_with_old) == (ours, theirs)),
                _ => panic!("{}", case.written()),
            }
        }
        let same = compare(&case.new.global, &case.new.global).expect("it has a projection");
        assert!(same.is_same() && same.messages.is_empty());
    });
}

/// Where two types part is where a run of both ends.
#[test]
fn the_way_to_a_difference_is_one_of_both_types() {
    let mut long = 0;
    for_cases(1_200, |case| {
        let both = case.old.locals.iter().zip(&case.new.locals);
        for ((role, old), (_, new)) in both {
            let Some(found) = case.comparison.roles.iter().find(|found| found.role == *role) else {
                continue;
            };
            let Change::Changed { old_with_new: Err(difference), .. } = &found.change else {
                continue;
            };
            if old.lanes().len() > 1 || new.lanes().len() > 1 {
                continue;
            }
            let end = |local: &LocalTypeR| {
                let mut states = vec![StateId::START];
                for message in &difference.path {
                    let names = local.names();
                    let next = |state| {
                        local.exits(state).find(|exit| {
                            names.role(exit.action.peer) == message.peer
                                && names.label(exit.action.label).to_label() == message.label
                        })
                    };
                    let exit = next(*states.last().expect("the start"));
                    states.push(exit.expect("the message is in both types").target);
                }
                *states.last().expect("the start")
            };
            let ends = (end(old), end(new));
            assert_eq!(ends, (difference.state, difference.other_state), "{}", case.written());
            long += usize::from(difference.path.len() > 1);
        }
    });
    assert!(long > 50 || number("TELLTALE_PROTOCOLS", 1_200) < 1_200, "{long}");
}
