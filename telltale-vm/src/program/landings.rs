//! Where control is that comes to a jump.

use telltale_bytecode::Instr;

/// For each instruction of a program, the place in the code of all roles where control is that comes to it: past all jumps,
/// or at the trap if they lead outside of the program. Jumps that lead round to themselves, and those that lead to such, are
/// executed, one by one.
///
/// Each jump is followed once, however many lead to it: chains of them may be as long as programs.
pub(crate) fn landings(program: &[Instr], start: u32, trap: u32) -> Box<[u32]> {
    let itself = |at: usize| start + at as u32;
    let mut landings = vec![None; program.len()];
    let mut way = Vec::new();
    for from in 0..program.len() {
        let mut at = from;
        let end = loop {
            match (program.get(at), landings.get(at).copied().flatten()) {
                (None, _) => break Some(trap),
                (Some(Instr::Jmp { .. }), Some(known)) => {
                    break (known != itself(at)).then_some(known);
                }
                (Some(Instr::Jmp { target }), None) => {
                    // So it stays if the way leads round.
                    landings[at] = Some(itself(at));
                    way.push(at);
                    at = target.index();
                }
                (Some(_), _) => break Some(itself(at)),
            }
        };
        for jump in way.drain(..) {
            landings[jump] = Some(end.unwrap_or(itself(jump)));
        }
    }
    let landing = |(at, landing): (usize, Option<u32>)| landing.unwrap_or(itself(at));
    landings.into_iter().enumerate().map(landing).collect()
}

#[cfg(test)]
mod tests {
    use telltale_bytecode::Pc;

    use super::*;

    fn program(jumps: &[Option<u32>]) -> Vec<Instr> {
        let instr = |jump: &Option<u32>| {
            jump.map_or(Instr::Yield, |target| Instr::Jmp { target: Pc(target) })
        };
        jumps.iter().map(instr).collect()
    }

    /// Follows one jump after the other.
    fn followed(program: &[Instr], from: usize, start: u32, trap: u32) -> u32 {
        let mut at = from;
        for _ in 0..=program.len() {
            match program.get(at) {
                Some(Instr::Jmp { target }) => at = target.index(),
                Some(_) => return start + at as u32,
                None => return trap,
            }
        }
        start + from as u32
    }

    /// Every program of up to five instructions.
    #[test]
    fn control_lands_where_following_each_jump_leads() {
        let (start, trap, mut compared) = (10, 99, 0);
        for length in 0_u32..=5 {
            let choices = length + 2;
            for number in 0..choices.pow(length) {
                let jump = |nth| {
                    let digit = number / choices.pow(nth) % choices;
                    (digit <= length).then_some(digit)
                };
                let program = program(&(0..length).map(jump).collect::<Vec<_>>());
                let expected = (0..program.len()).map(|at| followed(&program, at, start, trap));
                let expected: Box<[u32]> = expected.collect();
                assert_eq!(landings(&program, start, trap), expected, "{program:?}");
                compared += 1;
            }
        }
        assert_eq!(compared, 1 + 3 + 16 + 125 + 1_296 + 16_807);
    }

    /// Each of 200,000 jumps leads to the next: following each to its end would take 20 thousand million steps.
    #[test]
    fn a_chain_of_jumps_is_followed_once() {
        let length = 200_000;
        let mut jumps: Vec<_> = (1..=length).map(Some).collect();
        jumps.push(None);
        let landings = landings(&program(&jumps), 0, length + 1);
        assert!(landings.iter().all(|&landing| landing == length));
    }
}
