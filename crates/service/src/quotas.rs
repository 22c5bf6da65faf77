//! Quotas of tenants: requests per second, bytes and statements per day.
//!
//! Each node counts requests by itself. What is stored on a day is summed up in storage for all
//! nodes: a node periodically adds its part and reads the total. Reservations count at once, so
//! a single node never exceeds the limit; several nodes exceed it at most by what they accept
//! between two updates.

pub(crate) mod limit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, Timestamp};
use acta_storage::directory::{Tenant, TenantLimits};
use acta_storage::{Storage, StorageError, Usage};

use crate::ServiceError;
use limit::{OverQuota, QuotaLimit};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The day of a timestamp, counted from 1970-01-01 in UTC.
pub fn day_of(moment: Timestamp) -> u32 {
    u32::try_from(moment.unix_micros().div_euclid(MICROS_PER_DAY)).unwrap_or(0)
}

/// The quotas of all tenants.
pub struct Quotas {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    tenants: Mutex<HashMap<TenantId, TenantUsage>>,
}

impl std::fmt::Debug for Quotas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quotas").finish_non_exhaustive()
    }
}

/// The counts of a tenant on this node.
#[derive(Clone, Copy, Debug, Default)]
struct TenantUsage {
    /// Available requests in millionths, at the time `filled`.
    room_millionths: u64,
    filled: Duration,
    /// Whether `room_millionths` was ever set.
    is_filled: bool,
    day: u32,
    /// The total of the day as last read from storage; `None` if it has not been read yet.
    flushed: Option<Usage>,
    /// What this node has accepted since and not yet added in storage.
    taken: Usage,
    /// Current reservations.
    reserved: Usage,
}

impl TenantUsage {
    /// Accepts a request, or returns how long to wait.
    fn take_request(&mut self, per_second: u32, now: Duration) -> Result<(), Duration> {
        const ONE: u64 = 1_000_000;
        let full = u64::from(per_second) * ONE;
        let passed = u64::try_from(now.saturating_sub(self.filled).as_micros()).unwrap_or(u64::MAX);
        // One request per second is a millionth of a request per microsecond.
        let gained = passed.saturating_mul(u64::from(per_second));
        self.room_millionths = if self.is_filled {
            self.room_millionths.saturating_add(gained).min(full)
        } else {
            full
        };
        (self.filled, self.is_filled) = (now, true);
        if let Some(left) = self.room_millionths.checked_sub(ONE) {
            self.room_millionths = left;
            return Ok(());
        }
        let missing = ONE - self.room_millionths;
        Err(Duration::from_micros(missing.div_ceil(u64::from(per_second))))
    }

    fn sum(&self) -> Usage {
        self.flushed.unwrap_or_default().plus(self.taken).plus(self.reserved)
    }
}

/// A reservation of quota for data that is being stored. Released when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    quotas: Arc<Quotas>,
    tenant: TenantId,
    day: u32,
    usage: Usage,
}

impl Reservation {
    /// Charges the reservation: the data was stored, with `new_count` new statements.
    pub(crate) fn keep(self, new_count: u64) {
        let mut counted = self.quotas.lock();
        if let Some(counted) = counted.get_mut(&self.tenant)
            && counted.day == self.day
        {
            let stored = Usage { statement_count: new_count, bytes: self.usage.bytes };
            counted.taken = counted.taken.plus(stored);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut counted = self.quotas.lock();
        if let Some(counted) = counted.get_mut(&self.tenant)
            && counted.day == self.day
        {
            counted.reserved = minus(counted.reserved, self.usage);
        }
    }
}

const fn minus(from: Usage, less: Usage) -> Usage {
    Usage {
        statement_count: from.statement_count.saturating_sub(less.statement_count),
        bytes: from.bytes.saturating_sub(less.bytes),
    }
}

impl Quotas {
    /// Starts with empty counts.
    pub fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { storage, clock, tenants: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, TenantUsage>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request of a tenant, and notes the weight of the tenant.
    ///
    /// # Errors
    ///
    /// [`OverQuota`]: the tenant has sent too many requests.
    pub fn take_request(&self, tenant: &Tenant) -> Result<(), OverQuota> {
        self.storage.weights().set(tenant.id, tenant.limits.weight);
        let Some(per_second) = tenant.limits.requests_per_second else { return Ok(()) };
        let now = self.clock.elapsed();
        let mut tenants = self.lock();
        let counted = tenants.entry(tenant.id).or_default();
        counted.take_request(per_second.get(), now).map_err(|retry_after| OverQuota {
            limit: QuotaLimit::Requests,
            max: per_second.get().into(),
            retry_after,
        })
    }

    /// Reserves quota for data that is about to be stored. It is counted even without limits.
    ///
    /// # Errors
    ///
    /// [`ServiceError::OverQuota`], and as storage says.
    pub(crate) async fn reserve(
        self: &Arc<Self>,
        tenant: TenantId,
        limits: &TenantLimits,
        usage: Usage,
    ) -> Result<Reservation, ServiceError> {
        let now = self.clock.now();
        let day = day_of(now);
        let has_limit = limits.bytes_per_day.is_some() || limits.statements_per_day.is_some();
        if has_limit && !self.is_loaded(tenant, day) {
            self.flush_tenant(tenant, day).await?;
        }
        let mut tenants = self.lock();
        let counted = tenants.entry(tenant).or_default();
        begin_day(counted, day);
        let sum = counted.sum().plus(usage);
        if let Some((limit, max)) = exceeded(limits, sum) {
            let left = MICROS_PER_DAY - now.unix_micros().rem_euclid(MICROS_PER_DAY);
            let retry_after = Duration::from_micros(u64::try_from(left).unwrap_or(0));
            return Err(ServiceError::OverQuota(OverQuota { limit, max, retry_after }));
        }
        counted.reserved = counted.reserved.plus(usage);
        Ok(Reservation { quotas: Arc::clone(self), tenant, day, usage })
    }

    fn is_loaded(&self, tenant: TenantId, day: u32) -> bool {
        let tenants = self.lock();
        tenants.get(&tenant).is_some_and(|known| known.day == day && known.flushed.is_some())
    }

    /// Adds what this node has accepted for a tenant in storage, and reads the total.
    async fn flush_tenant(&self, tenant: TenantId, day: u32) -> Result<(), StorageError> {
        let taken = {
            let mut tenants = self.lock();
            let counted = tenants.entry(tenant).or_default();
            if counted.day == day { std::mem::take(&mut counted.taken) } else { Usage::default() }
        };
        let flushed = self.storage.add_usage(tenant, day, taken).await;
        let mut tenants = self.lock();
        let counted = tenants.entry(tenant).or_default();
        match flushed {
            Ok(sum) => {
                begin_day(counted, day);
                if counted.day == day {
                    counted.flushed = Some(sum);
                }
                Ok(())
            }
            Err(error) => {
                // It may have been added. Unless it certainly was not, it is not added again: a
                // tenant is rather charged too little than twice.
                if matches!(error, StorageError::Busy { .. } | StorageError::Unavailable { .. })
                    && counted.day == day
                {
                    counted.taken = counted.taken.plus(taken);
                }
                Err(error)
            }
        }
    }

    /// Adds in storage what this node has accepted since the last call. To be called about every
    /// second and at the end.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::UsageStore::add_usage`].
    pub async fn flush(&self) -> Result<(), StorageError> {
        let today = day_of(self.clock.now());
        let taken: Vec<(TenantId, u32)> = {
            let tenants = self.lock();
            let has_taken = |counted: &TenantUsage| counted.taken != Usage::default();
            let flushed = tenants.iter().filter(|(_, counted)| has_taken(counted));
            flushed.map(|(tenant, counted)| (*tenant, counted.day)).collect()
        };
        let mut flushed = Ok(());
        for (tenant, day) in taken {
            // An error of one tenant does not keep back the others.
            flushed = flushed.and(self.flush_tenant(tenant, day).await);
        }
        // Tenants without activity today need no entry, unless it could not be reported yet.
        self.lock().retain(|_, counted| {
            counted.day == today || counted.is_filled || counted.taken != Usage::default()
        });
        flushed
    }
}

/// Resets the counts of an earlier day.
fn begin_day(counted: &mut TenantUsage, day: u32) {
    if counted.day < day {
        let TenantUsage { room_millionths, filled, is_filled, .. } = *counted;
        *counted =
            TenantUsage { room_millionths, filled, is_filled, day, ..TenantUsage::default() };
    }
}

/// The quota that a sum exceeds.
fn exceeded(limits: &TenantLimits, sum: Usage) -> Option<(QuotaLimit, u64)> {
    let statements = limits.statements_per_day.map(std::num::NonZeroU64::get);
    let bytes = limits.bytes_per_day.map(std::num::NonZeroU64::get);
    let of_statements = statements.filter(|max| *max < sum.statement_count);
    let of_bytes = bytes.filter(|max| *max < sum.bytes);
    of_statements
        .map(|max| (QuotaLimit::Statements, max))
        .or(of_bytes.map(|max| (QuotaLimit::Bytes, max)))
}

#[cfg(test)]
mod tests;
