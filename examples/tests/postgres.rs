//! What the README of `purchase_postgres` tells one to do, done on a server of one's own.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use telltale_harness::server::Server;

struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Program {
    fn start(server: &Server, arguments: &[&str]) -> Self {
        let test = std::env::current_exe().expect("it runs");
        let folder = test.ancestors().nth(2).expect("it is in a folder of the target");
        let program: PathBuf = folder.join("examples/purchase_postgres");
        let mut command = Command::new(program);
        command.args(arguments).env("DATABASE_URL", server.url("postgres"));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the example is built");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("it prints text");
        line.trim_end().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn shops_are_killed_and_replaced_and_orders_go_on() {
    let Some(server) = Server::start().expect("it starts") else {
        println!("skipped: PostgreSQL is not installed");
        return;
    };
    // With all tests it is built already, and the same way if no package is named.
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--example", "purchase_postgres"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    assert!(build.status().expect("cargo runs").success(), "the example is built");
    let mut shop = Program::start(&server, &["shop"]);
    assert_eq!(shop.line(), "shop: open");
    let mut order = Program::start(&server, &["order", "tea"]);
    assert_eq!(shop.line(), "shop: thinking about tea");
    // It is killed while it thinks, and another one goes on.
    drop(shop);
    let mut shop = Program::start(&server, &["shop"]);
    assert_eq!(shop.line(), "shop: open");
    let told = order.line();
    assert_eq!(told, "customer: a box of tea for 30");
    assert_eq!(order.line(), "customer: it is over");
    // If the step in which it began to think was not over, that has not happened, and the other one thinks as well.
    let mut line = shop.line();
    if line == "shop: thinking about tea" {
        line = shop.line();
    }
    assert_eq!(line, "shop: sending tea");

    // The next version waits for somebody who knows it, beside the first.
    let mut next = Program::start(&server, &["order", "--next", "rice"]);
    let mut too_much = Program::start(&server, &["order", "a golden tea pot"]);
    assert_eq!(shop.line(), "shop: thinking about a golden tea pot");
    let mut both = Program::start(&server, &["shop", "--next"]);
    assert_eq!(both.line(), "shop: open");
    assert_eq!(both.line(), "shop: thinking about rice");
    assert_eq!(next.line(), "customer: a box of rice for 30");
    assert_eq!(next.line(), "customer: it is over");
    assert_eq!(too_much.line(), "customer: it is over", "it was too much, and nothing was sent");
}
