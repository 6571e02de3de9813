//! Payment URIs, which wallets read from a QR code or a link.
//!
//! Sources: BIP 21 for Bitcoin and the coins like it; EIP-681 for Ethereum and the networks like it, where amounts
//! are integers in the smallest unit.

/// How a payment is written for wallets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UriForm {
    /// `bitcoin:…?amount=…` (BIP 21).
    Bitcoin,
    /// `litecoin:…?amount=…`.
    Litecoin,
    /// `dogecoin:…?amount=…`.
    Dogecoin,
    /// The coin of a network of Ethereum's kind: `ethereum:…@1?value=…` (EIP-681).
    Ethereum {
        /// The number of the chain (EIP-155): 1 is Ethereum, 137 is Polygon.
        chain_id: u64,
    },
    /// An ERC-20 token: `ethereum:TOKEN@137/transfer?address=…&uint256=…` (EIP-681).
    Erc20 {
        /// The number of the chain.
        chain_id: u64,
        /// The address of the token's contract.
        contract: String,
        /// The decimals of the token.
        decimals: u8,
    },
}

/// The decimals of Ether and of Polygon's coin: their smallest unit is the wei.
const WEI_DECIMALS: u8 = 18;

/// The URI of a payment: `amount` of the coin to `address`. None if the amount is no decimal number or has more
/// decimals than the chain, or an address holds anything but letters and digits: then there is only the address.
#[must_use]
pub fn payment_uri(form: &UriForm, address: &str, amount: &str) -> Option<String> {
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_plain(address) {
        return None;
    }
    let like_bitcoin = |scheme: &str| {
        smallest_unit(amount, 8)?;
        Some(format!("{scheme}:{address}?amount={}", crate::format::plain(amount)))
    };
    match form {
        UriForm::Bitcoin => like_bitcoin("bitcoin"),
        UriForm::Litecoin => like_bitcoin("litecoin"),
        UriForm::Dogecoin => like_bitcoin("dogecoin"),
        UriForm::Ethereum { chain_id } => {
            let value = smallest_unit(amount, WEI_DECIMALS)?;
            Some(format!("ethereum:{address}@{chain_id}?value={value}"))
        }
        UriForm::Erc20 { chain_id, contract, decimals } if is_plain(contract) => {
            let value = smallest_unit(amount, *decimals)?;
            Some(format!("ethereum:{contract}@{chain_id}/transfer?address={address}&uint256={value}"))
        }
        UriForm::Erc20 { .. } => None,
    }
}

/// A decimal number in units of its last possible decimal, as digits: `"1.5"` with 6 decimals is `"1500000"`.
fn smallest_unit(amount: &str, decimals: u8) -> Option<String> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let fraction = fraction.trim_end_matches('0');
    let decimals = usize::from(decimals);
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) || fraction.len() > decimals {
        return None;
    }
    let digits = format!("{whole}{fraction:0<decimals$}");
    let digits = digits.trim_start_matches('0');
    (!digits.is_empty()).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BTC: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
    const ACCOUNT: &str = "0x8e23ee67d1332ad560396262c48ffbb01f93d052";
    const TOKEN: &str = "0x89205a3a3b2a69de6dbf7f01ed13b2108b2c43e7";

    /// The examples of BIP 21 and EIP-681, with our amounts.
    #[test]
    fn uris_are_as_the_standards_write_them() {
        let bip21 = |form| payment_uri(&form, BTC, "20.30000000");
        assert_eq!(bip21(UriForm::Bitcoin), Some(format!("bitcoin:{BTC}?amount=20.3")));
        assert_eq!(bip21(UriForm::Litecoin), Some(format!("litecoin:{BTC}?amount=20.3")));
        assert_eq!(bip21(UriForm::Dogecoin), Some(format!("dogecoin:{BTC}?amount=20.3")));
        let coin = UriForm::Ethereum { chain_id: 1 };
        assert_eq!(
            payment_uri(&coin, ACCOUNT, "2.014"),
            Some(format!("ethereum:{ACCOUNT}@1?value=2014000000000000000"))
        );
        let token = UriForm::Erc20 { chain_id: 137, contract: TOKEN.to_owned(), decimals: 6 };
        assert_eq!(
            payment_uri(&token, ACCOUNT, "412.607142"),
            Some(format!("ethereum:{TOKEN}@137/transfer?address={ACCOUNT}&uint256=412607142"))
        );
    }

    #[test]
    fn the_smallest_units_are_exact() {
        assert_eq!(smallest_unit("1.5", 6).as_deref(), Some("1500000"));
        assert_eq!(smallest_unit("0.000001", 6).as_deref(), Some("1"));
        assert_eq!(smallest_unit("0.0000010", 6).as_deref(), Some("1"));
        assert_eq!(smallest_unit("100", 0).as_deref(), Some("100"));
        let long = "123456789012345678901234567890.000000000000000001";
        assert_eq!(
            smallest_unit(long, 18).as_deref(),
            Some("123456789012345678901234567890000000000000000001")
        );
        for wrong in ["", "0", "0.00", "-1", "1e3", "0.0000001", "1,5", "."] {
            assert_eq!(smallest_unit(wrong, 6), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_is_smuggled_into_a_uri() {
        assert_eq!(payment_uri(&UriForm::Bitcoin, "bc1?amount=9", "1"), None);
        assert_eq!(payment_uri(&UriForm::Bitcoin, "", "1"), None);
        let token = UriForm::Erc20 { chain_id: 1, contract: "0x1@2".to_owned(), decimals: 6 };
        assert_eq!(payment_uri(&token, ACCOUNT, "1"), None);
    }
}
