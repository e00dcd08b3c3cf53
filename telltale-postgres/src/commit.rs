//! Steps, as columns for the database.

use std::collections::BTreeMap;

use telltale_net::engine::{Claim as _, Done, EngineError, PartStatus};
use tokio_postgres::types::ToSql;

use crate::claim::{PostgresClaim, text};
use crate::database::Database;
use crate::engine::microseconds;

/// About how many bytes are written in one transaction.
const ENOUGH: usize = 1 << 25;

const STATEMENT: &str = "SELECT telltale.commit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
     $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";

type Step = (PostgresClaim, Done);

/// Writes the steps of one database down, and says of each what has become of it.
pub(crate) async fn commit(
    database: &Database,
    steps: &[Step],
    of_it: Vec<usize>,
) -> Vec<(usize, Result<(), EngineError>)> {
    let mut committed = Vec::with_capacity(of_it.len());
    for round in rounds(steps, of_it) {
        match write(database, steps, &round).await {
            Ok(written) => {
                database.counts.commits.add(1);
                database.counts.steps.add(written.len());
                database.counts.fenced.add(round.len().saturating_sub(written.len()));
                committed.extend(round.iter().zip(1..).map(|(&step, nth)| {
                    let is_written = written.contains(&nth);
                    (step, if is_written { Ok(()) } else { Err(EngineError::Fenced) })
                }));
            }
            Err(error) => {
                // One of them has to say it, and the others are as if they had not been.
                let what = error.to_string();
                let mut errors = std::iter::once(error);
                committed.extend(round.iter().map(|&step| {
                    let error = errors.next().unwrap_or_else(|| EngineError::Lost(what.clone()));
                    (step, Err(error))
                }));
            }
        }
    }
    committed
}

/// Steps that are written down together: each of another session, and not too many bytes.
fn rounds(steps: &[Step], of_it: Vec<usize>) -> Vec<Vec<usize>> {
    let mut seen = BTreeMap::new();
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for step in of_it {
        let round = seen.entry(&steps[step].0.work().session).or_insert(0);
        if *round == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[*round].push(step);
        *round += 1;
    }
    rounds.into_iter().flat_map(|round| in_portions(steps, round)).collect()
}

fn in_portions(steps: &[Step], round: Vec<usize>) -> Vec<Vec<usize>> {
    let mut portions: Vec<Vec<usize>> = Vec::new();
    let mut bytes = ENOUGH;
    for step in round {
        if bytes >= ENOUGH {
            portions.push(Vec::new());
            bytes = 0;
        }
        let done = &steps[step].1;
        bytes += done.state.len() + done.sent.iter().map(|sent| sent.payload.len()).sum::<usize>();
        portions.last_mut().expect("the first step begins one").push(step);
    }
    portions
}

/// One transaction. Gives which of the steps were written, from one.
async fn write(
    database: &Database,
    steps: &[Step],
    round: &[usize],
) -> Result<Vec<i32>, EngineError> {
    let steps = || round.iter().map(|&step| &steps[step]);
    let works = || steps().map(|(claim, _)| claim.work());
    let sessions: Vec<&str> = works().map(|work| work.session.as_str()).collect();
    let roles: Vec<i16> = works().map(|work| i16::from(work.role.0)).collect();
    let incarnations: Vec<i64> =
        steps().map(|(claim, _)| whole(claim.incarnation())).collect::<Result<_, _>>()?;
    let versions: Vec<i64> = works().map(|work| whole(work.version)).collect::<Result<_, _>>()?;
    let claims: Vec<&[u8]> = steps().map(|(claim, _)| claim.claim()).collect();
    let shown = steps().map(|(claim, _)| claim.shown.as_ref().map(|ticket| &ticket.0[..]));
    let shown: Vec<Option<&[u8]>> = shown.collect();
    let told: Vec<bool> = works().map(|work| work.ending.is_some()).collect();
    let states: Vec<&[u8]> = steps().map(|(_, done)| &done.state[..]).collect();
    let statuses: Vec<Status<'_>> = steps().map(|(_, done)| status(&done.status)).collect();
    let codes: Vec<i16> = statuses.iter().map(|status| status.code).collect();
    let agains: Vec<Option<i64>> = statuses.iter().map(|status| status.again).collect();
    let reasons: Vec<Option<&str>> =
        statuses.iter().map(|status| status.reason.as_deref()).collect();
    let marks: Vec<Option<i64>> = steps().map(mark).collect();
    let taken = Taken::of(steps())?;
    let sent = Sent::of(steps())?;
    let arguments: [&(dyn ToSql + Sync); 24] = [
        &sessions,
        &roles,
        &incarnations,
        &versions,
        &claims,
        &shown,
        &told,
        &states,
        &codes,
        &agains,
        &reasons,
        &marks,
        &taken.of,
        &taken.session,
        &taken.from,
        &taken.lane,
        &taken.number,
        &sent.of,
        &sent.session,
        &sent.to,
        &sent.lane,
        &sent.number,
        &sent.label,
        &sent.payload,
    ];
    let rows = database.call(STATEMENT, &arguments).await?;
    Ok(rows[0].get(0))
}

/// The messages that were taken, and by which step.
#[derive(Default)]
struct Taken<'s> {
    of: Vec<i32>,
    session: Vec<&'s str>,
    from: Vec<i16>,
    lane: Vec<i32>,
    number: Vec<i64>,
}

impl<'s> Taken<'s> {
    fn of(steps: impl Iterator<Item = &'s Step>) -> Result<Self, EngineError> {
        let mut columns = Self::default();
        for (nth, (claim, done)) in (1..).zip(steps) {
            for id in &done.taken {
                columns.of.push(nth);
                columns.session.push(claim.work().session.as_str());
                columns.from.push(i16::from(id.from.0));
                columns.lane.push(i32::from(id.lane));
                columns.number.push(whole(id.number)?);
            }
        }
        Ok(columns)
    }
}

/// The messages that were sent, and by which step.
#[derive(Default)]
struct Sent<'s> {
    of: Vec<i32>,
    session: Vec<&'s str>,
    to: Vec<i16>,
    lane: Vec<i32>,
    number: Vec<i64>,
    label: Vec<i32>,
    payload: Vec<&'s [u8]>,
}

impl<'s> Sent<'s> {
    fn of(steps: impl Iterator<Item = &'s Step>) -> Result<Self, EngineError> {
        let mut columns = Self::default();
        for (nth, (claim, done)) in (1..).zip(steps) {
            for message in &done.sent {
                columns.of.push(nth);
                columns.session.push(claim.work().session.as_str());
                columns.to.push(i16::from(message.to.0));
                columns.lane.push(i32::from(message.id.lane));
                columns.number.push(whole(message.id.number)?);
                columns.label.push(i32::from(message.label.0));
                columns.payload.push(&message.payload);
            }
        }
        Ok(columns)
    }
}

/// Up to which message nothing is new any more; nothing where all of it was taken.
fn mark((claim, done): &Step) -> Option<i64> {
    claim.mark.filter(|_| done.taken.len() < claim.work().messages.len())
}

struct Status<'s> {
    code: i16,
    again: Option<i64>,
    reason: Option<std::borrow::Cow<'s, str>>,
}

fn status(status: &PartStatus) -> Status<'_> {
    let of = |code| Status { code, again: None, reason: None };
    match status {
        PartStatus::Waits => of(1),
        PartStatus::Held { time, rests } => {
            let called = Some(format!("{time:?}").into());
            Status {
                again: Some(microseconds(*time)),
                reason: called,
                ..of(if *rests { 3 } else { 0 })
            }
        }
        PartStatus::Again(after) => Status { again: Some(microseconds(*after)), ..of(2) },
        PartStatus::Rests => of(3),
        PartStatus::Done => of(4),
        PartStatus::Faulted(reason) => Status { reason: Some(text(reason)), ..of(5) },
    }
}

/// A number for the database, which has no larger ones.
fn whole(number: u64) -> Result<i64, EngineError> {
    i64::try_from(number)
        .map_err(|_| EngineError::Engine(format!("the number {number} is too large").into()))
}
