//! Workers that are killed anywhere, and disks that are full.

use std::time::{Duration, Instant};

use crate::job::Job;
use crate::random::Random;

/// Kills workers of a job until it is done, and returns how many and how many of them while a checkpoint was written.
fn kill(job: &Job, random: &mut Random, most: usize) -> (usize, usize) {
    let (mut kills, mut in_writing) = (0, 0);
    while kills < most {
        let mut worker = job.start();
        // Every other one dies as soon as a checkpoint, or what is served, is half there.
        let waits_for_part = kills % 2 == 1;
        let patience = Duration::from_secs_f32(random.between(0.02, 1.5));
        let began = Instant::now();
        let is_half_written = || {
            let folders = [job.path("checkpoints"), job.path("")];
            let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
            entries.into_iter().any(|entry| entry.path().extension().is_some_and(|it| it == "part"))
        };
        // What an earlier one left is removed first; the one that is meant is new.
        let mut was_clean = false;
        while began.elapsed() < patience || waits_for_part {
            let is_there = is_half_written();
            was_clean |= !is_there;
            if waits_for_part && was_clean && is_there {
                in_writing += 1;
                break;
            }
            if worker.child.try_wait().unwrap().is_some() {
                worker.end().finished();
                return (kills, in_writing);
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        worker.child.kill().unwrap();
        worker.child.wait().unwrap();
        kills += 1;
    }
    job.run().finished();
    (kills, in_writing)
}

fn kills_change_nothing(wanted: usize) {
    let whole = Job::new();
    whole.run().finished();
    let mut random = Random::new(1);
    let (mut kills, mut in_writing) = (0, 0);
    while kills < wanted {
        let job = whole.again();
        let (more, more_in_writing) = kill(&job, &mut random, wanted - kills);
        for name in ["adapter.gguf", "adapter_model.safetensors", "outcome.json", "checkpoints/step-18/state.json"] {
            assert!(job.read(name) == whole.read(name), "{name} is another one after {more} kills");
        }
        assert_eq!(job.checkpoints(), whole.checkpoints());
        (kills, in_writing) = (kills + more, in_writing + more_in_writing);
    }
    assert!(in_writing >= wanted / 4, "only {in_writing} of {kills} were in the middle of writing");
}

#[test]
fn a_killed_worker_comes_to_the_same_bytes() {
    kills_change_nothing(8);
}

/// `cargo test -p server --test fine_tuning -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn two_hundred_killed_workers_come_to_the_same_bytes() {
    kills_change_nothing(200);
}

/// Files may not be longer than this limit, which ends a write as a full disk does.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_half_written_and_the_job_goes_on_after_it() {
    use std::process::Command;

    use server::fine_tuning::WorkerCommand;

    use crate::job::{Worker, files};

    let whole = Job::new();
    whole.run().finished();
    let job = whole.again();
    let limited = |blocks: u32| {
        let mut command = Command::new("sh");
        // The signal that comes with the limit is one that a full disk does not send.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" worker \"$1\"");
        command.args(["-c", &script]).arg(env!("CARGO_BIN_EXE_quern")).arg(job.folder.path());
        Worker::start(command).end().failed()
    };
    // Too little for the first checkpoint; then, after some steps with room enough, too little for the next.
    for steps in [0, 3] {
        if steps > 0 {
            let mut worker = job.start();
            worker.wait_for_step(steps);
            worker.tell(WorkerCommand::Pause);
            worker.end();
        }
        let (code, message, _) = limited(8);
        assert_eq!(code, "disk_full", "{message}");
        assert!(message.contains("make room and resume"), "{message}");
        let all = [files(job.folder.path()), files(&job.path("checkpoints"))].concat();
        assert!(all.iter().all(|path| path.extension().is_none_or(|it| it != "part")), "{all:?}");
        assert!(!job.path("outcome.json").exists());
    }
    job.run().finished();
    for name in ["adapter.gguf", "outcome.json"] {
        assert!(job.read(name) == whole.read(name), "{name}");
    }
}
