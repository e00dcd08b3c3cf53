use telltale_vm::choreography;

choreography! {
    protocol Notes(Asker, Oracle, Scribe) {
        loop {
            choice at Asker {
                Asker -> Oracle: Ask(u32);
                Oracle -> Scribe: Note(u32);
            } or {
                Asker -> Oracle: Enough;
                break;
            }
        }
    }
}

fn main() {}
