//! Images that go out and come back, and images that should not have come.

mod support;

use support::{by_hand, protocol, random};
use telltale_bytecode::{CodeImage, Hop, ImageError, Instr, Reg, Slot, UntrustedImage, Via};
use telltale_types::RoleId;

fn comes_back(image: &CodeImage, name: &str) {
    let json = serde_json::to_string(image).expect("JSON");
    let read: UntrustedImage =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{name}: {error}\n{json}"));
    let valid = read.validate().unwrap_or_else(|error| panic!("{name}: {error}\n{json}"));
    assert_eq!(valid, *image, "{name}");
    assert_eq!(valid.hash(), image.hash());
    assert_eq!(serde_json::to_string(&valid).expect("JSON"), json);

    let bytes = image.to_bytes();
    let read = UntrustedImage::from_bytes(&bytes).expect("bytes");
    assert_eq!(read, UntrustedImage::from(image), "{name}");
    assert_eq!(read.validate().expect("a valid image"), *image, "{name}");
    assert_eq!(read.to_bytes(), bytes);
}

#[test]
fn compiled_images_come_back() {
    let mut some = 0;
    for (seed, image) in random(1_500) {
        comes_back(&image, &format!("seed {seed}"));
        some += 1;
    }
    assert!(some > 300, "only {some}");
}

/// The declared version of payloads is part of what an image is.
#[test]
fn versions_of_payloads_come_back() {
    let (_, image) = random(200).next().expect("one of them projects");
    let newer = image.clone().with_payload_version(3);
    comes_back(&newer, "version 3");
    assert_ne!(newer.hash(), image.hash());
    let json = serde_json::to_string(&newer).expect("JSON");
    let older = json.replace(r#""payload_version":3,"#, "");
    let read: UntrustedImage = serde_json::from_str(&older).expect("JSON");
    let error = read.validate().expect_err("it is another version");
    assert!(matches!(error, ImageError::Hash { .. }), "{error}");
}

/// A handler knows effects by their names, so two with one name give the same.
#[test]
fn effects_with_one_name_are_one_effect() {
    let types = ["u64", "String"];
    let valid = ["clock", "date"].map(|second| {
        let payload = |label: &str| if label == "x" { types[0] } else { types[1] };
        let image = by_hand(&protocol("A→B:x. A→B:y. end", payload), |asm| {
            let [one, other] = ["clock", second].map(|name| asm.effect(name).expect("an effect"));
            let (via, to, from) = (Via::OWN, RoleId(1), RoleId(0));
            let (value, next) = (Slot::reg(Reg(0)), Hop::NEXT);
            let invoke =
                |effect| Instr::Invoke { effect, argument: Slot::HANDLER, result: value, next };
            let send = |label| Instr::Send { via, to, value, label, next };
            let recv = |label| Instr::Recv { via, from, value, label, next };
            let labels = ["x", "y"].map(|name| asm.label(name).expect("a label"));
            vec![
                (
                    "A",
                    vec![invoke(one), send(labels[0]), invoke(other), send(labels[1]), Instr::Halt],
                ),
                ("B", vec![recv(labels[0]), recv(labels[1]), Instr::Halt]),
            ]
        });
        UntrustedImage::from(&image).validate().map(drop).map_err(|error| error.to_string())
    });
    let error = "`A`, instruction 3 (`send B!y(String) from r0`): expected a `String` in r0, \
        found what `clock` gives, which is sent as a `u64` elsewhere";
    assert_eq!(valid, [Err(error.to_owned()), Ok(())]);
}
