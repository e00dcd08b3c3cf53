//! Sessions with an end and with work to do: as many messages as each is told, so that load can be uneven.

use std::hint::black_box;
use std::thread;

use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value, choreography,
};

choreography! {
    pub protocol Job(Client, Server) {
        loop {
            choice at Client {
                Client -> Server: Task(u64);
            } or {
                Client -> Server: Done(u64);
                break;
            }
        }
    }
}

choreography! {
    pub protocol Call(Caller, Callee) {
        Caller -> Callee: Hello(u64);
        Callee -> Caller: Welcome(u64);
        Caller -> Callee: Ask(u64);
        Callee -> Caller: Tell(u64);
        Caller -> Callee: Bye(u64);
    }
}

/// The image of sessions that [`Load`] plays.
pub fn image() -> &'static CodeImage {
    &job::IMAGE
}

/// How many tasks each session has, by its number. The handler works for each of them.
pub struct Load(pub Vec<u64>);

impl Load {
    /// All have the same.
    pub fn even(sessions: usize, tasks: u64) -> Self {
        Self(vec![tasks; sessions])
    }

    /// One session has as much as all others together.
    pub fn half_in_one(sessions: usize, tasks: u64) -> Self {
        let mut load = Self::even(sessions, tasks);
        load.0.insert(sessions / 2, sessions as u64 * tasks);
        load
    }

    /// Long and short ones by turns.
    pub fn by_turns(sessions: usize, short: u64, long: u64) -> Self {
        Self((0..sessions).map(|nth| if nth % 2 == 0 { long } else { short }).collect())
    }

    /// The same work without sessions, on so many threads, each of which has its share.
    pub fn by_hand(&self, threads: u64) {
        let tasks: u64 = self.0.iter().sum();
        let share = || (0..tasks / threads).for_each(|task| _ = work(black_box(task)));
        thread::scope(|scope| {
            (1..threads).for_each(|_| _ = scope.spawn(share));
            share();
        });
    }
}

/// Some hundred nanoseconds.
fn work(seed: u64) -> u64 {
    let step = |x: u64, _| (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    black_box((0..64).fold(seed, step))
}

impl EffectHandler for Load {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(0))
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        work(cx.unpack(label, value)?);
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        let is_done = cx.count() >= self.0[cx.session().ordinal() as usize];
        Ok(Picked { branch: is_done.into(), value: Value::Uint(1) })
    }
}

/// Counts.
#[derive(Default)]
pub struct Light(u64);

impl Light {
    fn next(&mut self) -> HandlerResult<u64> {
        self.0 += 1;
        Ok(self.0)
    }

    fn add(&mut self, number: u64) -> HandlerResult<()> {
        self.0 += number;
        Ok(())
    }
}

impl call::Caller for Light {
    fn hello(&mut self) -> HandlerResult<u64> {
        self.next()
    }

    fn on_welcome(&mut self, number: u64) -> HandlerResult<()> {
        self.add(number)
    }

    fn ask(&mut self) -> HandlerResult<u64> {
        self.next()
    }

    fn on_tell(&mut self, number: u64) -> HandlerResult<()> {
        self.add(number)
    }

    fn bye(&mut self) -> HandlerResult<u64> {
        self.next()
    }
}

impl call::Callee for Light {
    fn on_hello(&mut self, number: u64) -> HandlerResult<()> {
        self.add(number)
    }

    fn welcome(&mut self) -> HandlerResult<u64> {
        self.next()
    }

    fn on_ask(&mut self, number: u64) -> HandlerResult<()> {
        self.add(number)
    }

    fn tell(&mut self) -> HandlerResult<u64> {
        self.next()
    }

    fn on_bye(&mut self, number: u64) -> HandlerResult<()> {
        self.add(number)
    }
}

/// Opens a session of five messages between light role objects.
pub fn open_light(host: &mut impl SessionHost) {
    call::Roles { caller: Light::default(), callee: Light::default() }
        .open_detached(host)
        .expect("room");
}
