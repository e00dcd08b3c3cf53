use telltale_vm::choreography;

choreography! {
    protocol P(Boss, Worker[3]) {
        Boss -> Worker[1]: Go;
    }
}

fn main() {}
