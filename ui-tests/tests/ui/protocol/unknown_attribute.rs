use telltale_vm::choreography;

choreography! {
    #[derive(Debug)]
    protocol Hello(Alice, Bob) {
        #[inline]
        Alice -> Bob: Ask;
    }
}

fn main() {}
