//! The clock of a store: that of the machine, without its jumps.

use std::sync::Arc;

use acta_ambient::{GuardedClock, JumpLimits, SystemClock};
use acta_config::Config;
use acta_http_admin::{ClockGauge, ClockReading};

use super::Engine;

/// The clock of the machine, guarded as configured.
pub(super) fn guarded_clock(config: &Config) -> GuardedClock {
    let limits =
        JumpLimits { jump_max: config.clock.jump_max.0, jump_wait: config.clock.jump_wait.0 };
    GuardedClock::new(Arc::new(SystemClock::new()), limits)
}

/// The clock of an open store.
#[derive(Debug)]
pub(super) struct StoreClock {
    pub(super) engine: Engine,
    pub(super) clock: Arc<GuardedClock>,
}

impl ClockGauge for StoreClock {
    fn read(&self) -> ClockReading {
        let stored_lead = self.engine.stored_lead();
        ClockReading { jump_micros: self.clock.jump_micros(), stored_lead }
    }
}
