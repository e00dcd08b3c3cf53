//! A branch that begins with a message to several receivers gives its payload once.

use telltale_vm::{HandlerResult, NoHandler, Policy, VM, VMConfig, choreography};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Own(u8);

choreography! {
    protocol P(A, B, C, D) {
        loop {
            choice at A {
                A -> B, C, D: Go(Own, String);
            } or {
                A -> C, B: Stay;
                A -> D: Stay;
            } or {
                loop {
                    A -> D, B: Round { x: u8, y: String };
                    A -> C: Also;
                    choice Again at A { A -> B, C: Once; A -> D: Once; } or { A -> B, C: Out; A -> D: Out; break; }
                }
            } or {
                A -> B, C, D: Stop;
                break;
            }
        }
    }
}
#[derive(Default)]
struct X(String, u8);
impl p::A for X {
    fn choose(&mut self) -> HandlerResult<p::AChoice> {
        self.1 += 1;
        Ok(match self.1 {
            1 => p::AChoice::Go(Own(1), "a".into()),
            2 => p::AChoice::Stay,
            3 => p::AChoice::Round { x: 1, y: "b".into() },
            _ => p::AChoice::Stop,
        })
    }
    fn again(&mut self) -> HandlerResult<p::Again> {
        self.1 += 1;
        Ok(if self.1 < 6 { p::Again::Once } else { p::Again::Out })
    }
    fn round(&mut self) -> HandlerResult<p::Round> {
        self.0 += "asked ";
        Ok(p::Round { x: 2, y: "c".into() })
    }
}
macro_rules! other { ($($r:ident)*) => {$(impl p::$r for X {
    fn on_go(&mut self, go: (Own, String)) -> HandlerResult<()> { self.0 += &format!("{go:?} "); Ok(()) }
    fn on_stay(&mut self) -> HandlerResult<()> { Ok(()) }
    fn on_stop(&mut self) -> HandlerResult<()> { Ok(()) }
    fn on_once(&mut self) -> HandlerResult<()> { Ok(()) }
    fn on_out(&mut self) -> HandlerResult<()> { Ok(()) }
    other!(@ $r);
})*};
(@ C) => { fn on_also(&mut self) -> HandlerResult<()> { Ok(()) } };
(@ $r:ident) => { fn on_round(&mut self, x: u8, y: String) -> HandlerResult<()> { self.0 += &format!("{x}{y} "); Ok(()) } };
}
other! { B C D }

fn players() -> p::Roles<X, X, X, X> {
    p::Roles { a: X::default(), b: X::default(), c: X::default(), d: X::default() }
}

#[test]
fn what_is_given_with_a_choice_goes_to_all_its_receivers() {
    for policy in Policy::ALL {
        for (capacity, quantum) in [(1, 1), (1, 64), (8, 3)] {
            let mut vm = VM::new(VMConfig { policy, capacity, quantum, ..VMConfig::default() });
            let session = players().open(&mut vm).expect("room");
            vm.run(&NoHandler, 1_000).expect("the owner is told");
            let Ok(roles) = session.into_roles(&mut vm) else { panic!("it is complete") };
            let told = [roles.b.0, roles.c.0, roles.d.0];
            let round = "(Own(1), \"a\") 1b 2c 2c ";
            assert_eq!(told, [round, "(Own(1), \"a\") ", round], "{policy:?} {capacity} {quantum}");
            // In the rounds that no choice begins, each receiver is asked for.
            assert_eq!(roles.a.0, "asked asked asked asked ");
        }
    }
}
