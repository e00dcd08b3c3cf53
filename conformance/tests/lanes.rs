//! Roles that do several things at once: what happens is a run of the protocol, and the same whoever has turns.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use telltale_conformance::corpus::entries_of_lanes;
use telltale_conformance::image::image_of;
use telltale_conformance::payload::value_of;
use telltale_conformance::play::{Setting, settings, trace_with};
use telltale_conformance::word::{beginning, word};
use telltale_syntax::{analyse_str, project_all};
use telltale_theory::Options;
use telltale_theory::oracle::{Rng, Shape, generate_parallel, is_run};
use telltale_types::{GlobalType, LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, ObsEvent, Observed, Picked, Recording,
    SessionId, ThreadedVM, VMConfig, Value, filter_by_session, normalize_trace,
};

/// Answers from the role, its lane and how often that was asked before: the same in every session of a protocol.
struct BySeed;

impl BySeed {
    fn number(cx: &Context<'_>) -> u64 {
        let actor = u64::from(cx.role().0) << 8 | u64::from(cx.lane());
        Rng::new(actor << 32 | cx.count()).below(1 << 24) as u64
    }
}

impl EffectHandler for BySeed {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(value_of(cx.label(label).payload, Self::number(cx)))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let branch = Self::number(cx) as usize / 7 % branches.len();
        let Branch { peer, label } = branches[branch];
        Ok(Picked { branch, value: self.send(cx, peer, label)? })
    }
}

/// What each lane of each role has done, one after the other.
type ByLane = BTreeMap<(RoleId, u8), Vec<(Observed, u16)>>;

fn by_lane(trace: &[ObsEvent]) -> ByLane {
    let mut lanes = ByLane::new();
    for event in trace {
        if let Some(role) = event.actor() {
            let done = (event.what.clone(), event.channel);
            lanes.entry((role, event.lane)).or_default().push(done);
        }
    }
    lanes
}

/// Events are those of one run, as far as both go.
fn agree_as_far_as_they_go(one: &ByLane, other: &ByLane, name: &str) {
    for (lane, done) in one {
        let other = other.get(lane).map_or(&[][..], |done| done);
        let both = done.len().min(other.len());
        assert_eq!(done[..both], other[..both], "{name}: {lane:?}");
    }
}

fn is_the_same_whoever_has_turns(image: &CodeImage, global: &GlobalType, name: &str) {
    let mut first: Option<(Vec<ObsEvent>, bool)> = None;
    for (nth, setting) in settings().into_iter().enumerate() {
        let (trace, is_complete) = trace_with(image, &setting, &BySeed);
        let name = format!("{name}, setting {nth}");
        assert!(is_run(global, beginning(global, &word(&trace))), "{name} is no run");
        match &first {
            None => first = Some((trace, is_complete)),
            Some((known, true)) if is_complete => {
                assert_eq!(normalize_trace(known), normalize_trace(&trace), "{name}");
            }
            Some((known, _)) => agree_as_far_as_they_go(&by_lane(known), &by_lane(&trace), &name),
        }
    }
}

#[test]
fn the_protocols_of_the_corpus() {
    let mut played = 0;
    for entry in entries_of_lanes().into_iter().filter(|entry| entry.verdict.is_empty()) {
        let analysis = analyse_str(&entry.text);
        let projected = project_all(&analysis).pop().expect("a file has a protocol");
        let projected = projected.unwrap_or_else(|wrong| panic!("{}: {wrong:?}", entry.name));
        let image = CodeImage::from_local_types(&projected.locals, &projected.global);
        is_the_same_whoever_has_turns(&image, &projected.global, &entry.name);
        played += 1;
    }
    assert!(played >= 13, "only {played} protocols are played");
}

/// Accepted random protocols with parallel parts.
fn random_images() -> Vec<CodeImage> {
    let shape = Shape { roles: 3, states: 6, exits: 3, labels: 3 };
    let options = Options { allow_silent_end: true, ..Options::default() };
    let globals = (0..400).map(|seed| generate_parallel(seed, shape));
    let images = globals.filter_map(|global| image_of(&global, &options));
    images.collect()
}

#[test]
fn random_protocols() {
    let images = random_images();
    assert!(images.len() >= 100, "only {} protocols are played", images.len());
    for image in &images {
        is_the_same_whoever_has_turns(image, &image.global_type, &image.global_type.to_string());
    }
}

/// Many sessions of each protocol, all at the same time.
#[test]
fn random_protocols_on_threads() {
    let images = random_images();
    for setting in settings().into_iter().step_by(7) {
        let workers = NonZeroUsize::new(3).expect("three");
        let mut vm = ThreadedVM::new(setting.config.clone(), workers);
        let mut open = |image: &CodeImage| vm.load_choreography(image).expect("there is room");
        let sessions: Vec<[SessionId; 2]> =
            images.iter().map(|image| [(); 2].map(|()| open(image))).collect();
        for _ in 0..10 {
            vm.run(&BySeed, 5).expect("nothing goes wrong");
        }
        let trace = vm.trace();
        let config = VMConfig { recording: Recording::Full, ..VMConfig::default() };
        let alone = Setting { config, turns: None };
        for (image, sessions) in images.iter().zip(sessions) {
            let name = image.global_type.to_string();
            let (known, _) = trace_with(image, &alone, &BySeed);
            let known = by_lane(&known);
            for session in sessions {
                let trace = filter_by_session(&trace, session);
                let word = word(&trace);
                let global = &image.global_type;
                assert!(is_run(global, beginning(global, &word)), "{name} is no run");
                agree_as_far_as_they_go(&known, &by_lane(&trace), &name);
            }
        }
    }
}

/// What is read in `tests/lanes_local_types.txt`. `TELLTALE_BLESS=1` writes what is so now.
#[test]
fn local_types_are_as_they_were() {
    let mut now = String::new();
    for entry in entries_of_lanes().into_iter().filter(|entry| entry.verdict.is_empty()) {
        let projected = project_all(&analyse_str(&entry.text)).pop().expect("a protocol");
        let projected = projected.unwrap_or_else(|wrong| panic!("{}: {wrong:?}", entry.name));
        let locals = projected.locals.iter().map(|(role, local)| format!("  {role}: {local}\n"));
        let head = format!("{}\n  {}\n", entry.name, projected.global);
        now.extend([head].into_iter().chain(locals).chain(["\n".to_owned()]));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lanes_local_types.txt");
    if std::env::var_os("TELLTALE_BLESS").is_some() {
        fs::write(&file, &now).expect("the file can be written");
    }
    let before = fs::read_to_string(&file).expect("the file can be read");
    assert_eq!(before, now);
}
