//! What a trace tells of the sessions of a protocol.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{Counts, LogEvent, Monitor, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::simulation::{ObsEvent, Observed};
use telltale_vm::{ChannelMode, Recording, SessionId, VM};

use super::CoverageError;

/// One session. Each role is followed alone: what the network loses does not keep the others from what they do.
struct Session {
    roles: BTreeMap<RoleId, Monitor>,
    ended: BTreeSet<RoleId>,
}

pub(super) fn count(vm: &VM, image: &CodeImage, counts: &mut Counts) -> Result<(), CoverageError> {
    let config = vm.config();
    if vm.forgotten_events() > 0 || matches!(config.recording, Recording::Off) {
        return Err(CoverageError::Forgotten);
    }
    let mut modes = config.channels.iter().map(|channel| channel.mode).chain([config.mode]);
    if modes.any(|mode| mode != ChannelMode::Fifo) {
        return Err(CoverageError::Replaced);
    }
    let mut sessions: BTreeMap<SessionId, Session> = BTreeMap::new();
    for event in vm.trace() {
        if event.names() != image.global_type.names() {
            continue;
        }
        let session = match sessions.entry(event.session) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Session::of(image)?),
        };
        session.see(&event)?;
    }
    for session in sessions.into_values() {
        session.roles.values().for_each(|role| counts.add(role));
        counts.add_ends(session.ended);
    }
    Ok(())
}

impl Session {
    fn of(image: &CodeImage) -> Result<Self, CoverageError> {
        let watch = |(name, local)| {
            let monitor = Monitor::of_roles(&image.global_type, [(name, local)])?.counting();
            Ok(image.global_type.names().find_role(name).map(|role| (role, monitor)))
        };
        let roles: Result<Vec<_>, CoverageError> = image.local_types.iter().map(watch).collect();
        Ok(Self { roles: roles?.into_iter().flatten().collect(), ended: BTreeSet::new() })
    }

    fn see(&mut self, event: &ObsEvent) -> Result<(), CoverageError> {
        match event.what {
            Observed::Halted { role } => {
                self.ended.insert(role);
            }
            // Whoever has not halted could have continued, and need not.
            Observed::Closed => self.ended.extend(self.roles.keys()),
            _ => {}
        }
        let done = event.actor().zip(done(event));
        if let Some((role, done)) = done
            && let Some(monitor) = self.roles.get_mut(&role)
        {
            monitor.observe(&done)?;
        }
        Ok(())
    }
}

/// What the role that acts has done: whatever becomes of it, a message was sent.
fn done(event: &ObsEvent) -> Option<LogEvent> {
    match event.what {
        Observed::Dropped { from, to, label } | Observed::Deferred { from, to, label } => {
            let label = event.names().label(label).to_string();
            let sent = LogEvent::sent(event.role(from), event.role(to), label);
            Some(sent.on_channel(event.channel))
        }
        _ => event.log_event(),
    }
}
