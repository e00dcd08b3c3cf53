//! One session in an editor, with a protocol and the programs around it.

use std::path::Path;

use telltale_editor_tests::{Editor, Package, available};

/// The version that this was written with; others may show the same differently.
const VERSION: &str = "rust-analyzer 1.95.";

const PROGRAM: &str = include_str!("fixture/purchase.rs");

/// The server takes long to start, so all questions go to one.
#[test]
fn editor() {
    if let Err(reason) = available(VERSION) {
        eprintln!("skipped: {reason}");
        return;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
    let package = Package::write(&directory, PROGRAM);
    let editor = &mut Editor::open(&package);

    a_word_is_explained_in_a_few_lines(editor);
    a_word_leads_to_what_it_means(editor);
    a_role_is_found_in_all_statements(editor);
    what_the_user_wrote_can_be_renamed(editor);
    what_is_made_of_a_word_cannot_be_renamed(editor);
    missing_members_compile(editor, &package);
    a_method_leads_to_its_label(editor);
    a_statement_that_is_being_typed_takes_nothing_away(editor);
}

fn a_word_is_explained_in_a_few_lines(editor: &mut Editor) {
    for (place, said) in [
        ("        «Customer»,", "pub trait Customer|Wants something.|gives, takes and decides"),
        ("«Customer» -> Shop: Ask", "pub trait Customer|Wants something.|gives, takes and decides"),
        ("choice Answer at «Customer»", "pub trait Customer|Wants something."),
        ("-> «Warehouse»: Rest", "pub trait Warehouse"),
        ("«Ask»(String)", "Ask(String)|The first question.|`Customer::ask`, `Shop::on_ask`"),
        ("«Offer» {", "Offer { weight: u32, text: String, }|`Customer::on_offer`, `Shop::offer`"),
        ("«Buy» {", "Buy { pub address: String, }|to `Shop`|`Shop::on_buy`"),
        ("«Leave»;", "Leave|`Shop::on_leave`"),
        ("choice «Answer»", "pub enum Answer|can decide|`Customer::answer`"),
        ("{ «weight»: u32", "pub weight: u32|of `Offer`"),
    ] {
        let text = editor.hover(place);
        for part in said.split('|') {
            assert!(text.contains(part), "{place}: `{part}` is not said:\n{text}");
        }
        let is_said = |line: &&str| !["", "---", "```", "```rust"].contains(&line.trim());
        let lines = text.lines().filter(is_said).count();
        assert!(lines <= 16, "{place}: {lines} lines are not few:\n{text}");
    }
}

fn a_word_leads_to_what_it_means(editor: &mut Editor) {
    for (place, there) in [
        ("«Customer» -> Shop: Ask", "«Customer»,"),
        ("choice Answer at «Customer»", "«Customer»,"),
        ("Shop -> «Warehouse»: Rest", "«Warehouse»,"),
        ("impl purchase::«Customer»", "«Customer»,"),
        ("use purchase::«Shop»", "«Shop»,"),
        ("use crate::«purchase»", "pub protocol «Purchase»("),
        ("«Ask»(String)", "Customer -> Shop: «Ask»(String);"),
    ] {
        assert_eq!(editor.definition(place), [there], "{place}");
    }
}

fn a_role_is_found_in_all_statements(editor: &mut Editor) {
    let shop = [
        "«Shop»,",
        "Customer -> «Shop»: Ask(String);",
        "«Shop» -> Customer: Price(u64);",
        "«Shop» -> Customer: Offer { weight: u32, text: String };",
        "Customer -> «Shop»: Buy { address: String };",
        "«Shop» -> Warehouse: Pack(String);",
        "Customer -> «Shop»: Leave;",
        "«Shop» -> Warehouse: Rest;",
        "use purchase::«Shop»;",
        "impl «Shop» for Bob {}",
    ];
    for place in ["        «Shop»,", "«Shop» -> Warehouse: Rest", "impl «Shop» for"] {
        assert_eq!(editor.references(place), shop, "{place}");
    }
}

fn what_the_user_wrote_can_be_renamed(editor: &mut Editor) {
    // Everywhere in the protocol and around it, but not in what is only called the same.
    let renamed = editor.rename("«Customer» -> Shop: Ask", "Client");
    let expected = PROGRAM.replace("Customer", "Client");
    assert_eq!(renamed, Ok(expected));
    // Methods are made of a label; the compiler says which of them are missing then.
    let renamed = editor.rename("Shop: «Ask»", "Query");
    assert_eq!(renamed, Ok(PROGRAM.replace("Ask(", "Query(")));
    let renamed = editor.rename("choice «Answer»", "Verdict");
    assert_eq!(renamed, Ok(PROGRAM.replace("Answer", "Verdict")));
}

fn what_is_made_of_a_word_cannot_be_renamed(editor: &mut Editor) {
    let renamed = editor.rename("protocol «Purchase»", "Sale");
    assert!(renamed.is_err(), "{renamed:?}");
}

fn missing_members_compile(editor: &mut Editor, package: &Package) {
    for place in [
        "impl purchase::«Customer» for",
        "impl «Shop» for",
        "impl «Warehouse» for",
        "impl vote::«Chair» for",
        "impl vote::«Right» for",
    ] {
        let text = editor.implement_missing_members(place);
        editor.write(&text);
    }
    let text = editor.text();
    assert!(text.contains("::telltale_vm::HandlerResult<purchase::Offer>"), "{text}");
    assert!(text.contains("vendored::vm::HandlerResult<vote::Opinion>"), "{text}");
    if let Err(errors) = package.check(text) {
        panic!("what was inserted does not compile:\n{errors}");
    }
}

fn a_method_leads_to_its_label(editor: &mut Editor) {
    // The editor also names the macro that has made the method.
    let there = ["«choreography!» {", "Customer -> Shop: «»Ask(String);"];
    assert_eq!(editor.declaration("fn «on_ask»"), there);
    assert!(editor.hover("fn «on_ask»").contains("Takes `Ask(String)` from `Customer`."));
    let text = editor.text().to_owned();
    for method in ["fn «on_ask»", "fn «ask»", "fn «answer»"] {
        let renamed = editor.rename(method, "on_foo");
        assert!(renamed.is_err(), "{method}: {renamed:?}");
    }
    assert_eq!(editor.text(), text);
}

fn a_statement_that_is_being_typed_takes_nothing_away(editor: &mut Editor) {
    let text = editor.text().to_owned();
    let before = "Shop -> Customer: Price(u64);\n";
    for statement in
        ["Customer -> Shop: Next(u8, Vec<u8>);", "choice at Shop { Shop -> Customer: A; }"]
    {
        for end in 0..=statement.len() {
            let half = balanced(&statement[..end]);
            editor.write(&text.replacen(before, &format!("{before}        {half}\n"), 1));
            let shown = editor.hover("fn «on_ask»");
            assert!(shown.contains("Takes `Ask(String)` from `Customer`."), "{half}: {shown}");
            let there = editor.definition("impl purchase::«Customer»");
            assert_eq!(there, ["«Customer»,"], "{half}");
        }
    }
    editor.write(&text);
}

/// Editors close what is opened.
fn balanced(text: &str) -> String {
    let open = |open: char, close: char| text.matches(open).count() > text.matches(close).count();
    let mut text = text.to_owned();
    for (opening, closing) in [('(', ')'), ('{', '}')] {
        if open(opening, closing) {
            text.push(closing);
        }
    }
    text
}
