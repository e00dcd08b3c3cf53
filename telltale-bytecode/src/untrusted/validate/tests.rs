use telltale_types::{GlobalTerm, Label};

use super::*;

/// A choice between so many branches, for ever, and so many words that name it.
fn choices(branches: usize, words: usize) -> UntrustedImage {
    let labels = (0..branches).map(|nth| (Label::new(format!("L{nth}")), GlobalTerm::var("t")));
    let global = GlobalTerm::mu("t", GlobalTerm::comm("A", "B", labels)).close().expect("a type");
    let locals = telltale_theory::project_all(&global).expect("it can be played");
    let image = CodeImage::from_local_types(&locals.into_iter().collect(), &global);
    let mut image = UntrustedImage::from(&image).without_hash();
    let program = &mut image.roles[0].program;
    *program = vec![program[0]; words];
    image
}

/// A few bytes say as much as all branches of a set.
#[test]
fn each_choice_is_counted_with_its_branches() {
    let limits = Limits { instructions: 10_000, ..Limits::default() };
    let image = choices(100, 99);
    assert!(image.validate_with(&limits).is_ok());
    let image = choices(100, 100);
    assert_eq!(
        image.validate_with(&limits).expect_err("they are too many").to_string(),
        "10100 branches of all choices, but an image from outside may have at most 10000"
    );
    assert!(choices(2_000, 30_000).validate().is_err());
}
