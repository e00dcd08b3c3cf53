//! What people's protocols need, and the smallest that are refused.

use std::collections::BTreeSet;

use telltale_theory::Condition;
use telltale_theory::oracle::{Misbehaviour, explore, goes_wrong, protocol, violated};
use telltale_types::{GlobalType, LocalTypeR, RoleId};

use crate::{locals, written};

/// Every one of them is accepted.
const FINE: &[(&str, &str)] = &[
    ("full duplex", "(μt. A→{B:Data. t; B:Done} | μt. B→{A:Data. t; A:Done}). A→B:Bye"),
    (
        "endless, twice",
        "(μt. Zone→Global:Discover. Global→Zone:Policies. t
         | μt. Global→Zone:Ask. Zone→Global:Planes. t)",
    ),
    (
        "WebSocket close",
        "(μt. Client→{Server:Text. t; Server:Close} | μt. Server→{Client:Text. t; Client:Close}).
         Server→Client:Fin",
    ),
    (
        "gRPC, both ways",
        "Client→Server:Headers.
         (μt. Client→{Server:Message. t; Server:HalfClose; Server:Cancel}
         | μt. Server→{Client:Message. t; Client:Status})",
    ),
    (
        "credits",
        "Receiver→Sender:Window.
         (μt. Sender→{Receiver:Data. t; Receiver:Eof}
         | μt. Receiver→{Sender:Credit. t; Sender:NoMore})",
    ),
    (
        "glare",
        "(μt. Polite→{Impolite:Offer. Impolite→{Polite:Answer. t; Polite:Ignored. t}; Impolite:Bye}
         | μt. Impolite→{Polite:Offer. Polite→{Impolite:Answer. t; Impolite:Ignored. t}; Polite:Bye})",
    ),
    (
        "simultaneous open",
        "(P→Q:Open | Q→P:Open). P→{Q:Initiator. Q→P:Ready; Q:Responder. P→Q:Go}",
    ),
    (
        "heartbeat",
        "(μt. Client→{Server:Request. Server→Client:Reply. t; Server:Quit}
         | μt. Server→{Client:Ping. Client→Server:Pong. t; Client:Stop})",
    ),
    (
        "two-phase commit",
        "(C→P:Prepare. P→{C:Yes; C:No} | C→Q:Prepare. Q→{C:Yes; C:No}).
         C→{P:Commit. C→Q:Commit. (P→C:Ack | Q→C:Ack); P:Abort. C→Q:Abort. (P→C:Ack | Q→C:Ack)}",
    ),
    (
        "scatter, gather",
        "(μt. Hub→W1:Job. W1→{Hub:More. t; Hub:Result} | μt. Hub→W2:Job. W2→{Hub:More. t; Hub:Result}).
         Hub→User:Summary",
    ),
    (
        "publish",
        "((μt. Pub→{S1:Item. t; S1:Done} | S1→Pub:Unsubscribe)
         | (μt. Pub→{S2:Item. t; S2:Done} | S2→Pub:Unsubscribe))",
    ),
    ("reply or time-out", "(B→A:Reply | Timer→{A:Expired; A:Stopped} | A→Timer:Stop)"),
    (
        "cancel",
        "μt. Editor→{
           Server:Request.
             (Server→{Editor:Result; Editor:Cancelled} | Editor→{Server:Cancel; Server:Keep}). t;
           Server:Exit}",
    ),
    // Each iteration uses the channels of the one before; messages of two of them may be under way.
    ("round after round", "μt. (A→B:X | A→B:X). A→{B:Again. t; B:Over}"),
    // `Q` is a lap ahead, on a channel of which `A` is not waiting for anything else.
    ("outrun in another lane", "(Z→{A:K. Z→Q:H; Q:G. Q→A:M} | Q→A:X). Q→A:M"),
    // The same in a lane of another parallel part, in which nothing may be taken for what comes in the first.
    ("outrun in another part", "(Z→{A:K. Z→Q:H; Q:G. Q→A:M} | Q→A:X). (Q→A:M | Q→A:Y)"),
];

type Violated<'t> = &'t [(&'t str, Condition)];

/// Each with what is violated, and a run that goes wrong, if any does.
const REFUSED: &[(&str, Violated<'_>, Option<&str>)] = &[
    // Nobody tells `L` that the parallel part begins; it could receive what comes in any case.
    ("A→{B:X. (A→L:One | B→L:Two). A→L:Three; B:Y. A→L:Nothing}", &[("L", Condition::Fork)], None),
    // `A` cannot know that its first arm is over.
    (
        "(C→{A:Late; B:Skip} | C→A:Z). A→B:Next",
        &[("A", Condition::Join), ("B", Condition::ReceiveValidity)],
        Some("C!A:Late  C!A:Z  A?C:Z  A!B:Next"),
    ),
    // The same where nobody is worse off.
    (
        "(B→{A:X; C:X} | C→B:X). B→{C:X; A:X}",
        &[("A", Condition::SilentEnd), ("C", Condition::Join), ("C", Condition::SilentEnd)],
        None,
    ),
    // What is beside each other does not excuse what is not.
    (
        "(A→{C:X; B:X} | B→A:X). C→B:X",
        &[("B", Condition::Join), ("C", Condition::NoMixedChoice)],
        Some("A!C:X  C!B:X"),
    ),
    // The arm that nobody is told of is in an arm; what `A` does next comes after both.
    (
        "(C→A:X | (B→{A:X; C:X} | C→A:Y)). B→A:X",
        &[("A", Condition::Join), ("C", Condition::SilentEnd)],
        Some("B!C:X  B!A:X  A?B:X"),
    ),
    (
        "(C→A:X | (A→{C:X; B:X} | C→A:Y)). A→C:X",
        &[("B", Condition::SilentEnd), ("C", Condition::Join)],
        None,
    ),
    // `C` may not send behind the end of an arm in an arm what it sends in the other branch.
    (
        "((A→C:X | A→{B:X. A→C:X; C:X. C→B:Y}) | B→C:X). B→C:X",
        &[("C", Condition::SendValidity), ("C", Condition::Join)],
        Some("A!B:X  A!C:X  C?A:X  C!B:Y"),
    ),
    // `B` is a round ahead, in the arm in which `C` still waits.
    (
        "μt. (B→C:X | B→{A:X. A→C:X; C:X}). t",
        &[("C", Condition::ReceiveValidity)],
        Some("B!C:X  B!A:X  B!C:X  C?B:X"),
    ),
];

/// All of them.
pub(crate) fn all() -> Vec<GlobalType> {
    let texts = FINE.iter().map(|(_, text)| text).chain(REFUSED.iter().map(|(text, ..)| text));
    texts.map(|text| protocol(text)).collect()
}

fn named(global: &GlobalType) -> BTreeSet<(&str, Condition)> {
    let name = |(role, condition)| (global.names().role(role), condition);
    violated(global).into_iter().map(name).collect()
}

#[test]
fn what_people_need_is_accepted_and_behaves() {
    for (name, text) in FINE {
        let global = protocol(text);
        assert_eq!(named(&global), BTreeSet::new(), "{name}");
        let locals = locals(&global).expect("every role has a type");
        explore(&global, &locals, 14, 300).unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"));
        assert_eq!(goes_wrong(&global, 10, 300), None, "{name}");
    }
}

#[test]
fn the_smallest_that_are_refused() {
    for (text, expected, wrong) in REFUSED {
        let global = protocol(text);
        assert_eq!(named(&global), expected.iter().copied().collect(), "{text}");
        let run = goes_wrong(&global, 12, 2_000);
        assert_eq!(run.map(|run| written(&global, &run)).as_deref(), *wrong, "{text}");
    }
}

#[test]
fn a_role_that_walks_past_its_arms_is_caught() {
    // The type of `A` in a protocol where its arms follow each other, and the other way round.
    let beside = protocol("(B→A:X | C→A:Y). A→B:Z");
    let one_after_the_other = protocol("B→A:X. C→A:Y. A→B:Z");
    let swap = |global: &GlobalType, other: &GlobalType| {
        let mut mixed = locals(global).expect("every role has a type");
        let role = |global: &GlobalType| {
            let at = global.names().roles().position(|(_, name)| name == "A");
            at.expect("there is an A")
        };
        mixed[role(global)] = locals(other).expect("every role has a type").remove(role(other));
        explore(global, &mixed, 12, 300)
    };
    assert!(swap(&beside, &beside).is_ok());
    assert!(matches!(swap(&beside, &one_after_the_other), Err(Misbehaviour::Missing(_))));
    assert!(matches!(swap(&one_after_the_other, &beside), Err(Misbehaviour::Wrong(_))));
}

/// The same type in a protocol in which its one peer is the second role.
fn swapped(local: &LocalTypeR, global: &GlobalType) -> LocalTypeR {
    let states = local.states().map(|state| {
        let mut state = local.state(state);
        state.exits_mut().iter_mut().for_each(|exit| exit.action.peer = RoleId(1));
        state
    });
    LocalTypeR::new(global.names().clone(), states.collect()).expect("a local type")
}

#[test]
fn roles_that_both_wait_first_are_stuck() {
    // Each has the type that is right if the other begins.
    let crossing = protocol("(A→B:X | B→A:X)");
    let begins = |text| locals(&protocol(text)).expect("every role has a type").remove(1);
    let both_wait = [begins("B→A:X. A→B:X"), begins("A→B:X. B→A:X")];
    assert_eq!(both_wait.each_ref().map(ToString::to_string), ["B?X. B!X. end", "A?X. A!X. end"]);
    // The first protocol numbers the roles the other way round.
    let both_wait = [swapped(&both_wait[0], &crossing), both_wait[1].clone()];
    let explored = explore(&crossing, &both_wait, 12, 100);
    assert_eq!(explored, Err(Misbehaviour::Stuck(Vec::new())));
}

#[test]
fn endless_arms_are_never_stuck() {
    let global = protocol("(μt. A→B:X. t | B→A:Y)");
    let locals = locals(&global).expect("every role has a type");
    assert_eq!(locals[0].to_string(), "(μt0. B!X. t0 | B?Y. end). end");
    let explored = explore(&global, &locals, 9, 1_000).expect("nothing goes wrong");
    assert!(!explored.all, "there are runs of every length");
}
