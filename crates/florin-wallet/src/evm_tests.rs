//! Transactions against those of another program: the npm package ethers 6.17 with the same seed and fields.

use super::*;
use crate::keychain::{Branch, Seed};
use proptest::prelude::*;

const BITCOIN: Chain = Chain { kind: ChainKind::Bitcoin, ..Chain::EVM };

fn keys() -> Keychain {
    Keychain::new(Seed::new([7; 32]))
}

fn house(book: i64) -> Place {
    Place { book, branch: Branch::House, number: 0 }
}

fn address(text: &str) -> Address {
    Address::parse(Chain::EVM, text).unwrap()
}

fn payee() -> Address {
    address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
}

fn usdc() -> Address {
    address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
}

/// One ether, on the first chain.
fn plain() -> EvmTransaction {
    EvmTransaction {
        chain_id: 1,
        nonce: 0,
        max_fee: 30_000_000_000,
        max_priority_fee: 1_000_000_000,
        gas_limit: 21_000,
        call: Call::coin(&payee(), 1_000_000_000_000_000_000).unwrap(),
    }
}

#[test]
fn another_program_signs_the_same() {
    let keys = keys();
    assert_eq!(
        keys.address(Chain::EVM, house(5)).unwrap().as_str(),
        "0x424935f33d275f8622D45fE2aDEA8253954C04Fe"
    );
    let token = EvmTransaction {
        chain_id: 137,
        nonce: 200,
        max_fee: 1 << 100,
        max_priority_fee: 0,
        gas_limit: 100_000,
        call: Call::token(&usdc(), &payee(), 1_234_567).unwrap(),
    };
    let most = EvmTransaction {
        chain_id: 9_007_199_254_740_991,
        nonce: 9_007_199_254_740_991,
        max_fee: u128::MAX,
        max_priority_fee: u128::MAX,
        gas_limit: u64::MAX,
        call: Call::coin(&payee(), u128::MAX).unwrap(),
    };
    // Its s is a byte shorter than most.
    let short = EvmTransaction { nonce: 133, ..plain() };
    for (transaction, raw, id) in [
        (
            plain(),
            "0x02f8730180843b9aca008506fc23ac00825208945aaeb6053f3e94c9b9a09f33669435e7ef1beaed880de0b6b3a764000080\
             c080a0d5251f37e7a31d9978b1c8235892df50998bc443a538aeaa2183f5b056dcdc42a06fc68348e4797f9ae0f4913caac02c\
             8d997d1ae99ca22fc9fc25fd21ce6f0fa7",
            "0xc84e8e6605bb8bae51a3ecea13bc0cd75d65371315e1a7006e842ee4f3850f15",
        ),
        (
            token,
            "0x02f8b7818981c8808d10000000000000000000000000830186a094a0b86991c6218b36c1d19d4a2e9eb0ce3606eb4880b844\
             a9059cbb0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed0000000000000000000000000000\
             00000000000000000000000000000012d687c080a0ca35bb929799d09630f6819368435a4fc3e9b21d66b68b59c32c293601\
             522291a04ad7588cb049718f49beb34bbc5aaa561f7a01c4ce1154be83e665f7c93dbc8a",
            "0xd39f75a06abf149284ba82b21b8083441887e79e9046bcfe41fcf2a862fa0b5a",
        ),
        (
            most,
            "0x02f8a6871fffffffffffff871fffffffffffff90ffffffffffffffffffffffffffffffff90ffffffffffffffffffffffff\
             ffffffff88ffffffffffffffff945aaeb6053f3e94c9b9a09f33669435e7ef1beaed90ffffffffffffffffffffffffffffff\
             ff80c001a0a0483b3f77b7102109fb484e596d4abe0c5ea8bbfa41e73c666055ef8b74d105a00ad92773bac8f3c95f044518\
             fad0f5e35b189a59e24f5e1684b0d42c104f7bba",
            "0x356c2b695e911cee7a1d6d4afd9bbb701bb60c5e884beb31c7bc52a6aacb172d",
        ),
        (
            short,
            "0x02f873018185843b9aca008506fc23ac00825208945aaeb6053f3e94c9b9a09f33669435e7ef1beaed880de0b6b3a764000080\
             c001a00485661fa3ddfe78aa9acd44be15a768b13a4ff95e6e9f53437a684853eaa3939f4c3810a82617906c7e8bf91126e40f\
             ff8c0881eed8bf3cca4eeb677698e593",
            "0x8ddbddf38ce0db97c2ea05ae9625b87f23bc6c03d048e09a67ca8fccf0dc6459",
        ),
    ] {
        let signed = keys.sign_evm(house(5), &transaction).unwrap();
        assert_eq!(signed, SignedEvm { raw: raw.to_owned(), id: id.to_owned() });
        assert_eq!(evm_transaction_id(raw).as_deref(), Some(id));
    }
}

#[test]
fn a_house_pays_from_addresses_that_no_holder_has() {
    let holder = Place { branch: Branch::Holders, ..house(5) };
    assert_ne!(keys().address(Chain::EVM, house(5)), keys().address(Chain::EVM, holder));
}

#[test]
fn calls_are_as_another_program_encodes_them() {
    let call = Call::balance_of(&usdc(), &payee()).unwrap();
    assert_eq!(
        hex::encode(call.data()),
        "70a082310000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
    );
    assert_eq!((call.to(), call.value()), (&usdc(), 0));
}

#[test]
fn what_is_of_another_chain_is_not_paid() {
    let other = Address::parse(BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa").unwrap();
    assert_eq!(Call::coin(&other, 1), None);
    assert_eq!(Call::token(&usdc(), &other, 1), None);
    assert_eq!(Call::token(&other, &payee(), 1), None);
    assert_eq!(Call::balance_of(&other, &payee()), None);
    for text in ["", "0x0", "0xzz", "1234"] {
        assert_eq!(evm_transaction_id(text), None);
    }
}

#[test]
fn there_is_no_key_where_there_is_no_place() {
    let place = Place { number: 1 << 31, ..house(5) };
    assert_eq!(keys().sign_evm(place, &plain()), Err(DeriveError::Place));
}

proptest! {
    /// Another number, fee or place gives another transaction; the same gives the same.
    #[test]
    fn a_transaction_has_one_signature(nonce: u64, fee: u128, gas_limit: u64, book in 0_i64..1000) {
        let transaction = EvmTransaction { nonce, max_fee: fee, gas_limit, ..plain() };
        let signed = keys().sign_evm(house(book), &transaction).unwrap();
        prop_assert_eq!(&keys().sign_evm(house(book), &transaction).unwrap(), &signed);
        let higher = EvmTransaction { max_fee: fee ^ 1, ..transaction.clone() };
        prop_assert_ne!(&keys().sign_evm(house(book), &higher).unwrap().id, &signed.id);
        prop_assert_ne!(&keys().sign_evm(house(book + 1), &transaction).unwrap().id, &signed.id);
        // EIP-2: s is in the lower half of the order of the curve, so its first byte is below 0x80.
        let raw = hex::decode(&signed.raw[2..]).unwrap();
        let end = raw.len();
        // Both numbers have all their 32 bytes, each after a byte with their length.
        let is_full = raw[end - 33] == 0xa0 && raw[end - 66] == 0xa0;
        let has_high_s = is_full && raw[end - 32] >= 0x80;
        prop_assert!(!has_high_s);
    }
}
