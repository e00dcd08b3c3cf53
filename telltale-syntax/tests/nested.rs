//! A branch that begins with a choice of the same role: its branches are those of the outer choice.

use telltale_syntax::{Analysed, analyse_str, project};
use telltale_types::StateId;

/// The last protocol of a text.
fn last(source: &str) -> Analysed {
    let analysis = analyse_str(source);
    let printed: Vec<String> = analysis.diagnostics.iter().map(ToString::to_string).collect();
    assert!(printed.is_empty(), "{source}\n{}", printed.join("\n"));
    analysis.protocols.into_iter().last().expect("there is a protocol")
}

/// What `X` does in a protocol between `X` and `Y`.
fn local(statements: &str) -> String {
    local_in("", statements)
}

fn local_in(others: &str, statements: &str) -> String {
    let protocol = last(&format!("{others} protocol P(X, Y) {{ {statements} }}"));
    let projected = project(&protocol).unwrap_or_else(|wrong| panic!("{statements}\n{wrong:?}"));
    projected.locals["X"].to_string()
}

/// The choices, each with its variants.
fn choices(protocol: &Analysed) -> Vec<String> {
    let choice = |choice: &telltale_syntax::interface::ChoiceInterface| {
        let variants = choice.variants.iter().map(|variant| variant.name.to_string());
        format!("{} {{ {} }}", choice.name, variants.collect::<Vec<_>>().join(", "))
    };
    protocol.interface.choices.iter().map(choice).collect()
}

const AB: &str = "choice at X { X -> Y: A; } or { X -> Y: B; }";

#[test]
fn the_branches_of_an_inner_choice_are_those_of_the_outer() {
    let nested = format!("choice at X {{ {AB} }} or {{ X -> Y: C; }}");
    assert_eq!(local(&nested), "⊕{Y!A. end, Y!B. end, Y!C. end}");
    let protocol = last(&format!("protocol P(X, Y) {{ {nested} }}"));
    assert_eq!(choices(&protocol), ["XChoice { A, B, C }"]);
    assert_eq!(protocol.interface.choices[0].states, [StateId(0)]);

    let both = "choice at X { X -> Y: C; } or { X -> Y: D; Y -> X: E; }";
    assert_eq!(
        local(&format!("choice at X {{ {AB} Y -> X: F; }} or {{ {both} }}")),
        "⊕{Y!A. t0, Y!B. t0, Y!C. end, Y!D. Y?E. end} where t0 = Y?F. end",
    );
    let deep = format!("choice at X {{ choice at X {{ {AB} }} or {{ X -> Y: C; }} }}");
    assert_eq!(
        local(&format!("{deep} or {{ X -> Y: D; }}")),
        "⊕{Y!A. end, Y!B. end, Y!C. end, Y!D. end}",
    );
}

#[test]
fn a_loop_at_the_head_of_a_branch_is_entered_again() {
    let source = "choice First at X {
            loop { choice Next at X { X -> Y: More; } or { X -> Y: Stop; break; } }
        } or { X -> Y: None; }";
    assert_eq!(
        local(source),
        "⊕{Y!More. μt0. ⊕{Y!More. t0, Y!Stop. end}, Y!Stop. end, Y!None. end}"
    );
    let protocol = last(&format!("protocol P(X, Y) {{ {source} }}"));
    assert_eq!(choices(&protocol), ["First { More, Stop, None }", "Next { More, Stop }"]);

    // What goes round a loop around both comes to the outer choice again.
    let source = "loop { choice at X { choice at X { X -> Y: A; } or { X -> Y: B; break; } } or { X -> Y: C; } }";
    assert_eq!(local(source), "μt0. ⊕{Y!A. t0, Y!B. end, Y!C. t0}");
    let protocol = last(&format!("protocol P(X, Y) {{ {source} }}"));
    assert_eq!(choices(&protocol), ["XChoice { A, B, C }"]);
}

#[test]
fn two_choices_with_the_same_messages_are_the_same() {
    // The inner choice begins as the outer does, so it needs no name.
    let source = "choice at X {
            loop { choice at X { X -> Y: More; } or { X -> Y: Stop; break; } }
        } or { X -> Y: Stop; }";
    assert_eq!(local(source), "μt0. ⊕{Y!More. t0, Y!Stop. end}");
    let protocol = last(&format!("protocol P(X, Y) {{ {source} }}"));
    assert_eq!(choices(&protocol), ["XChoice { More, Stop }"]);
    assert_eq!(protocol.interface.choices[0].states.len(), 2);
}

#[test]
fn jumps_are_looked_through() {
    // The second branch goes on with what follows the loop, which is a choice itself.
    let source = "loop { choice One at X { X -> Y: A; } or { break; } }
        choice Two at X { X -> Y: B; } or { X -> Y: C; }";
    assert_eq!(local(source), "μt0. ⊕{Y!A. t0, Y!B. end, Y!C. end}");
    let protocol = last(&format!("protocol P(X, Y) {{ {source} }}"));
    assert_eq!(choices(&protocol), ["One { A, B, C }"]);

    let source = "'out: loop {
            choice One at X { X -> Y: A; } or { X -> Y: B; break; }
            Y -> X: Ok;
            choice Two at X { continue; } or { X -> Y: C; }
        }";
    assert_eq!(local(source), "μt0. ⊕{Y!A. μt1. Y?Ok. ⊕{Y!A. t1, Y!B. end, Y!C. t0}, Y!B. end}",);
}

#[test]
fn a_protocol_that_is_run_is_looked_into() {
    let ask = "protocol Ask(One, Other) { choice Answer at One { One -> Other: Yes; } or { One -> Other: No; } }";
    let source = "choice at X { do Ask(X, Y); } or { X -> Y: Maybe; }";
    assert_eq!(local_in(ask, source), "⊕{Y!Yes. end, Y!No. end, Y!Maybe. end}");
    let protocol = last(&format!("{ask} protocol P(X, Y) {{ {source} }}"));
    assert_eq!(choices(&protocol), ["XChoice { Yes, No, Maybe }"]);

    let twice = "choice at X { do Ask(X, Y); } or { do Ask(X, Y); }";
    assert_eq!(local_in(ask, twice), "⊕{Y!Yes. end, Y!No. end}");

    // Its own choices may be flattened already.
    let more = format!(
        "{ask} protocol More(One, Other) {{
             choice at One {{ do Ask(One, Other); Other -> One: Why; }} or {{ One -> Other: Maybe; }}
         }}"
    );
    assert_eq!(
        local_in(&more, "choice at X { do More(X, Y); } or { X -> Y: Bye; }"),
        "⊕{Y!Yes. t0, Y!No. t0, Y!Maybe. end, Y!Bye. end} where t0 = Y?Why. end",
    );
}

#[test]
fn branches_that_lead_to_the_same_place_are_one() {
    let stop = "X -> Y: Stop;";
    assert_eq!(
        local(&format!(
            "choice at X {{ choice at X {{ {stop} }} or {{ X -> Y: A; }} }}
             or {{ choice at X {{ {stop} }} or {{ X -> Y: B; }} }}
             Y -> X: End;"
        )),
        "⊕{Y!Stop. t0, Y!A. t0, Y!B. t0} where t0 = Y?End. end",
    );
}

#[test]
fn what_is_said_of_a_branch_is_said_of_those_in_it() {
    let protocol = last(
        "protocol P(X, Y) {
             choice at X
             /// Outer.
             {
                 choice at X
                 /// Inner.
                 { X -> Y: A; }
                 or {
                     /// Message.
                     X -> Y: B;
                 }
                 or { X -> Y: C; }
             } or { X -> Y: D; }
         }",
    );
    let docs = protocol.interface.choices[0].variants.iter().map(|one| one.docs.lines.concat());
    assert_eq!(docs.collect::<Vec<_>>(), [" Inner.", " Message.", " Outer.", ""]);
}

#[test]
fn each_step_knows_the_innermost_choice() {
    let protocol = last(
        "protocol Ask(One, Other) { choice at One { One -> Other: Yes; } or { One -> Other: No; } }
         protocol P(X, Y) {
             choice Outer at X {
                 choice Inner at X { X -> Y: A; } or { do Ask(X, Y); }
             } or {
                 X -> Y: C;
             }
         }",
    );
    let source = &protocol.lowered.as_ref().expect("there are no mistakes").source;
    let steps = (0..4).filter_map(|exit| source.step(StateId(0), exit)).map(|step| {
        let choice = step.choice.expect("it begins a branch");
        let run = choice.call.map_or_else(String::new, |call| format!(", {}", call.quote));
        format!("{}{run}", choice.choice.quote)
    });
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            "line 4, `choice Inner at X`",
            "line 1, `choice at One`, line 4, `do Ask(X, Y)`",
            "line 1, `choice at One`, line 4, `do Ask(X, Y)`",
            "line 3, `choice Outer at X`",
        ],
    );
    let outer = source.choice(StateId(0)).expect("there is a choice");
    assert_eq!(outer.choice.quote.to_string(), "line 3, `choice Outer at X`");
}
