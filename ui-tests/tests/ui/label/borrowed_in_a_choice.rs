use telltale_vm::choreography;
use std::borrow::Cow;
choreography! {
    pub protocol P(A, B) {
        choice at A { A -> B: X(&str); } or { A -> B: Y(Cow<'a, str>); }
        A -> B: R { k: &u8 };
        B -> A: Z(Box<dyn Fn(&u8) -> &u8 + Send>);
        B -> A: Z2(Box<dyn Fn(&'a u8) + Send>);
    }
}
fn main() {}
