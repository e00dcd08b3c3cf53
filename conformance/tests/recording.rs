//! What was recorded is played again, for every protocol and under every policy: the same trace, from the recording alone.

use telltale_conformance::image::{image_of, protocols};
use telltale_conformance::payload::value_of;
use telltale_conformance::play::{Setting, settings};
use telltale_theory::Options;
use telltale_theory::oracle::{Shape, generate_parallel};
use telltale_vm::loader::CodeImage;
use telltale_vm::recording::{Recorded, Recorder, Replay};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, ObsEvent, Picked,
    Progress, RoleId, VM, Value, normalize_trace,
};

/// How many random protocols there are beside the corpus.
const RANDOM: usize = 100;

/// How many rounds are recorded of sessions that do not end.
const ROUNDS: usize = 40;

/// Answers from the seed of the context. It cannot give payloads that cannot be written down.
struct BySeed;

impl EffectHandler for BySeed {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        match value_of(cx.label(label).payload, cx.seed()) {
            value if serde_json::to_string(&value).is_ok() => Ok(value),
            _ => Err(HandlerError::msg("this cannot be written down")),
        }
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let branch = (cx.seed() >> 32) as usize % branches.len();
        Ok(Picked { branch, value: self.send(cx, branches[branch].peer, branches[branch].label)? })
    }
}

/// Accepted protocols, each with its name; some of the random ones do several things at once.
fn all_protocols() -> Vec<(String, CodeImage)> {
    let parallel = (0..).filter_map(|seed| {
        let global = generate_parallel(seed, Shape { roles: 3, states: 6, exits: 3, labels: 3 });
        let options = Options { find_remedies: false, ..Options::default() };
        Some((format!("parallel, seed {seed}"), image_of(&global, &options)?))
    });
    protocols(3_000_000, RANDOM).chain(parallel.take(RANDOM)).collect()
}

/// Runs as many rounds, or turns.
fn run(vm: &mut VM, setting: &Setting, handler: &dyn EffectHandler) {
    let _ = match setting.turns {
        None => vm.run(handler, ROUNDS).map(drop),
        Some(turns) => vm.step_round(handler, turns * ROUNDS).map(drop),
    };
}

fn of_each_actor(trace: &[ObsEvent]) -> Vec<String> {
    normalize_trace(trace).iter().map(ToString::to_string).collect()
}

#[test]
fn every_recording_is_repeated() {
    let settings = settings();
    let mut complete = 0;
    for (at, (name, image)) in all_protocols().iter().enumerate() {
        for nth in 0..4 {
            let setting = &settings[(at + nth * settings.len() / 4) % settings.len()];
            let mut config = setting.config.clone();
            config.seed = at as u64;
            let case = || format!("{name}, {setting:?}");

            let recorder = Recorder::new(&BySeed).with_config(config.clone());
            let mut vm = VM::new(config);
            for _ in 0..2 {
                vm.load_choreography(image).expect("there is room");
            }
            run(&mut vm, setting, &recorder);
            let ended = vm.progress() == Progress::Complete;
            let text = recorder.finish().expect("all can be written down");
            let trace = vm.trace();

            let recording = Recorded::read(&text[..]).expect("it was just written");
            let mut vm = VM::new(recording.config());
            for _ in 0..2 {
                vm.load_choreography(image).expect("there is room");
            }
            let ran = Replay::new(&recording).run(&mut vm);
            // Sessions of which nothing was recorded do nothing.
            if recording.sessions().len() == 2 {
                ran.unwrap_or_else(|error| panic!("{}: {error}", case()));
                if ended {
                    complete += 1;
                    assert_eq!(of_each_actor(&vm.trace()), of_each_actor(&trace), "{}", case());
                    if setting.turns.is_none() {
                        assert_eq!(vm.trace(), trace, "{}", case());
                    }
                }
            }
        }
    }
    assert!(complete > 400, "{complete} sessions were complete");
}
