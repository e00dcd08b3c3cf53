use telltale_vm::choreography;

choreography! {
    protocol Fetch<T>(A, B) {
        A -> B: Item(T);
    }
}

fn main() {}
