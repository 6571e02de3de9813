//! What a chain's amounts are to the platform.

use florin_types::CurrencyCode;
use florin_wallet::{Address, Call};

/// A currency of the platform on a chain. One whole is 10^`decimals` on each side.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The currency.
    pub currency: CurrencyCode,
    /// The platform's decimals.
    pub decimals: u8,
    /// The chain's decimals.
    pub chain_decimals: u8,
}

/// A currency that is a contract (ERC-20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its amounts.
    pub asset: Asset,
    /// The contract's address.
    pub contract: Address,
}

/// The call that pays minor units of a currency, on a chain with this coin and these contracts. None: the chain does
/// not have the currency, or cannot count the amount, or the address is of another kind.
pub(in crate::chain) fn payment(
    (coin, tokens): (&Asset, &[Token]),
    to: &Address,
    currency: CurrencyCode,
    amount: i64,
) -> Option<Call> {
    if currency == coin.currency {
        return Call::coin(to, coin.to_chain(amount)?);
    }
    let token = tokens.iter().find(|token| token.asset.currency == currency)?;
    Call::token(&token.contract, to, token.asset.to_chain(amount)?)
}

impl Asset {
    /// What so much gas costs at so much of the coin's smallest unit, in minor units, rounded up. None: more than the
    /// platform can count.
    #[must_use]
    pub fn gas_cost(&self, gas: u64, fee: u128) -> Option<i64> {
        self.from_chain_up(fee.checked_mul(gas.into())?)
    }

    /// Minor units of an amount of the chain, cut down. None: more than the platform can count.
    #[must_use]
    pub fn from_chain(&self, amount: u128) -> Option<i64> {
        self.minor(amount, |amount, unit| amount / unit)
    }

    /// Minor units of an amount of the chain, rounded up: for what was paid. None: more than the platform can count.
    #[must_use]
    pub fn from_chain_up(&self, amount: u128) -> Option<i64> {
        self.minor(amount, u128::div_ceil)
    }

    fn minor(&self, amount: u128, divide: fn(u128, u128) -> u128) -> Option<i64> {
        let minor = match self.chain_decimals.checked_sub(self.decimals) {
            Some(finer) => divide(amount, power(finer)?),
            None => amount.checked_mul(power(self.decimals - self.chain_decimals)?)?,
        };
        i64::try_from(minor).ok()
    }

    /// An amount of the chain. None: the amount is not positive, or the chain cannot count it.
    #[must_use]
    pub fn to_chain(&self, minor: i64) -> Option<u128> {
        let minor = u128::try_from(minor).ok().filter(|minor| *minor > 0)?;
        match self.chain_decimals.checked_sub(self.decimals) {
            Some(finer) => minor.checked_mul(power(finer)?),
            None => {
                let unit = power(self.decimals - self.chain_decimals)?;
                (minor % unit == 0).then(|| minor / unit)
            }
        }
    }

    /// Whether its two scales are near enough for 128 bits.
    pub(super) fn is_possible(&self) -> bool {
        power(self.chain_decimals.abs_diff(self.decimals)).is_some()
    }
}

fn power(exponent: u8) -> Option<u128> {
    10_u128.checked_pow(exponent.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asset(decimals: u8, chain_decimals: u8) -> Asset {
        Asset { currency: CurrencyCode::new("eth"), decimals, chain_decimals }
    }

    #[test]
    fn rests_are_cut_off_and_fees_rounded_up() {
        let ether = asset(8, 18);
        for (wei, down, up) in [
            (0, Some(0), Some(0)),
            (1, Some(0), Some(1)),
            (9_999_999_999, Some(0), Some(1)),
            (10_000_000_000, Some(1), Some(1)),
            (10_000_000_001, Some(1), Some(2)),
            (9_223_372_036_854_775_807 * 10_000_000_000, Some(i64::MAX), Some(i64::MAX)),
            (9_223_372_036_854_775_808 * 10_000_000_000, None, None),
            (u128::MAX, None, None),
        ] {
            assert_eq!((ether.from_chain(wei), ether.from_chain_up(wei)), (down, up), "{wei}");
        }
        assert_eq!(asset(8, 6).from_chain(3), Some(300));
        assert_eq!(asset(8, 6).to_chain(300), Some(3));
        assert_eq!(asset(8, 6).to_chain(301), None);
        assert_eq!((ether.to_chain(0), ether.to_chain(-1)), (None, None));
        assert!(!asset(0, 39).is_possible() && asset(0, 38).is_possible());
        assert_eq!(asset(0, 39).from_chain(1), None);
    }

    proptest! {
        #[test]
        fn what_is_paid_out_is_what_comes_in(minor in 1_i64.., decimals in 0_u8..20, chain in 0_u8..20) {
            let asset = asset(decimals, chain);
            if let Some(amount) = asset.to_chain(minor) {
                prop_assert_eq!(asset.from_chain(amount), Some(minor));
                prop_assert_eq!(asset.from_chain_up(amount), Some(minor));
            }
        }

        #[test]
        fn no_amount_panics(amount: u128, decimals: u8, chain: u8) {
            let asset = asset(decimals, chain);
            let (down, up) = (asset.from_chain(amount), asset.from_chain_up(amount));
            prop_assert!(up.is_none() || down <= up);
        }
    }
}
