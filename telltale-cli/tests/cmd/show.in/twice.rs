mod one {
    choreography! { protocol Ping(Alice, Bob) { Alice -> Bob: Ping; } }
}
mod other {
    choreography! { protocol Ping(Alice, Bob) { Alice -> Bob: Ping; Bob -> Alice: Pong; } }
}
