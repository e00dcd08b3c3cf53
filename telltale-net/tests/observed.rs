//! What servers and clients tell of what they do: numbers, and events for `tracing`.

#![cfg(feature = "tracing")]

use std::fmt::{self, Write as _};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use telltale_net::engine::memory::Memory;
use telltale_net::{Client, ClientConfig, Server, Service, Start, Step};
use telltale_vm::loader::CodeImage;
use telltale_vm::{Elsewhere, HandlerResult, choreography};
use tokio::time;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

choreography! {
    #[serde]
    #[endpoints]
    protocol Greeting(Ann, Ben) {
        Ann -> Ben: Hello(String);
        Ben -> Ann: Welcome(u64);
    }
}

struct Ben;

impl greeting::Ben for Ben {
    fn on_hello(&mut self, _: String) -> HandlerResult<()> {
        tracing::info!("Ben has heard it");
        Ok(())
    }
    fn welcome(&mut self) -> HandlerResult<u64> {
        Ok(1)
    }
}

struct Bens;

impl Service for Bens {
    type Roles = greeting::Roles<Elsewhere, Ben>;
    type State = ();

    fn image(&self) -> &CodeImage {
        &greeting::IMAGE
    }
    fn role(&self) -> &'static str {
        "Ben"
    }
    fn restore(&self, _: &Step, _: Option<()>) -> Self::Roles {
        greeting::Roles { ann: Elsewhere, ben: Ben }
    }
    fn save(&self, _: &Self::Roles) {}
}

/// Writes down each event, with the spans that it is in.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}{}", self.0);
        } else {
            let _ = write!(self.0, " {field}={value:?}");
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let mut words = Words(String::new());
        attributes.record(&mut words);
        let span = context.span(id).expect("it is new");
        span.extensions_mut().insert(words);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        let mut line = words.0;
        for span in context.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            let Words(words) = extensions.get().expect("it was put there");
            let _ = write!(line, " in {}:{words}", span.name());
        }
        self.0.lock().expect("nobody panics").push(line);
    }
}

#[tokio::test]
async fn what_happens_is_told_and_counted() -> Result<(), Box<dyn std::error::Error>> {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    let _guard = tracing::subscriber::set_default(subscriber);

    let engine = Memory::new();
    let start = Start::of(&greeting::IMAGE).called("hello").with_ticket_for("Ann");
    start.on(&engine).await?;
    let poll = Duration::from_millis(1);
    let client = Client::with(engine.clone(), ClientConfig { poll, ..ClientConfig::default() });
    tokio::spawn(client.run(time::sleep, pending()));
    let server = Server::new(engine).serve(Bens);

    let me = greeting::ann::join(&client, &start.tickets()[0]).await?;
    let me = me.hello("I am Ann".to_owned()).await?;
    while server.step().await? {}
    me.welcome().await?.1.close();

    let ben = server.counters();
    assert_eq!((ben.claims, ben.steps, ben.received, ben.sent, ben.done), (1, 1, 1, 1, 1));
    assert_eq!((ben.repeated, ben.faulted, ben.ended, ben.fenced, ben.lost), (0, 0, 0, 0, 0));
    let ann = client.counters();
    assert_eq!((ann.received, ann.sent, ann.done), (1, 1, 1));
    let step = "in step: session=hello role=\"Ben\" version=0 attempts=1";
    let lines = lines.0.lock().expect("nobody panics").clone();
    let of_ben: Vec<&String> = lines.iter().filter(|line| line.contains("Ben\"")).collect();
    assert_eq!(
        of_ben,
        [
            "sent session=hello role=\"Ann\" to=\"Ben\" label=\"Hello\" lane=0 number=0",
            &format!("Ben has heard it {step}"),
            "received session=hello role=\"Ben\" from=\"Ann\" label=\"Hello\" lane=0 number=0",
            "sent session=hello role=\"Ben\" to=\"Ann\" label=\"Welcome\" lane=0 number=0",
            "done session=hello role=\"Ben\" version=0 received=1 sent=1",
            "received session=hello role=\"Ann\" from=\"Ben\" label=\"Welcome\" lane=0 number=0",
        ]
    );
    Ok(())
}
