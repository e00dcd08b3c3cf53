//! A network decides about the messages of sessions that follow their schedules as it does about all others.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use support::{Seeded, image, lines, open};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Network, Picked, Policy, Progress,
    RoleId, SendDecision, VM, VMConfig, Value, normalize_trace,
};

/// What happens to one message.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Lost,
    Late,
    Panic,
}

/// Delivers every message but one.
struct AllBut {
    nth: usize,
    trouble: Trouble,
    asked: AtomicUsize,
}

impl EffectHandler for AllBut {
    fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        Seeded.send(cx, to, label)
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        Seeded.receive(cx, from, label, value)
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        Seeded.choose(cx, branches)
    }

    fn network(&self) -> Option<&dyn Network> {
        Some(self)
    }
}

impl Network for AllBut {
    fn decide(&self, cx: &Context<'_>, to: RoleId, _: LabelId) -> SendDecision {
        assert_ne!(cx.role(), to, "the sender is asked about its message");
        match self.trouble {
            _ if self.asked.fetch_add(1, Relaxed) != self.nth => SendDecision::Deliver,
            Trouble::Lost => SendDecision::Drop,
            Trouble::Late => SendDecision::Defer,
            Trouble::Panic => panic!("the line is cut"),
        }
    }
}

/// Runs a session to its end; what was deferred is injected as soon as nobody can act.
fn ran(config: VMConfig, protocol: &str, network: &AllBut, by_turns: bool) -> VM {
    let (mut vm, session) = open(config, &image(protocol));
    for _ in 0..1_000 {
        let _ = if by_turns { vm.step(network).map(drop) } else { vm.run(network, 10).map(drop) };
        match vm.progress() {
            Progress::Complete => return vm,
            Progress::Waiting => {
                for message in vm.take_deferred(session).expect("it runs") {
                    vm.inject(session, message).expect("there is room");
                }
            }
            _ => {}
        }
    }
    panic!("{protocol} does not end")
}

#[test]
fn what_a_network_does_on_the_script_it_does_off_it() {
    let protocols =
        ["A→B:x.B→A:y.A→B:z", "A→B:x.B→C:y.C→A:z", "μt.A→{B:x.B→A:u.t;B:y.B→A:v.A→B:z}"];
    for protocol in protocols {
        for trouble in [Trouble::Lost, Trouble::Late, Trouble::Panic] {
            for nth in 0..4 {
                let network = || AllBut { nth, trouble, asked: AtomicUsize::new(0) };
                let on_script = ran(VMConfig::default(), protocol, &network(), false);
                let by_turns = ran(VMConfig::default(), protocol, &network(), true);
                let config = VMConfig { policy: Policy::RoundRobin, ..VMConfig::default() };
                let round_robin = ran(config, protocol, &network(), false);
                for other in [by_turns, round_robin] {
                    assert_eq!(
                        normalize_trace(&on_script.trace()),
                        normalize_trace(&other.trace()),
                        "{protocol}, {trouble:?} {nth}"
                    );
                    let faults = |vm: &VM| vm.faults().map(|(_, it)| it.to_string()).collect();
                    let (one, two): (Vec<String>, Vec<String>) =
                        (faults(&on_script), faults(&other));
                    assert_eq!(one, two, "{protocol}, {trouble:?} {nth}");
                }
            }
        }
    }
}

#[test]
fn a_deferred_message_keeps_its_session_waiting() {
    let network = AllBut { nth: 2, trouble: Trouble::Late, asked: AtomicUsize::new(0) };
    let (mut vm, session) = open(VMConfig::default(), &image("A→B:x.B→A:y.A→B:z"));
    assert_eq!(vm.run(&network, 100).expect("nothing goes wrong"), Progress::Waiting);
    let deferred = vm.take_deferred(session).expect("it runs");
    assert_eq!(deferred.len(), 1);
    assert_eq!(lines(&vm).last().map(String::as_str), Some("#0 A halted"));
}
