//! Protocols at any depth.

mod deep {
    fn in_a_function() {
        telltale_vm::choreography! {
            pub protocol Ping(Alice, Bob) {
                Alice -> Bob: Ping;
                Bob -> Alice: Pong(u64);
            }
        }
    }

    choreography! {
        /// Two in one block, one of which runs the other.
        protocol Greeting(Alice, Bob) {
            Alice -> Bob: Hello;
            do Answer(Alice, Bob);
        }
        protocol Answer(One, Other) {
            Other -> One: Hello { name: String };
        }
    }

    /// No protocol: `choreography! { protocol Comment(A, B) {} }`.
    const TEXT: &str = "choreography! { protocol Literal(A, B) {} }";

    macro_rules! template {
        ($name:ident) => {
            choreography! {
                protocol $name(Alice, Bob) {
                    Alice -> Bob: Hello;
                }
            }
        };
    }
}
