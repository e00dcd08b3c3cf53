//! Why the server has not done something, and what follows of it.

use std::error::Error;
use std::io;

use tokio_postgres::error::{DbError, SqlState};

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no connection, or no answer: the database is left alone for a while.
    Silent(String),
    /// The connection was lost. Another one may be better.
    Cut(String),
    /// The server cannot now, and may a little later.
    Passing(String),
    /// It was given up because of another transaction, and nothing of it has happened.
    InTheWay,
    /// It does not go away by itself. It says what to do.
    Final(String),
}

/// What is made of an error.
pub(crate) fn refusal(error: &tokio_postgres::Error) -> Refusal {
    match error.as_db_error() {
        Some(said) => said_by_server(said),
        None if goes_away(error) => Refusal::Cut(in_full(error)),
        None => {
            Refusal::Final(format!("{}; see the URL of the database and its TLS", in_full(error)))
        }
    }
}

fn said_by_server(said: &DbError) -> Refusal {
    let code = said.code();
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
        return Refusal::InTheWay;
    }
    let what = format!("{}{}", said.message(), remedy(code));
    // Connections, resources, locks, operators, the system, the server itself; and a standby that is not the primary yet.
    let passing = ["08", "53", "55", "57", "58", "XX", "25006"];
    if passing.iter().any(|class| code.code().starts_with(class)) {
        Refusal::Passing(what)
    } else {
        Refusal::Final(what)
    }
}

fn remedy(code: &SqlState) -> &'static str {
    match *code {
        SqlState::UNDEFINED_FUNCTION
        | SqlState::UNDEFINED_TABLE
        | SqlState::INVALID_SCHEMA_NAME => "; `Postgres::migrate` enters what is missing",
        SqlState::INSUFFICIENT_PRIVILEGE => "; `Rights` writes a script that allows it",
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "; see the login and the password in the URL, and `pg_hba.conf` of the server"
        }
        SqlState::UNDEFINED_DATABASE => "; `CREATE DATABASE` makes it, if the URL is right",
        _ => "",
    }
}

/// Whether it is the network: what is said about TLS, passwords and URLs stays as it is.
fn goes_away(error: &tokio_postgres::Error) -> bool {
    let mut causes = std::iter::successors(error.source(), |error| (*error).source());
    let of_network = |cause: &(dyn Error + 'static)| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        kind.is_some_and(|kind| {
            !matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        })
    };
    // Neither has a cause: a connection that was closed, and one that was waited for in vain.
    error.is_closed() || error.source().is_none() || causes.any(of_network)
}

fn in_full(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.ends_with(&cause) { text } else { format!("{text}: {cause}") }
    })
}
