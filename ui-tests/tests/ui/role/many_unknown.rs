use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        A -> Worker1: Go;
        A -> Worker2: Go;
        A -> Worker3: Go;
        A -> Worker4: Go;
        A -> Worker5: Go;
        A -> Worker6: Go;
        A -> Worker7: Go;
        A -> Worker8: Go;
    }
}

fn main() {}
