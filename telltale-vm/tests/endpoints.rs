//! Endpoints as generated code has them, on a host that is no more than it has to be.

use std::any::Any;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use telltale_vm::generated::endpoints::{Host, Join, Opened, Outgoing, Place, Seats, has_objects};
use telltale_vm::generated::{NamedRoles, Players, RoleObjects, SessionHost};
use telltale_vm::loader::CodeImage;
use telltale_vm::outside::{Received, Seat};
use telltale_vm::{
    ByHandler, Driven, Elsewhere, HandlerResult, LabelId, NoHandler, Outcome, RoleId, SessionError,
    SessionId, VM, VMConfig, VMError, Value, choreography,
};

choreography! {
    #[endpoints]
    pub protocol Purchase(Customer, Shop) {
        Customer -> Shop: Ask(String);
        Shop -> Customer: Price(u64, u8);
        choice Answer at Customer {
            Customer -> Shop: Buy { address: String, me: u8 };
            Shop -> Customer: Sent;
        } or {
            Customer -> Shop: Leave;
        }
    }

    #[endpoints]
    pub protocol Open(P, Q) {
        par { P -> Q: Open(u8); } and { Q -> P: Open(u8); }
        Q -> P: Done;
    }

    #[endpoints]
    #[allow(silent_end)]
    pub protocol News(Editor, Printer, Listener) {
        loop {
            choice Next at Editor {
                Editor -> Listener: Item(u8);
                Editor -> Printer: Item(u8);
            } or {
                Editor -> Printer: Close;
                break;
            }
        }
    }
}

use purchase::{customer, shop};

/// One VM for all sessions; nobody is woken, for all are polled again and again.
#[derive(Clone, Default)]
struct Polled(Arc<Mutex<Inner>>);

/// Takes the role objects of a session out of the VM.
type Take = fn(&mut VM, SessionId) -> Option<Box<dyn Any + Send>>;

#[derive(Default)]
struct Inner {
    vm: VM,
    ended: HashMap<SessionId, Outcome>,
    take: HashMap<SessionId, Take>,
}

struct Session {
    host: Polled,
    id: SessionId,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl Host for Polled {
    fn open<R: NamedRoles>(
        &self,
        image: &CodeImage,
        roles: R,
        are_kept: bool,
    ) -> Result<Opened<R>, VMError> {
        let objects = roles.into_objects();
        let players = objects.players();
        has_objects(image, players)?;
        let mut inner = self.0.lock().expect("nobody panics");
        let id = inner.vm.open_compiled_session(image, objects, are_kept)?;
        inner.take.insert(id, |vm, id| {
            let (_, objects) = vm.take_session::<R::Objects>(id).ok()?;
            Some(Box::new(objects))
        });
        Ok(Opened::new(Arc::new(Session { host: self.clone(), id }), id, players))
    }
}

impl Session {
    fn with<T>(&self, call: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.host.0.lock().expect("nobody panics");
        let done = call(&mut inner);
        inner.vm.run(&NoHandler, 100).expect("somebody is told of faults");
        let mut ended = Vec::new();
        inner.vm.take_ended(&mut ended);
        inner.ended.extend(ended);
        done
    }

    fn outcome(&self) -> Outcome {
        let inner = self.host.0.lock().expect("nobody panics");
        inner.ended.get(&self.id).cloned().unwrap_or(Err(SessionError::Closed))
    }

    fn seat(&self, place: Place) -> Seat {
        Seat { session: self.id, role: place.role, lane: place.lane }
    }
}

impl Seats for Session {
    fn poll_send(
        &self,
        seat: Place,
        message: &mut Outgoing,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), SessionError>> {
        let value = message.value.take().expect("it is sent once");
        let (to, label) = (message.to, message.label);
        match self.with(|inner| inner.vm.driven_send(self.seat(seat), to, label, value)) {
            Ok(None) => Poll::Ready(Ok(())),
            Ok(back) => {
                message.value = back;
                Poll::Pending
            }
            Err(_) => Poll::Ready(self.outcome()),
        }
    }

    fn poll_receive(
        &self,
        seat: Place,
        _: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, SessionError>> {
        match self.with(|inner| inner.vm.driven_receive(self.seat(seat))) {
            Ok(Some(received)) => Poll::Ready(Ok(Some(received))),
            Ok(None) => Poll::Pending,
            Err(_) => Poll::Ready(self.outcome().map(|()| None)),
        }
    }

    fn poll_ready(&self, seat: Place, _: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        match self.with(|inner| inner.vm.driven_is_ready(self.seat(seat))) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(_) => Poll::Ready(self.outcome()),
        }
    }

    fn poll_ended(&self, _: &mut Context<'_>) -> Poll<(Outcome, Option<Box<dyn Any + Send>>)> {
        let is_over = self.with(|inner| inner.ended.contains_key(&self.id));
        if !is_over {
            return Poll::Pending;
        }
        let objects = self.with(|inner| inner.take[&self.id](&mut inner.vm, self.id));
        Poll::Ready((self.outcome(), objects))
    }

    fn cancel(&self, reason: &str) {
        // It may have ended before.
        let _ = self.with(|inner| inner.vm.cancel(self.id, reason));
    }
}

/// Whoever has the right word gets a part.
impl Join for Polled {
    type Ticket = &'static str;
    type Error = String;

    fn take_seat<R: NamedRoles>(
        &self,
        image: &CodeImage,
        roles: R,
        role: RoleId,
        ticket: &Self::Ticket,
    ) -> impl Future<Output = Result<Arc<dyn Seats>, String>> + Send {
        let refused = || Err(format!("no seat of role {role} for `{ticket}`"));
        let seats = if *ticket == "please" { self.part(image, roles) } else { refused() };
        std::future::ready(seats)
    }
}

impl Polled {
    fn part(&self, image: &CodeImage, roles: impl NamedRoles) -> Result<Arc<dyn Seats>, String> {
        let mut inner = self.0.lock().expect("nobody panics");
        let id = inner.vm.open_compiled_session(image, roles.into_objects(), false);
        let id = id.map_err(|error| error.to_string())?;
        Ok(Arc::new(Session { host: self.clone(), id }))
    }
}

/// Polls both until both are done.
fn both<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut cx = Context::from_waker(Waker::noop());
    let (mut a, mut b) = (None, None);
    for _ in 0..1_000 {
        if a.is_none()
            && let Poll::Ready(done) = first.as_mut().poll(&mut cx)
        {
            a = Some(done);
        }
        if b.is_none()
            && let Poll::Ready(done) = second.as_mut().poll(&mut cx)
        {
            b = Some(done);
        }
        if a.is_some() && b.is_some() {
            break;
        }
    }
    (a.expect("the first has ended"), b.expect("the second has ended"))
}

fn alone<A>(future: impl Future<Output = A>) -> A {
    both(future, std::future::ready(())).0
}

fn narrow() -> Polled {
    let vm = VM::new(VMConfig { capacity: 1, ..VMConfig::default() });
    Polled(Arc::new(Mutex::new(Inner { vm, ..Inner::default() })))
}

async fn buy(me: customer::Ask, limit: u64) -> Result<bool, SessionError> {
    assert_eq!(format!("{me:?}"), "customer::Ask");
    let mut me = me.ask("tea".to_owned()).await?;
    me.ready().await?;
    let ((price, _), me) = me.price().await?;
    if price > limit {
        me.leave().await?.close();
        return Ok(false);
    }
    let end = me.buy("12 High Street".to_owned(), 1).await?.sent().await?;
    assert_eq!(format!("{end:?}"), "end");
    Ok(true)
}

async fn sell(me: shop::Ask) -> Result<bool, SessionError> {
    let (what, me) = me.ask().await?;
    assert_eq!(what, "tea");
    match me.price((20, 1)).await?.next().await? {
        shop::AnswerBranch::Buy { address, me: 1, me_ } => {
            assert_eq!(address, "12 High Street");
            me_.sent().await?.close();
            Ok(true)
        }
        shop::AnswerBranch::Buy { .. } => panic!("it was 1"),
        shop::AnswerBranch::Leave(me) => {
            me.close();
            Ok(false)
        }
    }
}

#[test]
fn every_branch() {
    let host = narrow();
    for limit in [10, 30] {
        let roles = purchase::endpoints(&host).expect("there is room");
        let (bought, sold) = both(buy(roles.customer, limit), sell(roles.shop));
        assert_eq!((bought, sold), (Ok(limit > 20), Ok(limit > 20)));
    }
    assert_eq!(host.0.lock().expect("nobody panics").vm.open_sessions(), 0);
}

/// Whoever joins a session plays one role of it; what it sends goes elsewhere.
#[test]
fn a_seat_in_a_session_of_others() {
    let host = narrow();
    let refused = alone(shop::join(&host, &"now")).expect_err("that is not the word");
    assert_eq!(refused, "no seat of role 1 for `now`");
    let me = alone(customer::join(&host, &"please")).expect("that is the word");
    let me = alone(me.ask("tea".to_owned())).expect("there is room");
    assert_eq!(format!("{me:?}"), "customer::Price");
    let mut inner = host.0.lock().expect("nobody panics");
    let session = inner.vm.sessions().next().expect("it is open").id();
    let mut outgoing = Vec::new();
    inner.vm.take_outgoing(session, &mut outgoing).expect("it is a part");
    let sent = |sent: &telltale_vm::outside::Outgoing| (sent.message.from, sent.message.to);
    assert_eq!(outgoing.iter().map(sent).collect::<Vec<_>>(), [(RoleId(0), RoleId(1))]);
    drop(inner);
}

#[test]
fn several_things_at_once() {
    let host = narrow();
    let roles = open::endpoints(&host).expect("there is room");
    let p = async {
        let (mouth, ear) = roles.p.fork();
        let (number, received) = ear.open().await?;
        let me = mouth.open(1).await?.join(received)?.done().await?;
        me.close();
        Ok::<u8, SessionError>(number)
    };
    let q = async {
        let (ear, mouth) = roles.q.fork();
        let sent = mouth.open(2).await?;
        let (number, received) = ear.open().await?;
        received.join(sent)?.done().await?.close();
        Ok::<u8, SessionError>(number)
    };
    assert_eq!(both(p, q), (Ok(2), Ok(1)));
}

#[test]
fn lanes_of_strangers() {
    let host = narrow();
    let (one, other) = (open::endpoints(&host), open::endpoints(&host));
    let (one, other) = (one.expect("there is room"), other.expect("there is room"));
    let ((mouth, _receives), (_, _other)) = (one.p.fork(), other.p.fork());
    let (ear, _sends) = other.q.fork();
    let sent = alone(mouth.open(1)).expect("there is room");
    let error = alone(ear.open()).expect_err("its lanes were dropped");
    assert_eq!(error.to_string(), "the session was cancelled: `p::Open` was dropped");
    let third = open::endpoints(&host).expect("there is room");
    let ((own, ear), (theirs, mouth)) = (third.p.fork(), third.q.fork());
    let own = alone(own.open(1)).expect("there is room");
    let sent_there = alone(mouth.open(1)).expect("there is room");
    let (_, received) = alone(ear.open()).expect("it was sent");
    let error = sent.join(received).expect_err("they are of two sessions");
    assert!(error.to_string().contains("was joined with"), "{error}");
    assert!(alone(theirs.open()).is_err(), "it was told");
    drop((own, sent_there));
}

#[test]
fn a_silent_end() {
    let host = Polled::default();
    let roles = news::endpoints(&host).expect("there is room");
    let speak = async {
        let me = roles.editor.item(1).await?.item(1).await?;
        me.close().await?.close();
        let (printer, mut heard) = (roles.printer, 0);
        let news::printer::NextBranch::Item(item, printer) = printer.next().await? else {
            panic!("there is one")
        };
        heard += item;
        let news::printer::NextBranch::Close(end) = printer.next().await? else {
            panic!("there is one")
        };
        end.close();
        Ok::<u8, SessionError>(heard)
    };
    let listen = async {
        let mut me = roles.listener;
        let mut heard = Vec::new();
        loop {
            match me.next().await? {
                news::listener::ItemBranch::Item(item, next) => {
                    heard.push(item);
                    me = next;
                }
                end @ news::listener::ItemBranch::End => {
                    assert_eq!(format!("{end:?}"), "End");
                    return Ok::<_, SessionError>(heard);
                }
            }
        }
    };
    assert_eq!(both(speak, listen), (Ok(1), Ok(vec![1])));
}

struct Shop {
    asked: String,
}

impl purchase::Shop for Shop {
    fn on_ask(&mut self, ask: String) -> HandlerResult<()> {
        self.asked = ask;
        Ok(())
    }
    fn price(&mut self) -> HandlerResult<(u64, u8)> {
        if self.asked == "tea" { Ok((20, 1)) } else { Err("there is none".into()) }
    }
    fn on_buy(&mut self, _: String, _: u8) -> HandlerResult<()> {
        Ok(())
    }
    fn on_leave(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

fn with_shop(host: &Polled) -> purchase::Opened<purchase::Roles<Driven, Shop>> {
    let shop = Shop { asked: String::new() };
    purchase::Roles { customer: Driven, shop }.open_on(host).expect("there is room")
}

#[test]
fn objects_come_back() {
    let host = narrow();
    let mut opened = with_shop(&host);
    assert!(format!("{opened:?}").starts_with("Opened("), "{opened:?}");
    assert_eq!(opened.id().ordinal(), 0);
    let me = opened.customer().expect("nobody has it");
    assert!(opened.customer().is_none(), "somebody has it");
    let ended = opened.into_roles();
    assert!(format!("{ended:?}").starts_with("IntoRoles("), "{ended:?}");
    let (bought, roles) = both(buy(me, 30), ended);
    assert_eq!(bought, Ok(true));
    assert_eq!(roles.map_err(|error| error.to_string()).expect("it is complete").shop.asked, "tea");

    let mut opened = with_shop(&host);
    let me = opened.customer().expect("nobody has it");
    let asks = async { me.ask("coffee".to_owned()).await?.price().await.map(drop) };
    let (told, roles) = both(asks, opened.into_roles());
    assert!(told.expect_err("there is none").to_string().ends_with("there is none"));
    let error = roles.map(drop).expect_err("it has not come to its end");
    assert_eq!(error.into_roles().expect("it has ended").shop.asked, "coffee");

    let error = alone(with_shop(&host).into_roles()).map(drop).expect_err("nobody plays");
    assert!(error.to_string().ends_with("nobody has taken the endpoint of a role"), "{error}");
}

#[test]
fn who_cannot_play_on_a_host() {
    let host = narrow();
    let error = |opened: Result<(), VMError>| opened.expect_err("it cannot be opened").to_string();
    let shop = || Shop { asked: String::new() };
    let roles = purchase::Roles { customer: ByHandler, shop: shop() };
    assert!(
        error(roles.open_on(&host).map(drop)).starts_with("`Customer` is played by the handler")
    );
    let roles = purchase::Roles { customer: Elsewhere, shop: shop() };
    assert!(error(roles.open_on(&host).map(drop)).starts_with("`Customer` is played from outside"));
    let error = error(has_objects(&purchase::IMAGE, Players::OBJECTS).map(drop));
    assert!(error.starts_with("all roles are played by objects"), "{error}");
}

/// Gives something else than what the protocol says.
#[derive(Debug)]
struct Liar(Mutex<Vec<(LabelId, Value)>>);

impl Seats for Liar {
    fn poll_send(
        &self,
        _: Place,
        _: &mut Outgoing,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), SessionError>> {
        Poll::Ready(Ok(()))
    }
    fn poll_receive(
        &self,
        _: Place,
        _: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, SessionError>> {
        let said = self.0.lock().expect("nobody panics").pop();
        Poll::Ready(Ok(said.map(|(label, value)| Received { from: RoleId(0), label, value })))
    }
    fn poll_ready(&self, _: Place, _: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        Poll::Ready(Ok(()))
    }
    fn poll_ended(&self, _: &mut Context<'_>) -> Poll<(Outcome, Option<Box<dyn Any + Send>>)> {
        Poll::Ready((Ok(()), None))
    }
    fn cancel(&self, _: &str) {}
}

#[test]
fn a_host_that_lies_is_found_out() {
    let names = purchase::IMAGE.names();
    let label = |name| names.find_label(name).expect("it is in the protocol");
    let id = VM::default().load_choreography(&purchase::IMAGE).expect("there is room");
    let open = |said: Vec<(LabelId, Value)>| -> Opened<purchase::Roles<Driven, Driven>> {
        let roles = purchase::Roles { customer: Driven, shop: Driven };
        let players = roles.into_objects().players();
        Opened::new(Arc::new(Liar(Mutex::new(said))), id, players)
    };
    // A number where a text should be; nothing where something should be; another message.
    let mut opened = open(vec![(label("Ask"), Value::from(1_u64))]);
    let shop: shop::Ask = opened.seat(1);
    let future = shop.ask();
    assert_eq!(format!("{future:?}"), "Receiving(Some(shop::Ask))");
    let error = alone(future).map(drop).expect_err("it is no text");
    let text =
        "the session was cancelled: `shop::Ask` received a message that is not of its protocol";
    assert_eq!(error.to_string(), text);
    let shop: shop::Ask = open(Vec::new()).seat(1);
    assert_eq!(alone(shop.ask()).map(drop).expect_err("nothing came").to_string(), text);
    let mut opened = open(vec![(label("Price"), Value::Unit), (label("Ask"), Value::text("tea"))]);
    let shop: shop::Ask = opened.seat(1);
    let chooses = async { shop.ask().await?.1.price((1, 1)).await?.next().await };
    let error = alone(chooses).map(drop).expect_err("it is no branch");
    assert!(error.to_string().contains("`shop::Answer` received"), "{error}");
    let error = alone(opened.into_roles()).map(drop).expect_err("it has none");
    assert_eq!(error.to_string(), "the roles of session #0 have been taken already");
}
