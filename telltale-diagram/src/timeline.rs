//! Runs for programs that show what happened side by side in time.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use telltale_types::{EventKind, LogEvent};

use crate::of_log::{Channel, place};

/// How far apart events are, in microseconds, and how long each of them is: less than half of that, since a message that is sent and received at
/// once is received half a step later, and what overlaps on a track is not drawn.
const STEP: u64 = 10;
const LENGTH: u64 = 4;

/// A run as a timeline that [Perfetto](https://ui.perfetto.dev) and `chrome://tracing` open: a track for each role, and an arrow from where a
/// message was sent to where it was received.
///
/// A log has an order and no clock, so events stand at equal distances. Roles that are not among those given have tracks behind them.
///
/// The text is in the [trace event format](https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
///
/// ```
/// use telltale_diagram::timeline;
/// use telltale_types::LogEvent;
///
/// let log = [LogEvent::sent("Alice", "Bob", "Ping"), LogEvent::received("Alice", "Bob", "Ping")];
/// let text = timeline("a run", ["Alice", "Bob"], log);
/// let trace: serde_json::Value = serde_json::from_str(&text)?;
/// let phases: Vec<_> = trace["traceEvents"].as_array().unwrap().iter().map(|event| &event["ph"]).collect();
/// // The names of the whole and of its tracks, then two events and the two ends of an arrow.
/// assert_eq!(phases, ["M", "M", "M", "X", "s", "X", "f"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn timeline<R: Into<String>>(
    title: impl Into<String>,
    roles: impl IntoIterator<Item = R>,
    log: impl IntoIterator<Item = LogEvent>,
) -> String {
    let mut tracks =
        Tracks { roles: roles.into_iter().map(Into::into).collect(), ..Tracks::default() };
    for (at, event) in log.into_iter().enumerate() {
        tracks.add(at as u64 * STEP, event);
    }
    let title: String = title.into();
    let mut events = vec![json!({
        "ph": "M", "pid": 1, "name": "process_name", "args": { "name": title },
    })];
    events.extend(tracks.roles.iter().enumerate().map(|(at, role)| {
        json!({ "ph": "M", "pid": 1, "tid": at + 1, "name": "thread_name", "args": { "name": role } })
    }));
    events.extend(tracks.events);
    json!({ "displayTimeUnit": "ms", "traceEvents": events }).to_string()
}

#[derive(Default)]
struct Tracks {
    roles: Vec<String>,
    events: Vec<Value>,
    /// The arrows that have begun and not ended, with their names, by which the ends find each other as well.
    under_way: BTreeMap<Channel, VecDeque<(u64, String)>>,
    arrows: u64,
}

impl Tracks {
    fn add(&mut self, at: u64, event: LogEvent) {
        let LogEvent { kind, sender, receiver, label, channel, .. } = event;
        let (from, to) = (self.track(&sender), self.track(&receiver));
        let key = (sender.clone(), receiver.clone(), channel);
        if kind != EventKind::Receive {
            let args = json!({ "to": receiver, "channel": channel });
            self.slice(at, from, &format!("{receiver}!{label}"), &args);
            self.arrows += 1;
            self.under_way.entry(key.clone()).or_default().push_back((self.arrows, label.clone()));
            self.arrow("s", self.arrows, at, from, &label);
        }
        if kind != EventKind::Send {
            let args = json!({ "from": sender, "channel": channel });
            // A message that is sent and received at once is an arrow from one to the other as well.
            let at = if kind == EventKind::Exchange { at + STEP / 2 } else { at };
            self.slice(at, to, &format!("{sender}?{label}"), &args);
            if let Some((arrow, name)) = self.under_way.get_mut(&key).and_then(VecDeque::pop_front)
            {
                self.arrow("f", arrow, at, to, &name);
            }
        }
    }

    fn track(&mut self, role: &str) -> usize {
        place(&mut self.roles, role) + 1
    }

    fn slice(&mut self, at: u64, track: usize, name: &str, args: &Value) {
        self.events.push(json!({
            "ph": "X", "pid": 1, "tid": track, "ts": at, "dur": LENGTH, "cat": "message", "name": name, "args": args,
        }));
    }

    /// One end of an arrow, which belongs to the event around it.
    fn arrow(&mut self, phase: &str, id: u64, at: u64, track: usize, name: &str) {
        self.events.push(json!({
            "ph": phase, "bp": "e", "id": id, "pid": 1, "tid": track, "ts": at + 1, "cat": "message", "name": name,
        }));
    }
}
