//! An engine that loses what it is asked and gives parts away twice, and processes that die.

use pollster::block_on;
use serde::{Deserialize, Serialize};
use telltale_net::engine::memory::{Faults, Memory};
use telltale_net::engine::{Ending, EngineError};
use telltale_net::{Server, ServerConfig, Service, Start, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};

use super::purchase::{Customers, Shops, Warehouses, World, ending, purchase};

/// Whatever is lost, stolen or not heard of, and whoever dies: every session ends as it would have.
#[test]
fn faults_change_nothing() {
    for seed in 0..300 {
        let world = World::default();
        let engine = Memory::with_faults(seed, Faults::ALL);
        let keys: Vec<String> = (0..3).map(|nth| format!("{seed}-{nth}")).collect();
        for key in &keys {
            // Whoever does not hear asks again, and is told that it is there.
            while let Err(error) =
                block_on(Start::of(&purchase::IMAGE).called(key.as_str()).on(&engine))
            {
                match error {
                    EngineError::Lost(_) => {}
                    EngineError::SessionExists(_) => break,
                    error => panic!("{error}"),
                }
            }
        }
        let config = ServerConfig { attempts: 1_000, ..ServerConfig::default() };
        let new = || {
            Server::with(engine.clone(), config.clone())
                .serve(Customers(world.clone()))
                .serve(Shops { world: world.clone(), price: 20 + seed % 2 * 20, late: 0 })
                .serve(Warehouses)
        };
        let mut servers = [new(), new()];
        for turn in 0_usize.. {
            assert!(turn < 10_000, "seed {seed}: the sessions do not end");
            match block_on(servers[turn % 2].step()) {
                // Nothing to do, or nothing that is not claimed.
                Ok(_) => {}
                // The process dies.
                Err(EngineError::Lost(_)) => servers[turn % 2] = new(),
                Err(error) => panic!("seed {seed}: {error}"),
            }
            if engine.open_sessions() == 0 {
                break;
            }
        }
        for key in &keys {
            assert_eq!(ending(&engine, key), Some(Ending::Complete), "seed {seed}");
            let parcel = if seed % 2 == 0 { "Some(\"a box of tea\")" } else { "None" };
            assert_eq!(world.notes()[&format!("{key} Customer")], parcel, "seed {seed}");
            let charged = world.notes().into_iter();
            let charged = charged
                .filter(|(name, how)| name.starts_with(&format!("{key}/")) && how == "charged");
            assert_eq!(
                charged.count(),
                usize::from(seed % 2 == 0),
                "seed {seed}: one name for one charge"
            );
        }
        assert_eq!(engine.messages(), 0, "seed {seed}");
    }
}

choreography! {
    #[serde]
    pub(super) protocol Both(Ann, Ben) {
        par {
            loop {
                choice Talk at Ann { Ann -> Ben: Say(u64); } or { Ann -> Ben: Silence; break; }
            }
        } and {
            loop {
                choice Reply at Ben { Ben -> Ann: Tell(u64); } or { Ben -> Ann: Quiet; break; }
            }
        }
    }
}

/// Says so many numbers and adds up what it hears.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Chatty {
    said: u64,
    heard: u64,
}

impl both::Ann for Chatty {
    fn talk(&mut self) -> HandlerResult<both::Talk> {
        self.said += 1;
        Ok(if self.said <= 100 { both::Talk::Say(self.said) } else { both::Talk::Silence })
    }
    fn on_tell(&mut self, number: u64) -> HandlerResult<()> {
        self.heard += number;
        Ok(())
    }
    fn on_quiet(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

impl both::Ben for Chatty {
    fn reply(&mut self) -> HandlerResult<both::Reply> {
        self.said += 1;
        Ok(if self.said <= 100 { both::Reply::Tell(self.said) } else { both::Reply::Quiet })
    }
    fn on_say(&mut self, number: u64) -> HandlerResult<()> {
        self.heard += number;
        Ok(())
    }
    fn on_silence(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

pub(super) struct Anns(pub(super) World);
pub(super) struct Bens(pub(super) World);

impl Service for Anns {
    type Roles = both::Roles<Chatty, Elsewhere>;
    type State = Chatty;
    fn image(&self) -> &CodeImage {
        &both::IMAGE
    }
    fn role(&self) -> &'static str {
        "Ann"
    }
    fn restore(&self, _: &Step, state: Option<Chatty>) -> Self::Roles {
        both::Roles { ann: state.unwrap_or_default(), ben: Elsewhere }
    }
    fn save(&self, roles: &Self::Roles) -> Chatty {
        roles.ann
    }
    fn ended(&self, step: &Step, roles: Self::Roles, _: Option<&Ending>) {
        self.0.note(step.role().to_owned(), roles.ann.heard.to_string());
    }
}

impl Service for Bens {
    type Roles = both::Roles<Elsewhere, Chatty>;
    type State = Chatty;
    fn image(&self) -> &CodeImage {
        &both::IMAGE
    }
    fn role(&self) -> &'static str {
        "Ben"
    }
    fn restore(&self, _: &Step, state: Option<Chatty>) -> Self::Roles {
        both::Roles { ann: Elsewhere, ben: state.unwrap_or_default() }
    }
    fn save(&self, roles: &Self::Roles) -> Chatty {
        roles.ben
    }
    fn ended(&self, step: &Step, roles: Self::Roles, _: Option<&Ending>) {
        self.0.note(step.role().to_owned(), roles.ben.heard.to_string());
    }
}

/// More is said than a channel holds, in both directions at once.
#[test]
fn roles_that_do_several_things_at_once_are_served() {
    for seed in 0..20 {
        let (engine, world) = (Memory::with_faults(seed, Faults::ALL), World::default());
        let start = Start::of(&both::IMAGE).called("talk");
        while let Err(EngineError::Lost(_)) = block_on(start.on(&engine)) {}
        let config = ServerConfig { attempts: u32::MAX, messages: 7, ..ServerConfig::default() };
        let new = || {
            let server = Server::with(engine.clone(), config.clone());
            server.serve(Anns(world.clone())).serve(Bens(world.clone()))
        };
        let mut server = new();
        for turn in 0.. {
            assert!(turn < 10_000, "seed {seed}: it does not end");
            if let Err(error) = block_on(server.step()) {
                assert!(matches!(error, EngineError::Lost(_)), "seed {seed}: {error}");
                server = new();
            }
            if engine.open_sessions() == 0 {
                break;
            }
        }
        assert_eq!(ending(&engine, "talk"), Some(Ending::Complete), "seed {seed}");
        let heard = world.notes();
        assert_eq!((heard["Ann"].as_str(), heard["Ben"].as_str()), ("5050", "5050"), "seed {seed}");
    }
}
