//! Images that are altered: what validates runs without a fault, whatever it is.

use std::fmt::Write as _;

use telltale_conformance::play::{Setting, settings};
use telltale_theory::oracle::Rng;
use telltale_vm::loader::{CodeImage, ImageError, UntrustedImage};

use crate::{corpus, runs};

/// Whether there is a script for what the labels carry.
fn is_scripted(image: &CodeImage, original: &CodeImage) -> bool {
    let mut carried = image.names().labels().map(|(_, label)| label.payload);
    carried.all(|payload| original.names().labels().any(|(_, label)| label.payload == payload))
}

/// How many of some altered images were right.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
}

impl Tally {
    /// An altered image is an error, or it is one that runs.
    pub(crate) fn count(
        &mut self,
        name: &str,
        original: &CodeImage,
        altered: Result<UntrustedImage, ImageError>,
    ) {
        match altered.and_then(|image| image.without_hash().validate()) {
            Ok(image) => {
                assert!(image.is_verified());
                let few: Vec<Setting> = settings().into_iter().step_by(19).collect();
                if is_scripted(&image, original) {
                    runs(name, &image, &few);
                }
                self.right += 1;
            }
            Err(_) => self.wrong += 1,
        }
    }
}

/// How many alterations are tried of each image, or as many as `TELLTALE_ALTERATIONS` says.
fn alterations() -> usize {
    let text = std::env::var("TELLTALE_ALTERATIONS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(40)
}

#[test]
fn an_altered_byte_is_an_error_or_another_image_that_runs() {
    let mut tally = Tally::default();
    for (nth, (name, image)) in corpus().iter().enumerate() {
        let (mut rng, bytes) = (Rng::new(nth as u64), image.to_bytes());
        for _ in 0..alterations() {
            let mut altered = bytes.clone();
            let at = rng.below(bytes.len());
            // Small numbers are more often something.
            altered[at] = if rng.once_in(2) { rng.below(256) } else { rng.below(8) } as u8;
            if rng.once_in(4) {
                altered.swap(at, rng.below(bytes.len()));
            }
            let name = format!("{name}: {altered:?}");
            tally.count(&name, image, UntrustedImage::from_bytes(&altered));
        }
    }
    assert!(tally.right > 20 && tally.wrong > 100, "{tally:?}");
}

/// Every value of every byte, in an image whose instructions have operands of all kinds.
#[test]
fn every_single_byte_of_a_small_image() {
    let corpus = corpus();
    let (name, image) = corpus.last().expect("there are protocols");
    assert!(image.is_by_hand());
    let bytes = UntrustedImage::from(image).without_hash().to_bytes();
    let mut tally = Tally::default();
    for (at, &byte) in bytes.iter().enumerate() {
        for value in (0..=u8::MAX).filter(|&value| value != byte) {
            let mut altered = bytes.clone();
            altered[at] = value;
            let name = format!("{name}, byte {at}: {value}");
            tally.count(&name, image, UntrustedImage::from_bytes(&altered));
        }
    }
    assert!(tally.right > 1_000 && tally.wrong > 10_000, "{tally:?}");
}

/// With its hash, no altered image is right.
#[test]
fn whatever_is_altered_does_not_have_its_hash() {
    let (name, image) = &corpus()[3];
    let bytes = image.to_bytes();
    for at in 0..bytes.len() {
        for value in [0, 1, 2, 7, 0x7f, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[at] = value;
            let valid = UntrustedImage::from_bytes(&altered).and_then(|image| image.validate());
            // Targets that no instruction names, say, are not part of what the image is.
            assert!(valid.is_err() || valid.as_ref() == Ok(image), "{name}, {at}: {value}");
        }
        let short = UntrustedImage::from_bytes(&bytes[..at]).and_then(|image| image.validate());
        assert!(short.is_err(), "{name}: {at} bytes of {}", bytes.len());
    }
}

/// Lines of programs and of types, in the place of others.
#[test]
fn an_altered_line_is_an_error_or_another_image_that_runs() {
    let mut tally = Tally::default();
    for (nth, (name, image)) in corpus().iter().enumerate() {
        let mut rng = Rng::new(1_000 + nth as u64);
        let whole = serde_json::to_value(image).expect("JSON");
        for _ in 0..alterations() {
            let mut altered = whole.clone();
            alter_line(&mut altered, &mut rng);
            let read = serde_json::from_value::<UntrustedImage>(altered.clone());
            let name = format!("{name}: {altered}");
            match read {
                Ok(read) => tally.count(&name, image, Ok(read)),
                Err(_) => tally.wrong += 1,
            }
        }
    }
    assert!(tally.right > 20 && tally.wrong > 100, "{tally:?}");
}

/// Puts another line in the place of a line, in a program or in a type, in one of many ways.
fn alter_line(image: &mut serde_json::Value, rng: &mut Rng) {
    let roles = image["roles"].as_array().map_or(0, Vec::len);
    if roles == 0 {
        return;
    }
    let (role, other) = (rng.below(roles), rng.below(roles));
    let part = if rng.once_in(4) { "local_type" } else { "program" };
    let others = image["roles"][other][part].as_array().cloned().unwrap_or_default();
    let lines = image["roles"][role][part].as_array_mut().expect("lines");
    let (at, from) = (rng.below(lines.len()), rng.below(others.len()));
    let second = rng.below(lines.len());
    match rng.below(6) {
        0 => lines[at] = others[from].clone(),
        1 => lines.swap(at, second),
        2 => lines.insert(at, "yield".into()),
        3 => lines.push(others[from].clone()),
        4 => lines[at] = format!("jmp {}", rng.below(lines.len() + 1)).into(),
        _ => {
            // Another number somewhere: where it leads, a lane, a register.
            let line = lines[at].as_str().unwrap_or_default().to_owned();
            let digits: Vec<usize> =
                line.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
            if let Some(&digit) = digits.get(rng.below(digits.len().max(1))) {
                let mut altered = line[..digit].to_owned();
                write!(altered, "{}{}", rng.below(8), &line[digit + 1..]).expect("room");
                lines[at] = altered.into();
            }
        }
    }
}
