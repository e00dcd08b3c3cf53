//! Battleships between two processes, neither of which can see the other's fleet.
//!
//! Each process opens the same session with one player; the other one is elsewhere. What goes between them over TCP is a line for
//! each message, which anybody could type. Whoever types what the protocol does not allow ends the game, and is found out.
//!
//! ```text
//! cargo run --example game
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use telltale_vm::outside::Outgoing;
use telltale_vm::wire::Payloads;
use telltale_vm::{
    Elsewhere, HandlerResult, Message, NoHandler, RoleId, SessionId, VM, choreography,
};

choreography! {
    /// They shoot in turn, and say what was hit, until one of them has no ship left.
    #[serde]
    pub protocol Battleships(Home, #[like(Home)] Away) {
        loop {
            Home -> Away: Shot(Square);
            choice at Away {
                Away -> Home: Water;
            } or {
                Away -> Home: Hit;
            } or {
                Away -> Home: Sunk;
            } or {
                Away -> Home: YouWin;
                break;
            }
            Away -> Home: Shot(Square);
            choice Report at Home {
                Home -> Away: Water;
            } or {
                Home -> Away: Hit;
            } or {
                Home -> Away: Sunk;
            } or {
                Home -> Away: YouWin;
                break;
            }
        }
    }
}

use battleships::{Report, Roles};

const COLUMNS: &str = "ABCDEF";
const ROWS: &str = "123456";

/// A square of the sea, `B4` for example. On the wire it is read by the same rule as anywhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Square {
    column: usize,
    row: usize,
}

impl Square {
    fn at(column: usize, row: usize) -> Option<Self> {
        (column < COLUMNS.len() && row < ROWS.len()).then_some(Self { column, row })
    }

    fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..COLUMNS.len() * ROWS.len())
            .map(|nth| Self { column: nth % COLUMNS.len(), row: nth / COLUMNS.len() })
    }

    fn neighbours(self) -> impl Iterator<Item = Self> {
        let Self { column, row } = self;
        let below = [(column.wrapping_sub(1), row), (column, row.wrapping_sub(1))];
        let above = [(column + 1, row), (column, row + 1)];
        below.into_iter().chain(above).filter_map(|(column, row)| Self::at(column, row))
    }
}

impl TryFrom<String> for Square {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (column, row) = text.split_at_checked(1).unwrap_or_default();
        let place = COLUMNS.find(column).zip(ROWS.find(row)).filter(|_| text.len() == 2);
        let square = place.and_then(|(column, row)| Self::at(column, row));
        square.ok_or_else(|| format!("there is no square {text:?}"))
    }
}

impl From<Square> for String {
    fn from(square: Square) -> Self {
        square.to_string()
    }
}

impl fmt::Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, row } = *self;
        write!(f, "{}{}", &COLUMNS[column..=column], &ROWS[row..=row])
    }
}

/// Hides some ships, and looks for those of the other.
struct Player {
    /// What is left of them.
    ships: Vec<BTreeSet<Square>>,
    /// Where the other has shot.
    shot_at: Option<Square>,
    /// Where to shoot; the last one first.
    aims: Vec<Square>,
    /// What was where it has shot, and where that was last.
    found: BTreeMap<Square, char>,
    aim: Option<Square>,
}

impl Player {
    /// Looks at every second square first.
    fn new(ships: [&str; 3]) -> Result<Self, String> {
        let ship = |ship: &str| ship.split(' ').map(|at| Square::try_from(at.to_owned())).collect();
        let ships = ships.into_iter().map(ship).collect::<Result<_, String>>()?;
        let mut aims: Vec<Square> = Square::all().rev().collect();
        aims.sort_by_key(|at| (at.column + at.row).is_multiple_of(2));
        Ok(Self { ships, shot_at: None, aims, found: BTreeMap::new(), aim: None })
    }

    fn note(&mut self, what: char) -> HandlerResult<()> {
        let aim = self.aim.ok_or("there was no shot")?;
        self.found.insert(aim, what);
        if what == 'x' {
            // The rest of the ship is beside it.
            self.aims.extend(aim.neighbours());
        }
        Ok(())
    }
}

impl battleships::Home for Player {
    fn shot(&mut self) -> HandlerResult<Square> {
        while let Some(aim) = self.aims.pop() {
            if !self.found.contains_key(&aim) {
                self.aim = Some(aim);
                return Ok(aim);
            }
        }
        Err("nothing is left to shoot at, and there is still a ship".into())
    }
    fn on_water(&mut self) -> HandlerResult<()> {
        self.note('~')
    }
    fn on_hit(&mut self) -> HandlerResult<()> {
        self.note('x')
    }
    fn on_sunk(&mut self) -> HandlerResult<()> {
        self.note('x')
    }
    fn on_you_win(&mut self) -> HandlerResult<()> {
        self.note('x')
    }
    fn on_shot(&mut self, shot: Square) -> HandlerResult<()> {
        self.shot_at = Some(shot);
        Ok(())
    }
    fn report(&mut self) -> HandlerResult<Report> {
        let shot = self.shot_at.ok_or("there was no shot")?;
        let Some(ship) = self.ships.iter_mut().find_map(|ship| ship.take(&shot).map(|_| ship))
        else {
            return Ok(Report::Water);
        };
        if !ship.is_empty() {
            return Ok(Report::Hit);
        }
        self.ships.retain(|ship| !ship.is_empty());
        Ok(if self.ships.is_empty() { Report::YouWin } else { Report::Sunk })
    }
}

/// What a player has found out.
impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in 0..ROWS.len() {
            write!(f, "  {}", &ROWS[row..=row])?;
            for column in 0..COLUMNS.len() {
                let found = self.found.get(&Square { column, row });
                write!(f, " {}", found.unwrap_or(&'·'))?;
            }
            writeln!(f)?;
        }
        let ships = self.ships.len();
        writeln!(f, "    A B C D E F\n  shots: {}, ships left: {ships}", self.found.len())
    }
}

/// Carries the messages of a part over a wire, until the part has ended.
fn carry(
    vm: &mut VM,
    part: SessionId,
    me: &str,
    mut wire: TcpStream,
) -> Result<(), Box<dyn Error>> {
    // A whole game is shorter than that.
    let mut lines = BufReader::new(wire.try_clone()?.take(10_000)).lines();
    loop {
        vm.run(&NoHandler, 1_000)?;
        let mut outgoing = Vec::new();
        vm.take_outgoing(part, &mut outgoing)?;
        for message in outgoing {
            wire.write_all(to_line(&message)?.as_bytes())?;
        }
        if vm.status(part)?.has_ended() {
            return Ok(());
        }
        match lines.next() {
            Some(Ok(line)) => match from_line(me, &line) {
                // What comes back is not needed: the session has ended then, and says why.
                Ok(incoming) => drop(vm.deliver(part, incoming)),
                Err(error) => vm.cancel(part, &format!("the other has typed this: {error}"))?,
            },
            _ => vm.cancel(part, "the other has hung up")?,
        }
    }
}

/// A message as `number label payload`.
fn to_line(Outgoing { message, number }: &Outgoing) -> Result<String, Box<dyn Error>> {
    let payload = Payloads::of(&battleships::IMAGE).encode(message.label, &message.value)?;
    let label = battleships::IMAGE.names().label(message.label).name;
    Ok(format!("{number} {label} {}\n", String::from_utf8(payload)?))
}

fn from_line(me: &str, line: &str) -> Result<Outgoing, Box<dyn Error>> {
    let names = battleships::IMAGE.names();
    let [number, label, payload] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
        return Err("a line is a number, a label and a payload".into());
    };
    let label = names.find_label(label).ok_or_else(|| format!("there is no `{label}`"))?;
    let value = Payloads::of(&battleships::IMAGE).decode(label, payload.as_bytes())?;
    let [home, away] = [0, 1].map(RoleId);
    let (from, to) = if me == "Home" { (away, home) } else { (home, away) };
    Ok(Outgoing { message: Message { from, to, lane: 0, label, value }, number: number.parse()? })
}

fn play_home(wire: TcpStream) -> Result<Player, Box<dyn Error>> {
    let mut vm = VM::default();
    let home = Player::new(["B2 B3 B4", "D1 E1", "F5 F6"])?;
    let session = Roles { home, away: Elsewhere }.open(&mut vm)?;
    carry(&mut vm, session.id(), "Home", wire)?;
    Ok(session.into_roles(&mut vm)?.home)
}

fn play_away(wire: TcpStream) -> Result<Player, Box<dyn Error>> {
    let mut vm = VM::default();
    let away = Player::new(["A6 B6 C6", "E3 F3", "D4 D5"])?;
    let session = Roles { home: Elsewhere, away }.open(&mut vm)?;
    carry(&mut vm, session.id(), "Away", wire)?;
    Ok(session.into_roles(&mut vm)?.away)
}

/// The connection of another process, or an error if that is over before it has called: nobody would ever call then.
fn accept(listener: &TcpListener, other: &mut Child) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let wire = loop {
        match listener.accept() {
            Ok((wire, _)) => break wire,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if let Some(status) = other.try_wait()? {
            return Err(io::Error::other(format!("the other process has ended: {status}")));
        }
        thread::sleep(Duration::from_millis(5));
    };
    listener.set_nonblocking(false)?;
    wire.set_nonblocking(false)?;
    Ok(wire)
}

/// What comes from those who do not know the rules.
const STRANGERS: [&str; 4] = [
    "0 Shot \"B2\"\n",
    "0 Water null\n1 Shot \"B9\"\n",
    "0 Water null\n0 Water null\n",
    "0 Hit null\n",
];

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(address) = env::args().nth(1) {
        print!("{}", play_away(TcpStream::connect(address)?)?);
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;

    let mut other = Command::new(env::current_exe()?);
    let mut other = other.arg(address.to_string()).stdout(Stdio::piped()).spawn()?;
    let home = play_home(accept(&listener, &mut other)?)?;
    let away = other.wait_with_output()?.stdout;
    println!("What Home has found out:\n{home}");
    println!("What Away has found out, in its own process:\n{}", String::from_utf8(away)?);

    // Others type what they like, and hang up.
    for typed in STRANGERS {
        let mut wire = TcpStream::connect(address)?;
        wire.write_all(typed.as_bytes())?;
        wire.shutdown(Shutdown::Write)?;
        println!("Somebody types {:?}:", typed.lines().collect::<Vec<_>>());
        match play_home(listener.accept()?.0) {
            Ok(_) => println!("  that was a game"),
            Err(error) => println!("  {error}"),
        }
    }
    Ok(())
}
