//! A client gets a token from an authorisation server and spends it at a resource server.
//!
//! Whether the login is granted or refused, all three know when it is over: a protocol in which
//! `Resources` would wait for a client that was turned away does not compile.
//!
//! ```text
//! cargo run --example oauth
//! ```

use std::error::Error;

use telltale_vm::{HandlerError, HandlerResult, choreography};

/// What the client shows to the resource server. It says nothing about who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(u64);

choreography! {
    /// Log in once, then fetch as often as the token allows.
    pub protocol Oauth(Client, Authority, Resources) {
        Client -> Authority: Login { user: String, password: String };
        choice Verdict at Authority {
            Authority -> Client: Grant(Token);
            loop {
                choice Next at Client {
                    Client -> Resources: Fetch(Token, String);
                    Resources -> Authority: Introspect(Token);
                    choice Introspection at Authority {
                        Authority -> Resources: Good { user: String };
                        Resources -> Client: Answer(Result<String, String>);
                    } or {
                        Authority -> Resources: Expired;
                        Resources -> Client: Unauthorised;
                    }
                } or {
                    Client -> Resources: Bye;
                    Client -> Authority: Logout;
                    break;
                }
            }
        } or {
            Authority -> Client: Refuse { reason: String };
            Client -> Resources: Bye;
        }
    }
}

use oauth::{Introspection, Next, Verdict};

/// Fetches one thing after the other, as long as there are wishes.
struct Client {
    password: &'static str,
    token: Option<Token>,
    wishes: Vec<&'static str>,
}

impl oauth::Client for Client {
    fn login(&mut self) -> HandlerResult<oauth::Login> {
        Ok(oauth::Login { user: "ada".to_owned(), password: self.password.to_owned() })
    }
    fn on_grant(&mut self, grant: Token) -> HandlerResult<()> {
        println!("  logged in");
        self.token = Some(grant);
        Ok(())
    }
    fn on_refuse(&mut self, reason: String) -> HandlerResult<()> {
        println!("  refused: {reason}");
        Ok(())
    }
    fn next(&mut self) -> HandlerResult<Next> {
        let Some(wish) = self.wishes.pop() else { return Ok(Next::Bye) };
        let token = self.token.clone().ok_or_else(|| HandlerError::msg("not logged in"))?;
        print!("  {wish}: ");
        Ok(Next::Fetch(token, wish.to_owned()))
    }
    fn on_answer(&mut self, answer: Result<String, String>) -> HandlerResult<()> {
        println!("{}", answer.unwrap_or_else(|problem| format!("no, {problem}")));
        Ok(())
    }
    fn on_unauthorised(&mut self) -> HandlerResult<()> {
        println!("no, the token has expired");
        Ok(())
    }
}

/// Grants tokens that can be used three times.
#[derive(Default)]
struct Authority {
    user: String,
    password: String,
    granted: Option<Token>,
    uses: u32,
    asked_about: Option<Token>,
}

impl oauth::Authority for Authority {
    fn on_login(&mut self, user: String, password: String) -> HandlerResult<()> {
        (self.user, self.password) = (user, password);
        Ok(())
    }
    fn verdict(&mut self) -> HandlerResult<Verdict> {
        if (self.user.as_str(), self.password.as_str()) != ("ada", "analytical") {
            return Ok(Verdict::Refuse { reason: format!("wrong password for `{}`", self.user) });
        }
        let token = Token(0x00ad_a123);
        (self.granted, self.uses) = (Some(token.clone()), 3);
        Ok(Verdict::Grant(token))
    }
    fn on_introspect(&mut self, introspect: Token) -> HandlerResult<()> {
        self.asked_about = Some(introspect);
        Ok(())
    }
    fn introspection(&mut self) -> HandlerResult<Introspection> {
        if self.asked_about.take() != self.granted || self.uses == 0 {
            return Ok(Introspection::Expired);
        }
        self.uses -= 1;
        Ok(Introspection::Good { user: self.user.clone() })
    }
    fn on_logout(&mut self) -> HandlerResult<()> {
        self.granted = None;
        Ok(())
    }
}

/// Has something for Ada, if she shows a good token.
#[derive(Default)]
struct Resources {
    token: Option<Token>,
    path: String,
    user: String,
}

impl oauth::Resources for Resources {
    fn on_fetch(&mut self, fetch: (Token, String)) -> HandlerResult<()> {
        (self.token, self.path) = (Some(fetch.0), fetch.1);
        Ok(())
    }
    fn introspect(&mut self) -> HandlerResult<Token> {
        self.token.take().ok_or_else(|| HandlerError::msg("there is no token to ask about"))
    }
    fn on_good(&mut self, user: String) -> HandlerResult<()> {
        self.user = user;
        Ok(())
    }
    fn answer(&mut self) -> HandlerResult<Result<String, String>> {
        Ok(match (self.user.as_str(), self.path.as_str()) {
            ("ada", "/calendar") => Ok("tea with Charles at four".to_owned()),
            (user, path) => Err(format!("there is no {path} for `{user}`")),
        })
    }
    fn on_expired(&mut self) -> HandlerResult<()> {
        Ok(())
    }
    fn on_bye(&mut self) -> HandlerResult<()> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for password in ["analytical", "difference"] {
        println!("Ada logs in with `{password}`:");
        let wishes = vec!["/calendar", "/letters", "/calendar", "/calendar"];
        let client = Client { password, token: None, wishes };

        let roles = oauth::Roles {
            client,
            authority: Authority::default(),
            resources: Resources::default(),
        };
        let roles = roles.play()?;
        assert!(roles.authority.granted.is_none(), "nobody is logged in any more");
        println!("  (the session is complete)\n");
    }
    Ok(())
}
