use telltale_vm::choreography;

choreography! {
    protocol Stream(Source, Sink, Monitor) {
        loop {
            choice at Source {
                Source -> Sink: Item(u64);
            } or {
                Source -> Sink: Last;
                break;
            }
        }
        Monitor -> Sink: Report;
        Sink -> Monitor: Thanks;
        choice at Monitor {
            Monitor -> Source: Good;
            Source -> Sink: Bye;
        } or {
            Monitor -> Sink: Bad;
            Source -> Sink: Again;
        }
    }
}

fn main() {}
