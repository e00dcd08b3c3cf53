//! A `rust-analyzer`, and messages from and to it.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::package::Package;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// How long the server may take to read the package and the standard library, and to build the macro.
const READY: Duration = Duration::from_secs(300);

/// What a server answers that has read something new meanwhile: ask again.
const CHANGED: i64 = -32801;

/// A server. It ends with this.
#[derive(Debug)]
pub(crate) struct Connection {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    questions: u64,
    is_ready: bool,
}

/// Whether there is a server of a version, and the sources of the standard library.
pub(crate) fn available(version: &str) -> Result<(), String> {
    let found = output("rust-analyzer", &["--version"])
        .ok_or("there is no rust-analyzer: `rustup component add rust-analyzer rust-src`")?;
    if !found.starts_with(version) {
        return Err(format!("this is written for {version}x, there is {}", found.trim()));
    }
    let sysroot = output("rustc", &["--print", "sysroot"]).ok_or("there is no rustc")?;
    let sources = PathBuf::from(sysroot.trim()).join("lib/rustlib/src/rust/library");
    if !sources.join("core").is_dir() {
        let missing =
            "there are no sources of the standard library: `rustup component add rust-src`";
        return Err(missing.to_owned());
    }
    fetch(&sources)
}

/// The server reads no standard library without the crates that its sources name, and says nothing of that.
fn fetch(sources: &Path) -> Result<(), String> {
    let version = output("rustc", &["-vV"]).ok_or("there is no rustc")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("rustc does not say where it runs")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let fetched = Command::new(cargo)
        .args(["fetch", "--quiet", "--locked", "--target", host, "--manifest-path"])
        .arg(sources.join("Cargo.toml"))
        // Its manifest is for the compiler's own people.
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    if fetched.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err("the crates of which the standard library is made cannot be had".to_owned())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Connection {
    /// Starts a server for a package.
    pub(crate) fn start(package: &Package) -> Self {
        let mut command = Command::new("rust-analyzer");
        let mut server = package
            .with_surroundings(&mut command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a rust-analyzer");
        let input = server.stdin.take().expect("it is piped");
        let output = BufReader::new(server.stdout.take().expect("it is piped"));
        let (sender, messages) = channel();
        thread::spawn(move || receive(output, &sender));
        let mut connection = Self { server, input, messages, questions: 0, is_ready: false };
        let root = crate::address(package.directory());
        let options = json!({ "checkOnSave": false, "cachePriming": { "enable": false } });
        let literals = json!({ "codeActionKind": { "valueSet": ["quickfix"] } });
        let question = json!({
            "processId": std::process::id(),
            "rootUri": root,
            "initializationOptions": options,
            "capabilities": {
                "experimental": { "serverStatusNotification": true },
                "textDocument": {
                    "hover": { "contentFormat": ["markdown"] },
                    "codeAction": { "codeActionLiteralSupport": literals },
                },
            },
        });
        connection.ask("initialize", &question).expect("it starts");
        connection.notify("initialized", &json!({}));
        connection
    }

    /// Waits until the server knows all of the package.
    pub(crate) fn wait_until_ready(&mut self) {
        let end = Instant::now() + READY;
        while !self.is_ready {
            self.message(end, "it has read the package");
        }
    }

    /// Tells the server something.
    pub(crate) fn notify(&mut self, method: &str, about: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": about }));
    }

    /// Asks the server, and waits for the answer.
    pub(crate) fn ask(&mut self, method: &str, about: &Value) -> Result<Value, String> {
        let end = Instant::now() + ANSWER;
        loop {
            let answer = self.answer(method, about, end);
            let Some(error) = answer.get("error") else { return Ok(answer["result"].clone()) };
            if error["code"] != CHANGED {
                return Err(error["message"].as_str().unwrap_or_default().to_owned());
            }
        }
    }

    fn answer(&mut self, method: &str, about: &Value, end: Instant) -> Value {
        self.questions += 1;
        let id = self.questions;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": about }));
        loop {
            let message = self.message(end, method);
            if message.get("method").is_none() && message["id"] == id {
                return message;
            }
        }
    }

    /// The next message, or a panic if there is none in time. What the server asks is answered: nothing is configured.
    fn message(&mut self, end: Instant, awaited: &str) -> Value {
        let rest = end.saturating_duration_since(Instant::now());
        let message = self.messages.recv_timeout(rest);
        let message = message.unwrap_or_else(|error| panic!("rust-analyzer, {awaited}: {error}"));
        if message["method"] == "experimental/serverStatus" {
            self.is_ready = message["params"]["quiescent"] == true;
        } else if message.get("method").is_some() && message.get("id").is_some() {
            let items = message["params"]["items"].as_array();
            let answer = items.map_or(Value::Null, |items| vec![Value::Null; items.len()].into());
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": answer }));
        }
        message
    }

    fn send(&mut self, message: &Value) {
        let message = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{message}", message.len())
            .and_then(|()| self.input.flush())
            .expect("the server listens");
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Hands on what the server says, until it ends.
fn receive(mut output: impl BufRead, messages: &Sender<Value>) -> Option<()> {
    loop {
        let mut length = None;
        loop {
            let mut header = String::new();
            output.read_line(&mut header).ok().filter(|bytes| *bytes > 0)?;
            let header = header.trim();
            if header.is_empty() {
                break;
            }
            if let Some(number) = header.strip_prefix("Content-Length:") {
                length = number.trim().parse().ok();
            }
        }
        let mut message = vec![0; length?];
        output.read_exact(&mut message).ok()?;
        messages.send(serde_json::from_slice(&message).ok()?).ok()?;
    }
}
