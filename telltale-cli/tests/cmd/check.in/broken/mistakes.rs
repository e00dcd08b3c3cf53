wrapper! {
    mod inside {
        choreography! {
            protocol Typo(Alice, Bob) {
                Alice -> Bod: Hello;
            }

            protocol Fine(Alice, Bob) {
                Alice -> Bob: Hello;
            }
        }
    }
}
