//! What the command says, word by word. `TRYCMD=overwrite` writes what it says now.

#[test]
fn sessions() {
    trycmd::TestCases::new().env("COLUMNS", "120").case("tests/cmd/*.md");
}
