use telltale_vm::choreography;

choreography! {
    protocol P(A, B) {
        rec X {
            if ready { A -> B: Go; } else { A -> B: Wait; }
        }
        A -> B: Ask;
        timeout 5 { B -> A: Late; }
        choise at B { B -> A: Yes; } or { B -> A: No; }
        return;
    }
}

fn main() {}
