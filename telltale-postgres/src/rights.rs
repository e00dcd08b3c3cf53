//! Who may do what in the database.

use std::fmt::Write as _;

use telltale_vm::RoleId;
use telltale_vm::loader::{CodeImage, ContentHash};

/// Writes the script that lets logins play roles: each of them those that it is given. What the rows of `telltale.login` gave them before, they keep.
///
/// Logins have no rights to the tables. They call functions, which look at what they may do. The script is run by the owner
/// of the schema, again whenever a protocol has changed, as one may play a role of one version and not of another.
///
/// ```
/// use telltale_postgres::Rights;
/// # telltale_vm::choreography! { #[serde] pub protocol Purchase(Customer, Shop) { Customer -> Shop: Ask(String); } }
///
/// let script = Rights::new()
///     .may_start("web", &purchase::IMAGE)
///     .may_play("shop_service", &purchase::IMAGE, "Shop")
///     // Takes seats for which it has tickets.
///     .may_sit("customer_app")
///     .to_sql();
/// assert!(script.contains(r#"GRANT USAGE ON SCHEMA telltale TO "shop_service";"#));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "rights are given by running the script"]
pub struct Rights {
    logins: Vec<String>,
    rows: Vec<(String, ContentHash, i16)>,
}

/// Stands for starting sessions.
const START: i16 = -1;

impl Rights {
    /// Nobody may do anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// A login may start sessions of a protocol, cancel them and ask how they have ended.
    pub fn may_start(self, login: &str, image: &CodeImage) -> Self {
        self.with(login, image.hash(), START)
    }

    /// A login may play a role in the sessions of a protocol that are for services.
    ///
    /// # Panics
    ///
    /// When the protocol has no such role.
    pub fn may_play(self, login: &str, image: &CodeImage, role: &str) -> Self {
        let id = image.names().find_role(role);
        let RoleId(role) = id.unwrap_or_else(|| panic!("the protocol has no role `{role}`"));
        self.with(login, image.hash(), i16::from(role))
    }

    /// A login may take the seats for which it shows tickets.
    pub fn may_sit(mut self, login: &str) -> Self {
        self.logins.push(login.to_owned());
        self
    }

    fn with(self, login: &str, image: ContentHash, role: i16) -> Self {
        let mut rights = self.may_sit(login);
        rights.rows.push((login.to_owned(), image, role));
        rights
    }

    /// The script. Its logins are there already.
    pub fn to_sql(&self) -> String {
        const FUNCTIONS: &str = "telltale.start(text, bytea, text[], bytea[], bigint, text, bigint, text), \
             telltale.claim(bytea[], smallint[], integer, bigint), \
             telltale.claim_seats(text[], smallint[], bytea[], boolean[], integer, bigint), \
             telltale.release(text[], smallint[], bytea[], boolean[]), \
             telltale.sleep(text, bytea[], smallint[], text[], smallint[], bytea[]), \
             telltale.commit, telltale.cancel(text, text), telltale.ending(text), telltale.clean(integer)";
        let mut logins = self.logins.clone();
        logins.sort_unstable();
        logins.dedup();
        let mut script = String::from("BEGIN;\n");
        for login in logins {
            let login = quoted(&login, '"');
            // Writing to a text does not fail.
            let _ = writeln!(script, "GRANT USAGE ON SCHEMA telltale TO {login};");
            let _ = writeln!(script, "GRANT SELECT ON telltale.migration TO {login};");
            let _ = writeln!(script, "GRANT EXECUTE ON FUNCTION {FUNCTIONS} TO {login};");
        }
        for (login, image, role) in &self.rows {
            let login = quoted(login, '\'');
            let _ = writeln!(
                script,
                "INSERT INTO telltale.login (login, image, role) VALUES ({login}, '\\x{image}', {role}) ON CONFLICT DO NOTHING;"
            );
        }
        script + "COMMIT;\n"
    }
}

/// A name as SQL has it between such marks.
fn quoted(name: &str, mark: char) -> String {
    let doubled = name.replace(mark, &format!("{mark}{mark}"));
    format!("{mark}{doubled}{mark}")
}
