//! Single figures to watch from one commit to the next: `cargo bench`.
//!
//! Tables with everything to compare with are printed by `cargo run --release`.

use std::collections::BTreeMap;
use std::fmt::Write;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use telltale_benches::contender::Visits;
use telltale_benches::ways::{Exchange, Way};
use telltale_benches::workload::short::{Purchase, Scalar, Short};
use telltale_types::LocalTypeR;
use telltale_vm::loader::CodeImage;
use telltale_vm::{Recording, VM, VMConfig};

fn main() {
    divan::main();
}

/// A thousand messages or a few more.
#[divan::bench(args = [Exchange::PingPong, Exchange::Stream, Exchange::Choice, Exchange::Ring10])]
fn handler(bencher: Bencher<'_, '_>, exchange: Exchange) {
    messages(bencher, exchange, Way::Handler);
}

/// A thousand messages or a few more.
#[divan::bench(args = [Exchange::PingPong, Exchange::Ring10])]
fn roles(bencher: Bencher<'_, '_>, exchange: Exchange) {
    messages(bencher, exchange, Way::Roles);
}

fn messages(bencher: Bencher<'_, '_>, exchange: Exchange, way: Way) {
    const MESSAGES: u64 = 1_024;
    let mut contender = exchange.by(way, Visits::one_session()).expect("the VM has all exchanges");
    bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| contender.exchange(MESSAGES));
}

fn vm() -> VM {
    VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() })
}

/// A session from its opening to its end.
#[divan::bench(types = [Scalar, Purchase])]
fn session<S: Short>(bencher: Bencher<'_, '_>) {
    let (mut vm, effects) = (vm(), S::Effects::default());
    bencher.bench_local(|| {
        vm.load_choreography(S::image()).expect("room");
        vm.run(&effects, usize::MAX).expect("no faults");
    });
}

/// A protocol of a hundred statements.
fn long() -> String {
    let mut text = "protocol Long(Alice, Bob) {\n".to_owned();
    for nth in 0..50 {
        let _ = writeln!(text, "Alice -> Bob: Ask{nth}(u64);\nBob -> Alice: Answer{nth}(String);");
    }
    text + "}"
}

fn projected(text: &str) -> telltale_syntax::Projected {
    let analysis = telltale_syntax::analyse_str(text);
    telltale_syntax::project(&analysis.protocols[0]).expect("projectable")
}

#[divan::bench]
fn parse_and_project_100_statements(bencher: Bencher<'_, '_>) {
    let text = long();
    bencher.bench(|| projected(black_box(&text)));
}

#[divan::bench]
fn compile_100_statements(bencher: Bencher<'_, '_>) {
    let projected = projected(&long());
    let locals: &BTreeMap<String, LocalTypeR> = &projected.locals;
    bencher.bench(|| CodeImage::from_local_types(black_box(locals), &projected.global));
}

/// The first session of an image in a VM.
#[divan::bench]
fn link_100_statements(bencher: Bencher<'_, '_>) {
    let projected = projected(&long());
    let image = CodeImage::from_local_types(&projected.locals, &projected.global);
    bencher.with_inputs(vm).bench_local_values(|mut vm| {
        vm.load_choreography(&image).expect("room");
        vm
    });
}
