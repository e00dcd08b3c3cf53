//! A handler that answers right to those who do nothing wrong, and as it likes to the others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Network, Picked, RoleId,
    SendDecision, Value,
};

use super::census::{Census, Counted, defused, panic_quietly};
use super::parts::PLAYERS;
use super::quiet::BALLS;

/// What a handler may do beside answering.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mood {
    /// Answers later, once in so many times.
    pub pending: Option<usize>,
    /// Fails, panics or answers something wrong, once in so many times.
    pub wrong: Option<usize>,
    /// Loses or defers messages, once in so many times.
    pub network: Option<usize>,
    /// Gives payloads that panic when they are dropped, once in so many times.
    pub bombs: Option<usize>,
}

/// The handler. What it answers depends on the seed and on the session's own past.
#[derive(Debug)]
pub struct Moody {
    seed: u64,
    /// The number of the first session, so that a scene can be played again in the same machine.
    first: u64,
    balls: Option<u64>,
    /// What it does from now on.
    pub mood: Mood,
    /// Its payloads.
    pub census: Census,
    /// Its errors. A trace keeps them.
    pub errors: Census,
    asked: Mutex<BTreeMap<(u64, RoleId), u64>>,
    games: Mutex<BTreeMap<u64, u64>>,
}

impl Moody {
    /// A handler with this seed, for sessions from this number on.
    pub fn new(seed: u64, first: u64) -> Self {
        Self {
            seed,
            first,
            balls: None,
            mood: Mood::default(),
            census: Census::default(),
            errors: Census::default(),
            asked: Mutex::default(),
            games: Mutex::default(),
        }
    }

    /// A handler of games only, with this many balls.
    pub fn calm(balls: u64) -> Self {
        Self { balls: Some(balls), ..Self::new(0, 0) }
    }

    /// How many balls are played in a session.
    pub fn balls(&self, session: u64) -> u64 {
        self.balls.unwrap_or_else(|| mix(self.seed ^ (session - self.first)) % BALLS)
    }

    /// A number for each time that a role is asked.
    fn draw(&self, cx: &Context<'_>) -> Draw {
        let key = (cx.session().ordinal() - self.first, cx.role());
        let mut asked = lock(&self.asked);
        let asked = asked.entry(key).or_default();
        *asked += 1;
        Draw(mix(mix(self.seed ^ key.0) ^ u64::from(key.1.0) << 32 ^ *asked))
    }

    /// Whether the answer comes later.
    fn wait(&self, draw: &mut Draw) -> HandlerResult<()> {
        if draw.once_in(self.mood.pending) { Err(HandlerError::pending()) } else { Ok(()) }
    }

    /// Goes wrong, if it is in the mood.
    fn go_wrong(&self, draw: &mut Draw) -> HandlerResult<()> {
        if !draw.once_in(self.mood.wrong) {
            return Ok(());
        }
        match draw.below(3) {
            0 => panic_quietly("the handler does not want to"),
            1 => std::panic::resume_unwind(Box::new(self.census.counted())),
            _ => Err(HandlerError::from(Failed(self.errors.counted()))),
        }
    }

    fn payload(&self, draw: &mut Draw, ty: &str) -> Value {
        if draw.once_in(self.mood.wrong) {
            return if draw.below(2) == 0 { Value::from(true) } else { self.census.payload() };
        }
        match ty {
            "()" => Value::Unit,
            "u64" => Value::Uint(draw.0),
            "String" => Value::text("a text"),
            _ if draw.once_in(self.mood.bombs) => Value::opaque(self.census.bomb()),
            _ => self.census.payload(),
        }
    }

    /// The payload of a game's message: how many balls there were before.
    fn ball(&self, cx: &Context<'_>, label: &str) -> Value {
        if label == "Over" {
            return self.census.payload();
        }
        let games = lock(&self.games);
        Value::Uint(games.get(&cx.session().ordinal()).copied().unwrap_or_default())
    }

    fn on_ball(&self, cx: &Context<'_>, label: &str, value: &Value) -> HandlerResult<()> {
        let mut games = lock(&self.games);
        let count = games.entry(cx.session().ordinal()).or_default();
        if label == "Ball" {
            let Value::Uint(ball) = value else { return Err(HandlerError::msg("this is no ball")) };
            if ball != count {
                return Err(HandlerError::msg(format!("ball {ball} comes, and not {count}")));
            }
            *count += 1;
        }
        Ok(())
    }
}

fn is_game(cx: &Context<'_>) -> bool {
    PLAYERS.contains(&cx.role_name())
}

impl EffectHandler for Moody {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        let (mut draw, label) = (self.draw(cx), cx.label(label));
        self.wait(&mut draw)?;
        if is_game(cx) {
            return Ok(self.ball(cx, label.name));
        }
        self.go_wrong(&mut draw)?;
        Ok(self.payload(&mut draw, label.payload))
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, v: Value) -> HandlerResult<()> {
        let mut draw = self.draw(cx);
        let told = if is_game(cx) { self.on_ball(cx, cx.label(label).name, &v) } else { Ok(()) };
        drop(defused(v));
        told?;
        if !is_game(cx) {
            self.go_wrong(&mut draw)?;
        }
        self.wait(&mut draw)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let mut draw = self.draw(cx);
        self.wait(&mut draw)?;
        if is_game(cx) {
            let played = lock(&self.games).get(&cx.session().ordinal()).copied();
            let is_over = played.unwrap_or_default() >= 2 * self.balls(cx.session().ordinal());
            let wanted = if is_over { "Over" } else { "Ball" };
            let branch = branches.iter().position(|at| cx.label(at.label).name == wanted);
            let branch = branch.unwrap_or(usize::MAX);
            return Ok(Picked { branch, value: self.ball(cx, wanted) });
        }
        self.go_wrong(&mut draw)?;
        let surplus = usize::from(draw.once_in(self.mood.wrong));
        let branch = draw.below(branches.len() + surplus + usize::from(branches.is_empty()));
        let ty = branches.get(branch).map_or("()", |at| cx.label(at.label).payload);
        Ok(Picked { branch, value: self.payload(&mut draw, ty) })
    }

    fn invoke(&self, cx: &Context<'_>, _: &str, _: Option<&Value>) -> HandlerResult<Value> {
        let mut draw = self.draw(cx);
        self.wait(&mut draw)?;
        self.go_wrong(&mut draw)?;
        Ok(if draw.below(2) == 0 { Value::Uint(draw.0) } else { self.census.payload() })
    }

    fn network(&self) -> Option<&dyn Network> {
        self.mood.network.is_some().then_some(self)
    }
}

impl Network for Moody {
    fn decide(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        let mut draw = self.draw(cx);
        if is_game(cx) || !draw.once_in(self.mood.network) {
            return SendDecision::Deliver;
        }
        if draw.below(2) == 0 { SendDecision::Drop } else { SendDecision::Defer }
    }
}

/// An error that is counted.
#[derive(Debug)]
struct Failed(#[expect(dead_code, reason = "it is there to be dropped")] Counted);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the handler fails")
    }
}

impl std::error::Error for Failed {}

/// Numbers from one number.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = mix(self.0);
        (self.0 % bound as u64) as usize
    }

    fn once_in(&mut self, times: Option<usize>) -> bool {
        times.is_some_and(|times| self.below(times) == 0)
    }
}

/// The finaliser of `SplitMix64`.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What is behind a lock, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
