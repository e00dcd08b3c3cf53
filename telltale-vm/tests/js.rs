//! Randomness that JavaScript can compare: what numbers there are, and that they are those of a run.

use std::sync::Mutex;

use telltale_theory::project_all;
use telltale_types::{GlobalTerm, Label};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, VM, VMConfig, Value, js,
};

/// Keeps what has been drawn, beside what it was drawn from.
#[derive(Default)]
struct Drawing(Mutex<Vec<(u64, u64)>>);

impl EffectHandler for Drawing {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        self.0.lock().expect("nobody panics").push((cx.draw(), cx.seed()));
        Ok(Value::Unit)
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
}

fn drawn(seed: u64) -> Vec<(u64, u64)> {
    let ping = |then| GlobalTerm::send("Alice", "Bob", Label::new("Ping"), then);
    let global = (0..50).fold(GlobalTerm::end(), |then, _| ping(then)).close();
    let global = global.expect("the term is closed");
    let locals = project_all(&global).expect("nobody decides anything").into_iter().collect();
    let image = CodeImage::from_local_types(&locals, &global);
    let mut vm = VM::new(VMConfig { seed, ..VMConfig::default() });
    vm.load_choreography(&image).expect("there is room");
    let drawing = Drawing::default();
    vm.run(&drawing, 1_000).expect("nothing goes wrong");
    drawing.0.into_inner().expect("nobody panics")
}

#[test]
fn draws_are_whole_numbers_of_javascript_and_the_upper_bits_of_seeds() {
    let drawn = drawn(7);
    assert_eq!(drawn.len(), 50);
    for (draw, seed) in drawn {
        assert_eq!(draw, seed >> 11);
        assert!(draw <= js::MAX_SAFE_INTEGER);
    }
}

#[test]
fn draws_fill_their_range() {
    let draws: Vec<u64> = drawn(1).into_iter().map(|(draw, _)| draw).collect();
    assert!(draws.iter().any(|draw| *draw > js::MAX_SAFE_INTEGER / 2));
    assert!(draws.iter().any(|draw| *draw < js::MAX_SAFE_INTEGER / 2));
    assert_eq!(draws, drawn(1).into_iter().map(|(draw, _)| draw).collect::<Vec<_>>());
    assert_ne!(draws, drawn(2).into_iter().map(|(draw, _)| draw).collect::<Vec<_>>());
}

#[test]
fn entropy_is_exact_and_never_the_same() {
    let seeds = [(); 4].map(|()| js::entropy().expect("this platform has some"));
    assert!(seeds.iter().all(|seed| *seed <= js::MAX_SAFE_INTEGER));
    assert!(seeds.windows(2).all(|pair| pair[0] != pair[1]));
}
