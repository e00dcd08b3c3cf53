//! Recordings in files, as tests.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use telltale_testing::{Random, replay};
use telltale_vm::recording::Recorder;
use telltale_vm::{ByHandler, EffectHandler, HandlerResult, NoHandler, VM, choreography};

choreography! {
    #[serde]
    protocol Purchase(Customer, Shop) {
        Customer -> Shop: Ask { what: String, amount: u8 };
        Shop -> Customer: Price(u64);
        choice Answer at Customer {
            Customer -> Shop: Buy;
        } or {
            Customer -> Shop: Leave;
        }
    }
}

/// Its price for one is what it is told when it is made.
struct Shop {
    one: u64,
    amount: u64,
    is_sold: bool,
}

impl Shop {
    fn with(one: u64) -> Self {
        Self { one, amount: 0, is_sold: false }
    }
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, _: String, amount: u8) -> HandlerResult<()> {
        self.amount = amount.into();
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<u64> {
        Ok(self.one * self.amount)
    }
    fn on_buy(&mut self) -> HandlerResult<()> {
        self.is_sold = true;
        Ok(())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

fn roles(one: u64) -> purchase::Roles<ByHandler, Shop> {
    purchase::Roles { customer: ByHandler, shop: Shop::with(one) }
}

/// The customer of the recording.
struct Customer;
impl purchase::Customer for Customer {
    fn ask(&mut self) -> HandlerResult<purchase::Ask> {
        Ok(purchase::Ask { what: "tea".to_owned(), amount: 3 })
    }
    fn on_price(&mut self, _: u64) -> HandlerResult<()> {
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<purchase::Answer> {
        Ok(purchase::Answer::Buy)
    }
}

/// The recording in the repository. `TELLTALE_BLESS=1` writes it where it is missing; it has to be played for ever.
const STORED: &str = "tests/recordings/purchase.jsonl";

#[test]
fn a_stored_recording_is_a_test() {
    if std::env::var_os("TELLTALE_BLESS").is_some() && !Path::new(STORED).exists() {
        let recorder =
            Recorder::to(&NoHandler, fs::File::create(STORED).expect("it can be written"));
        let shop = Shop::with(25);
        purchase::Roles { customer: Customer, shop }.play_with(&recorder).expect("it is complete");
        recorder.finish().expect("all can be written down");
    }
    let roles = replay(STORED, roles(25)).expect("the shop has not changed");
    assert!(roles.shop.is_sold);
}

#[test]
fn what_differs_is_said_with_the_file() {
    let error = replay(STORED, roles(30)).err().expect("it has become more expensive");
    // If images have another format by now, there is a third line.
    let text = error.to_string();
    let mut lines = text.lines();
    let [first, statement] = [(); 2].map(|()| lines.next().expect("there are two lines"));
    let is_statement = |line: &str| line.contains("Shop -> Customer: Price(u64);");
    let line = include_str!("replay.rs").lines().position(is_statement).map(|before| before + 1);
    let line = line.expect("the protocol is in this file");
    let place = format!("(telltale-testing/tests/replay.rs:{line})");
    assert_eq!(statement, format!("  in `Shop -> Customer: Price(u64)` {place}"));
    assert_snapshot!(first, @"tests/recordings/purchase.jsonl: session #0, line 6 of the recording: expected `Shop` to send `Price` to `Customer` with 75, found 90");
    assert_eq!(error.divergence().and_then(telltale_vm::recording::Divergence::role), Some("Shop"));
    assert_eq!(format!("{error:?}"), error.to_string());
}

/// A file that is gone when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn with(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("telltale-{}-{name}", std::process::id()));
        fs::write(&path, bytes).expect("it can be written");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn refused(path: &Path) -> String {
    let error = replay(path, roles(25)).err().expect("there is nothing to play");
    assert!(error.divergence().is_none());
    error.to_string().replace(&path.display().to_string(), "FILE")
}

fn recorded(sessions: usize, handler: &dyn EffectHandler) -> Vec<u8> {
    let (recorder, mut vm) = (Recorder::new(handler), VM::default());
    for _ in 0..sessions {
        vm.load_choreography(&purchase::IMAGE).expect("there is room");
    }
    vm.run(&recorder, 100).expect("they are complete");
    recorder.finish().expect("all can be written down")
}

fn random(seed: u64) -> Random {
    Random::new(seed).by_label("Ask", |draw| ("tea".to_owned(), draw.between(0, 3_u8)))
}

#[test]
fn what_cannot_be_played_says_why() {
    let several = Scratch::with("several", &recorded(3, &random(1)));
    let stored = fs::read(STORED).expect("it is there");
    let cut_off = Scratch::with("cut-off", &stored[..stored.len() - 5]);
    let other = Scratch::with("other", b"[]");
    let files = [&several, &cut_off, &other];
    let mut errors: Vec<String> = files.into_iter().map(|file| refused(&file.0)).collect();
    errors.push(refused(Path::new("tests/recordings/nobody.jsonl")));
    assert_snapshot!(errors.join("\n"));
}

/// Whatever a random peer does: a shop that has not changed repeats it.
#[test]
fn what_a_random_customer_did_is_repeated() {
    for seed in 0..50 {
        let random = random(seed);
        let recorder = Recorder::new(&random);
        roles(25).play_with(&recorder).expect("it is complete");
        let file = Scratch::with("random", &recorder.finish().expect("all can be written down"));
        replay(&file.0, roles(25)).expect("it has not changed");
        let is_same = replay(&file.0, roles(26)).is_ok();
        let text = fs::read_to_string(&file.0).expect("it is there");
        assert_eq!(is_same, text.contains("\"amount\":0"), "{text}");
    }
}
