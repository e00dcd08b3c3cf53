//! Large protocols, to see how cost grows.

use telltale_types::{GlobalExit, GlobalType, Label, LabelId, Names, RoleId, StateId};

/// Makes a large protocol: about 2,000 statements times a scale.
pub type Build = fn(usize) -> GlobalType;

/// What large protocols are called, and how they are made.
pub const LARGE: &[(&str, Build)] = &[
    ("a line between two roles, then a third", line_then_third),
    ("a ring of 50 roles, round after round", ring),
    ("an endless ring of 50 roles", endless_ring),
    ("500 choices between two roles", choices_of_two),
    ("500 choices that a third hears of", choices_told),
    ("500 choices that a third need not hear of", choices_untold),
    ("500 choices, 40 roles told at the end", choices_then_many),
    ("a third gets a message or not, one label", maybe_same),
    ("a third gets a message or not, many labels", maybe_many),
    ("every step may stop, and a third answers", may_stop),
    ("200 branches, each told to 8 roles", wide),
    ("a loop over 200 branches", wide_loop),
    ("loops one after the other", loops),
    ("40 branches, then a long tail", tails),
    ("two senders to one, with answers", answered),
    ("wrong: nobody tells the third, 500 times", untold),
    ("wrong: 200 branches, nobody tells", wide_untold),
    ("wrong: overtaking, 500 times", overtaking),
];

/// A protocol whose third role is told letters, and has to remember the last so many of them: its
/// smallest machine has `2^letters` states.
pub fn exponential(letters: usize) -> GlobalType {
    let mut b = Builder::default();
    let start = b.state();
    let stay = b.then(start, (0, 1, 0));
    b.exit(stay, (0, 2, 0), start);
    b.exit(stay, (0, 2, 1), start);
    let go = b.then(start, (0, 1, 1));
    let mut at = b.then(go, (0, 2, 0));
    for _ in 0..letters {
        let next = b.then(at, (0, 2, 0));
        b.exit(at, (0, 2, 1), next);
        at = next;
    }
    b.then(at, (0, 2, 2));
    b.build()
}

/// A protocol in which a role chooses again and again whom to tell, while a message to it may or may
/// not be early: while it waits, each of `2^choices` sets of roles may wait for it. None of them ever
/// sends.
pub fn waiting(choices: usize) -> GlobalType {
    let (asker, early, late, waits, first) = (0, 1, 2, 3, 4);
    let told = first..first + 2 * choices;
    let mut b = Builder::default();
    let start = b.state();
    let end = b.state();
    let mut at = b.then(start, (asker, early, 0));
    at = b.then(at, (early, waits, 2));
    at = b.then(at, (waits, late, 3));
    at = told.clone().fold(at, |at, role| b.then(at, (waits, role, 3)));
    b.exit(at, (waits, asker, 3), end);
    at = b.then(start, (asker, early, 1));
    at = b.then(at, (asker, late, 0));
    at = b.then(at, (late, waits, 3));
    for pair in told.step_by(2) {
        let next = b.state();
        b.exit(at, (waits, pair, 1), next);
        b.exit(at, (waits, pair + 1, 1), next);
        at = next;
    }
    at = b.then(at, (waits, early, 1));
    at = b.then(at, (early, waits, 2));
    b.exit(at, (waits, asker, 3), end);
    b.build()
}

/// A protocol under construction: states are made before their exits are known.
#[derive(Default)]
pub(super) struct Builder {
    states: Vec<Vec<GlobalExit>>,
    labels: usize,
    roles: usize,
}

impl Builder {
    pub(super) fn state(&mut self) -> usize {
        self.states.push(Vec::new());
        self.states.len() - 1
    }

    pub(super) fn exit(
        &mut self,
        at: usize,
        (from, to, label): (usize, usize, usize),
        target: usize,
    ) {
        self.labels = self.labels.max(label + 1);
        self.roles = self.roles.max(from + 1).max(to + 1);
        self.states[at].push(GlobalExit {
            sender: RoleId::at(from),
            receiver: RoleId::at(to),
            label: LabelId::at(label),
            target: StateId::at(target),
        });
    }

    /// One exchange to a new state.
    pub(super) fn then(&mut self, at: usize, exchange: (usize, usize, usize)) -> usize {
        let next = self.state();
        self.exit(at, exchange, next);
        next
    }

    pub(super) fn build(self) -> GlobalType {
        let roles = (0..self.roles).map(|role| format!("R{role}"));
        let labels = (0..self.labels).map(|label| Label::new(format!("m{label}")));
        let names = Names::new(roles, labels).expect("the names are distinct");
        GlobalType::new(names, self.states).expect("the shape is a protocol")
    }
}

fn line_then_third(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    for nth in 0..2_000 * scale {
        at = b.then(at, (nth % 2, (nth + 1) % 2, 0));
    }
    b.then(at, (0, 2, 0));
    b.build()
}

fn ring(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    for nth in 0..2_000 * scale {
        at = b.then(at, (nth % 50, (nth + 1) % 50, 0));
    }
    b.build()
}

fn endless_ring(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let start = b.state();
    let mut at = start;
    for nth in 0..2_000 * scale - 1 {
        at = b.then(at, (nth % 50, (nth + 1) % 50, nth % 7));
    }
    b.exit(at, (49, 0, 1), start);
    b.build()
}

fn choices_of_two(scale: usize) -> GlobalType {
    choices(scale, |b, left, right, next| {
        b.exit(left, (1, 0, 2), next);
        b.exit(right, (1, 0, 3), next);
    })
}

/// 500 choices of role 0, about which it tells role 1.
fn choices(
    scale: usize,
    mut branches: impl FnMut(&mut Builder, usize, usize, usize),
) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    for _ in 0..500 * scale {
        let (left, right) = (b.then(at, (0, 1, 0)), b.then(at, (0, 1, 1)));
        at = b.state();
        branches(&mut b, left, right, at);
    }
    b.then(at, (0, 2, 4));
    b.build()
}

fn choices_told(scale: usize) -> GlobalType {
    choices(scale, |b, left, right, next| {
        b.exit(left, (1, 2, 2), next);
        b.exit(right, (1, 2, 3), next);
    })
}

fn choices_untold(scale: usize) -> GlobalType {
    choices(scale, |b, left, right, next| {
        let left = b.then(left, (1, 2, 2));
        b.exit(left, (2, 0, 2), next);
        let right = b.then(right, (1, 2, 2));
        b.exit(right, (2, 0, 2), next);
    })
}

fn choices_then_many(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    for _ in 0..500 * scale {
        let (left, right) = (b.then(at, (0, 1, 0)), b.then(at, (0, 1, 1)));
        at = b.state();
        b.exit(left, (1, 0, 2), at);
        b.exit(right, (1, 0, 3), at);
    }
    for role in 2..42 {
        at = b.then(at, (0, role, 0));
    }
    b.build()
}

fn maybe(scale: usize, label: impl Fn(usize) -> usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    for nth in 0..500 * scale {
        let (left, right) = (b.then(at, (0, 1, 0)), b.then(at, (0, 1, 1)));
        at = b.state();
        b.exit(left, (0, 2, label(nth)), at);
        b.exit(right, (0, 1, 2), at);
    }
    b.then(at, (0, 2, 4));
    b.build()
}

fn maybe_same(scale: usize) -> GlobalType {
    maybe(scale, |_| 3)
}

fn maybe_many(scale: usize) -> GlobalType {
    maybe(scale, |nth| nth + 5)
}

fn may_stop(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    let end = b.state();
    for _ in 0..500 * scale {
        let stopped = b.then(at, (0, 2, 1));
        let answered = b.then(stopped, (2, 0, 1));
        b.exit(answered, (0, 1, 1), end);
        let going = b.then(at, (0, 1, 0));
        at = b.then(going, (1, 0, 0));
    }
    // At the end as well, or the third would not know that it is over.
    b.exit(at, (0, 2, 2), end);
    b.build()
}

fn wide(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let start = b.state();
    let end = b.state();
    for nth in 0..200 * scale {
        let mut at = b.then(start, (0, 1, nth));
        for role in 2..9 {
            at = b.then(at, (1, role, nth));
        }
        b.exit(at, (1, 9, nth), end);
    }
    b.build()
}

fn wide_loop(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let start = b.state();
    for nth in 0..200 * scale {
        let mut at = b.then(start, (0, 1 + nth % 20, nth));
        for hop in 0..5 {
            at = b.then(at, (1 + (nth + hop) % 20, 1 + (nth + hop + 1) % 20, nth));
        }
        b.exit(at, (1 + (nth + 5) % 20, 0, nth), start);
    }
    b.build()
}

fn loops(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let mut at = b.state();
    for nth in 0..400 * scale {
        let (x, y) = (nth % 30, (nth + 1) % 30);
        let going = b.then(at, (x, y, 0));
        b.exit(going, (y, x, 0), at);
        let left = b.then(at, (x, y, 1));
        at = b.then(left, (y, x, 1));
        at = b.then(at, (x, (nth + 2) % 30, 2));
    }
    b.build()
}

fn tails(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let start = b.state();
    let tail = b.state();
    for nth in 0..40 * scale {
        let mut at = b.then(start, (0, 1, nth));
        for role in 2..20 {
            at = b.then(at, (0, role, nth));
        }
        at = b.then(at, (0, 1, nth));
        b.exit(at, (1, 0, nth), tail);
    }
    let mut at = tail;
    for nth in 0..500 * scale {
        let left = b.then(at, (nth % 2, (nth + 1) % 2, 0));
        let right = b.then(at, (nth % 2, (nth + 1) % 2, 1));
        at = b.state();
        b.exit(left, ((nth + 1) % 2, nth % 2, 0), at);
        b.exit(right, ((nth + 1) % 2, nth % 2, 1), at);
    }
    b.build()
}

fn answered(scale: usize) -> GlobalType {
    choices(scale, |b, left, right, next| {
        let left = b.then(left, (1, 2, 2));
        let left = b.then(left, (2, 0, 2));
        b.exit(left, (2, 1, 2), next);
        let right = b.then(right, (0, 2, 3));
        let right = b.then(right, (2, 1, 3));
        b.exit(right, (2, 0, 3), next);
    })
}

fn untold(scale: usize) -> GlobalType {
    choices(scale, |b, left, right, next| {
        b.exit(left, (2, 1, 2), next);
        b.exit(right, (2, 1, 3), next);
    })
}

fn wide_untold(scale: usize) -> GlobalType {
    let mut b = Builder::default();
    let start = b.state();
    let end = b.state();
    for nth in 0..200 * scale {
        let at = b.then(start, (0, 1, nth));
        b.exit(at, (2, 1, nth), end);
    }
    b.build()
}

fn overtaking(scale: usize) -> GlobalType {
    choices(scale, |b, left, right, next| {
        b.exit(left, (1, 2, 2), next);
        b.exit(right, (0, 2, 3), next);
    })
}
