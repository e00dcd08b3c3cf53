//! Whether an engine keeps the contract: what services rely on, shown on sessions that this module starts.
//!
//! An engine of your own is checked by a test:
//!
//! ```
//! use telltale_net::engine::memory::Memory;
//! use telltale_net::engine::suite;
//!
//! let broken = pollster::block_on(suite::check(&Memory::new()));
//! assert_eq!(broken, Ok(()));
//! ```
//!
//! It starts sessions of protocols that nobody else has, so it can be used while others are at work. The engine must not make
//! faults while it is checked. Two promises it cannot look at: that a commit is written as a whole whatever dies, and that a claim whose
//! claimant has died can be claimed again.

mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use telltale_vm::{LabelId, RoleId};

use self::scene::{
    ANN, BEN, CAS, Checked, Scene, Terms, answer, broken, done, expect, message, waits,
};
use super::{
    Claim, Done, Ending, Engine, EngineError, Envelope, EnvelopeId, PartStatus, Seat, Wanted,
};
use crate::key::{SessionKey, Ticket};

/// Checks an engine. The error says which promise it does not keep.
///
/// # Errors
///
/// The first promise that is not kept, or what the engine could not do.
pub async fn check<E: Engine>(engine: &E) -> Checked {
    names_are_used_once(engine).await?;
    each_part_begins_once(engine).await?;
    what_is_dropped_has_not_happened(engine).await?;
    messages_arrive_once_and_in_order(engine).await?;
    what_was_offered_is_offered_again_with_something_new(engine).await?;
    a_session_is_complete_when_nobody_needs_anything(engine).await?;
    the_first_ending_is_the_one_for_everybody(engine).await?;
    a_fault_ends_the_session(engine).await?;
    time_passes(engine).await?;
    tickets_are_for_their_seats(engine).await?;
    seats_are_claimed_together(engine).await?;
    who_has_something_to_say_is_heard(engine).await?;
    who_holds_a_part_has_to_be_heard_of(engine).await?;
    several_may_claim_at_once(engine).await?;
    messages_are_told_apart(engine).await?;
    what_comes_during_a_step_is_new(engine).await?;
    nothing_happens_after_the_end(engine).await?;
    who_rests_goes_on_when_something_comes(engine).await?;
    who_asked_for_a_time_is_claimed_then(engine).await?;
    several_roles_are_served(engine).await?;
    steps_are_done_together(engine).await?;
    parts_of_a_session_are_done_together(engine).await?;
    who_was_claimed_in_vain_comes_alone(engine).await?;
    sessions_have_numbers_of_their_own(engine).await
}

async fn names_are_used_once<E: Engine>(engine: &E) -> Checked {
    let (scene, ticket) = Scene::with(engine, Terms::default()).await?;
    let again = engine.start(scene.session(&Terms::default(), &ticket)).await;
    let is_refused = matches!(again, Err(EngineError::SessionExists(ref key)) if *key == scene.key);
    expect(is_refused, "a second session of the same name is refused")?;
    let unknown = SessionKey::random();
    let ending = matches!(engine.ending(&unknown).await, Err(EngineError::NoSession(_)));
    let cancelled = matches!(engine.cancel(&unknown, "").await, Err(EngineError::NoSession(_)));
    expect(ending && cancelled, "a session that is not there has no ending, and gets none")?;
    let seat = seat_of(&unknown, ANN, &ticket);
    let refused = matches!(engine.claim(&seat, 1).await, Err(EngineError::NoSeat { .. }));
    expect(refused, "a session that is not there has no seats")
}

async fn each_part_begins_once<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    for role in [ANN, BEN] {
        let claim = scene.claim(role).await?;
        let work = claim.work();
        let is_new = work.version == 0 && work.state.is_none() && work.messages.is_empty();
        expect(is_new && work.attempts == 1, "a part begins without state and messages")?;
        scene.commit(claim, Done { state: vec![role.0], ..waits() }).await?;
        scene.expect_nothing(role, "a part that waits has nothing to do").await?;
    }
    scene.expect_ending(None, "a session in which parts wait has not ended").await
}

async fn what_is_dropped_has_not_happened<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    drop(scene.claim(ANN).await?);
    let claim = scene.claim(ANN).await?;
    expect(claim.work().version == 0, "a claim that was dropped has changed nothing")?;
    expect(claim.work().attempts == 2, "a claim that was dropped was an attempt")?;
    scene.commit(claim, Done { state: b"one".to_vec(), sent: vec![message(0)], ..waits() }).await?;
    let claim = scene.claim(BEN).await?;
    expect(claim.work().messages == [message(0)], "a committed message is in the inbox")?;
    drop(claim);
    let claim = scene.claim(BEN).await?;
    expect(claim.work().messages == [message(0)], "what was not taken is still in the inbox")?;
    scene
        .commit(claim, Done { taken: vec![message(0).id], sent: vec![answer()], ..waits() })
        .await?;
    let claim = scene.claim(ANN).await?;
    let work = claim.work();
    expect(work.state.as_deref() == Some(b"one"), "a part comes with what was committed of it")?;
    expect((work.version, work.attempts) == (1, 1), "a commit is a step, and ends its attempts")
}

async fn messages_arrive_once_and_in_order<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    let sent = (0..5).map(message).collect();
    scene.commit(scene.begun().await?, Done { sent, taken: vec![answer().id], ..waits() }).await?;
    let claim = scene.claim(BEN).await?;
    let expected: Vec<Envelope> = (0..5).map(message).collect();
    expect(claim.work().messages == expected, "the messages of a channel are in their order")?;
    let taken = expected[..3].iter().map(|message| message.id).collect();
    scene.commit(claim, Done { taken, ..waits() }).await?;
    scene.expect_nothing(BEN, "messages that were offered and not taken are nothing new").await
}

async fn what_was_offered_is_offered_again_with_something_new<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    let claim = scene.claim(ANN).await?;
    scene
        .commit(
            claim,
            Done { sent: vec![message(0)], status: PartStatus::Again(Duration::ZERO), ..waits() },
        )
        .await?;
    scene.commit(scene.claim(BEN).await?, waits()).await?;
    scene.expect_nothing(BEN, "messages that were offered and not taken are nothing new").await?;
    let claim = scene.claim(ANN).await?;
    scene.commit(claim, Done { sent: vec![message(1)], ..waits() }).await?;
    scene.expect_nothing(ANN, "a part that asked to be claimed again is claimed once").await?;
    let claim = scene.claim(BEN).await?;
    let all = [message(0), message(1)];
    expect(claim.work().messages == all, "what was not taken is offered with what is new")
}

async fn a_session_is_complete_when_nobody_needs_anything<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    let claim = scene.begun().await?;
    scene
        .commit(claim, Done { taken: vec![answer().id], sent: vec![message(0)], ..done() })
        .await?;
    scene.expect_nothing(ANN, "a part that is done has nothing to do").await?;
    let claim = scene.claim(BEN).await?;
    scene.expect_ending(None, "a session in which a message is on its way goes on").await?;
    scene
        .commit(claim, Done { taken: vec![message(0).id], status: PartStatus::Rests, ..waits() })
        .await?;
    let why = "a session is complete when all parts are done or rest, and no message is on its way";
    scene.expect_ending(Some(&Ending::Complete), why).await?;
    let claim = scene.claim(BEN).await?;
    let is_told = claim.work().ending == Some(Ending::Complete);
    expect(is_told, "a part that rests is told that its session is complete")?;
    scene.commit(claim, done()).await?;
    scene.expect_nothing(BEN, "it is told once").await?;

    let scene = Scene::new(engine).await?;
    for role in [ANN, BEN] {
        scene.commit(scene.claim(role).await?, done()).await?;
    }
    scene.expect_ending(Some(&Ending::Complete), why).await
}

async fn the_first_ending_is_the_one_for_everybody<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    scene.commit(scene.claim(ANN).await?, done()).await?;
    scene.commit(scene.claim(BEN).await?, waits()).await?;
    let ending = |reason: &str| Ending::Cancelled { reason: reason.to_owned() };
    for reason in ["first", "second"] {
        scene.cancel(reason).await?;
    }
    scene
        .expect_ending(Some(&ending("first")), "the first ending is the one for everybody")
        .await?;
    scene.expect_nothing(ANN, "a part that was done is not told of an ending").await?;
    let claim = scene.claim(BEN).await?;
    expect(claim.work().ending == Some(ending("first")), "a part that was not done is told")?;
    scene.commit(claim, done()).await?;
    scene.expect_nothing(BEN, "it is told once").await?;
    scene.expect_ending(Some(&ending("first")), "an ending stays").await
}

async fn a_fault_ends_the_session<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    let status = PartStatus::Faulted("it is broken".to_owned());
    scene.commit(scene.claim(ANN).await?, Done { status, ..waits() }).await?;
    let ending = Ending::Faulted { role: "Ann".to_owned(), reason: "it is broken".to_owned() };
    scene.expect_ending(Some(&ending), "a part that faults ends its session").await?;
    scene.expect_nothing(BEN, "who has not begun is not told").await?;
    scene.expect_nothing(ANN, "who has faulted is not told").await?;
    let scene = Scene::new(engine).await?;
    scene.commit(scene.claim(BEN).await?, done()).await?;
    scene.commit(scene.claim(ANN).await?, Done { sent: vec![message(0)], ..waits() }).await?;
    let ending = scene.ending().await?;
    let is_fault = matches!(ending, Some(Ending::Faulted { ref role, .. }) if role == "Ann");
    expect(is_fault, "a message for a part that is done faults the session of its sender")
}

async fn time_passes<E: Engine>(engine: &E) -> Checked {
    let now = Some(Duration::ZERO);
    for terms in
        [Terms { deadline: now, ..Terms::default() }, Terms { idle: now, ..Terms::default() }]
    {
        let (scene, _) = Scene::with(engine, terms).await?;
        let why = "nothing is claimed of a session whose time is over";
        scene.expect_nothing(BEN, why).await?;
        let ending = scene.ending().await?;
        let is_told = |waiting: &String| waiting.contains("Ann") && waiting.contains("Ben");
        let is_late = matches!(&ending, Some(Ending::Late { waiting, .. }) if is_told(waiting));
        expect(is_late, "a session whose time is over says who was not done")?;
    }
    let (scene, _) = Scene::with(engine, Terms { deadline: now, ..Terms::default() }).await?;
    scene.cancel("enough").await?;
    let is_late = matches!(scene.ending().await?, Some(Ending::Late { .. }));
    expect(is_late, "who cancels a session whose time is over is too late")?;
    let long = Some(Duration::from_secs(3_600));
    let (scene, _) =
        Scene::with(engine, Terms { deadline: long, idle: long, ..Terms::default() }).await?;
    let claim = scene.claim(ANN).await?;
    expect(claim.work().ending.is_none(), "a session that has time goes on")?;
    let status = PartStatus::Again(Duration::from_secs(3_600));
    scene.commit(claim, Done { status, ..waits() }).await?;
    scene.expect_nothing(ANN, "a part that asked for a later time has nothing to do before").await
}

async fn tickets_are_for_their_seats<E: Engine>(engine: &E) -> Checked {
    let (scene, ticket) = Scene::with(engine, Terms { ticket: true, ..Terms::default() }).await?;
    scene.expect_nothing(ANN, "a part with a ticket is not for services").await?;
    let seat = |role, ticket: &Ticket| seat_of(&scene.key, role, ticket);
    let wrong = Ticket::new(scene.key.clone(), ANN, Ticket::secret());
    for wanted in [seat(ANN, &wrong), seat(BEN, &ticket)] {
        let refused = matches!(engine.claim(&wanted, 1).await, Err(EngineError::NoSeat { .. }));
        expect(refused, "a seat is for its ticket")?;
    }
    let claim = scene.claim_wanted(&seat(ANN, &ticket)).await?;
    let claim = claim.filter(|claim| claim.work().role == ANN);
    scene
        .commit(claim.ok_or_else(|| broken("a seat can be claimed with its ticket"))?, waits())
        .await?;
    scene.cancel("enough").await?;
    let told = scene.claim_wanted(&seat(ANN, &ticket)).await?;
    let is_told = told.is_some_and(|claim| claim.work().ending.is_some());
    expect(is_told, "who has a ticket is told how the session has ended")
}

/// The seats of some scenes in which Ann has a ticket.
async fn with_tickets<E: Engine>(engine: &E, anyway: bool) -> Checked<(Vec<Scene<'_, E>>, Wanted)> {
    let (mut scenes, mut seats) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let terms = Terms { ticket: true, ..Terms::default() };
        let (scene, ticket) = Scene::with(engine, terms).await?;
        let (session, role, ticket) = (scene.key.clone(), ANN, ticket.hash());
        seats.push(Seat { session, role, ticket, anyway });
        scenes.push(scene);
    }
    Ok((scenes, Wanted::Seats(seats.into())))
}

async fn seats_are_claimed_together<E: Engine>(engine: &E) -> Checked {
    let (scenes, wanted) = with_tickets(engine, false).await?;
    let mut begun = BTreeSet::new();
    for _ in &scenes {
        for claim in scenes[0].claim_many(&wanted, scenes.len()).await? {
            begun.insert(claim.work().session.clone());
            scenes[0].commit(claim, waits()).await?;
        }
    }
    let all: BTreeSet<SessionKey> = scenes.iter().map(|scene| scene.key.clone()).collect();
    expect(begun == all, "whoever has several tickets gets all of their parts")?;
    let idle = scenes[0].claim_many(&wanted, scenes.len()).await?;
    expect(idle.is_empty(), "a seat that has nothing to do is not given")?;
    let Wanted::Seats(seats) = &wanted else { unreachable!("they are seats") };
    let wrong = Ticket::new(all.into_iter().next_back().expect("three"), ANN, Ticket::secret());
    let mixed = seats.iter().cloned().chain([Seat { ticket: wrong.hash(), ..seats[0].clone() }]);
    let refused = engine.claim(&Wanted::Seats(mixed.collect()), 4).await;
    let is_told = matches!(refused, Err(EngineError::NoSeat { session, role })
        if session == seats[0].session && role == ANN);
    expect(is_told, "of several tickets, a wrong one is told of")
}

async fn who_has_something_to_say_is_heard<E: Engine>(engine: &E) -> Checked {
    let (scenes, wanted) = with_tickets(engine, true).await?;
    let scene = &scenes[0];
    let Wanted::Seats(seats) = wanted else { unreachable!("they are seats") };
    let wanted = Wanted::Seats([seats[0].clone()].into());
    for number in 0..3 {
        let claim = scene.claim_wanted(&wanted).await?;
        let promise = "a seat is given to whoever has something to say, whatever it has to do";
        let claim = claim.ok_or_else(|| broken(promise))?;
        let status = PartStatus::Held { time: Duration::from_secs(3_600), rests: false };
        scene.commit(claim, Done { sent: vec![message(number)], status, ..waits() }).await?;
    }
    let ben = scene.claim(BEN).await?;
    expect(ben.work().messages.len() == 3, "what is said at a seat arrives")?;
    let claim = scene.claim_wanted(&wanted).await?;
    scene.commit(claim.ok_or_else(|| broken("a seat is given again"))?, done()).await?;
    let after = engine.claim(&wanted, 1).await;
    let is_told = matches!(after, Err(EngineError::SeatDone { .. }));
    expect(is_told, "whoever has a ticket is told that its part is done")
}

async fn who_holds_a_part_has_to_be_heard_of<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    scene.commit(scene.claim(BEN).await?, waits()).await?;
    let held = |time| Done { status: PartStatus::Held { time, rests: false }, ..waits() };
    scene.commit(scene.claim(ANN).await?, held(Duration::from_secs(3_600))).await?;
    scene.expect_nothing(ANN, "a part that is held has nothing to do for a service").await?;
    scene.expect_ending(None, "who holds a part has time").await?;
    let scene = Scene::new(engine).await?;
    scene.commit(scene.claim(BEN).await?, waits()).await?;
    scene.commit(scene.claim(ANN).await?, held(Duration::ZERO)).await?;
    // It may be somebody else who ends it just now; after that, everyone can be told.
    let is_blamed =
        |ending: &Ending| matches!(ending, Ending::Faulted { role, .. } if role == "Ann");
    let ending = scene.ending().await?;
    let is_right = ending.as_ref().is_some_and(is_blamed);
    expect(is_right, "who held a part and is gone has ended the session")?;
    let told = scene.claim(BEN).await?;
    expect(told.work().ending == ending, "everyone is told the same")?;
    let rests = |time| Done { status: PartStatus::Held { time, rests: true }, ..waits() };
    for time in [Duration::ZERO, Duration::from_secs(3_600)] {
        let scene = Scene::new(engine).await?;
        scene.commit(scene.claim(ANN).await?, rests(time)).await?;
        let ben = scene.claim_if_any(BEN).await?;
        let Some(ben) = ben else {
            let ending = scene.ending().await?;
            let is_right = time.is_zero() && ending.as_ref().is_some_and(is_blamed);
            expect(is_right, "who rests and is gone has ended the session")?;
            continue;
        };
        expect(!time.is_zero(), "nothing is claimed of a session of which somebody is gone")?;
        scene.commit(ben, done()).await?;
        let promise = "whoever holds a part and rests keeps nobody from the end";
        scene.expect_ending(Some(&Ending::Complete), promise).await?;
    }
    Ok(())
}

async fn several_may_claim_at_once<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    let first = scene.claim(ANN).await?;
    let beside = scene.claim(BEN).await?;
    match scene.claim_if_any(ANN).await? {
        None => scene.commit(first, waits()).await?,
        // It cannot know whether the first one lives.
        Some(second) => {
            scene.commit(first, waits()).await?;
            let late = scene.try_commit(second, waits()).await;
            let is_fenced = matches!(late, Err(EngineError::Fenced));
            expect(is_fenced, "of two who have claimed a step, the first who commits has done it")?;
        }
    }
    scene.commit(beside, waits()).await
}

async fn messages_are_told_apart<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::of_three(engine).await?;
    let mut expected = Vec::new();
    for from in [ANN, CAS] {
        let id = |lane, number| EnvelopeId { from, lane, number };
        // Bytes that are no text, and more of them than is seldom.
        let payload = (0..=255).cycle().take(1_000).collect::<Vec<u8>>();
        let of_lane = |lane| (0..12).map(move |number| (lane, number));
        let sent = of_lane(0).chain(of_lane(300)).map(|(lane, number)| Envelope {
            to: BEN,
            id: id(lane, number),
            label: LabelId(9),
            payload: payload.clone(),
        });
        let sent: Vec<Envelope> = sent.collect();
        expected.extend(sent.iter().cloned());
        scene.commit(scene.claim(from).await?, Done { sent, ..waits() }).await?;
    }
    let claim = scene.claim(BEN).await?;
    let is_as_sent = of_each_channel(&claim.work().messages) == of_each_channel(&expected);
    expect(is_as_sent, "messages come as they were sent, channel by channel")?;
    // One of them is taken, of which there are three others with this number.
    let taken = EnvelopeId { from: CAS, lane: 300, number: 0 };
    let again = PartStatus::Again(Duration::ZERO);
    scene.commit(claim, Done { taken: vec![taken], status: again, ..waits() }).await?;
    expected.retain(|message| message.id != taken);
    let claim = scene.claim(BEN).await?;
    let is_as_left = of_each_channel(&claim.work().messages) == of_each_channel(&expected);
    expect(is_as_left, "what was taken is gone, and nothing else")?;
    let has_state = claim.work().state.as_deref() == Some(&[]);
    expect(has_state, "a part of no bytes has begun all the same")
}

/// A seat, and nothing to say there.
fn seat_of(session: &SessionKey, role: RoleId, ticket: &Ticket) -> Wanted {
    let (session, ticket) = (session.clone(), ticket.hash());
    Wanted::Seats([Seat { session, role, ticket, anyway: false }].into())
}

/// Messages by their channels, those of each in their order.
fn of_each_channel(messages: &[Envelope]) -> BTreeMap<(RoleId, u16), Vec<&Envelope>> {
    let mut channels = BTreeMap::<_, Vec<_>>::new();
    for message in messages {
        channels.entry((message.id.from, message.id.lane)).or_default().push(message);
    }
    channels
}

async fn what_comes_during_a_step_is_new<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    scene
        .commit(
            scene.claim(ANN).await?,
            Done { status: PartStatus::Again(Duration::ZERO), ..waits() },
        )
        .await?;
    let step = scene.claim(BEN).await?;
    scene.commit(scene.claim(ANN).await?, Done { sent: vec![message(0)], ..waits() }).await?;
    scene.commit(step, waits()).await?;
    let claim = scene.claim(BEN).await?;
    expect(
        claim.work().messages == [message(0)],
        "what comes during a step is something to do after it",
    )
}

async fn nothing_happens_after_the_end<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    scene.commit(scene.claim(BEN).await?, waits()).await?;
    let step = scene.claim(ANN).await?;
    scene.cancel("enough").await?;
    let late = scene.try_commit(step, Done { sent: vec![message(0)], ..done() }).await;
    let is_fenced = matches!(late, Err(EngineError::Fenced));
    expect(is_fenced, "a commit into a session that has ended meanwhile is refused")?;
    let claim = scene.claim(BEN).await?;
    let work = claim.work();
    let is_told = work.ending.is_some() && work.messages.is_empty();
    expect(is_told, "who is told of an ending has no messages")
}

async fn who_rests_goes_on_when_something_comes<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    let rests = || Done { status: PartStatus::Rests, ..waits() };
    scene.commit(scene.claim(BEN).await?, rests()).await?;
    scene.commit(scene.claim(ANN).await?, Done { sent: vec![message(0)], ..rests() }).await?;
    scene.expect_ending(None, "a session in which a message is on its way goes on").await?;
    let claim = scene.claim(BEN).await?;
    expect(
        claim.work().messages == [message(0)],
        "who rests has something to do when something comes",
    )?;
    scene.commit(claim, Done { taken: vec![message(0).id], ..rests() }).await?;
    scene.expect_ending(Some(&Ending::Complete), "a session in which all rest is complete").await
}

async fn who_asked_for_a_time_is_claimed_then<E: Engine>(engine: &E) -> Checked {
    let soon = Duration::from_millis(20);
    let scene = Scene::new(engine).await?;
    scene
        .commit(scene.claim(ANN).await?, Done { status: PartStatus::Again(soon), ..waits() })
        .await?;
    let begun = Instant::now();
    while scene.claim_if_any(ANN).await?.is_none() {
        expect(
            begun.elapsed() < 500 * soon,
            "a part that asked for a time has something to do then",
        )?;
        std::thread::yield_now();
    }
    Ok(())
}

async fn several_roles_are_served<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::of_three(engine).await?;
    let served = [ANN, BEN, CAS].map(|role| (scene.image, role));
    let wanted = Wanted::Served(served.into());
    let mut claimed = Vec::new();
    for _ in served {
        let claim = scene.claim_wanted(&wanted).await?;
        let claim =
            claim.ok_or_else(|| broken("whoever serves several roles gets parts of each"))?;
        claimed.push(claim.work().role);
        scene.commit(claim, done()).await?;
    }
    claimed.sort_unstable();
    expect(claimed == [ANN, BEN, CAS], "whoever serves several roles gets parts of each")?;
    scene.expect_ending(Some(&Ending::Complete), "a session of three roles is complete").await
}

async fn steps_are_done_together<E: Engine>(engine: &E) -> Checked {
    let mut scenes = Vec::new();
    for _ in 0..3 {
        scenes.push(Scene::new(engine).await?);
    }
    let mut claims = Vec::new();
    for scene in &scenes {
        claims.push(scene.claim(ANN).await?);
    }
    scenes[0].cancel("enough").await?;
    let keys: Vec<SessionKey> = claims.iter().map(|claim| claim.work().session.clone()).collect();
    let sent = || Done { sent: vec![message(0)], ..waits() };
    let steps = claims.into_iter().map(|claim| (claim, sent())).collect();
    let committed = engine.commit(steps).await;
    expect(committed.len() == keys.len(), "each step is answered")?;
    for (key, committed) in keys.iter().zip(&committed) {
        let is_right = match committed {
            Ok(()) => *key != scenes[0].key,
            Err(error) => *key == scenes[0].key && matches!(error, EngineError::Fenced),
        };
        expect(is_right, "of steps that are committed together, each is answered for itself")?;
    }
    for scene in &scenes[1..] {
        let claim = scene.claim(BEN).await?;
        expect(claim.work().messages == [message(0)], "what was sent together has arrived")?;
    }
    Ok(())
}

async fn parts_of_a_session_are_done_together<E: Engine>(engine: &E) -> Checked {
    let scene = Scene::new(engine).await?;
    let (ann, ben) = (scene.claim(ANN).await?, scene.claim(BEN).await?);
    let steps = vec![(ann, Done { sent: vec![message(0)], ..done() }), (ben, waits())];
    let committed = engine.commit(steps).await;
    expect(committed.iter().all(Result::is_ok), "two parts of a session have steps together")?;
    let ben = scene.claim(BEN).await?;
    expect(ben.work().messages == [message(0)], "what comes during a step is something to do")?;
    scene.commit(ben, Done { taken: vec![message(0).id], ..done() }).await?;
    scene
        .expect_ending(Some(&Ending::Complete), "a session in which all are done is complete")
        .await
}

async fn who_was_claimed_in_vain_comes_alone<E: Engine>(engine: &E) -> Checked {
    let mut scenes = Vec::new();
    for _ in 0..4 {
        scenes.push(Scene::new(engine).await?);
        drop(scenes[0].claim_if_any(ANN).await?);
    }
    let wanted = Wanted::Served(scenes.iter().map(|scene| (scene.image, ANN)).collect());
    let mut all = 0;
    while all < scenes.len() {
        let claims = scenes[0].claim_many(&wanted, 2).await?;
        expect(!claims.is_empty(), "whoever wants many parts gets all of them in the end")?;
        expect(claims.len() <= 2, "no more parts are claimed than are asked for")?;
        let was_in_vain = |claim: &E::Claim| claim.work().attempts > 1;
        let comes_alone = claims.len() == 1 || !claims.iter().any(was_in_vain);
        expect(comes_alone, "a part whose last claim has led to no commit comes alone")?;
        all += claims.len();
        let steps = claims.into_iter().map(|claim| (claim, done())).collect();
        expect(engine.commit(steps).await.iter().all(Result::is_ok), "all of them are done")?;
    }
    Ok(())
}

async fn sessions_have_numbers_of_their_own<E: Engine>(engine: &E) -> Checked {
    let mut numbers = BTreeSet::new();
    for _ in 0..16 {
        let claim = Scene::new(engine).await?.claim(ANN).await?;
        let is_new = numbers.insert(claim.work().incarnation);
        expect(is_new, "no other session has the number of one")?;
    }
    Ok(())
}
