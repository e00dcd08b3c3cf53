use telltale_vm::choreography;

fn main() {
    struct Local;

    choreography! {
        protocol Count(Alice, Bob) {
            Alice -> Bob: Number(Local);
        }
    }
}
