//! Less than a minute in which everything is killed. For longer: `cargo run -p telltale-harness -- run --seconds 3600`.

use std::time::Duration;

use telltale_harness::plan::Blow;
use telltale_harness::process::faketime;
use telltale_harness::run::{Report, Task, run};
use telltale_harness::scenario::Scenario;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_comes_twice() {
    for (seed, servers, standby) in [(1, 1, true), (2, 3, false)] {
        let time = Duration::from_secs(20);
        let program = env!("CARGO_BIN_EXE_telltale-harness").into();
        let faketime = faketime();
        let task =
            Task { seed, servers, standby, processes: 2, time, at_once: 30, program, faketime };
        let report = run(&task).await.expect("servers and processes can be started");
        let Some(report) = report else {
            println!("skipped: PostgreSQL is not installed");
            return;
        };
        println!("{report}");
        assert!(report.holds(), "seed {seed} on {servers} servers:\n{report}");
        let Report { mut dealt, failed_over, sessions, .. } = report;
        dealt[Blow::KillServer.index()] += failed_over;
        assert!(sessions > 30 && dealt.iter().all(|blows| *blows > 0), "{report}");
        assert_eq!(failed_over > 0, standby, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stories_end_well() {
    for scenario in [Scenario::DiskFull, Scenario::Restore, Scenario::StandbyGone] {
        let program = env!("CARGO_BIN_EXE_telltale-harness").into();
        match scenario.play(program).await.expect("servers and processes can be started") {
            Err(why) => println!("skipped: {why}"),
            Ok(outcome) => assert_eq!(outcome.broken, [""; 0], "{outcome:?}"),
        }
    }
}
