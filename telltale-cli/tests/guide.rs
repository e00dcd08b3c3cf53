//! The page of the guide about the command: its sessions are compared with what the command prints.

#[test]
fn the_page_says_what_the_command_prints() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    std::env::set_current_dir(root).expect("the repository is there");
    trycmd::TestCases::new().env("COLUMNS", "120").case("docs/21_command.md");
}
