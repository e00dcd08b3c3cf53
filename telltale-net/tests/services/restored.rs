//! A database that is restored is back where it was, also for processes that remember more.

use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on;
use telltale_net::engine::memory::{Memory, MemoryClaim};
use telltale_net::engine::{Claim, Done, Ending, Engine, EngineError, NewSession, Wanted, Work};
use telltale_net::{Server, SessionKey};

use super::purchase::{Customers, Shops, Warehouses, World, start};

/// As if another had been bought at the same version, once it is restored.
#[derive(Clone)]
struct Restored<'a> {
    memory: Memory,
    is_back: &'a AtomicBool,
}

struct RestoredClaim(MemoryClaim, Work);

impl Claim for RestoredClaim {
    fn work(&self) -> &Work {
        &self.1
    }
}

impl Engine for Restored<'static> {
    type Claim = RestoredClaim;

    async fn start(&self, session: NewSession) -> Result<(), EngineError> {
        self.memory.start(session).await
    }
    async fn claim(
        &self,
        wanted: &Wanted,
        at_most: usize,
    ) -> Result<Vec<RestoredClaim>, EngineError> {
        let claims = self.memory.claim(wanted, at_most).await?;
        let restored = |claim: MemoryClaim| {
            let mut work = claim.work().clone();
            if let Some(state) =
                work.state.as_mut().filter(|_| self.is_back.load(Ordering::Relaxed))
            {
                let text = String::from_utf8(state.clone()).expect("it is JSON");
                *state = text.replace("tea", "rum").into_bytes();
            }
            RestoredClaim(claim, work)
        };
        Ok(claims.into_iter().map(restored).collect())
    }
    async fn commit(&self, steps: Vec<(RestoredClaim, Done)>) -> Vec<Result<(), EngineError>> {
        let steps = steps.into_iter().map(|(claim, done)| (claim.0, done)).collect();
        self.memory.commit(steps).await
    }
    async fn cancel(&self, session: &SessionKey, reason: &str) -> Result<(), EngineError> {
        self.memory.cancel(session, reason).await
    }
    async fn ending(&self, session: &SessionKey) -> Result<Option<Ending>, EngineError> {
        self.memory.ending(session).await
    }
    fn changed(&self) -> impl Future<Output = ()> + Send {
        self.memory.changed()
    }
}

#[test]
fn what_is_remembered_counts_only_where_it_is_what_is_written_down() {
    static IS_BACK: AtomicBool = AtomicBool::new(false);
    let (memory, world) = (Memory::new(), World::default());
    let engine = Restored { memory: memory.clone(), is_back: &IS_BACK };
    start(&memory, "order");
    let shops = Server::new(engine).serve(Shops { world: world.clone(), price: 20, late: 0 });
    let others = Server::new(memory.clone()).serve(Customers(world.clone())).serve(Warehouses);
    let step = |is_shop| {
        let stepped = if is_shop { block_on(shops.step()) } else { block_on(others.step()) };
        stepped.expect("nothing is lost")
    };
    // The shop has been asked for tea, and has said its price.
    while step(false) {}
    assert!(step(true));
    IS_BACK.store(true, Ordering::Relaxed);
    while step(false) || step(true) {}
    assert_eq!(
        block_on(memory.ending(&"order".into())).expect("it is there"),
        Some(Ending::Complete)
    );
    assert_eq!(world.notes()["order Customer"], "Some(\"a box of rum\")");
}
