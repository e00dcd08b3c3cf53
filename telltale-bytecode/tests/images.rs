//! Images that go out and come back, and images that should not have come.

mod support;

use support::random;
use telltale_bytecode::{CodeImage, ImageError, UntrustedImage};

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
