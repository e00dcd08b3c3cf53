//! What states are called.

use std::fmt::Write as _;

use telltale_types::RoleId;

use super::state_names;
use crate::{analyse_str, project};

/// The states of every role in the order of their ids.
fn names(text: &str) -> String {
    let analysis = analyse_str(&format!("#[endpoints] {text}"));
    assert!(analysis.diagnostics.is_empty(), "{:?}", analysis.diagnostics);
    let protocol = analysis.protocols.last().expect("a protocol");
    let projected = project(protocol).expect("every role can play its part");
    let mut all = String::new();
    for (id, role) in protocol.interface.roles.iter().enumerate() {
        let local = &projected.locals[&role.name.to_string()];
        let names = state_names(&protocol.interface, &projected.global, RoleId::at(id), local);
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        writeln!(all, "{}: {}", role.name, names.join(" ")).expect("a text takes all text");
    }
    all
}

#[test]
fn a_state_is_called_after_what_happens_next() {
    insta::assert_snapshot!(
        names(
            "protocol Purchase(Customer, Shop) {
                 Customer -> Shop: Ask(String);
                 Shop -> Customer: Price(u64);
                 choice Answer at Customer {
                     Customer -> Shop: Buy(String);
                     Shop -> Customer: Parcel(String);
                 } or {
                     Customer -> Shop: Leave;
                 }
             }"
        ),
        @"
    Customer: Ask Price Answer Parcel End
    Shop: Ask Price Answer Parcel End
    "
    );
}
