//! Who may wait for ever because others go round.

use telltale_theory::oracle::protocol;
use telltale_theory::starved;

/// The names of the roles that may.
fn waiting(text: &str) -> Vec<String> {
    let global = protocol(text);
    let names = global.names();
    starved(&global).iter().map(|starved| names.role(starved.role).to_owned()).collect()
}

#[test]
fn who_waits_for_those_who_go_round_starves() {
    let rounds = |behind: &str| waiting(&format!("μt. A→{{B:Go. t; B:Stop. {behind}}}"));
    assert_eq!(rounds("end"), [""; 0]);
    assert_eq!(rounds("A→C:Bye"), ["C"]);
    // Who waits for somebody who starves does so as well.
    assert_eq!(rounds("A→C:Bye. C→D:Bye"), ["C", "D"]);
    // `C` need not wait for anybody, so `D` hears of it.
    assert_eq!(rounds("C→D:Hi"), [""; 0]);
    assert_eq!(rounds("C→D:Hi. A→D:Bye. A→C:Bye"), [""; 0]);
}

#[test]
fn who_has_a_part_in_each_round_does_not_starve() {
    assert_eq!(waiting("μt. A→B:Go. B→C:Go. C→D:Go. t"), [""; 0]);
    assert_eq!(waiting("μt. A→{B:Go. t; C:Go. t}"), ["B", "C"]);
}
