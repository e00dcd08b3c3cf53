#![deny(warnings)]
#![forbid(unsafe_code)]

use telltale_vm::choreography;

pub struct Result;
pub struct Vec<T>(T);

choreography! {
    /// The payload is the user's own `Vec`.
    pub protocol Hello(Client, Server) {
        Client -> Server: Ask(Vec<char>);
        Server -> Client: Answer { result: Result };
    }
}

struct Client;

impl hello::Client for Client {
    fn ask(&mut self) -> telltale_vm::HandlerResult<Vec<char>> {
        Ok(Vec('a'))
    }
    fn on_answer(&mut self, Result: Result) -> telltale_vm::HandlerResult<()> {
        Ok(())
    }
}

struct Server;

impl hello::Server for Server {
    fn on_ask(&mut self, Vec(ask): Vec<char>) -> telltale_vm::HandlerResult<()> {
        assert_eq!(ask, 'a');
        Ok(())
    }
    fn answer(&mut self) -> telltale_vm::HandlerResult<hello::Answer> {
        Ok(hello::Answer { result: Result })
    }
}

fn main() {
    use telltale_vm::{NoHandler, VM, VMConfig};

    let mut vm = VM::new(VMConfig::default());
    let session = hello::Roles { client: Client, server: Server }.open(&mut vm).unwrap();
    vm.run(&NoHandler, 100).unwrap();
    session.into_roles(&mut vm).unwrap();
}
