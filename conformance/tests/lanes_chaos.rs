//! Protocols whose arms share roles, while everything happens at once that can happen to a session: late answers, lost
//! and late messages, pauses, single steps, narrow channels, and in the end it is closed or cancelled.

use std::collections::BTreeMap;
use std::sync::Mutex;

use telltale_conformance::corpus::entries_of_lanes;
use telltale_conformance::image::images;
use telltale_conformance::play::wake_all;
use telltale_conformance::script::Script;
use telltale_theory::oracle::Rng;
use telltale_types::{LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, ChannelMode, Context, EffectHandler, HandlerError, HandlerResult, Message, Network,
    Observed, Picked, Policy, Recording, SendDecision, SessionId, VM, VMConfig, VMError, Value,
    WhenFull,
};

/// A script that answers late now and then, in a network that keeps some messages aside.
struct Chaos {
    script: Script,
    rng: Mutex<Rng>,
    loses: bool,
}

impl Chaos {
    fn new(seed: u64, loses: bool) -> Self {
        Self { script: Script::new(seed), rng: Mutex::new(Rng::new(seed)), loses }
    }

    fn once_in(&self, count: usize) -> bool {
        self.rng.lock().expect("nobody panics").once_in(count)
    }

    fn late(&self) -> HandlerResult<()> {
        if self.once_in(4) { Err(HandlerError::pending()) } else { Ok(()) }
    }
}

impl EffectHandler for Chaos {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.late()?;
        self.script.send(cx, to, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.script.receive(cx, from, label, value)?;
        self.late()
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.late()?;
        self.script.choose(cx, branches)
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for Chaos {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        if self.loses && self.once_in(30) {
            SendDecision::Drop
        } else if self.once_in(5) {
            SendDecision::Defer
        } else {
            SendDecision::Deliver
        }
    }
}

fn accepted() -> Vec<(String, CodeImage)> {
    let entries = entries_of_lanes().into_iter().filter(|entry| entry.verdict.is_empty());
    let image = |text: &str| images(text).into_iter().next_back().and_then(|(_, image)| image);
    entries.filter_map(|entry| Some((entry.name, image(&entry.text)?))).collect()
}

fn configs() -> Vec<VMConfig> {
    let narrow = |when_full, mode| VMConfig {
        capacity: 1,
        when_full,
        mode,
        quantum: 3,
        recording: Recording::Full,
        ..VMConfig::default()
    };
    vec![
        narrow(WhenFull::Block, ChannelMode::Fifo),
        narrow(WhenFull::Drop, ChannelMode::Fifo),
        narrow(WhenFull::Error, ChannelMode::Fifo),
        narrow(WhenFull::Resize, ChannelMode::Fifo),
        narrow(WhenFull::Block, ChannelMode::LatestValue),
    ]
}

/// Everything that is not a fault of the session is a mistake of the machine.
fn only_faults<T>(done: Result<T, VMError>, name: &str) {
    if let Err(error) = done {
        assert!(matches!(error, VMError::Faulted { .. }), "{name}: {error}");
    }
}

fn one_thing(vm: &mut VM, chaos: &Chaos, rng: &mut Rng, roles: &[String], name: &str) {
    let role = &roles[rng.below(roles.len())];
    match rng.below(8) {
        0 => drop(vm.pause(role)),
        1 | 2 => drop(vm.resume(role)),
        3 => only_faults(vm.step(chaos), name),
        4 => only_faults(vm.step_round(chaos, 1 + rng.below(5)), name),
        5 => {
            wake_all(vm);
        }
        6 => deliver(vm, name),
        _ => only_faults(vm.run(chaos, 1 + rng.below(3)), name),
    }
}

/// What was kept aside arrives, in the order of each channel.
fn deliver(vm: &mut VM, name: &str) {
    let sessions: Vec<SessionId> = vm.sessions().map(|session| session.id()).collect();
    for session in sessions {
        for message in vm.take_deferred(session).expect("it is open") {
            let Message { from, to, lane, .. } = message;
            let mut rejected = vm.inject(session, message).err();
            // With channels that hold one message, some are lost here.
            let error = rejected.take().map(|rejected| rejected.error);
            let is_known = error.is_none_or(|error| matches!(error, VMError::ChannelFull { .. }));
            assert!(is_known, "{name}: from {from} to {to} in lane {lane}");
        }
    }
}

/// What arrived on each channel was sent on it, in that order, though some channels lose messages.
fn arrives_in_order(vm: &VM, name: &str) {
    let VMConfig { when_full, mode, .. } = vm.config();
    let keeps_all = *when_full != WhenFull::Drop && *mode == ChannelMode::Fifo;
    let mut on_their_way: BTreeMap<_, Vec<LabelId>> = BTreeMap::new();
    for event in vm.trace() {
        match event.what {
            Observed::Sent { from, to, label } | Observed::Injected { from, to, label } => {
                let channel = (event.session, from, to, event.channel);
                on_their_way.entry(channel).or_default().push(label);
            }
            Observed::Received { from, to, label } => {
                let channel = (event.session, from, to, event.channel);
                let sent = on_their_way.entry(channel).or_default();
                let at = sent.iter().position(|sent| *sent == label);
                let at = at.unwrap_or_else(|| panic!("{name}: {event}, which nobody has sent"));
                assert!(at == 0 || !keeps_all, "{name}: {event} overtakes {at}");
                sent.drain(..=at);
            }
            _ => {}
        }
    }
}

fn play(image: &CodeImage, config: VMConfig, seed: u64, name: &str) -> bool {
    let loses = seed.is_multiple_of(3);
    let chaos = Chaos::new(seed, loses);
    let mut rng = Rng::new(seed ^ 0x5eed);
    let roles: Vec<String> = image.names().roles().map(|(_, name)| name.to_owned()).collect();
    let mut vm = VM::new(config);
    let sessions = [(); 2].map(|()| vm.load_choreography(image).expect("there is room"));
    for _ in 0..60 {
        one_thing(&mut vm, &chaos, &mut rng, &roles, name);
    }
    arrives_in_order(&vm, name);
    for role in &roles {
        vm.resume(role);
    }
    if vm.session(sessions[0]).is_ok() {
        vm.cancel(sessions[0], "enough").expect("it is open");
    }
    let is_open = vm.session(sessions[1]).is_ok();
    if is_open {
        vm.close(sessions[1]).expect("it is open");
    }
    for _ in 0..200 {
        if vm.open_sessions() == 0 {
            break;
        }
        wake_all(&mut vm);
        deliver(&mut vm, name);
        // What found no room will not come again.
        let _ = vm.give_up_deferred(sessions[1]);
        only_faults(vm.run(&chaos, 20), name);
    }
    let left: Vec<String> = vm.sessions().map(|session| session.to_string()).collect();
    assert!(left.is_empty(), "{name} goes on: {left:?}");
    is_open
}

#[test]
fn whatever_happens_sessions_in_lanes_end_when_they_are_closed() {
    let mut closed = 0;
    for (name, image) in accepted() {
        for policy in Policy::ALL {
            for (nth, config) in configs().into_iter().enumerate() {
                for seed in 0..4 {
                    let config = VMConfig { policy, seed, ..config.clone() };
                    let name = format!("{name}, {policy:?}, setting {nth}, seed {seed}");
                    closed += usize::from(play(&image, config, seed, &name));
                }
            }
        }
    }
    assert!(closed > 500, "only {closed} were still open");
}
