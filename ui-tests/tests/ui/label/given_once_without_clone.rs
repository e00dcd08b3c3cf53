use telltale_vm::choreography;

pub struct Big;

choreography! {
    pub protocol P(A, B, C) {
        choice at A {
            A -> B, C: Go(Big);
        } or {
            A -> B, C: Stop { big: Big, x: u8 };
        }
    }
}

fn main() {}
