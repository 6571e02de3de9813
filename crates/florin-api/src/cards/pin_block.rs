//! PIN blocks of ISO 9564-1 format 4: a PIN and the number of its card, enciphered twice by AES so that a block is
//! worth nothing beside another card. Pure.
//!
//! A block of 16 bytes holds the digit 4, the count of digits, the digits, `A` to the seventh byte, and eight random
//! bytes. The number's block holds the count of its digits less 12, its digits, and zeros.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use florin_types::CardNumber;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a block: one of AES.
pub const BLOCK_BYTES: usize = 16;

/// Random bytes at the end of a PIN's block.
pub const FILL_BYTES: usize = 8;

/// Digits of a PIN: the contract's.
pub const PIN_DIGITS: usize = 4;

/// A PIN. It is wiped from memory when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Zeroizing<[u8; PIN_DIGITS]>);

impl Pin {
    /// Reads four digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; PIN_DIGITS] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then(|| Self(Zeroizing::new(digits)))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&*self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// Enciphers a PIN for a card. None: the engine refuses the key, which it has no reason to.
pub fn encipher(key: &[u8; 32], pin: &Pin, number: &CardNumber, fill: [u8; FILL_BYTES]) -> Option<Vec<u8>> {
    let mut block = Zeroizing::new([0xaa; BLOCK_BYTES]);
    block[0] = 0x40 | PIN_DIGITS as u8;
    for (byte, pair) in block[1..].iter_mut().zip(pin.0.chunks_exact(2)) {
        *byte = (pair[0] - b'0') << 4 | (pair[1] - b'0');
    }
    block[BLOCK_BYTES - FILL_BYTES..].copy_from_slice(&fill);
    encrypt(key, &mut block)?;
    mix(&mut block, number);
    encrypt(key, &mut block)?;
    Some(block.to_vec())
}

/// Deciphers a block. None: it is of another key or another card.
pub fn decipher(key: &[u8; 32], block: &[u8], number: &CardNumber) -> Option<Pin> {
    let mut block = Zeroizing::new(<[u8; BLOCK_BYTES]>::try_from(block).ok()?);
    decrypt(key, &mut block)?;
    mix(&mut block, number);
    decrypt(key, &mut block)?;
    let is_format_4 = block[0] == 0x40 | PIN_DIGITS as u8 && block[3..8].iter().all(|byte| *byte == 0xaa);
    let digits = Zeroizing::new(
        [block[1] >> 4, block[1] & 15, block[2] >> 4, block[2] & 15].map(|digit| digit + b'0'),
    );
    (is_format_4 && digits.iter().all(u8::is_ascii_digit)).then_some(Pin(digits))
}

/// Adds the number's block, digit by digit modulo 2.
fn mix(block: &mut [u8; BLOCK_BYTES], number: &CardNumber) {
    let digits = number.as_str().bytes().map(|digit| digit - b'0');
    let more_than_12 = number.as_str().len().saturating_sub(12) as u8;
    for (place, digit) in std::iter::once(more_than_12).chain(digits).enumerate() {
        block[place / 2] ^= if place % 2 == 0 { digit << 4 } else { digit };
    }
}

fn encrypt(key: &[u8; 32], block: &mut [u8; BLOCK_BYTES]) -> Option<()> {
    let key = UnboundCipherKey::new(&AES_256, key).ok()?;
    EncryptingKey::ecb(key).ok()?.encrypt(block).ok().map(drop)
}

fn decrypt(key: &[u8; 32], block: &mut [u8; BLOCK_BYTES]) -> Option<()> {
    let key = UnboundCipherKey::new(&AES_256, key).ok()?;
    DecryptingKey::ecb(key).ok()?.decrypt(block, DecryptionContext::None).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// PIN, number, random bytes and block. Made by `encipher_pinblock_iso_4` of the Python package psec 1.3.0, whose
    /// `pinblock._urandom` was set to answer the random bytes, with the key 00 01 02 … 1f.
    const VECTORS: [(&str, &str, &str, &str); 5] = [
        ("1234", "9999000000000012", "0011223344556677", "db935f3ab99a3e81ac4de486a89c3a96"),
        ("0000", "9999000012345678", "ffffffffffffffff", "b2f4648e5eb299c4faafcb8db49a7cd2"),
        ("9999", "9999000099999991", "0123456789abcdef", "ef57cfaa975c413c9b0689ce8f42a349"),
        ("4829", "2223003122003222", "8000000000000001", "618b163c0a13d7c62bd9ae49fcaf644d"),
        ("7391", "378282246310005", "a5a5a5a5a5a5a5a5", "13a45fd92cb006442dc128a4a7fe201c"),
    ];

    fn key() -> [u8; 32] {
        std::array::from_fn(|place| place as u8)
    }

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn blocks_are_those_of_another_implementation() {
        for (pin, number, fill, block) in VECTORS {
            let (pin, number) = (Pin::parse(pin).unwrap(), CardNumber::parse(number).unwrap());
            let fill = bytes(fill).try_into().unwrap();
            assert_eq!(encipher(&key(), &pin, &number, fill).unwrap(), bytes(block));
            assert_eq!(decipher(&key(), &bytes(block), &number), Some(pin));
        }
    }

    #[test]
    fn a_pin_is_four_digits() {
        assert_eq!(Pin::parse("0042").unwrap().as_str(), "0042");
        assert_eq!(format!("{:?}", Pin::parse("0042")), "Some(Pin(…))");
        for text in ["", "123", "12345", "12a4", "１２３４", "-123", " 123"] {
            assert_eq!(Pin::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_block_is_of_its_card_and_key_alone(pin in "[0-9]{4}", fill: [u8; 8], a: u64, b: u64, key: [u8; 32]) {
            let range = florin_types::CardRange::of_no_network();
            let (pin, mine, other) = (Pin::parse(&pin).unwrap(), range.number(a), range.number(b));
            let block = encipher(&key, &pin, &mine, fill).unwrap();
            prop_assert_eq!(decipher(&key, &block, &mine), Some(pin.clone()));
            if mine != other {
                // By chance five bytes fit once in 2^40 times.
                prop_assert_eq!(decipher(&key, &block, &other), None);
            }
            let mut wrong = key;
            wrong[7] ^= 1;
            prop_assert_eq!(decipher(&wrong, &block, &mine), None);
            prop_assert_eq!(decipher(&key, &block[1..], &mine), None);
        }
    }
}
