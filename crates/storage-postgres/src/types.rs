//! Values in the binary protocol of the database.

use std::error::Error;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::StorageError;
use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::failure::Failure;

type Converted<T> = Result<T, Box<dyn Error + Sync + Send>>;

/// Microseconds from 1970 to 2000, where the database counts from.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The first microsecond of 4714 BC, counted from 2000: before it there is only "-infinity".
const FIRST_MICROS: i64 = -211_813_488_000_000_000;

/// The first microsecond of 294277, counted from 2000: from it on there is only "infinity".
const END_MICROS: i64 = 9_223_371_331_200_000_000;

/// The number of a tenant in the database.
pub(crate) fn number(tenant: TenantId) -> i32 {
    // The database's integers are as wide: the numbers above its greatest come out negative
    // and are still one for each.
    tenant.number().cast_signed()
}

/// The tenant with this number in the database.
///
/// # Errors
///
/// [`StorageError::Corrupt`]: no tenant has it.
pub(crate) fn tenant_of(number: i32) -> Result<TenantId, Failure> {
    let tenant = TenantId::new(number.cast_unsigned());
    tenant.ok_or_else(|| StorageError::Corrupt { place: "tenant number 0".into() }.into())
}

/// A point in time, as `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SqlTimestamp(pub(crate) Timestamp);

impl ToSql for SqlTimestamp {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Converted<IsNull> {
        let micros = self.0.unix_micros().saturating_sub(EPOCH_MICROS);
        // Times outside the range of the database become infinite.
        out.put_i64(match micros {
            ..FIRST_MICROS => i64::MIN,
            FIRST_MICROS..END_MICROS => micros,
            END_MICROS.. => i64::MAX,
        });
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for SqlTimestamp {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Converted<Self> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Self(Timestamp::from_unix_micros(micros.saturating_add(EPOCH_MICROS))))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TIMESTAMPTZ
    }
}

/// A number of 128 bits, as `uuid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(pub(crate) u128);

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Converted<IsNull> {
        out.put_u128(self.0);
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::UUID
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Converted<Self> {
        Ok(Self(u128::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::UUID
    }
}

/// A bit string, the first in the highest bit of the first byte, as `varbit`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    len: u32,
}

impl Bits {
    /// The number of bits.
    pub(crate) const fn len(&self) -> u32 {
        self.len
    }

    /// Sets bit `index`, which may lie behind the end.
    pub(crate) fn set(&mut self, index: u32) {
        let (byte, bit) = (index as usize / 8, index % 8);
        if self.bytes.len() <= byte {
            self.bytes.resize(byte + 1, 0);
        }
        self.bytes[byte] |= 0x80 >> bit;
        self.len = self.len.max(index + 1);
    }

    /// The indices of the bits that are set, in order.
    pub(crate) fn ones(&self) -> Vec<u32> {
        let mut ones = Vec::new();
        for (start, byte) in (0..).step_by(8).zip(&self.bytes) {
            let mut rest = *byte;
            while rest != 0 {
                let bit = rest.leading_zeros();
                ones.push(start + bit);
                rest &= !(0x80 >> bit);
            }
        }
        ones
    }
}

impl ToSql for Bits {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Converted<IsNull> {
        out.put_i32(i32::try_from(self.len)?);
        out.put_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::VARBIT
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Bits {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Converted<Self> {
        let (len, bytes) = raw.split_first_chunk::<4>().ok_or("a row of bits without length")?;
        let len = u32::try_from(i32::from_be_bytes(*len))?;
        if bytes.len() != len.div_ceil(8) as usize {
            return Err("a row of bits of another length than it says".into());
        }
        Ok(Self { bytes: bytes.to_vec(), len })
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::VARBIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_bits(places: &[u32]) {
        let mut bits = Bits::default();
        for place in places {
            bits.set(*place);
        }
        assert_eq!(bits.ones(), places, "{places:?}");
        let mut raw = BytesMut::new();
        bits.to_sql(&Type::VARBIT, &mut raw).unwrap();
        assert_eq!(Bits::from_sql(&Type::VARBIT, &raw).unwrap(), bits, "{places:?}");
    }

    #[test]
    fn bits_come_back_as_they_were_set() {
        for places in [&[][..], &[0], &[7], &[8], &[0, 1, 2, 9, 15, 16, 4095]] {
            check_bits(places);
        }
    }

    #[test]
    fn bits_of_a_wrong_length_are_refused() {
        for raw in [&[][..], &[0, 0, 0], &[0, 0, 0, 9, 0xFF], &[0xFF, 0xFF, 0xFF, 0xFF]] {
            assert!(Bits::from_sql(&Type::VARBIT, raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn times_come_back_to_the_microsecond() {
        for micros in [0, -1, 1_772_357_400_000_250, EPOCH_MICROS, -EPOCH_MICROS] {
            let at = SqlTimestamp(Timestamp::from_unix_micros(micros));
            let mut raw = BytesMut::new();
            at.to_sql(&Type::TIMESTAMPTZ, &mut raw).unwrap();
            assert_eq!(SqlTimestamp::from_sql(&Type::TIMESTAMPTZ, &raw).unwrap(), at);
        }
    }
}
