use telltale_vm::choreography;
use telltale_vm::{HandlerResult, NoHandler, VM, VMConfig};

choreography! {
    protocol Blind(Alice, Bob, Carol) {
        choice at Alice {
            Alice -> Bob: Left;
            Carol -> Bob: X(u8);
        } or {
            Alice -> Bob: Right;
            Carol -> Bob: Y(u8);
        }
    }
}

struct Alice;
struct Bob;
struct Carol;

impl blind::Alice for Alice {
    fn choose(&mut self) -> HandlerResult<blind::AliceChoice> {
        Ok(blind::AliceChoice::Left)
    }
}

impl blind::Bob for Bob {
    fn on_left(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_right(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_x(&mut self, _: u8) -> HandlerResult<()> {
        Ok(())
    }
    fn on_y(&mut self, _: u8) -> HandlerResult<()> {
        Ok(())
    }
}

impl blind::Carol for Carol {
    fn x(&mut self) -> HandlerResult<u8> {
        Ok(1)
    }
    fn y(&mut self) -> HandlerResult<u8> {
        Ok(2)
    }
}

// The mistake in the protocol is the only error.
fn main() {
    let mut vm = VM::new(VMConfig::default());
    let session = blind::Roles { alice: Alice, bob: Bob, carol: Carol }.open(&mut vm).unwrap();
    vm.run(&NoHandler, 100).unwrap();
    session.into_roles(&mut vm).unwrap();
}
