//! Logins with the rights of one service, or of none, that try what they may not.

use telltale_net::engine::{
    self, Claim as _, Done, Ending, Engine as _, EngineError, Envelope, EnvelopeId, PartStatus,
    Wanted,
};
use telltale_net::{SessionKey, Start, Ticket, TicketHash};
use telltale_postgres::{Postgres, PostgresClaim, Rights};
use telltale_vm::{LabelId, RoleId, choreography};
use tokio_postgres::Client;

mod support;

choreography! {
    #[serde]
    protocol Purchase(Customer, Shop, Warehouse) {
        Customer -> Shop: Ask(String);
        Shop -> Warehouse: Order(String);
        Shop -> Customer: Price(u64);
    }
}

const CUSTOMER: RoleId = RoleId(0);
const SHOP: RoleId = RoleId(1);
const WAREHOUSE: RoleId = RoleId(2);

/// A database in which `shop` plays the shop, `web` starts sessions, `app` takes seats, and `nobody` may connect.
struct Town {
    owner: Postgres,
    url: String,
}

impl Town {
    async fn new() -> Option<Self> {
        let (owner, url) = support::engine().await?;
        let admin = support::client(&url).await;
        let names = ["shop", "web", "app", "nobody_at_all"].map(|login| of_town(&url, login));
        for login in &names {
            admin.batch_execute(&format!("CREATE ROLE {login} LOGIN")).await.expect("it is new");
        }
        let rights = Rights::new()
            .may_play(&names[0], &purchase::IMAGE, "Shop")
            .may_start(&names[1], &purchase::IMAGE)
            .may_sit(&names[2]);
        admin.batch_execute(&rights.to_sql()).await.expect("the owner runs it");
        Some(Self { owner, url })
    }

    fn url(&self, login: &str) -> String {
        self.url.replace("postgres@", &format!("{}@", of_town(&self.url, login)))
    }

    fn engine(&self, login: &str) -> Postgres {
        Postgres::connect(&self.url(login)).expect("it is a URL")
    }

    /// The shop of a new session. The shops of those before are told how they have ended.
    async fn shop_of(&self, key: &str) -> PostgresClaim {
        Start::of(&purchase::IMAGE).called(key).on(&self.owner).await.expect("it is new");
        loop {
            let claims = self.owner.claim(&served(SHOP), 1).await.expect("it may");
            let claim = claims.into_iter().next().expect("there is a new one");
            if claim.work().session.as_str() == key {
                return claim;
            }
            assert!(claim.work().ending.is_some() && claim.work().messages.is_empty());
            let told = self.owner.commit(vec![(claim, Done::of(PartStatus::Done))]).await;
            assert!(matches!(told[..], [Ok(())]), "{told:?}");
        }
    }

    async fn client(&self, login: &str) -> Client {
        support::client(&self.url(login)).await
    }
}

/// Logins are of all databases of a server.
fn of_town(url: &str, login: &str) -> String {
    format!("{login}_{}", url.rsplit('_').next().expect("it has a number"))
}

fn served(role: RoleId) -> Wanted {
    Wanted::Served([(purchase::IMAGE.hash(), role)].into())
}

fn sits(role: RoleId, ticket: &Ticket) -> Wanted {
    let (session, ticket) = ("order".into(), ticket.hash());
    Wanted::Seats([engine::Seat { session, role, ticket, anyway: false }].into())
}

fn is_refused<T>(result: &Result<T, EngineError>) -> bool {
    let Err(error) = result else { return false };
    let text = error.to_string();
    text.contains("may not")
        || text.contains("has nothing to do")
        || text.contains("permission denied")
}

fn sent(from: RoleId, to: RoleId, number: u64) -> Envelope {
    let id = EnvelopeId { from, lane: 0, number };
    Envelope { to, id, label: LabelId(0), payload: b"\"tea\"".to_vec() }
}

#[tokio::test]
async fn each_login_does_what_it_may_and_nothing_else() {
    let Some(town) = Town::new().await else { return };
    let start = Start::of(&purchase::IMAGE).called("order").with_ticket_for("Customer");
    let [ticket] = &start.tickets()[..] else { panic!("one was asked for") };

    // Starting: the web may, the shop may not.
    let by_shop = start.on(&town.engine("shop")).await;
    assert!(is_refused(&by_shop), "{by_shop:?}");
    start.on(&town.engine("web")).await.expect("it may");

    // Playing: the shop plays the shop, and nobody else.
    for (login, role) in
        [("shop", WAREHOUSE), ("web", SHOP), ("app", SHOP), ("nobody_at_all", SHOP)]
    {
        let claimed = town.engine(login).claim(&served(role), 10).await;
        assert!(is_refused(&claimed), "{login}: {claimed:?}");
    }
    let shop = town.engine("shop");
    let claim = shop.claim(&served(SHOP), 10).await.expect("it may").pop().expect("it has begun");

    // Seats: with the ticket, by whoever has it, and nobody else's.
    let seat = sits(CUSTOMER, ticket);
    let app = town.engine("app");
    let seated = app.claim(&seat, 1).await.expect("it has the ticket").pop().expect("it has begun");
    for role in [SHOP, WAREHOUSE] {
        let other = sits(role, ticket);
        let taken = app.claim(&other, 1).await;
        assert!(matches!(taken, Err(EngineError::NoSeat { .. })), "{taken:?}");
    }

    // A step is that of its part, whoever it says has sent something.
    let forged = Done { sent: vec![sent(WAREHOUSE, SHOP, 0)], ..Done::of(PartStatus::Waits) };
    app.commit(vec![(seated, forged)]).await.pop().expect("an answer").expect("it has the seat");
    shop.commit(vec![(claim, Done::of(PartStatus::Waits))])
        .await
        .pop()
        .expect("one")
        .expect("it may");
    let claim = shop.claim(&served(SHOP), 10).await.expect("it may").pop().expect("a message");
    assert_eq!(claim.work().messages, [sent(CUSTOMER, SHOP, 0)]);

    // Endings: of one's own sessions.
    let key = SessionKey::from("order");
    for login in ["app", "nobody_at_all"] {
        let engine = town.engine(login);
        let cancelled = engine.cancel(&key, "because I can").await;
        assert!(is_refused(&cancelled), "{login}: {cancelled:?}");
        let asked = engine.ending(&key).await;
        assert!(is_refused(&asked), "{login}: {asked:?}");
    }
    town.engine("web").cancel(&key, "enough").await.expect("it has started it");
    let ending = shop.ending(&key).await.expect("it plays in it");
    assert_eq!(ending, Some(Ending::Cancelled { reason: "enough".to_owned() }));
}

#[tokio::test]
async fn nobody_reaches_past_the_functions() {
    let Some(town) = Town::new().await else { return };
    Start::of(&purchase::IMAGE).called("order").on(&town.owner).await.expect("it is new");
    let inner = [
        "SELECT telltale.finish('order', 2::smallint, 'x', 'y')",
        "SELECT * FROM telltale.give(ARRAY['order'], ARRAY[2::smallint], 1)",
        "SELECT telltale.forget_parts('order')",
        "SELECT * FROM telltale.part",
        "SELECT * FROM telltale.message",
        "SELECT * FROM telltale.session",
        "SELECT * FROM telltale.figures",
        "UPDATE telltale.bounds SET payload = 1",
        "INSERT INTO telltale.login VALUES (session_user, '\\x00', 0)",
        "SELECT nextval('telltale.message_id')",
        "CREATE FUNCTION telltale.is_owner(integer) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    ];
    for login in ["shop", "web", "app", "nobody_at_all"] {
        let client = town.client(login).await;
        for statement in inner {
            let done = client.batch_execute(statement).await;
            let error = done.expect_err(statement);
            let said = error.as_db_error().expect("the server says it").message();
            assert!(said.contains("permission denied"), "{login}: {statement}: {said}");
        }
    }
    // What it names its own tables does not matter to the functions.
    let client = town.client("shop").await;
    let shadow = "CREATE TEMP TABLE login (login name, image bytea, role smallint); SET search_path = pg_temp, telltale;
        INSERT INTO login SELECT session_user, image, 2 FROM (VALUES ('\\x00'::bytea)) v (image);";
    client.batch_execute(shadow).await.expect("its own tables are its own");
    let image = &purchase::IMAGE.hash().0[..];
    let claim = "SELECT * FROM telltale.claim(ARRAY[$1::bytea], ARRAY[2::smallint], 1, 1000)";
    let error = client.query(claim, &[&image]).await.expect_err("it is not the warehouse");
    assert!(error.as_db_error().expect("said").message().contains("may not play"), "{error:?}");
}

#[tokio::test]
async fn what_a_step_may_write_is_bounded() {
    let Some(town) = Town::new().await else { return };
    let admin = support::client(&town.url).await;
    let bounds = "UPDATE telltale.bounds SET payload = 100, state = 70000, channel = 3, key = 20, reason = 30";
    admin.batch_execute(bounds).await.expect("the owner may");
    let long = Start::of(&purchase::IMAGE).called("a name with more than twenty letters");
    let refused = long.on(&town.owner).await.expect_err("it is too long").to_string();
    assert!(refused.contains("too long"), "{refused}");
    let with_zero = Start::of(&purchase::IMAGE).called("a\0b").on(&town.owner).await;
    assert!(with_zero.expect_err("no place for it").to_string().contains("no zeros"));

    let waits = || Done::of(PartStatus::Waits);
    let large = Envelope { payload: vec![0; 101], ..sent(SHOP, CUSTOMER, 0) };
    let many =
        |from| (from..from + 4).map(|number| sent(SHOP, CUSTOMER, number)).collect::<Vec<_>>();
    let cases = [
        ("large", Done { sent: vec![large], ..waits() }, "`Shop` has sent 101 bytes to `Customer`"),
        (
            "many",
            Done { sent: many(0), ..waits() },
            "`Shop` has sent more than 3 messages to `Customer`",
        ),
        ("late", Done { sent: many(1_000_000), ..waits() }, "more than 3 messages"),
        (
            "twice",
            Done { sent: vec![sent(SHOP, CUSTOMER, 0); 2], ..waits() },
            "message number 0 to `Customer` twice",
        ),
        (
            "nobody",
            Done { sent: vec![sent(SHOP, RoleId(9), 0)], ..waits() },
            "`nobody`, which is done",
        ),
        ("state", Done { state: vec![0; 70_001], ..waits() }, "has 70001 bytes"),
        (
            "talk",
            Done::of(PartStatus::Faulted("a reason with zeros \0 and no end".to_owned())),
            "a reason with zeros \u{fffd} and no",
        ),
    ];
    for (key, done, expected) in cases {
        let claim = town.shop_of(key).await;
        let committed = town.owner.commit(vec![(claim, done)]).await.pop().expect("an answer");
        committed.expect("it is written that it has gone wrong");
        let ending = town.owner.ending(&key.into()).await.expect("it is there");
        let Some(Ending::Faulted { role, reason }) = ending else { panic!("{key}: {ending:?}") };
        assert_eq!(role, "Shop", "{key}");
        assert!(reason.contains(expected), "{key}: {reason}");
    }
    let numbers = Done { sent: vec![sent(SHOP, CUSTOMER, u64::MAX)], ..waits() };
    let claim = town.shop_of("numbers").await;
    let committed = town.owner.commit(vec![(claim, numbers)]).await.pop().expect("an answer");
    assert!(committed.expect_err("it has no place").to_string().contains("too large"));
}

/// What a login says of itself in the functions that it may call.
#[tokio::test]
async fn lies_stop_nobody_else() {
    let Some(town) = Town::new().await else { return };
    let start = Start::of(&purchase::IMAGE).called("victim").with_ticket_for("Customer");
    start.on(&town.owner).await.expect("it is new");
    let said =
        |error: tokio_postgres::Error| error.as_db_error().expect("said").message().to_owned();

    // Whoever sleeps gives no channel of others, and shows a ticket.
    let app = town.client("app").await;
    let sleep = "SELECT telltale.sleep($1, '{}', '{}', '{victim}', '{0}', $2)";
    let shown: Vec<&[u8]> = vec![&[0; 32]];
    for channel in ["", "a", &"x".repeat(64), "telltale_0123456789abcdef; --"] {
        let error = app.query(sleep, &[&channel, &shown]).await.expect_err("it is none");
        assert!(said(error).contains("the channel is none"), "{channel}");
    }
    app.query(sleep, &[&"telltale_0123456789abcdef", &shown]).await.expect("it is one");
    let admin = support::client(&town.url).await;
    let sleepers = admin.query("SELECT FROM telltale.sleeper", &[]).await.expect("the owner may");
    assert!(sleepers.is_empty(), "the ticket was wrong");

    // Nobody locks what he has nothing to do with.
    let commit = "SELECT telltale.commit(ARRAY['victim'], ARRAY[1::smallint], ARRAY[1::bigint], ARRAY[0::bigint], ARRAY['\\x00'::bytea],
        ARRAY[NULL::bytea], ARRAY[false], ARRAY['\\x00'::bytea], ARRAY[1::smallint], ARRAY[NULL::bigint], ARRAY[NULL::text], ARRAY[NULL::bigint],
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')";
    app.batch_execute("BEGIN").await.expect("it may");
    let written: Vec<i32> = app.query_one(commit, &[]).await.expect("it may ask").get(0);
    assert!(written.is_empty(), "it is the shop's");
    let claim = town.owner.claim(&served(SHOP), 1).await.expect("it may").pop().expect("it is new");
    let committed = town.owner.commit(vec![(claim, Done::of(PartStatus::Waits))]).await;
    assert!(matches!(committed[..], [Ok(())]), "{committed:?}");
    app.batch_execute("ROLLBACK").await.expect("it may");

    // A session has not ended because somebody says so.
    let shop = town.client("shop").await;
    let lie = commit
        .replace("ARRAY[false]", "ARRAY[true]")
        .replace("ARRAY[0::bigint]", "ARRAY[1::bigint]");
    let written: Vec<i32> = shop.query_one(&lie, &[]).await.expect("it may").get(0);
    assert!(written.is_empty(), "the session has not ended");
    let truth = lie.replace("ARRAY[true]", "ARRAY[false]");
    let twice = truth.replace("'victim'", "'victim', 'victim'");
    assert!(
        said(shop.query_one(&twice, &[]).await.expect_err("twice"))
            .contains("two steps of one session")
    );

    // Under another isolation, nobody would see what others have done.
    shop.batch_execute("SET default_transaction_isolation = 'repeatable read'")
        .await
        .expect("it may");
    assert!(
        said(shop.query_one(&truth, &[]).await.expect_err("isolated")).contains("`read committed`")
    );
    shop.batch_execute("RESET default_transaction_isolation").await.expect("it may");

    // A lane that is none is a fault of who has sent it, and no fault of who gets it.
    let lane = truth.replace(
        "'{}', '{}', '{}', '{}', '{}', '{}', '{}')",
        "'{1}', '{victim}', '{0}', '{70000}', '{0}', '{0}', ARRAY['\\x00'::bytea])",
    );
    let written: Vec<i32> = shop.query_one(&lane, &[]).await.expect("it may").get(0);
    assert_eq!(written, [1]);
    let ending = town.owner.ending(&"victim".into()).await.expect("it is there");
    let Some(Ending::Faulted { role, reason }) = ending else { panic!("{ending:?}") };
    assert_eq!(
        (role.as_str(), reason.as_str()),
        ("Shop", "`Shop` has sent a message to `Customer` that has no place")
    );

    // A service may be started where the schema is there.
    town.engine("shop").migrate().await.expect("there is nothing to do");
}

#[tokio::test]
async fn what_cannot_be_written_down_is_no_attempt_and_what_does_not_fit_ends_its_session() {
    let Some(town) = Town::new().await else { return };
    let admin = support::client(&town.url).await;
    let no_room = "CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.version > OLD.version THEN RAISE disk_full; END IF; RETURN NEW; END $$;
        CREATE TRIGGER no_room BEFORE UPDATE ON telltale.part FOR EACH ROW EXECUTE FUNCTION public.no_room();";
    admin.batch_execute(no_room).await.expect("the owner may");
    let mut claim = town.shop_of("order").await;
    for _ in 0..10 {
        let committed = town.owner.commit(vec![(claim, Done::of(PartStatus::Waits))]).await;
        assert!(matches!(committed[..], [Err(EngineError::Lost(_))]), "{committed:?}");
        claim =
            town.owner.claim(&served(SHOP), 1).await.expect("it may").pop().expect("given back");
        assert_eq!(claim.work().attempts, 1, "the step was not to blame");
    }
    admin.batch_execute("DROP TRIGGER no_room ON telltale.part").await.expect("the owner may");
    let sent = Done { sent: vec![sent(SHOP, WAREHOUSE, 0)], ..Done::of(PartStatus::Waits) };
    let committed = town.owner.commit(vec![(claim, sent)]).await;
    assert!(matches!(committed[..], [Ok(())]), "{committed:?}");

    admin.batch_execute("UPDATE telltale.bounds SET inbox = 4").await.expect("the owner may");
    town.owner.claim(&served(WAREHOUSE), 1).await.expect("it may");
    let ending = town.owner.ending(&"order".into()).await.expect("it is there");
    let Some(Ending::Faulted { reason, .. }) = ending else { panic!("{ending:?}") };
    assert_eq!(reason, "5 bytes are on their way to `Warehouse`, and `telltale.bounds` allows 4");
}

#[tokio::test]
async fn what_is_refused_is_counted_and_logged_once() {
    const TIMES: i64 = 70;
    let Some(town) = Town::new().await else { return };
    let _in_work = town.shop_of("order").await;
    let admin = support::client(&town.url).await;
    let bounds = "UPDATE telltale.bounds SET payload = 100, channel = 3, key = 20, sleepers = 5";
    admin.batch_execute(bounds).await.expect("the owner may");
    let app = town.engine("app");
    let names_of_sessions = ["order", "no such order", "no such\norder 'at all"];
    for nth in 0..TIMES {
        let session = names_of_sessions[usize::try_from(nth % 3).expect("a place")];
        let wrong = TicketHash([7; 32]);
        let seat =
            engine::Seat { session: session.into(), role: CUSTOMER, ticket: wrong, anyway: false };
        let seat = Wanted::Seats([seat].into());
        let seated = app.claim(&seat, 1).await;
        assert!(matches!(seated, Err(EngineError::NoSeat { .. })), "{seated:?}");
        assert!(is_refused(&app.claim(&served(SHOP), 1).await));
        let unknown = app.ending(&"no such order".into()).await;
        assert!(matches!(unknown, Err(EngineError::NoSession(_))), "{unknown:?}");
    }
    // Whoever is bounded by its protocol as well ends its own session, and nothing else.
    for (key, done) in [
        ("large", vec![Envelope { payload: vec![0; 101], ..sent(SHOP, CUSTOMER, 0) }]),
        ("many", (0..4).map(|number| sent(SHOP, CUSTOMER, number)).collect()),
        ("nobody", vec![sent(SHOP, RoleId(9), 0)]),
    ] {
        let claim = town.shop_of(key).await;
        let done = Done { sent: done, ..Done::of(PartStatus::Waits) };
        let committed = town.owner.commit(vec![(claim, done)]).await;
        assert!(matches!(committed[..], [Ok(())]), "{committed:?}");
    }
    // Whoever says that he is a thousand engines is a few.
    let shop = town.client("shop").await;
    let sleep = "SELECT telltale.sleep($1, ARRAY[$2::bytea], '{1}', '{}', '{}', '{}')";
    let image = &purchase::IMAGE.hash().0[..];
    for nth in 0..TIMES {
        shop.query(sleep, &[&format!("telltale_{nth:016x}"), &image]).await.expect("it may ask");
    }
    assert!(shop.query(sleep, &[&"nobody", &image]).await.is_err(), "it is none");
    let sleepers = admin.query_one("SELECT count(*) FROM telltale.sleeper", &[]).await;
    assert_eq!(sleepers.expect("the owner may").get::<_, i64>(0), 5);

    let rows = admin.query("SELECT kind, times FROM telltale.refusals ORDER BY kind", &[]).await;
    let rows = rows.expect("the owner may");
    let counted: Vec<(&str, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [
        ("malformed", 1),
        ("no_message", 1),
        ("no_seat", TIMES),
        ("no_session", TIMES),
        ("not_allowed", TIMES),
        ("too_large", 1),
        ("too_many", 1 + TIMES - 5),
    ];
    assert_eq!(counted, expected, "also what was given up with its transaction");

    // Each kind has a line, or one more where a minute has passed meanwhile; and of what others have chosen there is no line in it.
    let server = support::server().expect("it has given a database");
    let log = server.log().expect("it has a file");
    let database = town.url.rsplit('/').next().expect("it has a name");
    for (kind, _) in expected {
        let of_kind = format!("of the kind \"{kind}\"");
        let login = town.url.rsplit('_').next().expect("it has a number");
        let of_town = |line: &&str| {
            let by_login = line.contains(&format!("_{login}:"));
            line.contains(&of_kind) && (by_login || line.contains("the login postgres:"))
        };
        let lines = log.lines().filter(of_town).count();
        assert!((1..=9).contains(&lines), "{kind} in {database}: {lines} lines");
    }
    assert!(!log.lines().any(|line| line.starts_with("order 'at all")), "it is on one line");
}
