//! A database: its server, its standby if it has one, and the bad network before them.

use std::io;
use std::time::Duration;

use crate::proxy::Proxy;
use crate::server::Server;

/// Nothing is committed that the standby has not written to its disk as well.
const SYNCHRONOUS: &str = "synchronous_standby_names = '*'\n";

/// A database.
#[derive(Debug)]
pub struct Place {
    primary: Server,
    standby: Option<Server>,
    /// Before the primary, and before the standby.
    proxies: Vec<Proxy>,
}

impl Place {
    /// Starts what it has, if PostgreSQL is installed.
    ///
    /// # Errors
    ///
    /// When something does not start.
    pub fn start(has_standby: bool) -> io::Result<Option<Self>> {
        let settings = if has_standby { SYNCHRONOUS } else { "" };
        let Some(primary) = Server::start_with(settings)? else { return Ok(None) };
        let standby = has_standby.then(|| Server::standby_of(&primary, None)).transpose()?;
        let ports = [Some(&primary), standby.as_ref()];
        let ports = ports.into_iter().flatten().map(Server::port);
        let proxies = ports.map(Proxy::before).collect::<io::Result<_>>()?;
        Ok(Some(Self { primary, standby, proxies }))
    }

    /// One with this server, and no standby.
    ///
    /// # Errors
    ///
    /// When there is no network before it.
    pub fn of(primary: Server) -> io::Result<Self> {
        let proxies = vec![Proxy::before(primary.port())?];
        Ok(Self { primary, standby: None, proxies })
    }

    /// Where clients connect to: through the bad network, to whichever is the primary.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.proxies.iter().map(|proxy| format!("127.0.0.1:{}", proxy.port())).collect();
        let hosts = hosts.join(",");
        format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write")
    }

    /// Where the primary is, without that network.
    pub fn direct_url(&self) -> String {
        self.primary.url("postgres")
    }

    /// The server that is the primary now.
    pub fn primary(&mut self) -> &mut Server {
        &mut self.primary
    }

    /// Its standby, if it has one.
    pub fn standby(&mut self) -> Option<&mut Server> {
        self.standby.as_mut()
    }

    /// Kills the primary for good and makes a primary of its standby; another standby begins where the primary was. False: it has no standby.
    ///
    /// # Errors
    ///
    /// When one of the two cannot do that.
    pub fn fail_over(&mut self) -> io::Result<bool> {
        let Some(standby) = self.standby.take() else { return Ok(false) };
        let port = self.primary.port();
        self.primary.kill()?;
        standby.promote()?;
        // What the killed one has written down since is of no use to anybody.
        self.primary = standby;
        self.standby = Some(Server::standby_of(&self.primary, Some(port))?);
        Ok(true)
    }

    /// Cuts all connections in the middle.
    pub fn cut(&self) {
        self.proxies.iter().for_each(Proxy::cut);
    }

    /// From now on, each piece takes so long.
    pub fn delay(&self, by: Duration) {
        self.proxies.iter().for_each(|proxy| proxy.delay(by));
    }

    /// Whether nothing comes through from now on.
    pub fn swallow(&self, is_hole: bool) {
        self.proxies.iter().for_each(|proxy| proxy.swallow(is_hole));
    }
}
