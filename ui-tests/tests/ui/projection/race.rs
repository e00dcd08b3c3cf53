use telltale_vm::choreography;

choreography! {
    protocol Race(Alice, Bob, Carol) {
        choice at Alice {
            Alice -> Bob: Bid(u8);
            Bob -> Carol: Bid(u8);
            Alice -> Carol: Done;
        } or {
            Alice -> Bob: Pass;
            Alice -> Carol: Done;
            Bob -> Carol: Bid(u8);
        }
    }
}

fn main() {}
