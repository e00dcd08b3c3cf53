//! Sessions whose roles are played by services, in one process or several.

use pollster::block_on;
use telltale_net::engine::memory::Memory;
use telltale_net::engine::{self, Ending, Engine, EngineError, Wanted};
use telltale_net::{Server, Start, Ticket};

use super::purchase::{Customers, Shops, Warehouses, World, all, ending, purchase, start, work};

#[test]
fn services_play_a_session_to_its_end() {
    let (engine, world) = (Memory::new(), World::default());
    let server = all(&engine, &world, 20, 0);
    start(&engine, "order");
    work(&server);
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
    let notes = world.notes();
    assert_eq!(notes["order Customer"], "Some(\"a box of tea\")");
    assert_eq!(notes["order Shop"], "done");
    assert_eq!((engine.messages(), engine.open_sessions()), (0, 0));
    assert_eq!(engine.forget_ended(), 1);
    start(&engine, "order");
}

#[test]
fn each_step_can_be_in_another_process() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    // A new server has nothing in memory.
    while block_on(all(&engine, &world, 20, 0).step()).expect("this engine makes no faults") {}
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
    assert_eq!(world.notes()["order Customer"], "Some(\"a box of tea\")");
}

#[test]
fn services_in_several_processes_wait_for_each_other() {
    let (engine, world) = (Memory::new(), World::default());
    start(&engine, "order");
    let shops =
        Server::new(engine.clone()).serve(Shops { world: world.clone(), price: 99, late: 0 });
    work(&shops);
    let others = Server::new(engine.clone()).serve(Customers(world.clone())).serve(Warehouses);
    work(&others);
    assert_eq!(ending(&engine, "order"), None);
    work(&shops);
    work(&others);
    assert_eq!(ending(&engine, "order"), None, "the shop has not heard that the customer left");
    work(&shops);
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));
}

#[test]
fn a_seat_with_a_ticket_is_for_nobody_else() {
    let (engine, world) = (Memory::new(), World::default());
    let server = all(&engine, &world, 20, 0);
    let starts = [(); 2].map(|()| Start::of(&purchase::IMAGE).with_ticket_for("Customer"));
    for start in &starts {
        block_on(start.on(&engine)).expect("the name is new");
    }
    let [key, other] = starts.each_ref().map(|start| start.key().clone());
    assert_ne!(key, other);
    let [tickets, foreign] = starts.each_ref().map(Start::tickets);
    let sent = tickets[0].to_text();
    let ticket = Ticket::from_text(&sent).expect("it was just written");
    assert_eq!(ticket, tickets[0]);
    assert_eq!(Ticket::from_text(&sent[1..]), None);
    work(&server);
    assert_eq!(block_on(engine.ending(&key)).expect("it is there"), None);
    let seated = Server::new(engine.clone()).sit(&ticket, Customers(world.clone()));
    work(&seated);
    work(&server);
    work(&seated);
    assert_eq!(block_on(engine.ending(&key)).expect("it is there"), None, "no warehouse yet");
    work(&server);
    work(&seated);
    assert_eq!(block_on(engine.ending(&key)).expect("it is there"), Some(Ending::Complete));
    // A ticket for another session does not help.
    let (role, ticket) = (foreign[0].role(), foreign[0].hash());
    let wrong = engine::Seat { session: key.clone(), role, ticket, anyway: false };
    let wanted = Wanted::Seats([wrong].into());
    let refused = block_on(engine.claim(&wanted, 1)).expect_err("it is another session's");
    assert!(matches!(refused, EngineError::NoSeat { .. }), "{refused}");
}

/// A seat is gone with its session, and nothing else stops for that.
#[test]
fn a_seat_that_is_gone_is_let_go_of() {
    let (engine, world) = (Memory::new(), World::default());
    let seat = Start::of(&purchase::IMAGE).called("seat").with_ticket_for("Customer");
    block_on(seat.on(&engine)).expect("the name is free");
    block_on(engine.cancel(seat.key(), "enough")).expect("it is there");
    assert_eq!(engine.forget_ended(), 1);
    let ticket = &seat.tickets()[0];
    let sits = || Server::new(engine.clone()).sit(ticket, Customers(world.clone()));
    let with_shop = || sits().serve(Shops { world: world.clone(), price: 20, late: 0 });
    start(&engine, "order");

    let server = with_shop();
    let told = "the ticket is not for role 0 of `seat`, or there is no such session (any more)";
    let mut answers: Vec<_> = (0..4).map(|_| block_on(server.step())).collect();
    answers.retain(Result::is_err);
    assert_eq!(answers.len(), 1, "it is said once");
    assert_eq!(answers[0].as_ref().expect_err("it was kept").to_string(), told);

    let others = Server::new(engine.clone()).serve(Customers(world.clone())).serve(Warehouses);
    let server = with_shop();
    // Each time that it has nothing to do, the others have their turn.
    let sleep = |_| {
        work(&others);
        std::future::ready(())
    };
    let stop = std::future::poll_fn(|_| match ending(&engine, "order") {
        Some(_) => std::task::Poll::Ready(()),
        None => std::task::Poll::Pending,
    });
    block_on(server.run(sleep, stop)).expect("it has something else to play");
    assert_eq!(ending(&engine, "order"), Some(Ending::Complete));

    let alone = block_on(sits().run(|_| std::future::ready(()), std::future::pending()));
    assert_eq!(alone.expect_err("it has nothing to play").to_string(), told);
}
