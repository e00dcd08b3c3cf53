use telltale_vm::choreography;

struct Number(u64);

choreography! {
    protocol Count(Alice, Bob) {
        Alice -> Bob: Number(Nmuber);
    }
}

fn main() {}
