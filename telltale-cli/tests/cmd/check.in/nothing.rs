fn f() {
    telltale_vm::choreography! {
        // Nothing yet.
    }
}
