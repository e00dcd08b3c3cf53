//! Payloads as bytes, and back: what is written is read, and nothing else is.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use telltale_types::{GlobalTerm, Label};
use telltale_vm::loader::CodeImage;
use telltale_vm::wire::{
    Codec, CodecError, DEFAULT_LIMIT, Json, PayloadCodec, PayloadCodecs, Payloads, WireProblem,
};
use telltale_vm::{LabelId, RoleId, Value, choreography, pack, unpack};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cup {
    drink: String,
    spoons: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Nested(Vec<Nested>);

/// Bytes that no JSON is.
struct Backwards;

impl Codec for Backwards {
    fn encode<T: Serialize>(payload: &T, to: &mut Vec<u8>) -> Result<(), CodecError> {
        let mut json = serde_json::to_vec(payload)?;
        json.reverse();
        to.extend(json);
        Ok(())
    }

    fn decode<T: DeserializeOwned>(from: &[u8]) -> Result<T, CodecError> {
        let json: Vec<u8> = from.iter().rev().copied().collect();
        Ok(serde_json::from_slice(&json)?)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Metres(f64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Round(Metres),
    Named(BTreeMap<String, Option<f64>>),
}

/// What is in an option may be nothing, in several ways.
#[expect(clippy::option_option, reason = "that is what is tested")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Perhaps {
    Unit(Option<()>),
    Twice(Option<Option<u8>>),
    Marker { is_there: Option<Marker> },
    Wrapped(Option<Wrapped>),
    InPairs(BTreeMap<u8, (Option<Vec<()>>, Option<Perhapses>)>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Marker;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(Option<u8>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Perhapses {
    Never,
    Once(()),
}

/// Says that it cannot be written.
#[derive(Debug, Deserialize)]
struct Shy;

impl Serialize for Shy {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it is shy"))
    }
}

choreography! {
    #[serde]
    protocol Shapes(A, B) {
        A -> B: Drawn(Shape);
        A -> B: Hidden(Shy);
        A -> B: Maybe(Vec<Perhaps>);
    }
}

choreography! {
    #[serde]
    protocol Everything(A, B) {
        A -> B: Nothing;
        A -> B: Truth(bool);
        A -> B: Tiny(i8);
        A -> B: Unsigned(u64);
        A -> B: Size(usize);
        A -> B: Wide(i128);
        A -> B: Half(f32);
        A -> B: Real(f64);
        A -> B: Letter(char);
        A -> B: Words(String);
        A -> B: Raw(Vec<u8>);
        A -> B: Of(Cup);
        A -> B: Many(Vec<Option<Cup>>);
        A -> B: Pair(u8, String);
        A -> B: One { only: u16 };
        A -> B: Three { first: u64, r#type: Cup, third: f64 };
        A -> B: Deep(Nested);
    }

    #[serde(version = 2, codec = self::Backwards)]
    protocol Odd(A, B) {
        A -> B: Number(u64);
        A -> B: Pair { left: u8, right: self::Cup };
    }

    protocol Plain(A, B) {
        A -> B: Number(u64);
        A -> B: Words(String);
        A -> B: Of(Cup);
        A -> B: Real(f64);
    }
}

fn label(image: &CodeImage, name: &str) -> LabelId {
    let found = image.names().labels().find(|(_, label)| label.name == name);
    found.expect("the protocol has this label").0
}

/// What a payload is on the wire, after it has been there and back.
fn there_and_back<T>(image: &CodeImage, name: &str, payload: T) -> String
where
    T: Clone + PartialEq + std::fmt::Debug + Send + 'static,
{
    let (payloads, label) = (Payloads::of(image), label(image, name));
    let given = payload.clone();
    let value = pack(payload);
    let bytes = payloads.encode(label, &value).expect("it can be written");
    let back: T = unpack(value).expect("the value is as it was");
    assert_eq!(back, given);
    let read = payloads.decode(label, &bytes).expect("it can be read");
    assert_eq!(unpack::<T>(read).expect("it is of the same type"), given);
    String::from_utf8(bytes).expect("it is text")
}

fn reading(image: &CodeImage, name: &str, bytes: &[u8]) -> String {
    let error = Payloads::of(image).decode(label(image, name), bytes);
    error.expect_err("it is no payload").to_string()
}

fn cup() -> Cup {
    Cup { drink: "tea".to_owned(), spoons: None }
}

#[test]
fn every_payload_has_its_bytes() {
    let image = &everything::IMAGE;
    assert_eq!(there_and_back(image, "Nothing", ()), "null");
    assert_eq!(there_and_back(image, "Truth", true), "true");
    assert_eq!(there_and_back(image, "Tiny", i8::MIN), "-128");
    assert_eq!(there_and_back(image, "Unsigned", u64::MAX), "18446744073709551615");
    assert_eq!(there_and_back(image, "Unsigned", (1_u64 << 53) + 1), "9007199254740993");
    assert_eq!(there_and_back(image, "Size", usize::MAX), usize::MAX.to_string());
    assert_eq!(there_and_back(image, "Wide", i128::MIN), i128::MIN.to_string());
    assert_eq!(there_and_back(image, "Half", 0.1_f32), "0.1");
    assert_eq!(there_and_back(image, "Real", -0.0_f64), "-0.0");
    assert_eq!(there_and_back(image, "Letter", 'ß'), "\"ß\"");
    assert_eq!(there_and_back(image, "Words", "\u{0}\n\"".to_owned()), r#""\u0000\n\"""#);
    assert_eq!(there_and_back(image, "Raw", vec![0_u8, 255]), "[0,255]");
    assert_eq!(there_and_back(image, "Of", cup()), r#"{"drink":"tea","spoons":null}"#);
    assert_eq!(
        there_and_back(image, "Many", vec![None, Some(cup())]),
        r#"[null,{"drink":"tea","spoons":null}]"#
    );
    assert_eq!(there_and_back(image, "Pair", (7_u8, "x".to_owned())), r#"[7,"x"]"#);
    assert_eq!(there_and_back(image, "One", 7_u16), r#"{"only":7}"#);
    let three = (1_u64, cup(), 0.5_f64);
    assert_eq!(
        there_and_back(image, "Three", three),
        r#"{"first":1,"type":{"drink":"tea","spoons":null},"third":0.5}"#
    );
    assert_eq!(there_and_back(&odd::IMAGE, "Number", 12_u64), "21");
    assert_eq!(
        there_and_back(&odd::IMAGE, "Pair", (1_u8, cup())),
        r#"{"left":1,"right":{"drink":"tea","spoons":null}}"#.chars().rev().collect::<String>()
    );
    assert!(Payloads::of(image).are_json() && !Payloads::of(&odd::IMAGE).are_json());
}

proptest! {
    #[test]
    fn floats_are_exact(bits: u64, half: u32) {
        let (real, narrow) = (f64::from_bits(bits), f32::from_bits(half));
        if real.is_finite() {
            there_and_back(&everything::IMAGE, "Real", real);
            there_and_back(&plain::IMAGE, "Real", real);
        }
        if narrow.is_finite() {
            there_and_back(&everything::IMAGE, "Half", narrow);
        }
    }

    #[test]
    fn whatever_bytes_come_there_is_an_answer(bytes: Vec<u8>, nth in 0_usize..17) {
        let label = LabelId::at(nth);
        for image in [&everything::IMAGE, &odd::IMAGE, &plain::IMAGE] {
            if let Ok(value) = Payloads::of(image).decode(label, &bytes) {
                Payloads::of(image).encode(label, &value).expect("what was read can be written");
            }
        }
    }

    /// Bytes of a payload in which one is another are a payload or an error.
    #[test]
    fn one_byte_may_be_wrong(at in 0_usize..80, byte: u8) {
        let (payloads, label) = (Payloads::of(&everything::IMAGE), label(&everything::IMAGE, "Three"));
        let mut bytes = payloads.encode(label, &pack((1_u64, cup(), 0.5_f64))).expect("it can be written");
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(value) = payloads.decode(label, &bytes) {
            unpack::<(u64, Cup, f64)>(value).expect("it is of the type of its label");
        }
    }
}

#[test]
fn what_json_has_no_number_for_is_no_null() {
    let image = &everything::IMAGE;
    for (name, value) in [
        ("Real", pack(f64::NAN)),
        ("Real", pack(f64::NEG_INFINITY)),
        ("Half", pack(f32::INFINITY)),
        ("Three", pack((1_u64, cup(), f64::NAN))),
    ] {
        let error = Payloads::of(image).encode(label(image, name), &value);
        let error = error.expect_err("JSON has no number for it").to_string();
        assert!(error.contains("JSON has no number for"), "{error}");
    }
    assert!(reading(image, "Real", b"null").contains("invalid type: null, expected f64"));
    // What says of what kind it is has its bits.
    for bits in [f64::NAN.to_bits(), 0xfff0_0000_0000_0001, f64::INFINITY.to_bits()] {
        let (payloads, real) = (Payloads::of(&plain::IMAGE), label(&plain::IMAGE, "Real"));
        let bytes = payloads.encode(real, &pack(f64::from_bits(bits))).expect("it has bits");
        let back: f64 =
            unpack(payloads.decode(real, &bytes).expect("they are read")).expect("a float");
        assert_eq!(back.to_bits(), bits);
    }
}

#[test]
fn errors_name_the_message_its_type_and_what_was_found() {
    let image = &everything::IMAGE;
    let lines = [
        reading(image, "Unsigned", b"-1"),
        reading(image, "Tiny", b"128"),
        reading(image, "Unsigned", b"1 2"),
        reading(image, "Unsigned", b""),
        reading(image, "Of", br#"{"drink":1}"#),
        reading(image, "Three", br#"{"first":1}"#),
        reading(image, "Three", br#"{"first":1,"first":1}"#),
        reading(image, "Three", br#"{"fourth":1}"#),
        reading(image, "Three", b"[1]"),
        reading(image, "One", b"7"),
        reading(image, "Nothing", b"0"),
        reading(&plain::IMAGE, "Number", br#"{"int":7}"#),
        reading(&plain::IMAGE, "Number", br#"{"unt":7}"#),
        reading(&plain::IMAGE, "Number", b"7"),
        reading(&plain::IMAGE, "Of", br#"{"bytes":"0"}"#),
        reading(&plain::IMAGE, "Real", br#"{"float":"0x1"}"#),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_cannot_be_written_says_why() {
    let writing = |image: &CodeImage, name: &str, value: Value| {
        let error = Payloads::of(image).encode(label(image, name), &value);
        error.expect_err("it cannot be written").to_string()
    };
    let lines = [
        writing(&plain::IMAGE, "Of", pack(cup())),
        writing(&plain::IMAGE, "Number", pack("seven".to_owned())),
        writing(&plain::IMAGE, "Of", Value::record([("cup", pack(cup()))])),
        writing(&everything::IMAGE, "Of", pack("a cup".to_owned())),
        writing(&everything::IMAGE, "Tiny", Value::Int(128)),
        writing(&everything::IMAGE, "Words", pack(vec!["words"])),
        Payloads::of(&odd::IMAGE)
            .encode(LabelId(2), &Value::Unit)
            .expect_err("no such label")
            .to_string(),
        Payloads::of(&odd::IMAGE).decode(LabelId(2), b"").expect_err("no such label").to_string(),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn size_and_depth_have_limits() {
    let (payloads, words) = (Payloads::of(&everything::IMAGE), label(&everything::IMAGE, "Words"));
    let small = payloads.with_limit(6);
    assert!(small.encode(words, &pack("1234".to_owned())).is_ok());
    let error = small.encode(words, &pack("12345".to_owned())).expect_err("it is too large");
    assert!(matches!(error.problem(), WireProblem::TooLarge { size: 7, limit: 6 }), "{error}");
    assert_eq!(error.message(), "Words(String)");
    let error = small.decode(words, br#""12345""#).expect_err("it is too large").to_string();
    assert_eq!(error, "`Words(String)` cannot be read: it has 7 bytes, and the limit is 6");
    assert!(payloads.encode(words, &pack(" ".repeat(DEFAULT_LIMIT))).is_err());

    let deep = format!("{}null{}", "[".repeat(500_000), "]".repeat(500_000));
    assert!(reading(&everything::IMAGE, "Deep", deep.as_bytes()).contains("recursion limit"));
    let deep = format!("{}\"unit\"{}", r#"{"record":[["x","#.repeat(30_000), "]]}".repeat(30_000));
    let error = reading(&plain::IMAGE, "Of", deep.as_bytes());
    assert!(error.contains("nested too deep") || error.contains("recursion limit"), "{error}");
    let mut value = Value::Unit;
    for _ in 0..32 {
        value = Value::record([("x", value)]);
    }
    let (plain, of) = (Payloads::of(&plain::IMAGE), label(&plain::IMAGE, "Of"));
    let bytes = plain.encode(of, &value).expect("it is not too deep");
    assert!(plain.decode(of, &bytes).is_ok());
    let value = Value::record([("x", value)]);
    let error = plain.encode(of, &value);
    assert!(error.expect_err("it is too deep").to_string().contains("nested too deep"));
}

#[test]
fn values_say_of_what_kind_they_are() {
    let (payloads, of) = (Payloads::of(&plain::IMAGE), label(&plain::IMAGE, "Of"));
    let written = |value: Value| {
        let bytes = payloads.encode(of, &value).expect("it can be written");
        let back = payloads.decode(of, &bytes).expect("it can be read");
        assert_eq!(back.to_string(), value.to_string());
        assert_eq!(payloads.encode(of, &back).expect("it can be written again"), bytes);
        String::from_utf8(bytes).expect("it is text")
    };
    assert_eq!(written(Value::Unit), r#""unit""#);
    assert_eq!(written(Value::from(true)), r#"{"bool":true}"#);
    assert_eq!(written(Value::Int(-7)), r#"{"int":-7}"#);
    assert_eq!(written(Value::Uint(7)), r#"{"uint":7}"#);
    assert_eq!(written(Value::from(7.0)), r#"{"float":7.0}"#);
    assert_eq!(written(Value::from('7')), r#"{"char":"7"}"#);
    assert_eq!(written(Value::from("7")), r#"{"text":"7"}"#);
    assert_eq!(written(Value::bytes([0x0a, 0xff])), r#"{"bytes":"0aff"}"#);
    let record = Value::record([("a", Value::Uint(1)), ("b", Value::record([("c", Value::Unit)]))]);
    assert_eq!(written(record), r#"{"record":[["a",{"uint":1}],["b",{"record":[["c","unit"]]}]]}"#);
    let whole = payloads.decode(of, br#"{"float":7}"#).expect("a float");
    assert_eq!(unpack::<f64>(whole).ok().map(f64::to_bits), Some(7.0_f64.to_bits()));
}

#[test]
fn the_version_is_in_the_hash_and_the_codecs_are_not() {
    let term = |name: &str, payload: &str, then| {
        GlobalTerm::send("A", "B", Label::with(name.to_owned(), payload.to_owned()), then)
    };
    let global = term("Pair", "{ left: u8, right: self::Cup }", GlobalTerm::end());
    let global = term("Number", "u64", global).close().expect("a type");
    let locals: BTreeMap<_, _> =
        telltale_theory::project_all(&global).expect("it projects").into_iter().collect();
    let image = CodeImage::from_local_types(&locals, &global);
    assert_ne!(image.hash(), odd::IMAGE.hash());
    assert_eq!((image.payload_version(), odd::IMAGE.payload_version()), (0, 2));
    let second = image.clone().with_payload_version(2);
    assert_eq!(second, odd::IMAGE);
    assert_eq!(second.hash(), odd::IMAGE.hash());
    assert_ne!(second.clone().with_payload_version(3), second);
    assert_eq!(second.with_payload_version(0), image);
    assert_eq!(image.names().role(RoleId(0)), "A");
}

#[test]
fn floats_are_found_wherever_they_are() {
    let image = &shapes::IMAGE;
    let named = |number| Shape::Named([("n".to_owned(), Some(number))].into());
    for shape in [Shape::Round(Metres(0.5)), named(0.25)] {
        let written = Payloads::of(image).encode(label(image, "Drawn"), &pack(shape));
        assert!(written.is_ok(), "{written:?}");
    }
    for shape in [Shape::Round(Metres(f64::NAN)), named(f64::INFINITY)] {
        let refused = Payloads::of(image).encode(label(image, "Drawn"), &pack(shape));
        let refused = refused.expect_err("JSON has no such number").to_string();
        assert!(refused.contains("JSON has no number for"), "{refused}");
    }
    let shy = Payloads::of(image).encode(label(image, "Hidden"), &pack(Shy));
    let shy = shy.expect_err("it says so");
    assert!(shy.to_string().contains("it is shy"), "{shy}");
    assert_eq!(format!("{shy:?}"), shy.to_string());
    assert!(std::error::Error::source(&shy).is_none());
}

/// Whatever is written is read back as the same.
#[test]
fn what_json_cannot_tell_from_nothing_is_not_written() {
    use Perhaps::{InPairs, Marker as Marked, Twice, Unit, Wrapped as Wraps};
    let image = &shapes::IMAGE;
    let pairs = |list, more| InPairs([(1, (list, more))].into());
    let written = vec![
        Unit(None),
        Twice(None),
        Twice(Some(Some(3))),
        Marked { is_there: None },
        Wraps(None),
        Wraps(Some(Wrapped(Some(1)))),
        pairs(None, None),
        pairs(Some(vec![]), Some(Perhapses::Never)),
        pairs(Some(vec![(), ()]), Some(Perhapses::Once(()))),
    ];
    let maybe = label(image, "Maybe");
    let bytes = Payloads::of(image).encode(maybe, &pack(written.clone())).expect("each is told");
    let read = Payloads::of(image).decode(maybe, &bytes).expect("it was written");
    assert_eq!(unpack::<Vec<Perhaps>>(read).expect("of the type"), written);
    for nothing in [
        Unit(Some(())),
        Twice(Some(None)),
        Marked { is_there: Some(Marker) },
        Wraps(Some(Wrapped(None))),
    ] {
        let error = Payloads::of(image).encode(maybe, &pack(vec![nothing]));
        assert_eq!(
            error.expect_err("it would be read as `None`").to_string(),
            "`Maybe(Vec<Perhaps>)` cannot be written down: JSON writes `null` for what is in a `Some`, and that is \
             read as `None`; another codec may not"
        );
    }
}

/// What a stranger has written is quoted on one line, and not from beginning to end.
#[test]
fn bytes_of_strangers_are_quoted_with_care() {
    let long = format!("{{\"Round\":\"{}\"}}", "k".repeat(900_000));
    let odd = "{\"\\u001b[31m\\u202e\\n\":1}".to_owned();
    let texts = [long, odd].map(|text| reading(&shapes::IMAGE, "Drawn", text.as_bytes()));
    for text in &texts {
        assert!(text.len() < 600, "{}", text.len());
        assert!(text.contains(" at line 1 column "), "{text}");
    }
    assert!(texts[1].contains(r"unknown variant `\u{1b}[31m\u{202e}\n`"), "{}", texts[1]);
}

/// Codecs are code, which an image that was read does not have, though it is equal.
#[cfg(feature = "validate")]
#[test]
fn an_image_that_was_read_has_no_codecs() {
    let bytes = everything::IMAGE.to_bytes();
    let read = telltale_vm::loader::UntrustedImage::from_bytes(&bytes).expect("it was written");
    let read = read.validate().expect("it is right");
    assert_eq!(read, everything::IMAGE);
    let error = Payloads::of(&read).encode(label(&read, "Of"), &pack(cup())).expect_err("no codec");
    assert!(
        error.to_string().ends_with("; images that were read have no codecs either"),
        "{error}"
    );
    let words = label(&read, "Words");
    let payload = pack("tea".to_owned());
    let as_value = Payloads::of(&read).encode(words, &payload).expect("it is text");
    let own = Payloads::of(&everything::IMAGE);
    assert!(own.decode(words, &as_value).is_err(), "neither takes what the other has written");
    let as_text = own.encode(words, &payload).expect("it is text");
    assert!(Payloads::of(&read).decode(words, &as_text).is_err());
}

#[test]
fn codecs_are_made_at_run_time_as_well() {
    use telltale_vm::generated::{record1, record2, tuple2, tuple3};
    struct Names;
    impl telltale_vm::wire::FieldNames for Names {
        const NAMES: &'static [&'static str] = &["first", "second"];
    }
    let codecs: [PayloadCodec; 5] = [
        PayloadCodec::of::<Json, u8>(),
        tuple2::<Json, u8, u8>(),
        tuple3::<Json, u8, u8, u8>(),
        record1::<Json, Names, u8>(),
        record2::<Json, Names, u8, u8>(),
    ];
    let codecs =
        PayloadCodecs::new::<Json>(Vec::leak(codecs.into())).at("here.rs", &[1, 2, 3, 4, 5]);
    let shown = format!("{codecs:?}");
    assert!(shown.contains("PayloadCodec") && shown.contains("here.rs"), "{shown}");
}

#[test]
fn what_should_be_a_value_and_is_none_says_what_was_expected() {
    let refused = [
        ("7", "expected"),
        (r#"{"record":7}"#, "names and values"),
        (r#"{"record":[7]}"#, "a name and a value"),
        (r#"{"bytes":7}"#, "bytes, as two hexadecimal digits each"),
        (r#"{"float":true}"#, "expected"),
        (r#"{"nothing":7}"#, "unknown variant"),
    ];
    for (text, why) in refused {
        let error = serde_json::from_str::<Value>(text).expect_err("it is no value");
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
    let kind = serde::de::value::U64Deserializer::<serde::de::value::Error>::new(7);
    let error = Value::deserialize(kind).expect_err("it is a number");
    assert!(error.to_string().contains("a value and its kind"), "{error}");
    for (text, number) in [(r#"{"float":-1}"#, -1.0), (r#"{"float":1}"#, 1.0)] {
        let read: Value = serde_json::from_str(text).expect("a float");
        assert_eq!(read.to_string(), Value::from(number).to_string());
    }
    for value in [Value::from(0.5), Value::bytes([1, 2]), Value::text("tea")] {
        let bytes = postcard::to_allocvec(&value).expect("it can be written");
        let read: Value = postcard::from_bytes(&bytes).expect("it was written");
        assert_eq!(read.to_string(), value.to_string());
    }
    assert!(postcard::from_bytes::<Value>(&[99]).is_err());
}
