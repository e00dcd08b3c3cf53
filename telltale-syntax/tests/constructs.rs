//! What each construct of the language means, as the global type it becomes.

use telltale_syntax::{Analysis, analyse_str};

fn analyse(source: &str) -> Analysis {
    let analysis = analyse_str(source);
    let printed: Vec<String> = analysis.diagnostics.iter().map(ToString::to_string).collect();
    assert!(printed.is_empty(), "{source}\n{}", printed.join("\n"));
    analysis
}

/// The global type of the last protocol of a text.
fn global(source: &str) -> String {
    let analysis = analyse(source);
    let last = analysis.protocols.last().expect("there is a protocol");
    last.lowered.as_ref().expect("there are no mistakes").global.to_string()
}

/// The global type of a protocol between `A`, `B`, `C` and `D`, all of which take part at the end.
fn body(statements: &str) -> String {
    let goodbye = "A -> B: Bye; C -> D: Bye;";
    let global = global(&format!("protocol P(A, B, C, D) {{ {statements} {goodbye} }}"));
    global.replace("A→B:Bye. C→D:Bye. end", "end")
}

#[test]
fn a_list_of_receivers_is_a_message_to_each() {
    assert_eq!(body("A -> B, C,: X(u8,);"), "A→B:X(u8). A→C:X(u8). end");
}

#[test]
fn a_list_of_senders_is_a_message_from_each() {
    assert_eq!(body("A, B -> C: X;"), "A→C:X. B→C:X. end");
    // To all receivers of one sender, then of the next.
    assert_eq!(body("A, B, -> C, D: X(u8);"), "A→C:X(u8). A→D:X(u8). B→C:X(u8). B→D:X(u8). end");
}

#[test]
fn a_branch_may_begin_with_several_senders() {
    assert_eq!(
        body("choice at A { A, B -> C: X; } or { A -> C: Y; B -> C: Y; }"),
        body("choice at A { A -> C: X; B -> C: X; } or { A, B -> C: Y; }"),
    );
}

#[test]
fn several_senders_print_as_they_are_written() {
    let written = "protocol P(A, B, C) {\n    A, B -> C: X;\n}\n";
    assert_eq!(analyse(written).ast.to_string(), written);
}

/// The tree holds all that documents something, and prints it as comments where those say the same.
#[test]
fn documentation_prints_as_it_is_written() {
    let written = "#[doc(hidden)]
#[doc(alias = \"trade\")]
/// Text.
#[doc = include_str!(\"x.md\")]
#[doc = concat!(\"a\", \"b\")]
#[doc]
#[doc = \"/ no comment\"]
#[doc = \"a\\r\"]
protocol P(
    #[doc(hidden)]
    A,
    B,
) {
    #[doc(hidden)]
    A -> B: X;
    #[doc(alias = \"which\")]
    choice at A
    #[doc(hidden)]
    {
        A -> B: Y;
    } or {
        A -> B: Z;
    }
}
";
    assert_eq!(analyse(written).ast.to_string(), written);
    let text = "#[doc = \" a\\n b\"] protocol P(A, B) { A -> B: X; }";
    assert!(analyse(text).ast.to_string().starts_with("/// a\n/// b\nprotocol"));
}

#[test]
fn labels_have_three_shapes() {
    assert_eq!(
        body("A -> B: X; A -> B: Y(); A -> B: Z {}; A -> B: V(u8, u8); A -> B: W { a: u8 };"),
        "A→B:X. A→B:Y. A→B:Z. A→B:V(u8, u8). A→B:W { a: u8 }. end",
    );
}

#[test]
fn types_too_deep_to_be_read_are_passed_on() {
    let deep = format!("{}fn(u8) -> u8{}", "Vec<".repeat(60), ">".repeat(60));
    assert_eq!(
        body(&format!("A -> B: X({deep}, M<u8, u8>); A -> B: Y {{ a: {deep}, b: u8 }};")),
        format!("A→B:X({deep}, M<u8, u8>). A→B:Y {{ a: {deep}, b: u8 }}. end"),
    );
}

#[test]
fn what_follows_a_choice_is_shared() {
    let analysis = analyse(
        "protocol P(A, B) {
             choice at A { A -> B: X; } or { A -> B: Y; }
             B -> A: Z;
         }",
    );
    let lowered = analysis.protocols[0].lowered.as_ref().expect("there are no mistakes");
    assert_eq!(lowered.global.len(), 3);
}

#[test]
fn loops_go_round_and_are_left() {
    assert_eq!(
        body("loop { A -> B: X; choice at A { A -> B: Y; } or { A -> C: Z; break; } }"),
        "μt0. A→B:X. A→{B:Y. t0, C:Z. end}",
    );
    assert_eq!(
        body(
            "'out: loop {
                 A -> B: X;
                 loop {
                     choice at A { A -> B: Y; } or { A -> C: Z; continue 'out; } or { A -> D: W; break 'out; }
                 }
             }"
        ),
        "μt0. A→B:X. μt1. A→{B:Y. t1, C:Z. t0, D:W. end}",
    );
}

#[test]
fn branches_are_looked_through() {
    assert_eq!(
        body(
            "loop {
                 A -> B: X;
                 choice at A {
                     loop { A -> C: Y; B -> C: Y; break; }
                 } or {
                     continue;
                 } or {
                     A -> D: Z;
                     break;
                 }
             }"
        ),
        "μt0. A→B:X. μt1. A→{C:Y. B→C:Y. t0, B:X. t1, D:Z. end}",
    );
    assert_eq!(
        body("loop { choice at A { A -> C: X; } or { break; } }"),
        "μt0. A→{C:X. t0, B:Bye. C→D:Bye. end}",
    );
}

#[test]
fn a_branch_may_begin_with_another_protocol() {
    assert_eq!(
        global(
            "protocol Hello(X, Y) { X -> Y: Hello; Y -> X: World; }
             protocol P(A, B) { choice at A { do Hello(A, B); } or { A -> B: Bye; } }"
        ),
        "A→{B:Hello. B→A:World. end, B:Bye. end}",
    );
}

#[test]
fn parallel_arms_are_lowered_one_after_the_other() {
    assert_eq!(body("par { A -> B: X; } and { C -> D: Y; }"), "A→B:X. C→D:Y. end");
    assert_eq!(
        global("protocol P(A, B, C, D) { par { loop { A -> B: X; } } and { C -> D: Y; } }"),
        "C→D:Y. μt0. A→B:X. t0",
    );
}

#[test]
fn an_arm_that_may_be_caught_in_a_loop_is_lowered_last() {
    let with = |arm: &str| {
        let source = format!(
            "protocol Maybe(A, B) {{
                 choice at A {{ A -> B: Go; loop {{ A -> B: Tick; }} }} or {{ A -> B: Stop; }}
             }}
             protocol P(A, B, C, D) {{ par {{ {arm} }} and {{ C -> D: X; }} }}"
        );
        global(&source)
    };
    let last = "C→D:X. A→{B:Go. μt0. A→B:Tick. t0, B:Stop. end}";
    assert_eq!(
        with("choice at A { A -> B: Go; loop { A -> B: Tick; } } or { A -> B: Stop; }"),
        last,
    );
    assert_eq!(with("do Maybe(A, B);"), last);
    assert_eq!(
        with(
            "'out: loop {
                 choice at A { A -> B: Go; loop { A -> B: Tick; } } or { A -> B: Stop; break; }
             }"
        ),
        last,
    );
    // A loop from which one around it goes on catches nobody.
    assert_eq!(
        with(
            "'out: loop {
                 choice at A {
                     A -> B: Go;
                     loop { A -> B: Tick; continue 'out; }
                 } or { A -> B: Stop; break; }
             }"
        ),
        "μt0. A→{B:Go. A→B:Tick. t0, B:Stop. C→D:X. end}",
    );
}

#[test]
fn a_protocol_runs_another_with_its_own_roles() {
    let source = "
        protocol Outer(A, B, C) { A -> B: Start; do Inner(C, A); do Inner(B, C); }
        protocol Inner(X, Y) { choice at X { X -> Y: Left; } or { X -> Y: Right; } }";
    let analysis = analyse(source);
    let outer = analysis.protocols[0].lowered.as_ref().expect("there are no mistakes");
    assert_eq!(outer.global.len(), 4);
    let at_choice =
        outer.global.exits(telltale_types::StateId(0)).next().expect("a message").target;
    let choice = outer.source.choice(at_choice).expect("there is a choice");
    assert_eq!(choice.choice.quote.to_string(), "line 3, `choice at X`");
    assert_eq!(choice.call.expect("it is run").quote.to_string(), "line 2, `do Inner(C, A)`");
    let step = outer.source.step(at_choice, 1).expect("there is a second branch");
    assert_eq!(step.message.quote.to_string(), "line 3, `X -> Y: Right`");
    assert_eq!(step.call.expect("it is run").quote.to_string(), "line 2, `do Inner(C, A)`");
    assert_eq!(step.branch.expect("it begins a branch").line(), 3);
}

#[test]
fn nested_calls_are_told_by_the_outermost() {
    let source = "
        protocol One(A, B) { A -> B: X; }
        protocol Two(A, B) { do One(B, A); }
        protocol Three(A, B) { do Two(A, B); }";
    assert_eq!(global(source), "B→A:X. end");
    let analysis = analyse(source);
    let three = analysis.protocols[2].lowered.as_ref().expect("there are no mistakes");
    let step = three.source.step(telltale_types::StateId(0), 0).expect("there is a step");
    assert_eq!(step.call.expect("it is run").quote.to_string(), "line 4, `do Two(A, B)`");
}

#[test]
fn docs_and_attributes_are_kept() {
    let analysis = analyse(
        "/// A protocol.
         #[allow(silent_end)]
         #[endpoints]
         #[serde(codec = self::Pack, version = 2)]
         #[telltale(crate = ::some::path)]
         pub(crate) protocol P(
             /// Asks.
             A,
             B,
         ) {
             /// What to do?
             #[state(Deciding)]
             choice at A
             /// This.
             { A -> B: X; }
             or {
                 /// That.
                 #[state(Last)]
                 A -> B: Y;
             }
         }",
    );
    let protocol = &analysis.protocols[0];
    assert!(protocol.attributes.silent_end);
    let serde = protocol.attributes.serde.as_ref().expect("payloads are written down");
    assert!(serde.version == 2 && serde.codec.is_some());
    assert!(protocol.attributes.crate_path.is_some());
    assert!(protocol.attributes.endpoints);
    assert_eq!(protocol.attributes.docs.lines, [" A protocol."]);
    let interface = &protocol.interface;
    assert_eq!(interface.roles[0].docs.lines, [" Asks."]);
    let choice = &interface.choices[0];
    assert_eq!(choice.docs.lines, [" What to do?"]);
    assert_eq!(choice.variants[0].docs.lines, [" This."]);
    assert_eq!(choice.variants[1].docs.lines, [" That."]);
    assert_eq!(
        (choice.name.to_string(), choice.method.to_string()),
        ("AChoice".into(), "choose".into())
    );

    let printed = analysis.ast.to_string();
    for attribute in ["#[endpoints]", "    #[state(Deciding)]", "        #[state(Last)]"] {
        assert!(printed.contains(&format!("\n{attribute}\n")), "{printed}");
    }
    assert!(printed.contains("#[serde(version = 2, codec = self::Pack)]"), "{printed}");
    assert_eq!(analyse(&printed).ast.to_string(), printed);
}

#[test]
fn names_follow_from_how_labels_are_used() {
    let analysis = analyse(
        "protocol P(A, B, C) {
             A -> B: Type(u8, String);
             A -> B, C: Note { text: String };
             B -> C: Note { text: String };
             choice at A { A -> B: Stop; } or { A -> C: Stop; } or { A -> C: Note { text: String }; }
         }",
    );
    let interface = &analysis.protocols[0].interface;
    let [a, _, c] = &interface.roles[..] else { panic!("there are three roles") };
    let sends: Vec<(String, bool)> =
        a.sends.iter().map(|method| (method.name.to_string(), method.to.is_some())).collect();
    assert_eq!(sends, [("r#type".to_owned(), false), ("note".to_owned(), true)]);
    let receives: Vec<(String, bool)> =
        c.receives.iter().map(|method| (method.name.to_string(), method.from.is_some())).collect();
    assert_eq!(receives, [("on_note".to_owned(), true), ("on_stop".to_owned(), false)]);
    let structs = interface.labels.iter().filter(|label| label.has_struct);
    assert_eq!(structs.map(|label| label.name.to_string()).collect::<Vec<_>>(), ["Note"]);
    let variants: Vec<String> =
        interface.choices[0].variants.iter().map(|variant| variant.name.to_string()).collect();
    assert_eq!(variants, ["StopToB", "StopToC", "Note"]);
}

/// The choices and their methods in the last protocol of a text.
fn choices(source: &str) -> Vec<String> {
    let analysis = analyse(source);
    let interface = &analysis.protocols.last().expect("there is a protocol").interface;
    let choices = interface.choices.iter();
    choices.map(|choice| format!("{}: {}", choice.name, choice.method)).collect()
}

/// Names that are keywords are mistakes, and names are made of them all the same.
#[test]
fn names_are_made_of_names_that_are_raw() {
    let of = |choice: &str| {
        let arms = "{ r#loop -> r#fn: r#if; } or { r#loop -> B: r#if; }";
        let text = format!("protocol P(r#loop, r#fn, B) {{ choice {choice} at r#loop {arms} }}");
        let analysis = analyse_str(&text);
        assert!(!analysis.diagnostics.is_empty());
        let choice = &analysis.protocols[0].interface.choices[0];
        let variants = choice.variants.iter().map(|variant| variant.name.to_string());
        (choice.name.to_string(), choice.method.to_string(), variants.collect::<Vec<_>>())
    };
    let variants = || vec!["ifTofn".to_owned(), "ifToB".to_owned()];
    assert_eq!(of(""), ("loopChoice".to_owned(), "choose".to_owned(), variants()));
    assert_eq!(of("r#match"), ("r#match".to_owned(), "r#match".to_owned(), variants()));
}

#[test]
fn a_choice_that_is_run_with_others_is_named_after_them() {
    let named = "protocol Ask(X, Y) { choice Answer at X { X -> Y: Yes; } or { X -> Y: No; } }";
    let unnamed = "protocol Ask(X, Y) { choice at X { X -> Y: Yes; } or { X -> Y: No; } }";
    let run = |ask: &str, calls: &str| {
        choices(&format!("{ask} protocol P(A, B, C) {{ {calls} A -> C: Bye; }}"))
    };

    assert_eq!(run(named, "do Ask(A, B); do Ask(A, B);"), ["Answer: answer"]);
    assert_eq!(
        run(named, "do Ask(A, B); do Ask(A, C);"),
        ["AnswerToB: answer_to_b", "AnswerToC: answer_to_c"],
    );
    assert_eq!(run(named, "do Ask(A, B); do Ask(B, A);"), ["AAnswer: answer", "BAnswer: answer"]);
    assert_eq!(
        run(named, "do Ask(A, B); do Ask(A, C); do Ask(C, B);"),
        ["AAnswerToB: answer_to_b", "AAnswerToC: answer_to_c", "CAnswer: answer"],
    );
    assert_eq!(
        run(unnamed, "do Ask(A, B); do Ask(A, C); do Ask(C, B);"),
        ["AChoiceToB: choose_to_b", "AChoiceToC: choose_to_c", "CChoice: choose"],
    );
}

#[test]
fn a_choice_between_receivers_is_named_after_all_of_them() {
    let choices = choices(
        "protocol Pick(X, Y, Z) { choice One at X { X -> Y: Go; } or { X -> Z: Go; } }
         protocol P(A, B, C, D) { do Pick(A, B, C); do Pick(A, C, D); B -> D: Bye; }",
    );
    assert_eq!(choices, ["OneToBAndC: one_to_b_and_c", "OneToCAndD: one_to_c_and_d"]);
}

#[test]
fn a_mistake_leaves_what_is_known() {
    let analysis = analyse_str(
        "protocol P(Alice, Bob) {
             Alice -> Bob: Hello(String);
             Alice ->
             Bob -> Alice: Hi;
         }",
    );
    assert_eq!(analysis.diagnostics.len(), 1);
    let protocol = &analysis.protocols[0];
    assert!(protocol.lowered.is_none());
    let bob = &protocol.interface.roles[1];
    assert_eq!(bob.sends[0].name.to_string(), "hi");
    assert_eq!(bob.receives[0].name.to_string(), "on_hello");
}

/// What is printed about the mistakes of a protocol between `A` and `B`.
fn mistakes(statements: &str) -> Vec<String> {
    let analysis = analyse_str(&format!("protocol P(A, B) {{\n{statements}}}"));
    analysis.diagnostics.iter().map(telltale_syntax::Diagnostic::message).collect()
}

#[test]
fn an_unknown_role_is_one_mistake_however_often_it_is_named() {
    let uses = "A -> Worker: Go;\nWorker -> A: Done;\n".repeat(150);
    assert_eq!(mistakes(&uses), ["unknown role `Worker`"]);
}

#[test]
fn many_unknown_roles_are_few_mistakes() {
    let uses = |count: usize| -> String {
        (0..count).map(|at| format!("A -> Worker{at}: Go;\n")).collect::<Vec<_>>().concat()
    };
    assert_eq!(mistakes(&uses(5)).len(), 5);
    let many = mistakes(&uses(300));
    assert_eq!(many.len(), 5);
    assert!(many[4].starts_with("296 more roles are unknown: `Worker4`, "), "{}", many[4]);
    assert!(many[4].ends_with("`Worker11` and 288 more"), "{}", many[4]);
}

#[test]
fn an_unknown_protocol_is_one_mistake_however_often_it_is_run() {
    assert_eq!(mistakes(&"do Other(A, B);\n".repeat(300)), ["unknown protocol `Other`"]);
}

#[test]
fn signs_with_a_space_between_them_are_no_arrow() {
    assert_eq!(mistakes("A - > B: X;"), ["expected `->`, found `- >`"]);
    assert_eq!(mistakes("A -> B: X;").len(), 0);
}

#[test]
fn a_branch_is_documented_on_either_side_of_its_word() {
    let analysis = analyse(
        "protocol P(A, B) {
             choice at A { A -> B: One; }
             /// In front.
             or
             /// Behind.
             { A -> B: Two; }
         }",
    );
    assert!(analysis.diagnostics.is_empty());
    let docs = &analysis.protocols[0].interface.choices[0].variants[1].docs;
    assert_eq!(docs.lines, [" In front.", " Behind."]);
}
