fn main() {
    choreography! {
        protocol Ping(Alice, Bob) {
            Alice -> Bob: Ping;
            // Back.
            Bob -> Alice: Pong(u64);
        }
    }
    let   not_ours = 1;
}
