use telltale_vm::choreography;

choreography! {
    protocol Letters(Alice, String) {
        Alice -> String: Hello(u8);
        String -> Alice: Text(String);
    }
}

fn main() {}
