//! How domain values travel to and from columns.

use domain::time::Millis;
use jiff::{Timestamp, Unit};
use jiff_sqlx::{Timestamp as Column, ToSqlx};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

/// An instant as `timestamptz`. Columns filled by the database keep microseconds; they are read rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub Millis);

impl Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        <Column as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let instant = Timestamp::from_millisecond(self.0.0)?.to_sqlx();
        Encode::<Postgres>::encode_by_ref(&instant, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for At {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let instant = <Column as Decode<Postgres>>::decode(value)?.to_jiff();
        let floor = jiff::TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Floor);
        Ok(Self(Millis(instant.round(floor)?.as_millisecond())))
    }
}

impl sqlx::postgres::PgHasArrayType for At {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_timestamptz")
    }
}
