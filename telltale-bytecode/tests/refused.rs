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
