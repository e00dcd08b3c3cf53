//! What is released is compared with what is written now, and everything that can be wrong with a lock file has an error.

#![cfg(feature = "files")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use telltale_testing::{Lock, LockError};
use telltale_vm::loader::CodeImage;

mod v1 {
    telltale_vm::choreography! {
        pub protocol Purchase(Customer, Shop, Warehouse) {
            Customer -> Shop: Ask(String);
            Shop -> Customer: Price(u64);
            choice Answer at Customer {
                Customer -> Shop: Buy { address: String };
                Shop -> Warehouse: Pack(String);
                Warehouse -> Customer: Parcel(u32);
            } or {
                Customer -> Shop: Leave;
                Shop -> Warehouse: Rest;
            }
        }
        pub protocol Ping(Alice, Bob) {
            Alice -> Bob: Ping;
        }
    }
}

/// The shop may be sold out, the price is in another currency, and an auditor is told.
mod v2 {
    telltale_vm::choreography! {
        pub protocol Purchase(Customer, Shop, Warehouse, Auditor) {
            Customer -> Shop: Ask(String);
            choice Offer at Shop {
                Shop -> Customer: Price(i64);
                choice Answer at Customer {
                    Customer -> Shop: Buy { address: String };
                    Shop -> Warehouse: Pack(String);
                    Warehouse -> Customer: Parcel(u32);
                    Shop -> Auditor: Sold;
                } or {
                    Customer -> Shop: Leave;
                    Shop -> Warehouse: Rest;
                    Shop -> Auditor: Unsold;
                }
            } or {
                Shop -> Customer: SoldOut;
                Shop -> Warehouse: Rest;
                Shop -> Auditor: Unsold;
            }
        }
    }
}

/// Nobody leaves any more.
mod v3 {
    telltale_vm::choreography! {
        pub protocol Purchase(Customer, Shop, Warehouse) {
            Customer -> Shop: Ask(String);
            Shop -> Customer: Price(u64);
            Customer -> Shop: Buy { address: String };
            Shop -> Warehouse: Pack(String);
            Warehouse -> Customer: Parcel(u32);
        }
    }
}

/// A path of its own for each test, where there is nothing.
fn path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.lock.json"));
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
        _ => path,
    }
}

fn purchase(path: &Path, image: &CodeImage) -> Lock {
    Lock::new(path).protocol("Purchase", image)
}

/// The error, with the path as its file only.
fn said(path: &Path, result: Result<(), LockError>) -> String {
    let error = result.expect_err("something is wrong");
    assert_eq!(format!("{error:?}"), error.to_string(), "tests print it as a text");
    let name = path.file_name().expect("a file").display().to_string();
    error.to_string().replace(&path.display().to_string(), &name)
}

#[test]
fn what_has_not_changed_goes_with_what_is_released() {
    let path = path("same");
    let lock = purchase(&path, &v1::purchase::IMAGE).protocol("Ping", &v1::ping::IMAGE);
    lock.write().expect("it can be written");
    assert_eq!(lock.check(), Ok(()));
    let text = fs::read_to_string(&path).expect("it is there");
    lock.write().expect("it can be written");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
    insta::assert_snapshot!(text);
}

/// Files of the formats that there have been, each of the protocols above, can be read or are refused with their version.
#[test]
fn files_of_former_versions_are_read() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/format-1.lock.json");
    let lock = purchase(&path, &v1::purchase::IMAGE).protocol("Ping", &v1::ping::IMAGE);
    assert_eq!(lock.check(), Ok(()));
}

#[test]
fn what_breaks_is_reported_by_role() {
    let path = path("breaks");
    purchase(&path, &v1::purchase::IMAGE).write().expect("it can be written");
    insta::assert_snapshot!(said(&path, purchase(&path, &v2::purchase::IMAGE).check()));
}

#[test]
fn only_roles_in_use_have_to_stay_as_they_were() {
    let path = path("in-use");
    purchase(&path, &v1::purchase::IMAGE).write().expect("it can be written");
    let now = purchase(&path, &v3::purchase::IMAGE);
    let Err(LockError::Broken { breaks, .. }) = now.check() else { panic!("customers leave") };
    assert_eq!(breaks[0].roles, ["Customer"]);
    assert_eq!(now.clone().in_use(["Shop", "Warehouse"]).check(), Ok(()));
    assert!(matches!(now.clone().in_use(["Customer"]).check(), Err(LockError::Broken { .. })));
    assert_eq!(now.in_use([]).check(), Ok(()));
}

/// What is inside of a payload is not in its type, so whoever changes it declares another version.
#[test]
fn other_payloads_break_all() {
    let path = path("payloads");
    purchase(&path, &v1::purchase::IMAGE).write().expect("it can be written");
    let image = v1::purchase::IMAGE.clone().with_payload_version(2);
    let now = purchase(&path, &image);
    insta::assert_snapshot!(said(&path, now.check()));
    let Err(LockError::Broken { breaks, .. }) = now.in_use(["Shop"]).check() else {
        panic!("the shop has other payloads")
    };
    assert_eq!(
        (&breaks[0].roles[..], breaks[0].payload_versions),
        (&["Shop".to_owned()][..], Some((0, 2)))
    );
}

#[test]
fn a_role_that_is_gone_cannot_be_played() {
    let path = path("gone");
    purchase(&path, &v2::purchase::IMAGE).write().expect("it can be written");
    let result = purchase(&path, &v1::purchase::IMAGE).in_use(["Auditor"]).check();
    let Err(LockError::Broken { breaks, .. }) = result else { panic!("there is no auditor") };
    assert_eq!(breaks[0].roles, ["Auditor"]);
}

/// A merge that keeps both sides leaves a file in which each is right, and which of them is meant nobody knows.
#[test]
fn what_is_there_twice_is_never_taken_for_either() {
    let path = path("twice");
    let written = |image| {
        purchase(&path, image).write().expect("it can be written");
        fs::read_to_string(&path).expect("it is there")
    };
    let (old, new) = (written(&v1::purchase::IMAGE), written(&v3::purchase::IMAGE));
    let entry = |text: &str| {
        let from = text.find("    \"Purchase\"").expect("it is there");
        text[from..text.rfind("\n  }\n}").expect("it is there")].to_owned()
    };
    let line = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("        \"Shop\""));
        line.expect("a line for each role").to_owned()
    };
    let mut errors = Vec::new();
    for (one, other) in [(&old, &new), (&new, &old)] {
        let both = one.replace(&entry(one), &format!("{},\n{}", entry(one), entry(other)));
        let two_lines = one.replace(&line(one), &format!("{}\n{}", line(one), line(other)));
        for altered in [both, two_lines] {
            fs::write(&path, altered).expect("it can be written");
            errors.push(said(&path, purchase(&path, &v1::purchase::IMAGE).check()));
        }
    }
    assert_eq!(errors[..2], errors[2..]);
    insta::assert_snapshot!(errors[..2].join("\n\n"));
}

#[test]
fn who_is_in_use_can_be_said_again_and_of_one_protocol() {
    let path = path("in-use-of");
    let with = |image| purchase(&path, image).protocol("Copy", &v1::purchase::IMAGE);
    with(&v1::purchase::IMAGE).write().expect("it can be written");
    // Customers leave.
    let now = with(&v3::purchase::IMAGE);
    let is_fine = |lock: Lock| lock.check().is_ok();
    assert!(!is_fine(now.clone().in_use(["Customer"]).in_use(["Shop"])));
    assert!(is_fine(
        now.clone().in_use_of("Purchase", ["Shop"]).in_use_of("Purchase", ["Warehouse"])
    ));
    assert!(!is_fine(
        now.clone().in_use_of("Purchase", ["Shop"]).in_use_of("Purchase", ["Customer"])
    ));
    assert!(is_fine(now.clone().in_use(["Customer"]).in_use_of("Purchase", ["Shop"])));
    assert!(!is_fine(now.in_use(["Shop"]).in_use_of("Purchase", ["Customer"])));
}

#[test]
fn every_error_says_what_to_do() {
    let path = path("errors");
    let lock = purchase(&path, &v1::purchase::IMAGE);
    let mut errors = vec![said(&path, lock.check())];
    lock.write().expect("it can be written");
    let text = fs::read_to_string(&path).expect("it is there");

    errors.push(said(&path, lock.clone().protocol("Ping", &v1::ping::IMAGE).check()));
    errors.push(said(&path, Lock::new(&path).check()));
    errors.push(said(&path, lock.clone().in_use(["Costumer"]).check()));
    errors.push(said(&path, lock.clone().in_use_of("Ping", ["Bob"]).check()));
    errors.push(said(&path, lock.clone().in_use_of("Purchase", ["Bob"]).check()));
    errors.push(said(&path, lock.clone().protocol("Purchase", &v2::purchase::IMAGE).write()));
    let altered = [
        text.replace("\"format\": 1", "\"format\": 2, \"protocols\": 7"),
        text.replace("Price(u64)", "Price(u32)"),
        text.replace("[0,1,0,1]", "[0,2,0,1]"),
        text.replace("\"type\"", "\"tape\""),
        text.replace("[0,1,0,1]", "[0,1,0,99]"),
        text[..text.len() / 2].to_owned(),
        "[".repeat(1_000_000),
        "[1, []]".to_owned(),
        text.replace("\"Purchase\": {", "\"Purchase\": [], \"x\": {"),
        text.replace("\"roles\": {", "\"roles\": [], \"x\": {"),
        String::new(),
    ];
    for altered in altered {
        assert_ne!(altered, text);
        fs::write(&path, altered).expect("it can be written");
        errors.push(said(&path, lock.check()));
    }
    fs::write(&path, b"\xff\xfe").expect("it can be written");
    errors.push(said(&path, lock.check()));
    insta::assert_snapshot!(errors.join("\n\n"));
}

/// A test cannot change its own environment, so it runs itself as a process of its own.
#[test]
fn the_environment_asks_for_the_file() {
    const PATH: &str = "LOCK_OF_THE_TEST";
    if let Some(path) = std::env::var_os(PATH) {
        println!("{:?}", purchase(Path::new(&path), &v1::purchase::IMAGE).check());
        return;
    }
    let path = path("environment");
    let says = |value: &str| {
        let mut child = Command::new(std::env::current_exe().expect("this test"));
        let child = child.args(["--exact", "the_environment_asks_for_the_file", "--nocapture"]);
        let output = child.env(PATH, &path).env("TELLTALE_LOCK", value).output();
        String::from_utf8(output.expect("it runs").stdout).expect("it prints text")
    };
    assert!(says("wirte").contains("Err(`TELLTALE_LOCK` is `wirte`; it can be `write`)"));
    assert!(!path.exists());
    assert!(says("write").contains("Ok(())"));
    assert_eq!(purchase(&path, &v1::purchase::IMAGE).check(), Ok(()));
}

#[test]
fn a_folder_is_no_lock() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let lock = purchase(&path, &v1::purchase::IMAGE);
    assert!(matches!(lock.check(), Err(LockError::Read { .. })));
    assert!(matches!(lock.write(), Err(LockError::Write { .. })));
}

/// Any byte that is changed makes an error, or nothing that matters.
#[test]
fn a_file_that_was_changed_is_never_taken_for_another() {
    let path = path("bytes");
    let lock = Lock::new(&path).protocol("Ping", &v1::ping::IMAGE);
    lock.write().expect("it can be written");
    let text = fs::read(&path).expect("it is there");
    for at in 0..text.len() {
        for byte in [b' ', b'0', text[at].wrapping_add(1)] {
            let mut changed = text.clone();
            changed[at] = byte;
            fs::write(&path, &changed).expect("it can be written");
            assert!(!matches!(lock.check(), Err(LockError::Broken { .. })), "byte {at}");
        }
        fs::write(&path, &text[..at]).expect("it can be written");
        // The last is the end of the line.
        assert_eq!(lock.check().is_ok(), at == text.len() - 1, "up to byte {at}");
    }
}
