//! What people read when an image from outside is refused.

use std::fmt::Write as _;

use telltale_bytecode::UntrustedImage;

/// An image as somebody would write it.
const IMAGE: &str = r#"{
  "format": 1,
  "global_type": ["A -> B: Ask(u64) -> 1, A -> B: Stop -> 2", "B -> A: Answer(String) -> 0", "end"],
  "labels": [
    { "name": "Ask", "payload": "u64" },
    { "name": "Stop", "payload": "()" },
    { "name": "Answer", "payload": "String" }
  ],
  "roles": [
    {
      "name": "A",
      "local_type": ["B!Ask(u64) -> 1, B!Stop -> 2", "B?Answer(String) -> 0", "end"],
      "program": ["loadimm r0, 7", "send B!Ask(u64) from r0", "recv B?Answer(String) into r1", "jmp 0"]
    },
    {
      "name": "B",
      "local_type": ["A?Ask(u64) -> 1, A?Stop -> 2", "A!Answer(String) -> 0", "end"],
      "program": ["offer A?Ask(u64) -> 1, A?Stop -> 2", "send A!Answer(String) -> 0", "halt"]
    }
  ]
}"#;

/// What is said of the image if something else stands where a text was.
fn verdict(was: &str, is: &str) -> String {
    assert!(IMAGE.matches(was).count() == 1, "`{was}` is there once");
    let read: Result<UntrustedImage, _> = serde_json::from_str(&IMAGE.replace(was, is));
    match read {
        Ok(image) => {
            image.validate().map_or_else(|error| error.to_string(), |_| "valid".to_owned())
        }
        Err(error) => error.to_string(),
    }
}

fn verdicts(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(String::new(), |mut all, (was, is)| {
        writeln!(all, "{was}  =>  {is}\n    {}\n", verdict(was, is)).expect("a string has room");
        all
    })
}

#[test]
fn the_image_is_right_as_it_stands() {
    let image: UntrustedImage = serde_json::from_str(IMAGE).expect("an image");
    let valid = image.validate().expect("it is right");
    assert!(valid.is_verified() && valid.is_by_hand());
}

#[test]
fn lines_that_cannot_be_read() {
    let verdicts = verdicts(&[
        (r#""format": 1"#, r#""format": 2"#),
        (r#""format": 1,"#, ""),
        ("A -> B: Ask(u64) -> 1, A", "A => B: Ask(u64) -> 1, A"),
        ("A -> B: Ask(u64) -> 1, A", "A -> C: Ask(u64) -> 1, A"),
        ("A -> B: Ask(u64) -> 1, A", "A -> B: Ask(u32) -> 1, A"),
        ("A -> B: Ask(u64) -> 1, A", "A -> B: Ask(u64) -> 1; A"),
        (r#""B -> A: Answer(String) -> 0""#, r#""par -> 1, -> 2""#),
        (r#""B!Ask(u64) -> 1, B!Stop -> 2""#, r#""B.Ask(u64) -> 1""#),
        ("loadimm r0, 7", "loadimm r255, 7"),
        ("loadimm r0, 7", "loadimm r0, seven"),
        ("loadimm r0, 7", "loadimm r0, 4294967296"),
        ("loadimm r0, 7", "loadimm r0, -2147483649"),
        ("loadimm r0, 7", "loadimm r0, +2147483648"),
        ("loadimm r0, 7", "store r0"),
        ("jmp 0", "jmp to 0"),
        ("send A!Answer(String) -> 0", "send A!Answer(String) -> 70000"),
        ("send A!Answer(String) -> 0", "recv A!Answer(String) -> 0"),
        (r#""labels": ["#, r#""hash": "12AB", "labels": ["#),
    ]);
    insta::assert_snapshot!(verdicts);
}

#[test]
fn types_that_are_wrong() {
    let verdicts = verdicts(&[
        (r#"{ "name": "Stop", "payload": "()" }"#, r#"{ "name": "Ask", "payload": "u64" }"#),
        ("B -> A: Answer(String) -> 0", "B -> A: Answer(String) -> 7"),
        ("A -> B: Stop -> 2", "B -> A: Stop -> 2"),
        ("B?Answer(String) -> 0", "B?Answer(String) -> 7"),
        ("B?Answer(String) -> 0", "B?Answer(String) -> 1"),
        ("B?Answer(String) -> 0", "B!Answer(String) -> 0"),
        (r#""B!Ask(u64) -> 1, B!Stop -> 2""#, r#""B!Ask(u64) -> 1""#),
        (r#"["A?Ask(u64) -> 1, A?Stop -> 2""#, r#"["end or A?Ask(u64) -> 1, A?Stop -> 2""#),
        (r#""B -> A: Answer(String) -> 0""#, r#""A -> B: Answer(String) -> 0""#),
    ]);
    insta::assert_snapshot!(verdicts);
}

#[test]
fn protocols_that_cannot_be_played() {
    let third = r#""roles": [ { "name": "C", "local_type": ["end"], "program": ["halt"] },"#;
    let was = r#""B -> A: Answer(String) -> 0", "end""#;
    let is = r#""B -> A: Answer(String) -> 3", "C -> A: Answer(String) -> 3", "end""#;
    assert!(IMAGE.contains(was));
    let image = IMAGE.replace(r#""roles": ["#, third).replace(was, is);
    let image: UntrustedImage = serde_json::from_str(&image).expect("an image");
    let error = image.validate().expect_err("C does not know when to answer");
    insta::assert_snapshot!(error);
}

#[test]
fn programs_that_are_wrong() {
    let changes = [
        // What the role may do.
        ("send B!Ask(u64) from r0", "send B!Stop"),
        ("send B!Ask(u64) from r0", "send B!Answer(String)"),
        ("recv B?Answer(String) into r1", "recv B?Stop"),
        ("recv B?Answer(String) into r1", "halt"),
        ("recv B?Answer(String) into r1", "join"),
        ("recv B?Answer(String) into r1", "fork lane 1 -> 0, then -> 1"),
        ("offer A?Ask(u64) -> 1, A?Stop -> 2", "recv A?Ask(u64)"),
        ("offer A?Ask(u64) -> 1, A?Stop -> 2", "offer A?Ask(u64) -> 1"),
        ("offer A?Ask(u64) -> 1, A?Stop -> 2", "choose A!Ask(u64) -> 1, A!Stop -> 2"),
        // Where it goes.
        ("jmp 0", "jmp 4"),
        ("jmp 0", "jmp 3"),
        ("jmp 0", "yield"),
        ("offer A?Ask(u64) -> 1, A?Stop -> 2", "offer A?Ask(u64) -> 1, A?Stop -> 3"),
        ("send A!Answer(String) -> 0", "send A!Answer(String) -> 2"),
        (r#"["offer A?Ask(u64) -> 1, A?Stop -> 2", "send A!Answer(String) -> 0", "halt"]"#, "[]"),
        // What is in its registers.
        ("loadimm r0, 7", "yield"),
        ("loadimm r0, 7", "loadimm r0, +7"),
        ("loadimm r0, 7", "loadimm r0, true"),
        ("loadimm r0, 7", "loadimm r0, char bits 55296"),
        ("loadimm r0, 7", "mov r1 to r0"),
        ("loadimm r0, 7", "invoke clock into r0"),
        ("loadimm r0, 7", "invoke clock with r0 into r0"),
        ("send A!Answer(String) -> 0", "send A!Answer(String) from r0 -> 0"),
        // Other sessions.
        ("loadimm r0, 7", "close r0"),
        ("send B!Ask(u64) from r0", "send r0.role 1!label 0"),
    ];
    let verdicts = verdicts(&changes);
    insta::assert_snapshot!(verdicts);
}

#[test]
fn what_registers_hold_is_followed() {
    let two = |program: &str| {
        let was = r#""loadimm r0, 7", "send B!Ask(u64) from r0", "recv B?Answer(String) into r1", "jmp 0""#;
        let shown = program.replace(r#"", ""#, "; ");
        format!("{shown}\n    {}\n\n", verdict(was, &format!(r#""{program}""#)))
    };
    let ask = r#"loadimm r0, 7", "send B!Ask(u64) from r0"#;
    let all: String = [
        // A scalar is copied, a text is moved.
        &format!(r#"{ask}", "recv B?Answer(String)", "send B!Ask(u64) from r0 -> 2"#),
        &format!(r#"{ask}", "recv B?Answer(String) into r1", "mov r1 to r2", "mov r1 to r2", "jmp 0"#),
        &format!(r#"{ask}", "recv B?Answer(String) into r0", "send B!Ask(u64) from r0 -> 2"#),
        // What an effect gives is of the type that it is sent as, everywhere.
        r#"invoke clock into r0", "send B!Ask(u64) from r0", "recv B?Answer(String)", "send B!Ask(u64) from r0 -> 2"#,
        r#"invoke clock into r0", "mov r0 to r1", "send B!Ask(u64) from r0", "recv B?Answer(String)", "jmp 0"#,
        r#"invoke clock into r0", "choose B!Ask(u64) -> 2, B!Stop -> 3", "recv B?Answer(String) -> 0", "halt"#,
    ]
    .map(two)
    .concat();
    insta::assert_snapshot!(all);
}

#[test]
fn bytes_that_are_no_image() {
    let image: UntrustedImage = serde_json::from_str(IMAGE).expect("an image");
    let bytes = image.to_bytes();
    let cases = [
        ("nothing", Vec::new()),
        ("JSON", IMAGE.as_bytes().to_vec()),
        ("the magic number", bytes[..4].to_vec()),
        ("another format", [&bytes[..4], &[9, 0], &bytes[6..]].concat()),
        ("cut short", bytes[..bytes.len() / 2].to_vec()),
        ("one byte more", [&bytes[..], &[0]].concat()),
        ("another hash", {
            let mut valid = image.validate().expect("it is right").to_bytes();
            valid[8] ^= 1;
            valid
        }),
        ("no instruction", {
            let mut bytes = bytes.clone();
            let jump = bytes.windows(8).position(|word| word == 9_u64.to_le_bytes());
            bytes[jump.expect("there is a jump")] = 99;
            bytes
        }),
    ];
    let all = cases.iter().fold(String::new(), |mut all, (name, bytes)| {
        let valid = UntrustedImage::from_bytes(bytes).and_then(|image| image.validate());
        let error = valid.expect_err(name);
        writeln!(all, "{name}\n    {error}\n").expect("a string has room");
        all
    });
    insta::assert_snapshot!(all);
}

/// An image of one message, with these names.
fn named(sender: &str, label: &str, payload: &str) -> serde_json::Value {
    let shown = if payload == "()" { label.to_owned() } else { format!("{label}({payload})") };
    serde_json::json!({
        "format": 1,
        "global_type": [format!("{sender} -> B: {shown} -> 1"), "end"],
        "labels": [{ "name": label, "payload": payload }],
        "roles": [
            { "name": sender, "local_type": [format!("B!{shown} -> 1"), "end"], "program": [format!("send B!{shown}"), "halt"] },
            { "name": "B", "local_type": [format!("{sender}?{shown} -> 1"), "end"], "program": [format!("recv {sender}?{shown}"), "halt"] },
        ],
    })
}

/// What is shown wherever types and programs are is what the language writes: no name looks like something else.
#[test]
fn names_of_strangers() {
    let long = "k".repeat(2_000);
    let names = [
        ("A\u{1b}[2J", "X", "()"),
        ("A", "Ping\n   1  halt\n\nEvil:\n   0  halt", "()"),
        ("A", "x\rFAKE", "()"),
        ("A` at `halt`: fine, `B", "X", "()"),
        ("", "X", "()"),
        ("A", "", "()"),
        ("A", "X", ""),
        ("\u{202e}A", "X", "u8"),
        ("A", "X", "u8\u{2066}"),
        ("end or A", "X", "()"),
        ("A -> B: X -> 1, A", "X", "()"),
        ("A!B", "X", "()"),
        ("A", "X -> 1, B?Y", "()"),
        ("A", "X(u8)", "()"),
        ("r0.role 1", "X", "()"),
        (" A", "X", "()"),
        ("A→B", "X", "()"),
        ("1", "X", "()"),
        ("A", &long, "()"),
    ];
    let mut said = String::new();
    for (sender, label, payload) in names {
        let read: Result<UntrustedImage, _> = serde_json::from_value(named(sender, label, payload));
        let error = match read {
            Ok(image) => image.validate().expect_err("it is no name").to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.len() < 700 && error.chars().all(|c| !c.is_control()), "{error:?}");
        writeln!(said, "{error}").expect("a string has room");
    }
    insta::assert_snapshot!(said);
}

/// Whatever is right comes back, as text and as bytes.
#[test]
fn names_that_are_words_of_the_notation() {
    let arrows = format!("{}u8", "fn(u8) -> ".repeat(40));
    let names = [
        ("par", "end", "()"),
        ("party", "par", "()"),
        ("end", "halt", "()"),
        ("r0", "role", "u8"),
        ("arm", "lane", "String"),
        ("r#type", "Käufer", "()"),
        ("A", "X", &arrows),
        ("A", "X", "fn(u8) -> (u8, [u8; 3]), -> 1"),
    ];
    for (sender, label, payload) in names {
        let json = named(sender, label, payload);
        let read: UntrustedImage = serde_json::from_value(json.clone()).expect("it is read");
        let image = read.validate().unwrap_or_else(|error| panic!("{json}: {error}"));
        let text = serde_json::to_string(&image).expect("it is written");
        let read: UntrustedImage = serde_json::from_str(&text).expect("it is read");
        assert_eq!(read.validate().as_ref(), Ok(&image));
        let bytes = UntrustedImage::from_bytes(&image.to_bytes()).expect("it is read");
        assert_eq!(bytes.validate().as_ref(), Ok(&image));
    }
}

/// What cannot be read is quoted on one line, and not from beginning to end.
#[test]
fn quotations_are_short_and_plain() {
    let long = "k".repeat(900_000);
    for odd in [long.as_str(), "\u{1b}[31m\u{202e}\n"] {
        let text = named("A", "X", "()");
        let with = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut text = text.clone();
            change(&mut text);
            let read: Result<UntrustedImage, _> = serde_json::from_str(&text.to_string());
            read.expect_err("it cannot be read").to_string()
        };
        let errors = [
            with(&|text| text[odd] = 1.into()),
            with(&|text| text["roles"][0][odd] = 1.into()),
            with(&|text| text["roles"][0]["program"][0] = odd.into()),
            with(&|text| {
                text["roles"][0]["name"] = odd.into();
                text["roles"][0]["local_type"][0] = odd.into();
                text["global_type"][0] = "end".into();
            }),
            with(&|text| text["format"] = odd.into()),
        ];
        for error in errors {
            assert!(error.len() < 600 && error.chars().all(|c| !c.is_control()), "{error:?}");
            assert!(!error.contains('\u{202e}'), "{error:?}");
        }
    }
}

/// A struct is an object with names: in a list, nothing says what is what.
#[test]
fn lists_are_no_objects() {
    let whole = named("A", "X", "()");
    let values = |object: &serde_json::Value| {
        let object = object.as_object().expect("an object");
        serde_json::Value::Array(object.values().cloned().collect())
    };
    let mut lists = vec![values(&whole)];
    for place in ["/roles/0", "/labels/0"] {
        let mut with_list = whole.clone();
        let object = with_list.pointer_mut(place).expect("it is there");
        *object = values(object);
        lists.push(with_list);
    }
    for list in lists {
        let read: Result<UntrustedImage, _> = serde_json::from_str(&list.to_string());
        let error = read.expect_err("a list is no object").to_string();
        assert!(error.starts_with("invalid type: sequence, expected an object with `"), "{error}");
    }
}
