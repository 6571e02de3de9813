//! The three things a column can hold, and how typed values become them and come back.
//!
//! | what | kept as | SQLite | PostgreSQL |
//! | --- | --- | --- | --- |
//! | amounts (minor units), positions, flags, numbers | `Int` | `INTEGER` | `BIGINT` |
//! | times (µs UTC) | `Int` | `INTEGER` | `BIGINT` |
//! | text, slugs, rates and percentages (exact decimals) | `Text` | `TEXT` (binary collation) | `TEXT COLLATE "C"` |
//! | ids (16 bytes), hashes, legs, ciphertext | `Bytes` | `BLOB` | `BYTEA` |

use crate::StoreError;
use florin_ledger::{BookId, HolderId, Position};
use florin_types::{CurrencyCode, Percentage, Rate, Timestamp};
use uuid::Uuid;

/// A column's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// SQL null.
    Null,
    /// A whole number.
    Int(i64),
    /// Text without NUL.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The type of a column, for parameters sent as arrays.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// [`Value::Int`].
    Int,
    /// [`Value::Text`].
    Text,
    /// [`Value::Bytes`].
    Bytes,
}

/// A row of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The value of column `index`, as the type that the caller expects.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, StoreError> {
        self.0.get(index).and_then(T::from_value).ok_or_else(|| {
            StoreError::unexpected(format!("column {index} is not what the statement promised"))
        })
    }
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// The typed value, or none where the column holds something else.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(number) = value { Some(*number) } else { None }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { bytes.as_slice().try_into().ok() } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

macro_rules! from_value_through {
    ($($type:ty: $inner:ty => $make:expr;)*) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value) -> Option<Self> {
                let make: fn($inner) -> Option<$type> = $make;
                <$inner>::from_value(value).and_then(make)
            }
        }
    )*};
}

from_value_through! {
    Uuid: [u8; 16] => |bytes| Some(Uuid::from_bytes(bytes));
    Timestamp: i64 => |micros| Some(Timestamp::from_micros(micros));
    Position: i64 => |number| Some(Position(number));
    BookId: i64 => |number| Some(BookId(number));
    HolderId: i64 => |number| Some(HolderId(number));
    CurrencyCode: String => |slug| CurrencyCode::parse(&slug);
    Rate: String => |text| Rate::parse(&text).ok();
    Percentage: String => |text| Percentage::parse(&text).ok();
}

macro_rules! into_value {
    ($($type:ty: $name:ident => $value:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($name: $type) -> Self {
                $value
            }
        }
    )*};
}

into_value! {
    i64: number => Value::Int(number);
    bool: flag => Value::Int(i64::from(flag));
    &str: text => Value::Text(text.to_owned());
    String: text => Value::Text(text);
    Vec<u8>: bytes => Value::Bytes(bytes);
    &[u8]: bytes => Value::Bytes(bytes.to_vec());
    Uuid: id => Value::Bytes(id.as_bytes().to_vec());
    Timestamp: at => Value::Int(at.micros());
    Position: position => Value::Int(position.0);
    BookId: book => Value::Int(book.0);
    HolderId: holder => Value::Int(holder.0);
    CurrencyCode: code => Value::Text(code.as_str().to_owned());
    Rate: rate => Value::Text(rate.to_string());
    Percentage: percentage => Value::Text(percentage.to_string());
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Value::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The parameters of a statement: `params![a, b]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::Value::from($value)),*] };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_percentages_come_back_as_they_were() {
        for text in ["0.000000000001", "60000.12", "1000000000000"] {
            let rate = Rate::parse(text).expect("a rate");
            assert_eq!(Row(params![rate].to_vec()).get(0), Ok(rate));
        }
        let percentage = Percentage::parse("1.49").expect("a percentage");
        assert_eq!(Row(params![percentage].to_vec()).get(0), Ok(percentage));
        assert!(Row(params!["1,49"].to_vec()).get::<Percentage>(0).is_err());
    }
}
