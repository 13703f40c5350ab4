//! Money: whole minor units and an ISO 4217 code. No floats, every sum checked.

use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An ISO 4217 currency code of three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");

    /// Reads a code; refuses anything but three ASCII capitals.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] for any other text.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| MoneyError::UnknownCurrency)?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(MoneyError::UnknownCurrency) }
    }

    /// The code as text.
    #[must_use]
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the point (ISO 4217 exponent) of the currencies that differ from two.
    #[must_use]
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"JPY" | b"KRW" | b"ISK" | b"VND" | b"CLP" | b"XAF" | b"XOF" => 0,
            b"BHD" | b"KWD" | b"OMR" | b"TND" | b"JOD" => 3,
            _ => 2,
        }
    }

    fn sign(self) -> Option<&'static str> {
        match &self.0 {
            b"EUR" => Some("€"),
            b"GBP" => Some("£"),
            b"USD" => Some("$"),
            b"JPY" => Some("¥"),
            _ => None,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = String::deserialize(d)?;
        Self::new(&code).map_err(serde::de::Error::custom)
    }
}

/// What can go wrong with money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum MoneyError {
    /// Two amounts of different currencies met.
    #[error("amounts of different currencies cannot be added")]
    Mixed,
    /// The sum does not fit.
    #[error("the amount is too large")]
    Overflow,
    /// Not three capital letters.
    #[error("a currency is three capital letters")]
    UnknownCurrency,
}

/// An amount in minor units (cents) of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `amount` minor units of `currency`.
    #[must_use]
    pub fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { amount: 0, currency }
    }

    /// The sum of two amounts.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for two currencies, [`MoneyError::Overflow`] past 64 bits.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed);
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, currency: self.currency })
    }

    /// `€45.00`, `£22.50`, `¥4500`, `CHF 12.00`: what it is displayed as. By itself it needs none of the machinery behind
    /// `to_string`, which would be a kilobyte of the browser's client.
    #[must_use]
    pub fn words(&self) -> String {
        let minus = if self.amount < 0 { "−" } else { "" };
        let (sign, space) = self.currency.sign().map_or((self.currency.code(), " "), |sign| (sign, ""));
        let mut digits = self.amount.unsigned_abs().to_string();
        let exponent = self.currency.exponent() as usize;
        while digits.len() <= exponent {
            digits.insert(0, '0');
        }
        if exponent > 0 {
            digits.insert(digits.len() - exponent, '.');
        }
        [minus, sign, space, &digits].concat()
    }

    /// `n` times the amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] past 64 bits.
    pub fn times(self, n: u32) -> Result<Self, MoneyError> {
        let amount = self.amount.checked_mul(i64::from(n)).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, currency: self.currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(Money::new(4500, Currency::EUR).to_string(), "€45.00");
        assert_eq!(Money::new(-5, Currency::GBP).to_string(), "−£0.05");
        assert_eq!(Money::new(900, Currency::new("JPY").unwrap()).to_string(), "¥900");
        assert_eq!(Money::new(1200, Currency::new("CHF").unwrap()).to_string(), "CHF 12.00");
        assert_eq!(Money::new(0, Currency::new("BHD").unwrap()).to_string(), "BHD 0.000");
        assert_eq!(Money::new(i64::MIN, Currency::EUR).to_string(), "−€92233720368547758.08");
    }

    #[test]
    fn sums_refuse_to_mix_or_overflow() {
        let euro = Money::new(1, Currency::EUR);
        assert_eq!(euro.plus(Money::new(1, Currency::GBP)), Err(MoneyError::Mixed));
        assert_eq!(Money::new(i64::MAX, Currency::EUR).plus(euro), Err(MoneyError::Overflow));
        assert_eq!(Money::new(i64::MAX, Currency::EUR).times(2), Err(MoneyError::Overflow));
    }
}
