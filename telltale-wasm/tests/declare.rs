//! What TypeScript is told of a protocol, and what is said of texts.

use telltale_wasm::judge::Judged;
use telltale_wasm::protocol::{Protocol, Unreadable, sequence_of};

fn declared(text: &str) -> String {
    let protocol = Protocol::read(text, None).expect("nothing is wrong");
    protocol.declarations("telltale-wasm").expect("it was written")
}

#[test]
fn payloads_choices_and_documentation() {
    insta::assert_snapshot!(declared(
        r"
/// Not shown.
protocol Fetch(
    /// Asks.
    ///
    /// It ends comments: */
    Client,
    #[like(Client)] Second,
    Server,
) {
    Client, Second -> Server: Get { r#type: u8, path: Option<String> };
    /// Either all of it.
    choice Found at Server {
        Server -> Client, Second: Body(Vec<u8>, u128);
    } or {
        /// Or not.
        Server -> Client, Second: Gone;
    }
    Client -> Server: Thanks;
    Second -> Server: Thanks;
}
"
    ));
}

#[test]
fn types_that_only_rust_knows_are_anything() {
    let text = declared(
        "protocol P(A, B) { A -> B: X(Vec<(u8, chrono::NaiveDate)>); A -> B: Y(Map<u8, T>); }",
    );
    assert!(text.contains("onX(payload: ([number, any])[], cx"), "{text}");
    assert!(text.contains("y(cx: telltale.Context): telltale.Answer<any>;"), "{text}");
}

#[test]
fn an_image_has_no_declarations() {
    let ping = Protocol::read("protocol Ping(A, B) { A -> B: Ping; }", None).expect("it is right");
    let image = Protocol::from_bytes(&ping.image.to_bytes()).expect("it was written by us");
    assert_eq!(image.image, ping.image);
    assert!(
        image.declarations("x").is_none()
            && image.methods().is_none()
            && image.sequence().is_none()
    );
    let json = serde_json::to_string(&ping.image).expect("it can be written");
    assert_eq!(Protocol::from_json(&json).expect("it was written by us").image, ping.image);
    let error = Protocol::from_json("{}").expect_err("there is nothing in it").to_string();
    assert!(error.starts_with("invalid image: "), "{error}");
    let error = Protocol::from_bytes(b"no").expect_err("it is none").to_string();
    assert!(error.contains("expected"), "{error}");
}

#[test]
fn a_refusal_names_condition_role_and_place() {
    let text =
        "protocol P(A, B, C) { choice at A { A -> B: Yes; } or { A -> B: No; B -> C: Stop; } }";
    let judged = Judged::of(text);
    let found: Vec<_> = judged
        .errors
        .iter()
        .map(|wrong| (wrong.condition, wrong.role.as_deref(), wrong.place.line))
        .collect();
    assert_eq!(found, [("silent", Some("C"), 1)]);
    assert!(judged.projected[0].is_none());
    let Err(Unreadable::Wrong(errors)) = Protocol::read(text, None) else {
        panic!("it is refused")
    };
    assert_eq!(errors.len(), 1);
    // It is drawn all the same.
    assert!(sequence_of(text, None).expect("it can be drawn").contains("Stop"));
    assert!(sequence_of(text, Some("Q")).is_none());
}

#[test]
fn which_protocol_is_meant() {
    let text = "protocol One(A, B) { A -> B: X; } protocol Two(A, B) { do One(A, B); }";
    let name = |name| Protocol::read(text, name).expect("it is there").name;
    assert_eq!(name(None).as_deref(), Some("Two"));
    assert_eq!(name(Some("One")).as_deref(), Some("One"));
    let error = Protocol::read(text, Some("Three")).expect_err("it is not there").to_string();
    assert_eq!(error, "there is no protocol `Three`; expected `One`, `Two`");
    assert!(
        matches!(Protocol::read("", None), Err(Unreadable::Wrong(errors)) if !errors.is_empty())
    );
}

#[test]
fn programs_and_states() {
    let text = "protocol Ping(A, B) { A -> B: Ping; }";
    let ping = Protocol::read(text, None).expect("it is right");
    assert_eq!(ping.program("A"), Some(vec!["send B!Ping".to_owned(), "halt".to_owned()]));
    assert_eq!(ping.program("C"), None);
    assert!(ping.states(Some("A")).is_some() && ping.states(None).is_some());
    assert!(ping.states(Some("C")).is_none());
}
