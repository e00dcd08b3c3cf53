//! Half a minute in which everything is killed. For longer: `cargo run -p telltale-harness -- run --seconds 3600`.

use std::time::Duration;

use telltale_harness::run::{Report, Task, run};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_comes_twice() {
    for (seed, servers) in [(1, 1), (2, 3)] {
        let time = Duration::from_secs(15);
        let program = env!("CARGO_BIN_EXE_telltale-harness").into();
        let task = Task { seed, servers, processes: 2, time, at_once: 30, program };
        let report = run(&task).await.expect("servers and processes can be started");
        let Some(report) = report else {
            println!("skipped: PostgreSQL is not installed");
            return;
        };
        println!("{report}");
        assert!(report.holds(), "seed {seed} on {servers} servers:\n{report}");
        let Report { killed, stopped, cut, servers_killed, servers_stopped, .. } = report;
        let all = [killed, stopped, cut, servers_killed, servers_stopped];
        assert!(report.sessions > 30 && all.iter().all(|blows| *blows > 0), "{report}");
    }
}
