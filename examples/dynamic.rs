//! Runs a protocol that is read from a text file, with a script instead of role objects.
//!
//! A mistake in the text is explained as the compiler would explain it.
//!
//! ```text
//! cargo run --example dynamic -- examples/protocols/two_buyer.txt
//! cargo run --example dynamic -- examples/protocols/two_buyer.txt \
//!     --choose Bob=Counter,Counter,Accept --set Quote=120
//! cargo run --example dynamic -- examples/protocols/purchase.txt
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard};

use clap::Parser;
use telltale_syntax::{Diagnostic, Projected, Style};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, Progress, RoleId,
    VM, VMConfig, Value, normalize_trace, pack,
};

/// Runs the first protocol of a text file.
#[derive(Parser)]
struct Arguments {
    /// A text as it stands inside of `choreography! { … }`
    file: PathBuf,
    /// What a role chooses, one label after the other; afterwards it draws lots
    #[arg(long, value_name = "ROLE=LABEL,…", value_parser = pair)]
    choose: Vec<(String, String)>,
    /// What messages with a label carry
    #[arg(long, value_name = "LABEL=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Where the lots come from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// When to stop a protocol that goes on
    #[arg(long, default_value_t = 100)]
    rounds: usize,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("there is no `=` in it")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Plays all roles.
struct Script {
    choices: Mutex<BTreeMap<String, VecDeque<String>>>,
    payloads: BTreeMap<String, String>,
    heard: Mutex<BTreeMap<RoleId, Vec<String>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> HandlerResult<MutexGuard<'_, T>> {
    mutex.lock().map_err(|_| HandlerError::msg("somebody panicked with the script in hand"))
}

impl EffectHandler for Script {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        let label = cx.label(label);
        let given = self.payloads.get(label.name).map(String::as_str);
        let number = given.map_or_else(|| (cx.seed() % 100).to_string(), str::to_owned);
        // What the VM does not know may be of any kind: then the text itself is sent.
        Ok(match label.payload {
            "()" => pack(()),
            "bool" => pack(given == Some("true")),
            "char" => pack(given.and_then(|text| text.chars().next()).unwrap_or('a')),
            "f32" | "f64" => pack(number.parse::<f64>()?),
            "i8" | "i16" | "i32" | "i64" | "isize" => pack(number.parse::<i64>()?),
            "u8" | "u16" | "u32" | "u64" | "usize" => pack(number.parse::<u64>()?),
            "Vec<u8>" => pack(given.unwrap_or_default().as_bytes().to_vec()),
            _ => Value::text(given.unwrap_or("…")),
        })
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let (from, label) = (cx.name(from), cx.label(label).name);
        let heard = match value {
            Value::Unit => format!("{label} from {from}"),
            value => format!("{label}({value}) from {from}"),
        };
        lock(&self.heard)?.entry(cx.role()).or_default().push(heard);
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let mut choices = lock(&self.choices)?;
        let scripted = choices.get_mut(cx.role_name()).and_then(VecDeque::pop_front);
        let branch = match scripted {
            Some(name) => {
                let is_it = |branch: &Branch| cx.label(branch.label).name == name;
                branches.iter().position(is_it).ok_or_else(|| {
                    HandlerError::msg(format!("`{name}` is none of the branches here"))
                })?
            }
            None => (cx.seed() >> 32) as usize % branches.len(),
        };
        let Branch { peer, label } = branches[branch];
        Ok(Picked { branch, value: self.send(cx, peer, label)? })
    }
}

/// What each role of the first protocol does, or all that is wrong with the text.
fn read(text: &str) -> Result<Projected, Vec<Diagnostic>> {
    let analysis = telltale_syntax::analyse_str(text);
    let mut protocols = telltale_syntax::project_all(&analysis);
    if protocols.iter().all(Result::is_ok) && !protocols.is_empty() {
        return protocols.swap_remove(0);
    }
    let explained = protocols.into_iter().filter_map(Result::err).flatten();
    Err(analysis.diagnostics.into_iter().chain(explained).collect())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse();
    let path = arguments.file.display().to_string();
    let text = std::fs::read_to_string(&arguments.file).map_err(|e| format!("{path}: {e}"))?;
    let projected = match read(&text) {
        Ok(projected) => projected,
        Err(mistakes) => {
            let is_seen = std::io::stderr().is_terminal();
            let style = if is_seen { Style::Coloured } else { Style::Plain };
            eprint!("{}", telltale_syntax::render(&mistakes, &path, &text, style));
            return Ok(ExitCode::FAILURE);
        }
    };
    let labels = |list: String| list.split(',').map(str::to_owned).collect();
    let choices = arguments.choose.into_iter().map(|(role, list)| (role, labels(list)));
    let payloads = arguments.set.into_iter().collect();
    let choices = Mutex::new(choices.collect());
    let script = Script { choices, payloads, heard: Mutex::default() };

    let image = CodeImage::from_local_types(&projected.locals, &projected.global);
    let mut vm = VM::new(VMConfig { seed: arguments.seed, ..VMConfig::default() });
    let session = vm.load_choreography(&image)?;
    let run = vm.run(&script, arguments.rounds);

    println!("The trace, in an order that is the same whoever ran first:");
    for event in normalize_trace(&vm.trace()) {
        println!("  {event}");
    }
    println!("What each role has received:");
    for (role, heard) in &*script.heard.lock().map_err(|e| e.to_string())? {
        println!("  {}: {}", image.global_type.names().role(*role), heard.join(", "));
    }
    if let Err(error) = run {
        eprintln!("error: {error}");
        return Ok(ExitCode::FAILURE);
    }
    if vm.progress() == Progress::OutOfFuel {
        println!("It goes on: {}", vm.session(session)?);
    }
    Ok(ExitCode::SUCCESS)
}
