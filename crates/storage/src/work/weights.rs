//! The weights of tenants.

use std::collections::HashMap;
use std::num::{NonZeroU8, NonZeroU64};
use std::sync::{Arc, PoisonError, RwLock};

use acta_access::TenantId;

use super::requesters::RequesterId;

/// How much a tenant gets of what tenants share, compared with others: 4 gets four times as much
/// as 1 while both want more than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Weight(NonZeroU8);

/// The number is not a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number from 1 to {}", Weight::MAX)]
pub struct NotAWeight;

impl Weight {
    /// The weight of a tenant that has no other.
    pub const ONE: Self = Self(NonZeroU8::MIN);

    /// The largest weight.
    pub const MAX: u8 = 100;

    /// The number.
    pub const fn number(self) -> u8 {
        self.0.get()
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<NonZeroU64> for Weight {
    type Error = NotAWeight;

    fn try_from(number: NonZeroU64) -> Result<Self, NotAWeight> {
        let weight = NonZeroU8::try_from(number).map_err(|_too_large| NotAWeight)?;
        if weight.get() <= Self::MAX { Ok(Self(weight)) } else { Err(NotAWeight) }
    }
}

/// Work of a tenant that is to wait for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// What it costs, in any unit that all use.
    pub cost: u64,
    /// The weight of its tenant.
    pub weight: Weight,
    /// Who of the tenant it is for.
    pub requester: RequesterId,
}

impl Load {
    /// Work of a tenant of weight 1, for nobody who is known.
    pub const fn of(cost: u64) -> Self {
        Self { cost, weight: Weight::ONE, requester: RequesterId::Unknown }
    }

    /// How much of the common time it takes: the less, the larger the weight is.
    pub(super) const fn time(self) -> u64 {
        self.cost.saturating_mul(Weight::MAX as u64) / self.weight.number() as u64
    }
}

/// The weights of the tenants of a store, as this node knows them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// Those that are not 1.
    tenants: Arc<RwLock<HashMap<TenantId, Weight>>>,
}

impl Weights {
    /// The weight of a tenant.
    pub fn of(&self, tenant: TenantId) -> Weight {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&tenant).copied().unwrap_or_default()
    }

    /// Sets the weight of a tenant, for work that comes from now on.
    pub fn set(&self, tenant: TenantId, weight: Weight) {
        // Called for each request, and hardly ever with anything new.
        if self.of(tenant) == weight {
            return;
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if weight == Weight::ONE {
            tenants.remove(&tenant);
        } else {
            tenants.insert(tenant, weight);
        }
    }
}

/// The weights by which the engine shares its work among tenants.
pub trait FairShares: Send + Sync {
    /// The weights. They are set by those who learn the weight of a tenant.
    fn weights(&self) -> &Weights;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_bounds() {
        let table = [(1, Some(1)), (4, Some(4)), (100, Some(100)), (101, None), (256, None)];
        for (number, expected) in table {
            let weight = Weight::try_from(NonZeroU64::new(number).unwrap());
            assert_eq!(weight.ok().map(Weight::number), expected, "{number}");
        }
    }

    #[test]
    fn a_tenant_has_weight_one_until_another_is_set() {
        let weights = Weights::default();
        let four = Weight::try_from(NonZeroU64::new(4).unwrap()).unwrap();
        let shared = weights.clone();
        assert_eq!(weights.of(TenantId::FIRST), Weight::ONE);
        weights.set(TenantId::FIRST, four);
        assert_eq!(shared.of(TenantId::FIRST), four);
        weights.set(TenantId::FIRST, Weight::ONE);
        assert_eq!(shared.of(TenantId::FIRST), Weight::ONE);
    }
}
