use telltale_vm::choreography;

choreography! {}

fn main() {}
