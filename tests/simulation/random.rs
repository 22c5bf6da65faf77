//! Random histories: a store lives through acts, faults, restarts and losses of power.

use acta_access::TenantId;
use acta_storage_suite::attachments::bytes_of_length;
use acta_storage_suite::fixture::Draft;
use acta_storage_suite::generate::Dice;
use acta_storage_suite::model_comparison::acts::{
    ACTIVITIES, PEOPLE, Script, random_document, random_key, random_list, random_precondition,
    random_query,
};
use bytes::Bytes;

use crate::ledger::Sent;
use crate::simulation::{Act, Settings, Shutdown, Simulation, second_tenant};
use crate::tables::TableWrite;
use crate::world::PowerLoss;
use crate::world::faults::{Fault, FaultTrigger, InjectedFault};
use crate::{PrintOnPanic, in_parallel, runtime, trace};

/// Random histories of one run; `TEST_ACTA_SIM_SEEDS` asks for more.
const SEEDS: u64 = 150;

/// What random histories came by, to show that they were worth their name.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    acts: u64,
    calls: u64,
    faults: u64,
    power_losses: u64,
    kills: u64,
}

fn asked(variable: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
    let asked = std::env::var(variable).ok();
    asked.map(|number| number.parse().unwrap())
}

#[test]
fn random_histories_lose_nothing() {
    let seeds = match asked("TEST_ACTA_SIM_SEED") {
        Some(seed) => {
            trace::begin();
            vec![seed]
        }
        None => (1..=asked("TEST_ACTA_SIM_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let seed_count = seeds.len();
    let mut sum = Tally::default();
    for tally in in_parallel(seeds, check) {
        sum.acts += tally.acts;
        sum.calls += tally.calls;
        sum.faults += tally.faults;
        sum.power_losses += tally.power_losses;
        sum.kills += tally.kills;
    }
    println!("{seed_count} histories: {sum:?}");
    let is_worth_it = seed_count < 100 || (100 < sum.faults && 100 < sum.power_losses);
    assert!(is_worth_it, "the histories are too quiet: {sum:?}");
}

fn check(seed: u64) -> Tally {
    let command = "cargo nextest run -p acta-tests random_histories_lose_nothing --no-capture";
    let _told = PrintOnPanic(format!("TEST_ACTA_SIM_SEED={seed} {command}"));
    runtime().block_on(live_through(seed))
}

/// A history in the making.
struct History {
    dice: Dice,
    script: Script,
    simulation: Simulation,
    tally: Tally,
}

/// Lives through the history of this seed.
async fn live_through(seed: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let settings = Settings {
        segment_bytes: 1 << (10 + dice.below(7)),
        run_entries: u32::try_from(2 + dice.below(30)).unwrap(),
        dictionary_samples: dice.pick(&[0, 30, 80]),
        reserve_bytes: dice.pick(&[0, 0, 40_000]),
    };
    let script = Script { seed, number_count: 40 + dice.below(200) };
    let simulation = Simulation::new(dice.number(), settings);
    let mut history = History { dice, script, simulation, tally: Tally::default() };
    for _ in 0..3 + history.dice.below(4) {
        history.round().await;
    }
    history.simulation.end(Shutdown::PowerLost(PowerLoss::Everything));
    history.simulation.open_and_check(&mut history.dice).await;
    history.tally
}

impl History {
    /// Opens the store, does something, with faults or without, and ends it.
    async fn round(&mut self) {
        let fault = self.random_fault();
        let is_early = self.dice.happens(35);
        if is_early {
            self.simulation.computer.arm(fault.as_slice());
        }
        self.simulation.open().await;
        if !is_early {
            self.simulation.computer.arm(fault.as_slice());
        }
        let room = self.dice.happens(15).then(|| self.dice.below(30_000) as u64);
        self.simulation.leave_room(room);
        let act_count = 3 + self.dice.below(40);
        for index in 0..act_count {
            if self.simulation.computer.is_off() {
                break;
            }
            if index == act_count / 2 && self.dice.happens(50) {
                self.simulation.leave_room(None);
            }
            let act = self.random_act();
            self.tally.acts += 1;
            self.simulation.act(&act).await;
        }
        self.end();
        self.simulation.open_and_check(&mut self.dice).await;
        if self.dice.happens(70) {
            self.simulation.repeat_lost().await;
        }
        if self.dice.happens(50) {
            self.end();
            self.recover().await;
        }
        self.end();
    }

    /// Starts again and again while the power goes or the disk fails.
    async fn recover(&mut self) {
        for _ in 0..self.dice.below(4) {
            let kind = self.dice.pick(&[
                InjectedFault::CutBefore,
                InjectedFault::CutAfter,
                InjectedFault::Fails,
                InjectedFault::Full,
            ]);
            let at = self.dice.below(150) as u64;
            self.simulation.computer.arm(&[Fault::new(kind, FaultTrigger::At(at))]);
            self.simulation.open().await;
            self.end();
        }
        self.simulation.open_and_check(&mut self.dice).await;
    }

    fn random_fault(&mut self) -> Option<Fault> {
        let reach = 16 << self.dice.below(6);
        let at = FaultTrigger::At(self.dice.below(reach) as u64);
        let every = FaultTrigger::Every(2 + self.dice.below(60) as u64);
        match self.dice.below(100) {
            0..20 => Some(Fault::new(InjectedFault::CutBefore, at)),
            20..40 => Some(Fault::new(InjectedFault::CutAfter, at)),
            40..65 => Some(Fault::new(InjectedFault::Fails, at)),
            65..72 => Some(Fault::new(InjectedFault::Fails, every)),
            72..78 => Some(Fault::new(InjectedFault::Full, at)),
            78..83 => Some(Fault::new(InjectedFault::Full, every)),
            _ => None,
        }
    }

    fn count(&mut self) {
        let computer = &self.simulation.computer;
        self.tally.calls += computer.call_count();
        self.tally.faults += computer.struck_count();
    }

    /// Ends in any way that is left.
    fn end(&mut self) {
        self.count();
        let is_off = self.simulation.computer.is_off();
        let end = match self.dice.below(10) {
            _ if is_off => Shutdown::PowerLost(PowerLoss::Chance),
            0..3 => Shutdown::Closed,
            3..6 => Shutdown::Killed,
            6 => Shutdown::PowerLost(PowerLoss::Everything),
            7 => Shutdown::PowerLost(PowerLoss::Nothing),
            _ => Shutdown::PowerLost(PowerLoss::Chance),
        };
        self.tally.power_losses += u64::from(matches!(end, Shutdown::PowerLost(_)));
        self.tally.kills += u64::from(end == Shutdown::Killed);
        self.simulation.end(end);
    }

    fn random_tenant(&mut self) -> TenantId {
        if self.dice.happens(75) { TenantId::FIRST } else { second_tenant() }
    }

    fn random_act(&mut self) -> Act {
        let tenant = self.random_tenant();
        match self.dice.below(100) {
            0..45 => Act::Append(tenant, self.random_batch()),
            45..50 => {
                let count = 2 + self.dice.below(6);
                Act::Burst(
                    (0..count).map(|_| (self.random_tenant(), self.random_batch())).collect(),
                )
            }
            50..78 => Act::Write(Box::new(self.random_write(tenant))),
            78..92 => Act::Query(tenant, Box::new(random_query(&mut self.dice))),
            92..97 => Act::Ask(tenant, self.dice.pick(&ACTIVITIES), self.dice.pick(&PEOPLE)),
            _ => Act::Reopen,
        }
    }

    fn random_batch(&mut self) -> Sent {
        let mut drafts: Vec<Draft> = Vec::new();
        let count = if self.dice.happens(4) { 60 } else { 1 + self.dice.below(6) };
        for _ in 0..count {
            let number = self.script.random_number(&mut self.dice);
            let variant = u64::from(self.dice.happens(3));
            if drafts.iter().all(|draft| draft.number != number) {
                drafts.push(self.script.draft(number, variant));
            }
        }
        let mut contents = Vec::new();
        if self.dice.happens(15) {
            for _ in 0..=self.dice.below(2) {
                contents.push(self.random_content());
            }
        }
        Sent { drafts, contents }
    }

    /// One of not too many, so that some come twice.
    fn random_content(&mut self) -> Bytes {
        let len = self.dice.pick(&[0, 1, 600, 5_000, 70_000]);
        bytes_of_length(len + self.dice.below(5))
    }

    fn random_write(&mut self, tenant: TenantId) -> TableWrite {
        let dice = &mut self.dice;
        match dice.below(20) {
            0..11 => {
                let (key, document) = (random_key(dice), random_document(dice));
                TableWrite::Replace(tenant, key, document, random_precondition(dice))
            }
            11..15 => TableWrite::Remove(tenant, random_key(dice), random_precondition(dice)),
            15 => TableWrite::RemoveAll(tenant, random_list(dice)),
            16..18 => TableWrite::SaveCursor(tenant, dice.below(1000).to_string()),
            18 => TableWrite::CreateTenant(format!("tenant {}", dice.below(1000))),
            _ => TableWrite::InsertCredential(tenant, format!("key {}", dice.below(6))),
        }
    }
}
