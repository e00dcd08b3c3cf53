//! What the database has to have, and how it gets that.

use telltale_net::engine::EngineError;

use crate::database::Database;

/// The version of the schema that this build brings. Each change of the files below is a new one.
const VERSION: i32 = 3;

/// The oldest version whose builds work with it. It is raised when a function that they call is gone or means something else.
const LEAST: i32 = 3;

/// Each of them is run once, in their order.
const TABLES: [(i32, &str); 3] = [
    (1, include_str!("../migrations/0001_sessions.sql")),
    (2, include_str!("../migrations/0002_refusals.sql")),
    (3, include_str!("../migrations/0003_held.sql")),
];

/// What can be done with sessions. Each function that is called from outside is one transaction, and runs with the rights of its owner: the logins
/// of services have no rights to the tables. They fix a search path, and settings with which plans are made once for each connection, and with
/// indexes, however small or old the statistics of a table are. Those that are called by them run with the same.
///
/// They are replaced as a whole whenever the database is migrated, and keep their names and arguments, so a process that is older
/// goes on. None is in SQL alone, as such a function is planned in each call.
const FUNCTIONS: &str = concat!(
    include_str!("../migrations/functions/who.sql"),
    include_str!("../migrations/functions/starting.sql"),
    include_str!("../migrations/functions/claiming.sql"),
    include_str!("../migrations/functions/committing.sql"),
    include_str!("../migrations/functions/ending.sql"),
    include_str!("../migrations/functions/waking.sql"),
    include_str!("../migrations/functions/refusing.sql"),
    include_str!("../migrations/functions/looking_after.sql"),
);

/// Brings a database to the version of this build. One that is newer stays as it is, if it still has all that this build needs.
///
/// Processes that are at work are not disturbed, and several may do it at once.
pub(crate) async fn migrate(database: &Database) -> Result<(), EngineError> {
    // Logins of services may look, and nothing else.
    let found = database.call("SELECT max(version), max(least) FROM telltale.migration", &[]).await;
    let found = match found {
        Ok(rows) => (rows[0].get::<_, Option<i32>>(0), rows[0].get::<_, Option<i32>>(1)),
        Err(error @ EngineError::Lost(_)) => return Err(error),
        // There is no schema, or one of a version that had no such column.
        Err(_) => (None, None),
    };
    match found {
        (Some(newest), Some(least)) if least > VERSION => Err(database.engine(&format_args!(
            "its schema is of version {newest}, and for builds of version {least} or newer; this one is of version {VERSION}, so \
             deploy a newer one"
        ))),
        (Some(newest), _) if newest >= VERSION => Ok(()),
        _ => {
            check_encoding(database).await?;
            database.run(&script()).await
        }
    }
}

/// Names and reasons can have any letter.
async fn check_encoding(database: &Database) -> Result<(), EngineError> {
    let rows = database.call("SELECT current_setting('server_encoding')", &[]).await?;
    match rows[0].get(0) {
        "UTF8" => Ok(()),
        other => Err(database.engine(&format_args!(
            "the encoding of the database is {other}, and has to be UTF8; `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0` makes one"
        ))),
    }
}

/// One transaction, which does nothing the second time.
fn script() -> String {
    let mut script = String::from(
        "BEGIN;
         SET LOCAL statement_timeout = 0;
         SELECT pg_catalog.set_config('lock_timeout', '30s', true);
         DO $do$ BEGIN
             CREATE SCHEMA IF NOT EXISTS telltale;
             CREATE TABLE IF NOT EXISTS telltale.migration (
                 version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now());
         EXCEPTION WHEN unique_violation OR duplicate_schema OR duplicate_table THEN
             -- Somebody else is doing it.
         END $do$;
         LOCK TABLE telltale.migration IN EXCLUSIVE MODE;\n",
    );
    for (version, tables) in TABLES {
        script += &step(version, "", tables);
    }
    script += &step(
        VERSION,
        &format!("INSERT INTO telltale.migration (version, least) VALUES ({VERSION}, {LEAST});"),
        FUNCTIONS,
    );
    script + "COMMIT;"
}

/// Is done where the database is older.
fn step(version: i32, note: &str, statements: &str) -> String {
    format!(
        "DO $step$ BEGIN
             IF coalesce((SELECT max(version) FROM telltale.migration), 0) < {version} THEN
                 EXECUTE $sql${statements}$sql$;
                 {note}
             END IF;
         END $step$;\n"
    )
}
