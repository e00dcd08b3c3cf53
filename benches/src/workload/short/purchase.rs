//! Two buyers, texts, numbers, signals and a choice: eight messages, or six when they do not agree.

mod cast;
mod hosts;
mod machine;
mod objects;

use telltale_vm::loader::CodeImage;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, RoleId, VM,
    Value, choreography,
};

use self::cast::Cast;
use self::hosts::Handler;
use self::machine::Machine;
use super::{Account, Books, ByObjects, Failure, Left, Person, Short, Unlimited, agrees};

choreography! {
    pub protocol TwoBuyers(Alice, Bob, Seller) {
        Alice -> Seller: Title(String);
        Seller -> Alice, Bob: Quote(u64);
        Alice -> Bob: Share(u64);
        choice Verdict at Bob {
            Bob -> Seller: Accept(String);
            Bob -> Alice: Accepted;
            Alice -> Seller: Pay(u64);
            Seller -> Bob: Delivery(u64);
        } or {
            Bob -> Seller: Decline;
            Bob -> Alice: Declined;
        }
    }
}

const TITLE: &str = "A Pattern Language";
const ADDRESS: &str = "Rose Street 7";
const QUOTE: u64 = 95;
const SHARE: u64 = 31;
const DAYS: u64 = 3;

pub struct Purchase;

impl ByObjects for Purchase {
    const NAME: &'static str = "8 messages, 3 roles, texts";

    type Objects = (Machine, Cast);

    fn objects(nth: u64) -> Self::Objects {
        (Machine::default(), Cast::new(nth))
    }

    #[inline(never)]
    fn visit((machine, cast): &mut Self::Objects, mut steps: Left) -> Result<bool, Failure> {
        machine.run(cast, &mut steps)?;
        Ok(machine.is_done())
    }

    fn image() -> &'static CodeImage {
        &two_buyers::IMAGE
    }

    fn open(vm: &mut VM, nth: u64) {
        let [alice, bob, seller] = [nth; 3].map(Person::new);
        two_buyers::Roles { alice, bob, seller }.open_detached(vm).expect("room");
    }

    fn due(sessions: u64) -> Account {
        let agreed = (0..sessions).filter(|&nth| agrees(nth)).count() as u64;
        Account {
            messages: 6 * sessions + 2 * agreed,
            sum: (2 * QUOTE + SHARE) * sessions + (SHARE + DAYS) * agreed,
            text: TITLE.len() as u64 * sessions + ADDRESS.len() as u64 * agreed,
        }
    }
}

impl Short for Purchase {
    type Handler = dyn Handler;
    type Typed = Machine;
    type Effects = Clerk;

    fn handler(books: &Books) -> &Self::Handler {
        books
    }

    #[inline(never)]
    fn run_typed(session: &mut Machine, mut handler: &dyn Handler) -> Result<(), Failure> {
        session.run(&mut handler, &mut Unlimited)
    }

    #[inline(never)]
    fn run_objects((machine, cast): &mut Self::Objects) -> Result<(), Failure> {
        machine.run(cast, &mut Unlimited)
    }
}

/// The handler of the VM, which knows the labels by their numbers.
pub struct Clerk {
    books: Books,
    title: LabelId,
    quote: LabelId,
    share: LabelId,
    pay: LabelId,
    delivery: LabelId,
    accept: LabelId,
}

impl Default for Clerk {
    fn default() -> Self {
        let label = |name| Purchase::image().names().find_label(name).expect("a label");
        Self {
            books: Books::default(),
            title: label("Title"),
            quote: label("Quote"),
            share: label("Share"),
            pay: label("Pay"),
            delivery: label("Delivery"),
            accept: label("Accept"),
        }
    }
}

impl AsRef<Books> for Clerk {
    fn as_ref(&self) -> &Books {
        &self.books
    }
}

impl EffectHandler for Clerk {
    fn send(&self, _: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        Ok(if label == self.title {
            Value::text(TITLE)
        } else if label == self.quote {
            Value::Uint(QUOTE)
        } else if label == self.share || label == self.pay {
            Value::Uint(SHARE)
        } else if label == self.delivery {
            Value::Uint(DAYS)
        } else {
            Value::Unit
        })
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, value: Value) -> HandlerResult<()> {
        match value {
            Value::Uint(number) => self.books.number(number),
            Value::Unit => self.books.signal(),
            other => match other.as_text() {
                Some(text) => self.books.text(text),
                None => return Err(HandlerError::msg("neither a number nor a text")),
            },
        }
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let agrees = self.books.agrees();
        let branch = usize::from((branches[0].label == self.accept) != agrees);
        let value = if agrees { Value::text(ADDRESS) } else { Value::Unit };
        Ok(Picked { branch, value })
    }
}
