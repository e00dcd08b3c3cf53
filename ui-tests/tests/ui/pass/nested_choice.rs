//! A branch that begins with a choice of the same role has the branches of that one.

use telltale_vm::{HandlerResult, choreography};

choreography! {
    pub protocol Haggle(Buyer, Seller) {
        choice First at Buyer
        /// Asks until it knows enough.
        {
            loop {
                choice Next at Buyer {
                    Buyer -> Seller: Question(u8);
                    Seller -> Buyer: Answer(u8);
                } or {
                    choice at Buyer {
                        Buyer -> Seller: Accept { address: String };
                    } or {
                        Buyer -> Seller: Decline;
                    }
                    break;
                }
            }
        } or {
            do Leave(Buyer, Seller);
        }
    }

    pub protocol Leave(One, Other) {
        choice at One {
            One -> Other: Bye;
        } or {
            One -> Other: Later(u8);
        }
    }
}

#[derive(Debug)]
struct Buyer(u8);

impl haggle::Buyer for Buyer {
    fn first(&mut self) -> HandlerResult<haggle::First> {
        Ok(match self.0 {
            0 => haggle::First::Bye,
            1 => haggle::First::Later(7),
            2 => haggle::First::Decline,
            questions => haggle::First::Question(questions),
        })
    }

    fn next(&mut self) -> HandlerResult<haggle::Next> {
        Ok(match self.0 {
            3 => haggle::Next::Accept { address: "here".to_owned() },
            questions => haggle::Next::Question(questions),
        })
    }

    fn on_answer(&mut self, answer: u8) -> HandlerResult<()> {
        self.0 = answer;
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Seller(Vec<String>);

impl haggle::Seller for Seller {
    fn on_question(&mut self, question: u8) -> HandlerResult<()> {
        self.0.push(format!("question {question}"));
        Ok(())
    }

    fn answer(&mut self) -> HandlerResult<u8> {
        Ok(if self.0.len() < 2 { 4 } else { 3 })
    }

    fn on_accept(&mut self, address: String) -> HandlerResult<()> {
        self.0.push(format!("accept {address}"));
        Ok(())
    }

    fn on_decline(&mut self) -> HandlerResult<()> {
        self.0.push("decline".to_owned());
        Ok(())
    }

    fn on_bye(&mut self) -> HandlerResult<()> {
        self.0.push("bye".to_owned());
        Ok(())
    }

    fn on_later(&mut self, later: u8) -> HandlerResult<()> {
        self.0.push(format!("later {later}"));
        Ok(())
    }
}

fn told(buyer: u8) -> String {
    let roles = haggle::Roles { buyer: Buyer(buyer), seller: Seller::default() }.play();
    roles.map(|roles| roles.seller.0.join(", ")).unwrap_or_else(|error| error.to_string())
}

fn main() {
    assert_eq!(told(0), "bye");
    assert_eq!(told(1), "later 7");
    assert_eq!(told(2), "decline");
    assert_eq!(told(9), "question 9, question 4, accept here");
}
