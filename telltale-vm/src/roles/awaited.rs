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

#[cfg(test)]
mod tests {
    use telltale_types::{GlobalTerm, Label};

    use super::*;
    use crate::{Branch, EffectHandler, VM};

    /// Asks and tells objects that are not there whatever it is asked and told.
    struct Passing;

    impl EffectHandler for Passing {
        fn send(&self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
            let mut awaited = Awaited::default();
            let refused = [
                awaited.receive(cx, to, label, Value::Unit).err(),
                awaited.choose(cx, SetId(0)).err(),
                awaited.invoke(cx, "note", None).err(),
            ];
            assert!(refused.iter().all(Option::is_some));
            assert_eq!(awaited.runner() as usize, Awaited::default().runner() as usize);
            assert!(Box::new(Awaited::default()).discard().is_none());
            // What this handler is not asked it would answer.
            assert!(
                self.receive(cx, to, label, Value::Unit).is_ok() && self.choose(cx, &[]).is_err()
            );
            awaited.send(cx, to, label)
        }

        fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
            Ok(())
        }

        fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
            Err(not_attached())
        }
    }

    #[test]
    fn what_is_not_there_answers_nothing() {
        let term = GlobalTerm::send("A", "B", Label::new("x"), GlobalTerm::end());
        let image = crate::testing::image(&term.close().expect("it is closed"));
        let mut vm = VM::default();
        vm.load_choreography(&image.expect("it projects")).expect("there is room");
        let fault = vm.run(&Passing, 10).expect_err("nobody is there").to_string();
        assert!(fault.contains("have not been attached"), "{fault}");
    }
}
