//! Runs of all sound protocols in some folders, as JSON: what the same runs in a browser are compared with.
//!
//! `cargo run --example traces -- FOLDER... > traces.json`

use std::error::Error;
use std::sync::Mutex;
use std::{env, fs};

use serde_json::{Value as Json, json};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, VM, Value,
};
use telltale_wasm::options::Options;
use telltale_wasm::protocol::Protocol;
use telltale_wasm::shape::Shape;

/// How machines are set up: what `new VM` is given in the browser.
const OPTIONS: [&str; 5] = [
    r#"{"seed":0}"#,
    r#"{"seed":9007199254740991,"policy":"random","capacity":1}"#,
    r#"{"seed":42,"policy":"random","quantum":3}"#,
    r#"{"seed":7,"policy":"round-robin","capacity":2}"#,
    r#"{"seed":1234567890123,"policy":"progress-aware","quantum":1,"capacity":1}"#,
];

/// Enough to see a protocol without an end repeat itself.
const ROUNDS: usize = 40;

/// Decides by draws, and keeps a line of what it is asked and told.
#[derive(Default)]
struct ByDraw(Mutex<Vec<String>>);

impl ByDraw {
    fn log(&self, line: String) {
        self.0.lock().expect("nobody panics").push(line);
    }
}

fn payload(cx: &Context<'_>, label: LabelId) -> Value {
    sample(&Shape::of(cx.label(label).payload), cx.draw())
}

/// The payload that a draw stands for.
fn sample(shape: &Shape, draw: u64) -> Value {
    match shape {
        Shape::Unit => Value::Unit,
        Shape::Bool => Value::from(draw % 2 == 1),
        Shape::Int(int) if int.signed && int.bits <= 64 => {
            Value::Int((draw % 128).cast_signed() - 64)
        }
        Shape::Int(int) if int.bits < 64 => Value::Uint(draw % 256),
        Shape::Int(int) if int.bits == 64 => Value::Uint(draw.wrapping_mul(2047)),
        Shape::Float => Value::from(f64::from((draw % 1_000) as u32) / 8.0),
        Shape::Char => Value::from(char::from(b'a' + (draw % 26) as u8)),
        Shape::Text => Value::text(format!("𝄞{draw}")),
        Shape::Bytes => Value::bytes(draw.to_le_bytes()),
        // The machine does not look at it.
        _ => Value::opaque(()),
    }
}

/// A payload in words that JavaScript has as well.
fn shown(value: &Value) -> String {
    match value {
        Value::Unit => "undefined".to_owned(),
        Value::Bool(is) => is.get().to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Float(number) => number.get().to_string(),
        Value::Char(sign) => sign.get().to_string(),
        Value::Large(large) => match &**large {
            telltale_vm::untyped::Large::Text(text) => text.clone(),
            telltale_vm::untyped::Large::Bytes(bytes) => {
                bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
            }
            _ => "something".to_owned(),
        },
        _ => "something".to_owned(),
    }
}

impl EffectHandler for ByDraw {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.log(format!("{} {} sends with {}", cx.role_name(), cx.count(), cx.draw()));
        Ok(payload(cx, label))
    }

    fn receive(
        &self,
        cx: &Context<'_>,
        _: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        let (role, count, name) = (cx.role_name(), cx.count(), cx.label(label).name);
        self.log(format!("{role} {count} receives {name} {}", shown(&value)));
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.log(format!("{} {} chooses with {}", cx.role_name(), cx.count(), cx.draw()));
        let branch = (cx.draw() % branches.len() as u64) as usize;
        Ok(Picked { branch, value: payload(cx, branches[branch].label) })
    }
}

fn run(protocol: &Protocol, options: &str) -> Result<Json, Box<dyn Error>> {
    let mut vm = VM::new(Options::read(options)?.config());
    let handler = ByDraw::default();
    // Two, so that there is somebody else to have a turn.
    vm.load_choreography(&protocol.image)?;
    vm.load_choreography(&protocol.image)?;
    vm.run(&handler, ROUNDS)?;
    let log = handler.0.into_inner()?;
    let options: Json = serde_json::from_str(options)?;
    Ok(json!({ "options": options, "rounds": ROUNDS, "log": log, "trace": vm.trace() }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut protocols = Vec::new();
    for folder in env::args().skip(1) {
        let mut paths: Vec<_> = fs::read_dir(folder)?
            .map(|file| file.map(|file| file.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(&path)?;
            let Ok(protocol) = Protocol::read(&text, None) else { continue };
            let runs = OPTIONS.iter().map(|options| run(&protocol, options));
            protocols.push(json!({
                "file": path.file_name().map(|name| name.to_string_lossy()),
                "text": text,
                "hash": protocol.image.hash().to_string(),
                "runs": runs.collect::<Result<Vec<_>, _>>()?,
            }));
        }
    }
    println!("{}", Json::from(protocols));
    Ok(())
}
