//! Starts PostgreSQL servers of one's own, in temporary folders, and stops them with the process.

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A server on a port of its own, with a superuser `postgres` who needs no password. It is stopped and its folder removed when
/// it is dropped or its process ends.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Who runs it: PostgreSQL does not want to be run by root.
    user: Option<User>,
    running: Option<Child>,
}

#[derive(Clone, Copy, Debug)]
struct User {
    id: u32,
    group: u32,
}

/// Writes to the disk and waits for it, as servers do that must not lose anything.
const SETTINGS: &str =
    "listen_addresses = '127.0.0.1'\nmax_connections = 200\nunix_socket_directories = ''\n";

impl Server {
    /// Starts a server, if PostgreSQL is installed here.
    ///
    /// # Errors
    ///
    /// When it is installed and does not start.
    pub fn start() -> io::Result<Option<Self>> {
        Self::start_with("")
    }

    /// Starts one with more settings, as they stand in `postgresql.conf`.
    ///
    /// # Errors
    ///
    /// When it is installed and does not start.
    pub fn start_with(more: &str) -> io::Result<Option<Self>> {
        Self::start_in(&std::env::temp_dir(), more)
    }

    /// The same in a folder of one's own.
    ///
    /// # Errors
    ///
    /// When it is installed and does not start.
    pub fn start_in(parent: &Path, more: &str) -> io::Result<Option<Self>> {
        let Some(mut server) = Self::new(parent, None)? else { return Ok(None) };
        let initdb =
            ["-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C", "-D"];
        server.output("initdb", |command| command.args(initdb).arg(server.data()))?;
        let file = server.data().join("postgresql.conf");
        let settings = fs::read_to_string(&file)? + SETTINGS + more;
        fs::write(&file, settings)?;
        server.run()?;
        Ok(Some(server))
    }

    /// Starts a standby of another server, with its settings; on this port, or on a free one.
    ///
    /// # Errors
    ///
    /// When the other one cannot be copied, or the standby does not start.
    pub fn standby_of(primary: &Self, port: Option<u16>) -> io::Result<Self> {
        let mut server = Self::new(&std::env::temp_dir(), port)?
            .ok_or_else(|| io::Error::other("it is installed"))?;
        primary.copy_to(&server, &["-R"])?;
        server.run()?;
        Ok(server)
    }

    /// Takes a backup of this server, and makes it that of another one, which does not run. What that one had is gone.
    ///
    /// # Errors
    ///
    /// When it cannot be copied.
    fn copy_to(&self, other: &Self, arguments: &[&str]) -> io::Result<()> {
        let port = self.port.to_string();
        let common = ["-h", "127.0.0.1", "-U", "postgres", "-c", "fast", "--no-sync", "-p", &port];
        let data = other.data();
        self.output("pg_basebackup", |command| {
            command.args(common).args(arguments).arg("-D").arg(&data)
        })
    }

    /// Takes a backup.
    ///
    /// # Errors
    ///
    /// When it cannot be copied.
    pub fn back_up(&self) -> io::Result<Backup> {
        let backup = Self::new(&std::env::temp_dir(), None)?
            .ok_or_else(|| io::Error::other("it is installed"))?;
        self.copy_to(&backup, &[])?;
        Ok(Backup(backup))
    }

    /// Goes on with what a backup has, after it was killed: all that has happened since is gone.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn restore(&mut self, backup: Backup) -> io::Result<()> {
        fs::remove_dir_all(self.data())?;
        fs::rename(backup.0.data(), self.data())?;
        drop(backup);
        self.run()
    }

    /// Makes a primary of a standby.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn promote(&self) -> io::Result<()> {
        self.output("pg_ctl", |command| command.args(["promote", "-w", "-D"]).arg(self.data()))
    }

    /// A folder and a port for a server, if PostgreSQL is installed here.
    fn new(parent: &Path, port: Option<u16>) -> io::Result<Option<Self>> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Some(programs) = programs() else { return Ok(None) };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("telltale-postgres-{}-{number}", std::process::id());
        let folder = parent.join(name);
        fs::create_dir_all(&folder)?;
        let user = is_root()?.then(user).transpose()?;
        if let Some(user) = user {
            chown(&folder, Some(user.id), Some(user.group))?;
        }
        let free = || Ok::<_, io::Error>(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let port = port.map_or_else(free, Ok)?;
        Ok(Some(Self { programs, folder, port, user, running: None }))
    }

    /// Starts it again, after it was killed.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn run(&mut self) -> io::Result<()> {
        // It ends with this process, which holds the other end of what is read, and its folder with it.
        let script = r#"folder=$0; "$@" & server=$!; read -r word; kill -QUIT $server 2> /dev/null; wait $server
            [ "$word" = keep ] || rm -rf "$folder""#;
        let mut command = self.command("sh");
        command.args(["-c", script]).arg(&self.folder);
        command.arg(self.programs.join("postgres")).arg("-D").arg(self.data());
        command.args(["-p", &self.port.to_string()]);
        let log = fs::File::options().append(true).create(true).open(self.folder.join("log"))?;
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        self.running = Some(command.spawn()?);
        let begun = Instant::now();
        while !self.is_ready()? {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(io::Error::other("the server does not start within a minute"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Kills it with all of its processes, as a machine that loses power would.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn kill(&mut self) -> io::Result<()> {
        // The leader stands still, so that it starts nothing for those that are killed. Its file stays: by that it sees
        // when it comes back whether any of them is still there.
        self.send("STOP", &[self.leader()?])?;
        let all: Vec<String> = self.children()?.into_iter().chain([self.leader()?]).collect();
        self.send("KILL", &all)?;
        if let Some(mut running) = self.running.take() {
            running.stdin.take().map_or(Ok(()), |mut input| input.write_all(b"keep\n"))?;
            running.wait()?;
        }
        let begun = Instant::now();
        while all.iter().any(|process| Path::new("/proc").join(process).exists()) {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other("a process of the server cannot be killed"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        let ended = self.running.as_mut().map_or(Ok(None), Child::try_wait)?;
        if ended.is_some() {
            self.running = None;
        }
        Ok(self.running.is_none())
    }

    /// Lets all of its processes stand still, until [`Server::go_on`].
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn stop(&self) -> io::Result<()> {
        self.send("STOP", &[self.leader()?])?;
        self.send("STOP", &self.children()?)
    }

    /// Lets them go on.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn go_on(&self) -> io::Result<()> {
        self.send("CONT", &self.children()?)?;
        self.send("CONT", &[self.leader()?])
    }

    fn leader(&self) -> io::Result<String> {
        let file = fs::read_to_string(self.data().join("postmaster.pid"))?;
        Ok(file.lines().next().unwrap_or_default().to_owned())
    }

    fn children(&self) -> io::Result<Vec<String>> {
        let leader = self.leader()?;
        // Processes come and go while they are listed.
        let processes = fs::read_dir("/proc")?.flatten().map(|entry| entry.file_name());
        let processes = processes.filter_map(|process| process.into_string().ok());
        Ok(processes.filter(|process| parent(process).is_some_and(|of| of == leader)).collect())
    }

    /// Some of them may have ended by themselves.
    fn send(&self, signal: &str, processes: &[String]) -> io::Result<()> {
        let mut command = self.command("sh");
        let all = processes.join(" ");
        command.args(["-c", &format!("kill -{signal} {all} 2> /dev/null || true")]);
        command.status().map(|_| ())
    }

    /// Where to connect to.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// What it has said.
    ///
    /// # Errors
    ///
    /// When its file cannot be read.
    pub fn log(&self) -> io::Result<String> {
        fs::read_to_string(self.folder.join("log"))
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn is_ready(&self) -> io::Result<bool> {
        let port = self.port.to_string();
        let arguments = ["-q", "-h", "127.0.0.1", "-p", &port];
        Ok(self.command("pg_isready").args(arguments).status()?.success())
    }

    /// Runs a program to its end; what it complains of is the error.
    fn output(
        &self,
        program: &str,
        with: impl FnOnce(&mut Command) -> &mut Command,
    ) -> io::Result<()> {
        let output = with(&mut self.command(program)).output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{program}: {said}")))
    }

    fn command(&self, program: &str) -> Command {
        let own = self.programs.join(program);
        let mut command = Command::new(if own.exists() { own } else { program.into() });
        command.current_dir(&self.folder);
        if let Some(user) = self.user {
            command.gid(user.group).uid(user.id);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stdin.take());
            // It is a server of tests: what it cannot write down is not missed.
            let _ = running.wait();
        }
        // One that was killed, or has never run, is still there.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a server had at a moment.
#[derive(Debug)]
pub struct Backup(Server);

/// The parent of a process.
fn parent(process: &str) -> Option<String> {
    let stat = fs::read_to_string(Path::new("/proc").join(process).join("stat")).ok()?;
    // Behind its name, which may be anything, stand its state and its parent.
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(1).map(str::to_owned)
}

/// Where the programs of the server are: Debian has them in a folder for each version.
fn programs() -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).exists())
    };
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let versions = versions.map(|version| version.path().join("bin"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::split_paths(&paths).collect::<Vec<_>>();
    versions.chain(paths).find(has_all)
}

fn is_root() -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(fs::metadata(Path::new("/proc/self"))?.uid() == 0)
}

/// Somebody who is not root.
fn user() -> io::Result<User> {
    let users = fs::read_to_string("/etc/passwd")?;
    let user = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map_while(|number| number.parse().ok());
        Some(User { id: numbers.next()?, group: numbers.next()? })
    };
    user("postgres").or_else(|| user("nobody")).ok_or_else(|| io::Error::other("nobody can run it"))
}
