//! The tables of a static image as strings of bytes: one token in what the macro writes, however long the protocol is.
//!
//! Packing happens in the macro, unpacking while the program is compiled; both ways of a table stand side by side here.

use telltale_types::{LabelId, RoleId};

use crate::{Branch, Channel, Instr, Pc, SetId};

/// The roles of a message and its label in one number.
#[inline]
pub const fn message_key(from: RoleId, to: RoleId, label: LabelId) -> u32 {
    (from.0 as u32) << 24 | (to.0 as u32) << 16 | label.0 as u32
}

/// A role and the branches between which it decides in one number.
#[inline]
pub const fn choice_key(role: RoleId, set: SetId) -> u32 {
    (role.0 as u32) << 16 | set.0 as u32
}

/// Eight bytes for each instruction.
pub fn pack_code(code: &[Instr]) -> Vec<u8> {
    code.iter().flat_map(|instr| instr.to_word().to_le_bytes()).collect()
}

/// What [`pack_code`] has packed.
///
/// # Panics
///
/// Where there is a word that is no instruction.
pub const fn code<const N: usize>(bytes: &[u8]) -> [Instr; N] {
    let mut code = [Instr::Halt; N];
    let mut at = 0;
    while at < N {
        let word = number(bytes, at * 8) as u64 | (number(bytes, at * 8 + 4) as u64) << 32;
        code[at] = match Instr::from_word(word) {
            Some(instr) => instr,
            None => panic!("not an instruction"),
        };
        at += 1;
    }
    code
}

/// Four bytes for each number.
pub fn pack_numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// What [`pack_numbers`] has packed.
pub const fn numbers<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut numbers = [0; N];
    let mut at = 0;
    while at < N {
        numbers[at] = number(bytes, at * 4);
        at += 1;
    }
    numbers
}

/// Three bytes for each branch.
pub fn pack_branches(branches: &[Branch]) -> Vec<u8> {
    let branch = |branch: &Branch| {
        let [low, high] = branch.label.0.to_le_bytes();
        [branch.peer.0, low, high]
    };
    branches.iter().flat_map(branch).collect()
}

/// What [`pack_branches`] has packed.
pub const fn branches<const N: usize>(bytes: &[u8]) -> [Branch; N] {
    let mut branches = [Branch { peer: RoleId(0), label: LabelId(0) }; N];
    let mut at = 0;
    while at < N {
        let label = u16::from_le_bytes([bytes[at * 3 + 1], bytes[at * 3 + 2]]);
        branches[at] = Branch { peer: RoleId(bytes[at * 3]), label: LabelId(label) };
        at += 1;
    }
    branches
}

/// Five bytes for each place where a role may rest.
pub fn pack_rests(rests: &[(RoleId, Pc)]) -> Vec<u8> {
    let rest = |(role, pc): &(RoleId, Pc)| {
        let [a, b, c, d] = pc.0.to_le_bytes();
        [role.0, a, b, c, d]
    };
    rests.iter().flat_map(rest).collect()
}

/// What [`pack_rests`] has packed.
pub const fn rests<const N: usize>(bytes: &[u8]) -> [(RoleId, Pc); N] {
    let mut rests = [(RoleId(0), Pc(0)); N];
    let mut at = 0;
    while at < N {
        rests[at] = (RoleId(bytes[at * 5]), Pc(number(bytes, at * 5 + 1)));
        at += 1;
    }
    rests
}

/// Three bytes for each channel.
pub fn pack_channels(channels: &[Channel]) -> Vec<u8> {
    channels.iter().flat_map(|channel| [channel.from.0, channel.to.0, channel.kind()]).collect()
}

/// What [`pack_channels`] has packed.
pub const fn channels<const N: usize>(bytes: &[u8]) -> [Channel; N] {
    let mut channels = [Channel::from_kind(RoleId(0), RoleId(0), 0); N];
    let mut at = 0;
    while at < N {
        let [from, to, kind] = [bytes[at * 3], bytes[at * 3 + 1], bytes[at * 3 + 2]];
        channels[at] = Channel::from_kind(RoleId(from), RoleId(to), kind);
        at += 1;
    }
    channels
}

const fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hop, Slot, Via};

    #[test]
    fn every_table_comes_back() {
        let (role, label) = (RoleId(254), LabelId(0xBEEF));
        let send =
            Instr::Send { via: Via::OWN, to: role, value: Slot::HANDLER, label, next: Hop(-3) };
        assert_eq!(code::<2>(&pack_code(&[send, Instr::Yield])), [send, Instr::Yield]);
        assert_eq!(numbers::<2>(&pack_numbers(&[7, u32::MAX])), [7, u32::MAX]);
        let branch = Branch { peer: role, label };
        assert_eq!(branches::<1>(&pack_branches(&[branch])), [branch]);
        let rest = (role, Pc(0x0102_0304));
        assert_eq!(rests::<1>(&pack_rests(&[rest])), [rest]);
        for kind in [0, 7, u8::MAX] {
            let channel = Channel::from_kind(role, RoleId(1), kind);
            assert_eq!(channels::<1>(&pack_channels(&[channel])), [channel]);
        }
    }

    #[test]
    fn keys_are_different_where_what_they_stand_for_is() {
        let [a, b] = [RoleId(1), RoleId(2)];
        let [l, m] = [LabelId(3), LabelId(4)];
        let keys = [message_key(a, b, l), message_key(b, a, l), message_key(a, b, m)];
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
        assert_ne!(choice_key(a, SetId(5)), choice_key(b, SetId(5)));
    }
}
