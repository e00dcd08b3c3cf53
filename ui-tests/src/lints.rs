//! Protocols whose expansion is documented and clean, whatever is public and whatever is not.

use telltale_vm::choreography;

/// What a public protocol carries.
#[derive(Clone, Copy, Debug)]
pub struct Public(pub u8);

#[derive(Clone, Copy, Debug)]
struct Private;

choreography! {
    pub protocol Open(Alice, Bob, Carol) {
        Alice -> Bob, Carol: Items(Public, Vec<Option<Private>>);
        Bob -> Alice: Private(Private);
        Bob -> Carol: Record { public: Public, private: Private };
        loop {
            choice at Alice {
                Alice -> Bob: More { public: Public, private: Private };
                Bob -> Alice: Private(Private);
            } or {
                Alice -> Bob: Stop;
                Alice -> Carol: Stop;
                break;
            }
        }
    }

    /// Many roles, hardly used.
    protocol Closed(A, B, C, D, E, F, G, H) {
        A -> B, C, D, E, F, G, H: Go;
    }

    pub(crate) protocol Within(Client, Server) {
        choice Request at Client {
            Client -> Server: Get(String);
        } or {
            Client -> Server: Put { key: String, value: Private };
        }
    }
}
