//! Roles that do anything, and how that is replayed.

mod support;

use std::collections::BTreeSet;
use std::sync::Mutex;

use support::{Point, drawing, purchase, roles, wrong};
use telltale_testing::{Draw, Random, Schedules, for_every_seed};
use telltale_vm::{ByHandler, HandlerResult, VM};

fn drawing() -> drawing::Roles<ByHandler, ByHandler, ByHandler> {
    drawing::Roles { painter: ByHandler, left: ByHandler, right: ByHandler }
}

fn point(draw: &mut Draw) -> Point {
    Point { x: draw.between(0, 9), y: draw.between(-9, 0) }
}

#[test]
fn all_branches_and_many_payloads_come_up() {
    let mut asked = BTreeSet::new();
    let mut sold = 0;
    for_every_seed(100, |seed| {
        let roles = roles().play_with(&Random::new(seed))?;
        sold += u32::from(!roles.shop.address.is_empty());
        asked.insert(roles.shop.asked_for);
        Ok(())
    });
    assert!(asked.len() > 50 && (20..80).contains(&sold), "{asked:?}, {sold} were sold");
}

#[test]
fn weights_decide_how_often() {
    let sold =
        |random: Random| !roles().play_with(&random).expect("nobody fails").shop.address.is_empty();
    let buy = |random: Random| random.by_label("Buy", |_| "Rose Street 7");
    assert!((0..50).all(|seed| sold(buy(Random::new(seed)).weight("Leave", 0))));
    assert!(!(0..50).any(|seed| sold(buy(Random::new(seed)).weight("Buy", 0))));
    let never = Random::new(1).weight("Buy", 0).weight("Leave", 0);
    assert!(wrong(roles().play_with(&never)).ends_with("no branch of `Customer` has a weight"));
}

#[test]
fn a_payload_that_nobody_can_make_is_named() {
    let error = wrong(drawing().play_with(&Random::new(17)));
    let text = "nobody says how to make a payload for `Line`, which carries \
                `{ from: crate::support::Point, to: crate::support::Point }` (`Random::new(17)`): \
                add `.by_label(\"Line\", |draw| …)`";
    assert!(error.ends_with(text), "{error}");
}

#[test]
fn payloads_are_made_by_label_or_by_type() {
    for_every_seed(20, |seed| {
        let random =
            Random::new(seed).by_label("Line", |draw| (point(draw), point(draw))).by_type(point);
        drawing().play_with(&random)?;
        let by_types = Random::new(seed).by_type(|draw| (point(draw), point(draw))).by_type(point);
        drawing().play_with(&by_types)?;
        Ok(())
    });
}

#[test]
fn a_label_comes_before_a_type_and_that_before_the_default() {
    let shop = |random: Random| roles().play_with(&random).expect("nobody fails").shop;
    let by_type = || Random::new(1).by_type(|_| "by type".to_owned()).weight("Leave", 0);
    let shop_of_type = shop(by_type());
    assert_eq!((&*shop_of_type.asked_for, &*shop_of_type.address), ("by type", "by type"));
    let shop_of_label = shop(by_type().by_label("Ask", |_| "by label"));
    assert_eq!((&*shop_of_label.asked_for, &*shop_of_label.address), ("by label", "by type"));
}

#[test]
fn a_payload_of_another_type_is_a_fault() {
    let error = wrong(roles().play_with(&Random::new(1).by_label("Ask", |_| 7_u64)));
    assert!(error.contains("expected `String` as payload of `Ask`, found `7`"), "{error}");
}

#[test]
fn the_same_seed_does_the_same_in_every_order() {
    let played = |seed| {
        Schedules::new().compare_traces().check(|vm| {
            let sessions = [roles().open(vm)?, roles().open(vm)?];
            vm.run(&Random::new(seed))?;
            let mut shops = Vec::new();
            for session in sessions {
                shops.push(session.into_roles(vm)?.shop);
            }
            Ok(shops)
        })
    };
    let shops = [1, 2].map(|seed| played(seed).expect("every order is the same"));
    assert_ne!(shops[0][0], shops[0][1], "two sessions are different");
    assert_ne!(shops[0], shops[1], "two seeds are different");
}

#[test]
fn a_loop_that_is_never_left_has_a_limit() {
    let random = Random::new(5).by_type(point).by_type(|draw| (point(draw), point(draw)));
    let error = wrong(drawing().play_with(&random.weight("Done", 0).limit(100)));
    let text = "has been asked and told 100 things, which is the limit: a `weight` can make it leave a loop earlier, \
                and `limit` is for long sessions (`Random::new(5)`)";
    assert!(error.ends_with(text), "{error}");
}

#[test]
fn all_roles_can_be_played() {
    let mut vm = VM::default();
    for _ in 0..20 {
        vm.load_choreography(&purchase::IMAGE).expect("there is room");
    }
    vm.run(&Random::new(3), 1_000).expect("no session faults");
}

/// A failing seed is named, be it by an error or by a panic.
#[test]
fn a_failing_seed_can_be_replayed() {
    for panics in [true, false] {
        let tried = Mutex::new(0);
        let failed = std::panic::catch_unwind(|| {
            for_every_seed(100, |seed| {
                *tried.lock().expect("nobody panicked with it") += 1;
                assert!(!panics || seed < 7, "too high");
                if seed < 7 { Ok(()) } else { Err("too high".into()) }
            });
        });
        let panic = failed.expect_err("seed 7 fails");
        let text = panic.downcast_ref::<String>().expect("a text");
        let reason = if panics { "a panic: too high" } else { "too high" };
        assert_eq!(*text, format!("with seed 7: {reason}\n  replay it with TELLTALE_SEED=7"));
        assert_eq!(*tried.lock().expect("nobody panicked with it"), 8);
    }
}

/// A role object that fails for some payloads is found, and found again.
#[test]
fn a_role_that_fails_seldom_is_found() {
    struct Picky(u64);
    impl purchase::Customer for Picky {
        fn ask(&mut self) -> HandlerResult<String> {
            Ok("a teapot".to_owned())
        }
        fn on_price(&mut self, price: u64) -> HandlerResult<()> {
            self.0 = price.checked_add(1).ok_or("the price is too high")?;
            Ok(())
        }
        fn answer(&mut self) -> HandlerResult<purchase::Answer> {
            Ok(purchase::Answer::Leave)
        }
        fn on_parcel(&mut self, _: u32) -> HandlerResult<()> {
            Ok(())
        }
    }
    let fails = |seed: &u64| {
        let roles = purchase::Roles { customer: Picky(0), shop: ByHandler, warehouse: ByHandler };
        roles.play_with(&Random::new(*seed)).is_err()
    };
    let seed = (0..200).find(fails).expect("sooner or later the price is u64::MAX");
    assert!(fails(&seed));
}

#[cfg(feature = "proptest")]
mod strategies {
    use proptest::prelude::{Strategy, any};
    use telltale_testing::strategy;

    use super::*;

    #[test]
    fn make_payloads_of_any_type() {
        let points = || (0..9_i8, any::<i8>()).prop_map(|(x, y)| Point { x, y });
        let mut asked = BTreeSet::new();
        for_every_seed(50, |seed| {
            let random = Random::new(seed)
                .by_type(strategy(points()))
                .by_label("Line", strategy((points(), points())));
            drawing().play_with(&random)?;
            let random = Random::new(seed).by_label("Ask", strategy("[a-z]{1,8}"));
            let again = Random::new(seed).by_label("Ask", strategy("[a-z]{1,8}"));
            let shop = roles().play_with(&random)?.shop;
            assert_eq!(shop, roles().play_with(&again)?.shop);
            asked.insert(shop.asked_for);
            Ok(())
        });
        let is_word = |word: &String| {
            (1..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())
        };
        assert!(asked.len() > 25 && asked.iter().all(is_word), "{asked:?}");
    }

    #[test]
    fn that_reject_everything_fail() {
        let never = any::<String>().prop_filter("it is never right", |_| false);
        let error = wrong(roles().play_with(&Random::new(1).by_label("Ask", strategy(never))));
        assert!(error.contains("the strategy gives no value"), "{error}");
    }
}
