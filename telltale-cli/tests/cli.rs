//! What the command says, word by word.

#[test]
fn sessions() {
    trycmd::TestCases::new().env("COLUMNS", "120").case("tests/cmd/*.md");
}
