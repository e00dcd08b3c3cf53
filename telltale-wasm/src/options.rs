//! How a machine is set up, as JavaScript says it.

use serde::{Deserialize, Deserializer, de};
use telltale_vm::{ChannelMode, Leftover, Policy, Recording, VMConfig, WhenFull, js};

/// What may be said; the rest is as [`VMConfig::default`] has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    #[serde(deserialize_with = "seed")]
    seed: Option<u64>,
    policy: Option<PolicyName>,
    quantum: Option<u32>,
    capacity: Option<u16>,
    when_full: Option<WhenFullName>,
    mode: Option<ModeName>,
    max_buffered: Option<u16>,
    max_sessions: Option<u32>,
    leftover: Option<LeftoverName>,
    recording: Option<Recorded>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PolicyName {
    Cooperative,
    RoundRobin,
    ProgressAware,
    Random,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WhenFullName {
    Block,
    Drop,
    Error,
    Resize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeName {
    Fifo,
    LatestValue,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LeftoverName {
    Fault,
    Drop,
}

/// `"off"`, `"full"`, or how many events.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected `\"off\"`, `\"full\"` or a number of events as `recording`"
)]
enum Recorded {
    Word(RecordedWord),
    Last(u32),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RecordedWord {
    Off,
    Full,
}

fn seed<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let exact = |seed: u64| seed <= js::MAX_SAFE_INTEGER;
    let seed = u64::deserialize(from).ok().filter(|seed| exact(*seed));
    let expected = "expected a whole number from 0 to 2^53 - 1 as `seed`";
    seed.map(Some).ok_or_else(|| de::Error::custom(expected))
}

impl Options {
    /// Reads what `JSON.stringify` has written.
    ///
    /// ```
    /// use telltale_wasm::options::Options;
    ///
    /// let config = Options::read(r#"{ "seed": 7, "policy": "random" }"#)?.config();
    /// assert_eq!((config.seed, config.policy), (7, telltale_vm::Policy::Random));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When something is said that means nothing.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// What they mean.
    pub fn config(self) -> VMConfig {
        let mut config = VMConfig::default();
        let set = |of: &mut u16, to: Option<u16>| *of = to.unwrap_or(*of);
        set(&mut config.capacity, self.capacity);
        set(&mut config.max_buffered, self.max_buffered);
        config.seed = self.seed.unwrap_or(config.seed);
        config.quantum = self.quantum.unwrap_or(config.quantum);
        config.max_sessions = self.max_sessions.map_or(config.max_sessions, |max| max as usize);
        config.policy = self.policy.map_or(config.policy, |policy| match policy {
            PolicyName::Cooperative => Policy::Cooperative,
            PolicyName::RoundRobin => Policy::RoundRobin,
            PolicyName::ProgressAware => Policy::ProgressAware,
            PolicyName::Random => Policy::Random,
        });
        config.when_full = self.when_full.map_or(config.when_full, |when| match when {
            WhenFullName::Block => WhenFull::Block,
            WhenFullName::Drop => WhenFull::Drop,
            WhenFullName::Error => WhenFull::Error,
            WhenFullName::Resize => WhenFull::Resize,
        });
        config.mode = self.mode.map_or(config.mode, |mode| match mode {
            ModeName::Fifo => ChannelMode::Fifo,
            ModeName::LatestValue => ChannelMode::LatestValue,
        });
        config.leftover = self.leftover.map_or(config.leftover, |leftover| match leftover {
            LeftoverName::Fault => Leftover::Fault,
            LeftoverName::Drop => Leftover::Drop,
        });
        config.recording = self.recording.map_or(config.recording, |recorded| match recorded {
            Recorded::Word(RecordedWord::Off) => Recording::Off,
            Recorded::Word(RecordedWord::Full) => Recording::Full,
            Recorded::Last(events) => Recording::Last(events as usize),
        });
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_the_default() {
        let config = Options::read("{}").expect("nothing is wrong").config();
        assert_eq!(config, VMConfig::default());
    }

    #[test]
    fn everything_can_be_said() {
        let json = r#"{"seed":9007199254740991,"policy":"round-robin","quantum":1,"capacity":2,"whenFull":"resize",
            "mode":"latest-value","maxBuffered":3,"maxSessions":4,"leftover":"drop","recording":5}"#;
        let config = Options::read(json).expect("nothing is wrong").config();
        let expected = VMConfig {
            policy: Policy::RoundRobin,
            quantum: 1,
            capacity: 2,
            when_full: WhenFull::Resize,
            mode: ChannelMode::LatestValue,
            max_buffered: 3,
            max_sessions: 4,
            recording: Recording::Last(5),
            leftover: Leftover::Drop,
            seed: js::MAX_SAFE_INTEGER,
            ..VMConfig::default()
        };
        assert_eq!(config, expected);
        let full = Options::read(r#"{"recording":"full","policy":"progress-aware"}"#);
        assert_eq!(full.expect("nothing is wrong").config().recording, Recording::Full);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |json: &str| Options::read(json).expect_err("something is wrong").to_string();
        assert!(error(r#"{"capcity":1}"#).contains("unknown field `capcity`"));
        assert!(error(r#"{"policy":"fair"}"#).contains("unknown variant `fair`"));
        for seed in ["9007199254740992", "-1", "1.5", "\"7\"", "true"] {
            let json = format!(r#"{{"seed":{seed}}}"#);
            assert!(
                error(&json).starts_with("expected a whole number from 0 to 2^53 - 1"),
                "{seed}"
            );
        }
        assert!(error(r#"{"recording":"some"}"#).starts_with("expected `\"off\"`"));
    }
}
