//! What states are called.

use std::fmt::Write as _;

use telltale_types::RoleId;

use super::state_names;
use crate::{analyse_str, project};

/// The states of every role in the order of their ids.
fn names(text: &str) -> String {
    let analysis = analyse_str(&text.replace("protocol", "#[endpoints] protocol"));
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

#[test]
fn names_that_several_states_share_have_numbers() {
    insta::assert_snapshot!(names(
        "protocol Twice(A, B) {
             A -> B: Ping;
             B -> A: Pong;
             A -> B: Ping;
             A -> B: Ping2;
             A -> B: Ping;
         }"
    ), @"
    A: Ping Pong Ping3 Ping2 Ping4 End
    B: Ping Pong Ping3 Ping2 Ping4 End
    ");
}

#[test]
fn equal_states_are_one() {
    insta::assert_snapshot!(names(
        "protocol Count(A, B) {
             loop {
                 A -> B: Number(u64);
                 B -> A: Sum(u64);
             }
         }"
    ), @"
    A: Number Sum
    B: Number Sum
    ");
}

#[test]
fn whoever_hears_of_a_choice_has_its_name_too() {
    insta::assert_snapshot!(names(&choreographies("two_buyer")), @"
    Alice: Title Quote Share Verdict End
    Bob: Quote Share Verdict Accepted Declined Delivery End
    Seller: Title Quote Quote2 Verdict Delivery End
    ");
    insta::assert_snapshot!(names(
        "protocol Unnamed(A, B, C) {
             choice at A { A -> B: Yes; B -> C: Yes; } or { A -> B: No; B -> C: No; }
             choice at C { C -> B: Yes; C -> A: Yes; } or { C -> B: No; C -> A: No; }
         }"
    ), @"
    A: AChoice CChoice End
    B: AChoice Yes No CChoice End
    C: AChoice CChoice Yes No End
    ");
}

#[test]
fn several_things_at_once_begin_and_end() {
    insta::assert_snapshot!(names(
        "protocol Chat(Ann, Ben) {
             par {
                 loop { choice Talk at Ann { Ann -> Ben: Say(String); } or { Ann -> Ben: Leave; break; } }
             } and {
                 loop { choice at Ben { Ben -> Ann: Say(String); } or { Ben -> Ann: Leave; break; } }
             }
             Ann -> Ben: Bye;
         }"
    ), @"
    Ann: Fork Talk BenChoice Bye ForkEnd1 ForkEnd2 End
    Ben: Fork Talk BenChoice Bye ForkEnd1 ForkEnd2 End
    ");
}

/// The outer one first, also where the inner ones stand in a protocol further up.
#[test]
fn forks_have_numbers_in_the_order_of_the_protocol() {
    insta::assert_snapshot!(names(
        "protocol Inner(A, B) {
             par { A -> B: One; } and { B -> A: Two; }
         }
         protocol Outer(A, B) {
             A -> B: Start;
             par { do Inner(A, B); } and { do Inner(B, A); }
         }"
    ), @"
    A: Start Fork Fork2 Fork3 End One Two ForkEnd1 One2 Two2 ForkEnd2 Fork2End1 Fork2End2 Fork3End1 Fork3End2
    B: Start Fork Fork2 Fork3 End One Two ForkEnd1 One2 Two2 ForkEnd2 Fork2End1 Fork2End2 Fork3End1 Fork3End2
    ");
}

#[test]
fn a_state_is_not_called_like_what_means_something_else_everywhere() {
    insta::assert_snapshot!(names(
        "protocol Odd(A, B) { A -> B: Ok; A -> B: End; A -> B: String(u8); A -> B: r#Some; }"
    ), @"
    A: Ok End StringNext Some End2
    B: Ok End StringNext Some End2
    ");
}

fn choreographies(name: &str) -> String {
    let path = format!("{}/../examples/protocols/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the file is there").replace("pub protocol", "protocol")
}

#[test]
fn a_statement_names_its_state() {
    insta::assert_snapshot!(names(
        "protocol Handshake(A, B, C) {
             #[state(Greeting)] A -> B: Hello;
             B -> A: Hello;
             #[state(Deciding)] choice Verdict at B {
                 B -> A: Yes;
                 #[state(Waiting)] A -> C: Hello;
             } or {
                 B -> A: No;
                 A -> C: Hello;
             }
         }"
    ), @"
    A: Greeting Hello Deciding Waiting End
    B: Greeting Hello Deciding End
    C: Waiting End
    ");
}
