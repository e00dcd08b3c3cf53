//! Images from outside, as bytes and as JSON.

use telltale_bytecode::EffectId;
use telltale_vm::loader::{CodeImage, Limits, UntrustedImage};
use telltale_vm::{Policy, VM, VMConfig};

use crate::anybody::Anybody;

/// Bytes are refused, with and without the hash that they say they have; or they are an image that comes back the same from both
/// formats, and that runs without a fault.
///
/// # Panics
///
/// When it is not so.
pub fn holds(bytes: &[u8]) {
    let limits = Limits { bytes: 1 << 16, verifying: 1 << 20, ..Limits::default() };
    let read = UntrustedImage::from_bytes_with(bytes, &limits).ok();
    let Some(image) = read.or_else(|| serde_json::from_slice(bytes).ok()) else { return };
    let claimed = image.validate_with(&limits);
    match image.without_hash().validate_with(&limits) {
        Err(refused) => {
            assert!(claimed.is_err() && !refused.to_string().is_empty());
        }
        Ok(valid) => {
            assert!(claimed.is_err() || claimed.as_ref() == Ok(&valid));
            comes_back(&valid);
            // What an effect gives is known by its handler only.
            if valid.effect(EffectId(0)).is_none() {
                runs(&valid, Policy::Cooperative);
                runs(&valid, Policy::RoundRobin);
            }
        }
    }
}

fn comes_back(image: &CodeImage) {
    let again =
        UntrustedImage::from_bytes(&image.to_bytes()).expect("what was written can be read");
    assert_eq!(again.validate().as_ref(), Ok(image));
    let json = serde_json::to_string(image).expect("images can be written as JSON");
    // Names that are no names of Rust may look like something else in a line. Then the image is not the one that was written.
    if let Ok(again) = serde_json::from_str::<UntrustedImage>(&json)
        && let Ok(again) = again.validate()
    {
        assert_eq!(again.hash(), image.hash());
    }
}

fn runs(image: &CodeImage, policy: Policy) {
    let mut vm = VM::new(VMConfig { policy, capacity: 1, ..VMConfig::default() });
    vm.load_choreography(image).expect("what is valid can be loaded");
    vm.run(&Anybody::prompt(), 20).expect("what is valid runs without a fault");
}
