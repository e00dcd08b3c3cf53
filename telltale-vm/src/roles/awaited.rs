//! In place of role objects: a session that was resumed waits for them. Until they are there, nothing asks it anything.

use telltale_bytecode::SetId;
use telltale_types::{LabelId, RoleId};

use crate::roles::host::{ErasedObjects, Given, Runner};
use crate::roles::objects::GivenSink;
use crate::scripted::run::End;
use crate::{Context, HandlerError, HandlerResult, Picked, Value};

/// Role objects that are not there yet.
#[derive(Debug, Default)]
pub(crate) struct Awaited {
    /// What waits beside them.
    pub(crate) given: Vec<(Given, Vec<Value>)>,
}

impl ErasedObjects for Awaited {
    fn send(&mut self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Err(not_attached())
    }

    fn receive(&mut self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Err(not_attached())
    }

    fn choose(&mut self, _: &Context<'_>, _: SetId) -> HandlerResult<Picked> {
        Err(not_attached())
    }

    fn invoke(&mut self, _: &Context<'_>, _: &str, _: Option<&Value>) -> HandlerResult<Value> {
        Err(not_attached())
    }

    fn runner(&self) -> Runner {
        |_, _| End::NoSession
    }

    fn given(&self, to: &mut GivenSink<'_>) {
        self.given.iter().for_each(|(given, payloads)| to(*given, payloads));
    }

    fn put_given(&mut self, given: Given, payloads: Vec<Value>) {
        self.given.push((given, payloads));
    }

    fn discard(self: Box<Self>) -> Option<Box<dyn ErasedObjects>> {
        None
    }
}

fn not_attached() -> HandlerError {
    HandlerError::msg("the role objects have not been attached")
}
