use super::*;
use crate::ManualClock;
use crate::warnings::warnings_of;

const LIMITS: JumpLimits =
    JumpLimits { jump_max: Duration::from_mins(1), jump_wait: Duration::from_mins(10) };

/// A clock of a machine, in seconds.
struct Machine(Arc<ManualClock>);

impl Machine {
    /// Lets time pass.
    fn pass(&self, seconds: u64) {
        self.0.advance(Duration::from_secs(seconds));
    }

    /// Sets the clock forward or back.
    fn jump(&self, seconds: i64) {
        self.0.jump(seconds * 1_000_000);
    }

    fn now(&self) -> i64 {
        self.0.now().unix_micros() / 1_000_000
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

fn start() -> (Machine, GuardedClock) {
    let clock = Arc::new(ManualClock::new(at(1_000_000)));
    let guarded = GuardedClock::new(Arc::<ManualClock>::clone(&clock), LIMITS);
    (Machine(clock), guarded)
}

#[track_caller]
fn check(guarded: &GuardedClock, now: i64, jump: i64) {
    assert_eq!(guarded.now().unix_micros(), now * 1_000_000, "the time");
    assert_eq!(guarded.jump_micros(), jump * 1_000_000, "the jump that is not followed");
}

#[test]
fn follows_the_clock_and_its_small_steps() {
    let (clock, guarded) = start();
    check(&guarded, 1_000_000, 0);
    clock.pass(3600);
    check(&guarded, 1_003_600, 0);
    for step in [60, -60, 59, 59, 59] {
        clock.jump(step);
        check(&guarded, clock.now(), 0);
    }
}

#[test]
fn does_not_follow_a_jump_that_does_not_last() {
    for jump in [86_400, -86_400, 61, -61] {
        let (clock, guarded) = start();
        clock.jump(jump);
        check(&guarded, 1_000_000, jump);
        clock.pass(599);
        check(&guarded, 1_000_599, jump);
        clock.jump(-jump);
        check(&guarded, 1_000_599, 0);
        clock.pass(3600);
        check(&guarded, 1_004_199, 0);
    }
}

#[test]
fn follows_a_jump_that_lasts() {
    for jump in [86_400, -86_400] {
        let (clock, guarded) = start();
        clock.jump(jump);
        check(&guarded, 1_000_000, jump);
        clock.pass(600);
        check(&guarded, 1_000_600 + jump, 0);
    }
}

#[test]
fn counts_from_the_last_of_several_jumps() {
    let (clock, guarded) = start();
    clock.jump(1000);
    check(&guarded, 1_000_000, 1000);
    clock.pass(599);
    clock.jump(1000);
    check(&guarded, 1_000_599, 2000);
    clock.pass(1);
    check(&guarded, 1_000_600, 2000);
    clock.pass(599);
    check(&guarded, 1_003_199, 0);
}

#[test]
fn follows_a_jump_at_once_if_the_reference_agrees_and_never_if_it_does_not() {
    let (clock, guarded) = start();
    clock.jump(3600);
    check(&guarded, 1_000_000, 3600);
    guarded.compare(at(1_003_590), guarded.elapsed());
    check(&guarded, 1_003_600, 0);

    clock.jump(7200);
    for minute in 1..=30_i64 {
        clock.pass(60);
        guarded.compare(at(1_003_590 + minute * 60), guarded.elapsed());
        check(&guarded, 1_003_600 + minute * 60, 7200);
    }
    // The reference cannot be reached any more.
    clock.pass(599);
    check(&guarded, 1_005_999, 7200);
    clock.pass(2);
    check(&guarded, 1_013_201, 0);
}

#[test]
fn takes_the_time_of_the_reference_if_the_clock_is_wrong_from_the_start() {
    let (clock, guarded) = start();
    guarded.compare(at(1_010_000), guarded.elapsed());
    check(&guarded, 1_010_000, -10_000);
    clock.pass(5);
    check(&guarded, 1_010_005, -10_000);
    // Now it is set right.
    clock.jump(10_001);
    check(&guarded, 1_010_006, 0);
}

#[test]
fn ignores_a_reference_that_took_too_long() {
    let (clock, guarded) = start();
    let asked = guarded.elapsed();
    clock.pass(61);
    guarded.compare(at(0), asked);
    check(&guarded, 1_000_061, 0);
}

#[test]
fn logs_each_jump_once_when_it_is_noticed_and_once_when_it_ends() {
    for jump in [86_400, -86_400] {
        let (clock, guarded) = start();
        let check = |expected, what: &str| {
            let warnings = warnings_of(|| assert!([(); 3].map(|()| guarded.now()).is_sorted()));
            assert_eq!(warnings, expected, "{what}");
        };
        check(0, "nothing has happened");
        clock.jump(jump);
        check(1, "it is noticed");
        clock.pass(599);
        check(0, "it is known");
        clock.pass(1);
        check(1, "it is followed");
        clock.jump(jump);
        check(1, "another one is noticed");
        clock.jump(-jump);
        check(1, "the clock is back");
        check(0, "all is well");
    }
}
