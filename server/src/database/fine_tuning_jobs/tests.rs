//! Leases: one holder at a time, and none after another has taken the job.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use shared::api::fine_tuning::{FineTuningRequest, JobStatus};

use super::*;
use crate::fine_tuning::new_job;

const RUNNING: &[JobStatus] = &[JobStatus::ValidatingFiles, JobStatus::Running];
const LONG: Duration = Duration::from_secs(600);

fn two_companions() -> (tempfile::TempDir, [Database; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quern.sqlite3");
    let both = [Database::open(&path).unwrap(), Database::open(&path).unwrap()];
    (folder, both)
}

fn put(database: &Database) -> String {
    let request = FineTuningRequest::new("m", "file-1");
    let job = new_job(&request, 1);
    database.put_job(&StoredJob { job: job.clone(), request }).unwrap();
    job.id
}

fn taking(owner: &str, time: Duration) -> Taking<'_> {
    Taking { statuses: RUNNING, most_held: None, owner, time }
}

#[test]
fn a_job_that_somebody_runs_is_left_alone() {
    let (_folder, [first, second]) = two_companions();
    let id = put(&first);
    let (lease, _) = first.take_job(taking("first", LONG)).unwrap().unwrap();
    assert_eq!(lease.job, id);
    assert!(second.take_job(taking("second", LONG)).unwrap().is_none());
    first.release(&lease).unwrap();
    assert!(second.take_job(taking("second", LONG)).unwrap().is_some());
    assert!(first.renew(&lease, LONG).unwrap().is_none());
}

#[test]
fn only_so_many_run_at_once_whoever_runs_them() {
    let (_folder, [first, second]) = two_companions();
    put(&first);
    put(&first);
    let one = |owner| Taking { most_held: Some(1), ..taking(owner, LONG) };
    let (lease, _) = first.take_job(one("first")).unwrap().unwrap();
    assert!(second.take_job(one("second")).unwrap().is_none());
    first.release(&lease).unwrap();
    assert_eq!(second.take_job(one("second")).unwrap().unwrap().0.job, lease.job, "the oldest first");
}

#[test]
fn who_comes_back_from_the_dead_changes_nothing() {
    let (_folder, [first, second]) = two_companions();
    let id = put(&first);
    let (old, _) = first.take_job(taking("first", Duration::ZERO)).unwrap().unwrap();
    let (new, _) = second.take_job(taking("second", LONG)).unwrap().unwrap();
    let write = |database: &Database, lease: &Lease, step| {
        database.fenced(lease, |connection| change(connection, &id, |job| job.quern.step = step)).unwrap().is_some()
    };
    assert!(!write(&first, &old, 1));
    assert!(first.renew(&old, LONG).unwrap().is_none());
    assert!(write(&second, &new, 2));
    first.release(&old).unwrap();
    assert!(write(&second, &new, 3), "nobody releases what is not theirs");
    assert_eq!(first.job(&id).unwrap().unwrap().job.quern.step, 3);
}

#[test]
fn a_job_that_is_taken_away_is_not_written_by_its_runner() {
    let (_folder, [first, second]) = two_companions();
    let id = put(&first);
    let (lease, _) = first.take_job(taking("first", LONG)).unwrap().unwrap();
    let kept = second.change_job(&id, |_| Ok::<_, ()>(TakenAway::No)).unwrap().unwrap();
    assert!(kept.is_ok() && first.renew(&lease, LONG).unwrap().is_some());
    let refused = second.change_job(&id, |_| Err("no")).unwrap().unwrap();
    assert!(refused.is_err() && first.renew(&lease, LONG).unwrap().is_some());
    second.change_job(&id, |_| Ok::<_, ()>(TakenAway::Yes)).unwrap().unwrap().unwrap();
    assert!(first.renew(&lease, LONG).unwrap().is_none());
}

#[test]
fn a_failed_write_leaves_nothing() {
    let (_folder, [first, _]) = two_companions();
    let id = put(&first);
    let (lease, _) = first.take_job(taking("first", LONG)).unwrap().unwrap();
    let failing = first.fenced(&lease, |connection| {
        change(connection, &id, |job| job.quern.step = 9)?;
        Err::<(), _>(rusqlite::Error::QueryReturnedNoRows)
    });
    assert!(failing.is_err());
    assert_eq!(first.job(&id).unwrap().unwrap().job.quern.step, 0);
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Take { companion: usize, is_short: bool },
    Write { companion: usize },
    Release { companion: usize },
    TakeAway,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        (0..2_usize, any::<bool>()).prop_map(|(companion, is_short)| Move::Take { companion, is_short }),
        (0..2_usize).prop_map(|companion| Move::Write { companion }),
        (0..2_usize).prop_map(|companion| Move::Release { companion }),
        Just(Move::TakeAway),
    ];
    prop::collection::vec(one, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever two companions do in whatever order: of all leases that were ever given, at most the newest can write.
    #[test]
    fn at_most_the_newest_lease_can_write(moves in moves()) {
        let (_folder, both) = two_companions();
        let id = put(&both[0]);
        let mut given: Vec<(usize, Lease)> = Vec::new();
        let mut newest: BTreeMap<usize, usize> = BTreeMap::new();
        for next in moves {
            match next {
                Move::Take { companion, is_short } => {
                    let owner = companion.to_string();
                    let time = if is_short { Duration::ZERO } else { LONG };
                    if let Some((lease, _)) = both[companion].take_job(taking(&owner, time)).unwrap() {
                        newest.insert(companion, given.len());
                        given.push((companion, lease));
                    }
                }
                Move::Write { companion } => {
                    if let Some(index) = newest.get(&companion) {
                        both[companion].fenced(&given[*index].1, |_| Ok(())).unwrap();
                    }
                }
                Move::Release { companion } => {
                    if let Some(index) = newest.get(&companion) {
                        both[companion].release(&given[*index].1).unwrap();
                    }
                }
                Move::TakeAway => {
                    both[0].change_job(&id, |_| Ok::<_, ()>(TakenAway::Yes)).unwrap().unwrap().unwrap();
                }
            }
            let can_write = |(companion, lease): &(usize, Lease)| both[*companion].fenced(lease, |_| Ok(())).unwrap().is_some();
            let writers: Vec<usize> = (0..given.len()).filter(|index| can_write(&given[*index])).collect();
            prop_assert!(writers.len() <= 1 && writers.iter().all(|index| index + 1 == given.len()), "{writers:?}");
        }
    }
}
