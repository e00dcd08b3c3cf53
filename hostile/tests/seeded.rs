//! The properties of this crate for the seeds of `corpus/`, and for what becomes of them by a few changes.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use telltale_hostile::{
    image, payload, protocol_text, recording, recording_edits, snapshot, snapshot_edits, tokens,
};

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Flip {
        at: Index,
        bit: u8,
    },
    Set {
        at: Index,
        byte: u8,
    },
    CutOff {
        at: Index,
    },
    Remove {
        at: Index,
        count: usize,
    },
    Repeat {
        at: Index,
        count: usize,
        times: usize,
    },
    /// A number that is often a mistake, in some width and order.
    Number {
        at: Index,
        number: u64,
        width: usize,
        big: bool,
    },
    /// A piece of another seed.
    Graft {
        at: Index,
        seed: Index,
        from: Index,
        count: usize,
    },
}

use Change::{CutOff, Flip, Graft, Number, Remove, Repeat, Set};

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        let at = any::<Index>;
        let count = || 1_usize..40;
        let numbers = prop::sample::select(vec![
            0,
            1,
            127,
            128,
            255,
            256,
            65_535,
            65_536,
            u64::MAX >> 1,
            u64::MAX,
        ]);
        prop_oneof![
            (at(), 0..8_u8).prop_map(|(at, bit)| Flip { at, bit }),
            (at(), any::<u8>()).prop_map(|(at, byte)| Set { at, byte }),
            at().prop_map(|at| CutOff { at }),
            (at(), count()).prop_map(|(at, count)| Remove { at, count }),
            (at(), count(), 1_usize..9).prop_map(|(at, count, times)| Repeat { at, count, times }),
            (at(), numbers, 1_usize..9, any::<bool>())
                .prop_map(|(at, number, width, big)| Number { at, number, width, big }),
            (at(), at(), at(), count()).prop_map(|(at, seed, from, count)| Graft {
                at,
                seed,
                from,
                count
            }),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        match *self {
            Flip { .. } | Set { .. } if bytes.is_empty() => {}
            Flip { at, bit } => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Set { at, byte } => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            CutOff { at } => bytes.truncate(place(&at, bytes)),
            Remove { at, count } => {
                let at = place(&at, bytes);
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Repeat { at, count, times } => {
                let at = place(&at, bytes);
                let piece = bytes[at..(at + count).min(bytes.len())].repeat(times);
                bytes.splice(at..at, piece);
            }
            Number { at, number, width, big } => {
                let at = place(&at, bytes);
                let mut number = number.to_le_bytes()[..width].to_vec();
                if big {
                    number.reverse();
                }
                let end = (at + width).min(bytes.len());
                bytes.splice(at..end, number);
            }
            Graft { at, seed, from, count } => {
                let other = &seeds[seed.index(seeds.len())];
                let from = place(&from, other);
                let piece = other[from..(from + count).min(other.len())].to_vec();
                let at = place(&at, bytes);
                bytes.splice(at..at, piece);
            }
        }
    }
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

fn seeds(folders: &[&str]) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = folders.iter().flat_map(|folder| files(&here.join(folder)));
    files.map(|path| fs::read(path).expect("it can be read")).collect()
}

/// A property holds for all seeds, and for seeds with changes.
fn hold(property: fn(&[u8]), folders: &[&str], cases: u32) {
    let seeds = seeds(folders);
    assert!(!seeds.is_empty());
    for seed in &seeds {
        property(seed);
    }
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    // The same ones each time, unless it is said how many.
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
        config.rng_seed = RngSeed::Fixed(u64::from(cases));
    }
    let changed =
        (any::<Index>(), prop::collection::vec(Change::any(), 1..6)).prop_map(|(seed, changes)| {
            let mut bytes = seed.get(&seeds).clone();
            for change in &changes {
                change.apply(&mut bytes, &seeds);
            }
            bytes
        });
    let result = TestRunner::new(config).run(&changed, |bytes| {
        property(&bytes);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, bytes)) => {
            panic!("{why}\nbytes: {bytes:?}\ntext: {}", String::from_utf8_lossy(&bytes))
        }
        Err(aborted) => panic!("{aborted}"),
    }
}

#[test]
fn images() {
    hold(image::holds, &["corpus/image", "../conformance/images/1"], 10_000);
}

#[test]
fn payloads() {
    hold(payload::holds, &["corpus/payload"], 20_000);
}

#[test]
fn protocol_texts() {
    let folders = ["corpus/protocol_text", "../conformance/corpus", "../conformance/lanes"];
    hold(protocol_text::holds, &folders, 1_500);
}

#[test]
fn token_streams() {
    hold(tokens::holds, &["corpus/tokens"], 5_000);
}

#[test]
fn snapshots() {
    hold(snapshot::holds, &["corpus/snapshot"], 20_000);
}

#[test]
fn edited_snapshots() {
    hold(snapshot_edits::holds, &["corpus/snapshot_edits"], 3_000);
}

#[test]
fn recordings() {
    hold(recording::holds, &["corpus/recording"], 10_000);
}

#[test]
fn edited_recordings() {
    hold(recording_edits::holds, &["corpus/recording_edits"], 3_000);
}

/// Seeds that nothing takes for what they were would try nothing. `TELLTALE_BLESS=1` writes them anew.
#[test]
fn seeds_are_what_is_written_today() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (folder, seeds) in [("snapshot", snapshot::seeds()), ("recording", recording::seeds())] {
        for (name, bytes) in seeds {
            let file = here.join(folder).join(name);
            if std::env::var_os("TELLTALE_BLESS").is_some() {
                fs::write(&file, &bytes).expect("it can be written");
            }
            let is_same = fs::read(&file).is_ok_and(|stored| stored == bytes);
            assert!(is_same, "{} has to be written anew", file.display());
        }
    }
}

/// A property without a fuzz target, or without seeds, would be forgotten.
#[test]
fn every_property_has_a_target_and_seeds() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(here.join(folder)).expect("the folder is there");
        let path = |entry: Result<fs::DirEntry, _>| entry.expect("it can be read").path();
        let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut names: Vec<_> = entries.map(path).map(stem).collect();
        names.sort();
        names
    };
    let all: Vec<_> = telltale_hostile::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("fuzz/fuzz_targets"), all);
    assert_eq!(names("corpus"), all);
}
