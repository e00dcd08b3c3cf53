//! Makes a scene that fails smaller, for whoever has to read it.

use telltale_bytecode::Instr;

use super::play::{Wrong, play};
use super::program::Line;
use super::scene::{Act, Scene};

/// A smaller scene that fails in the same way, and how.
pub fn shrink(scene: &Scene, wrong: Wrong) -> (Scene, Wrong) {
    let kind = kind_of(&wrong).to_owned();
    let (mut scene, mut wrong) = (scene.clone(), wrong);
    loop {
        let better = smaller(&scene).into_iter().find_map(|smaller| {
            let wrong = play(&smaller).err()?;
            (kind_of(&wrong) == kind).then_some((smaller, wrong))
        });
        match better {
            Some(better) => (scene, wrong) = better,
            None => return (scene, wrong),
        }
    }
}

/// What failures of one kind have in common: their text up to the first number or name.
pub fn kind_of(wrong: &str) -> &str {
    if wrong.starts_with("the machine panics") {
        return wrong;
    }
    let end = wrong.find(|sign: char| sign.is_ascii_digit() || "`#[{\n".contains(sign));
    &wrong[..end.unwrap_or(wrong.len())]
}

/// Every scene that is smaller by one thing.
fn smaller(scene: &Scene) -> Vec<Scene> {
    let mut all = Vec::new();
    for at in 0..scene.acts.len() {
        let mut smaller = scene.clone();
        smaller.acts.remove(at);
        all.push(smaller);
    }
    for (at, act) in scene.acts.iter().enumerate() {
        let mut simpler = scene.clone();
        simpler.acts[at] = match act {
            Act::Run(rounds) if *rounds > 1 => Act::Run(rounds / 2),
            Act::Step(turns) if *turns > 1 => Act::Step(turns / 2),
            Act::Mood(mood) => Act::Mood(simpler_mood(*mood)),
            _ => continue,
        };
        if simpler.acts[at] != *act {
            all.push(simpler);
        }
    }
    all.extend(usual_configs(scene));
    for image in 0..scene.images.len() {
        for role in 0..scene.images[image].roles.len() {
            for at in (0..scene.images[image].roles[role].len()).rev() {
                all.extend(shorter(scene, image, role, at));
            }
        }
    }
    all
}

fn simpler_mood(mut mood: super::moody::Mood) -> super::moody::Mood {
    for part in [&mut mood.pending, &mut mood.wrong, &mut mood.network, &mut mood.bombs] {
        if part.take().is_some() {
            break;
        }
    }
    mood
}

/// The same with one thing as it is by default.
fn usual_configs(scene: &Scene) -> Vec<Scene> {
    let usual = telltale_vm::VMConfig::default();
    let config = &scene.config;
    let mut configs = vec![config.clone(); 7];
    configs[0].policy = usual.policy;
    configs[1].quantum = usual.quantum;
    configs[2].capacity = usual.capacity;
    configs[3].when_full = usual.when_full;
    configs[4].mode = usual.mode;
    configs[5].max_coroutines = usual.max_coroutines;
    configs[6].max_buffered = usual.max_buffered;
    let other = configs.into_iter().filter(|other| other != config);
    other.map(|config| Scene { config, ..scene.clone() }).collect()
}

/// Without what is behind a line, or with nothing in its place.
fn shorter(scene: &Scene, image: usize, role: usize, at: usize) -> Vec<Scene> {
    let with = |change: &dyn Fn(&mut Vec<Line>)| {
        let mut scene = scene.clone();
        change(&mut scene.images[image].roles[role]);
        scene
    };
    let line = &scene.images[image].roles[role][at];
    let mut all = vec![with(&|code| code.truncate(at))];
    if *line != Line::Plain(Instr::Yield) && *line != Line::Plain(Instr::Halt) {
        all.push(with(&|code| code[at] = Line::Plain(Instr::Halt)));
        all.push(with(&|code| code[at] = Line::Plain(Instr::Yield)));
    }
    all
}
