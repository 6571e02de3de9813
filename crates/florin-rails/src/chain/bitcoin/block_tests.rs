//! Tests of blocks: real ones, and what a liar would make of them.

use super::*;
use bitcoin::hashes::Hash;
use bitcoin::hex::FromHex;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, consensus};
use proptest::prelude::*;

/// Bitcoin's first block.
const FIRST: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3\
     888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c0101000000010000000000000000000000000000000000000000000000000000\
     000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e2062\
     72696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe554827\
     1967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f\
     ac00000000";

/// Block 432 of litecoind 0.21.2.1 in its mode `regtest`: a coinbase, a payment into the extension block, a payment, and
/// the transaction that settles the extension block, of which the first bytes follow.
const EXTENDED: &str = "00000020a20c7310991dca7d268f0076c8da64530ad63d16d3c1e9c444f5aae3ab8628d1173423748b1a28fafb45056c4f314c188798320f\
     4c350ace0724fb5c1d3c76ab4e040d6bffff7f20010000000402000000000101000000000000000000000000000000000000000000000000\
     0000000000000000ffffffff0502b0010101ffffffff027ca3814a0000000016001499aa3e9831385238ef1d39754bb5485fc59f24f20000\
     000000000000266a24aa21a9ede7b3640c96146006c6837fdcd11f2516ef6f228e9ecc871aef0a6f031ef1bccc0120000000000000000000\
     00000000000000000000000000000000000000000000000000000002000000000101e32db7aff9fdc15ad278dc54abeffd4dd554e77120c3\
     bcc6e166418431e78b970000000000feffffff01c46f814a00000000225920dd00ba7ce083d0d2ddfd0b5f754db56eedecca48a8ae73eacd\
     cb7e953d8cf84a02473044022071e6eb42738675255faf72edd4d00015c8e55b0ae3adda62006dec71efe709e102202e090bdc15b61594db\
     49773494765372362a2dd1fbfaf85f7c3afbd51c6bac180121020666868a8f413aa819d7ac51a23d6026cff1e66a7896b7a26aef0172417d\
     1842af010000020000000001015a0bc94e81444b6dcb3302ea19e4f17ea837f210beeb7b05c67e88f4949afc1a0000000000feffffff0200\
     c2eb0b0000000016001499aa3e9831385238ef1d39754bb5485fc59f24f27caf953e00000000160014222168ab6a17db646cf0b92547e8bb\
     0c3ba27084024730440220778a914feac8ebe159833fed7a8ec38dd90c3afab969bf9fc8f495f93dbaeed402207d2ad144f269e16bf6772a\
     ace06c7273031cf810092b38b43d3fe98f0a0c43fa0121020666868a8f413aa819d7ac51a23d6026cff1e66a7896b7a26aef0172417d1842\
     af0100000200000000080183567a52412fe250340a0354fd0cdd8924cd3467cf2bf4edf282af226ae2ab680000000000ffffffff01886081\
     4a00000000225820ad2a424eb3036205c1835c3f185d40eab4d85c431d85ddc49c29f5556cf4952a000000000001823044cbb2efcb90b5c3\
     c91e87f715f11fd24966eafe087b295d198192";

fn bytes(digits: &str) -> Vec<u8> {
    FromHex::from_hex(digits).unwrap()
}

fn ids(read: &Read) -> Vec<String> {
    read.transactions.iter().map(|transaction| transaction.id.to_string()).collect()
}

#[test]
fn the_first_block_is_read() {
    let read = read(ChainKind::Bitcoin, &bytes(FIRST)).unwrap();
    assert_eq!(read.hash, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
    assert_eq!((read.parent, read.made_at), ("0".repeat(64), 1_231_006_505));
    assert_eq!(read.transactions[0].outputs[0].value, Amount::from_sat(5_000_000_000));
}

#[test]
fn a_block_with_an_extension_block_is_litecoins_alone() {
    let block = read(ChainKind::Litecoin, &bytes(EXTENDED)).unwrap();
    assert_eq!(block.hash, "f07414163ea4aafb4a1a7c4081e093e2904153885f421430c72e2f91b102596f");
    assert_eq!(
        ids(&block),
        [
            "18555f0edae6958f6990defbd4a1397d53005a1a614c0a300ceb7703107ea209",
            "68abe26a22af82f2edf42bcf6734cd2489dd0cfd54030a3450e22f41527a5683",
            "073d9bbf52a964c511e6a9b930f68209137449b67d622b8e52a6a1017f7c1463",
            "0a74f6e2de9ade7c06a85ed48218df263319e3eac1a84f2f24244d811bbd253e",
        ]
    );
    let amounts: Vec<_> = block.transactions[2].outputs.iter().map(|output| output.value.to_sat()).collect();
    assert_eq!(amounts, [200_000_000, 1_049_997_180]);
    assert!(read(ChainKind::Bitcoin, &bytes(EXTENDED)).is_err());
}

fn transaction_of(number: u32, is_first: bool) -> Transaction {
    let txid = if is_first { Txid::all_zeros() } else { Txid::from_byte_array([7; 32]) };
    let vout = if is_first { u32::MAX } else { number };
    let (script_sig, sequence) = (ScriptBuf::from_bytes(vec![1; 4]), Sequence::MAX);
    let input = vec![TxIn {
        previous_output: OutPoint { txid, vout },
        script_sig,
        sequence,
        witness: Witness::new(),
    }];
    let pays = |amount| TxOut { value: Amount::from_sat(amount), script_pubkey: ScriptBuf::new() };
    let output = vec![pays(u64::from(number) + 1)];
    Transaction { version: transaction::Version::ONE, lock_time: absolute::LockTime::ZERO, input, output }
}

/// A block's bytes: the header, what stands between, the transactions.
fn block_of(version: i32, between: &[u8], transactions: &[Transaction]) -> Vec<u8> {
    let root = merkle_tree::calculate_root(transactions.iter().map(|one| one.compute_txid().to_raw_hash()));
    let header = Header {
        version: bitcoin::block::Version::from_consensus(version),
        prev_blockhash: bitcoin::BlockHash::all_zeros(),
        merkle_root: root.unwrap().into(),
        time: 1,
        bits: bitcoin::CompactTarget::from_consensus(0),
        nonce: 0,
    };
    [consensus::serialize(&header), between.to_vec(), consensus::serialize(&transactions.to_vec())].concat()
}

#[test]
fn another_chains_work_is_passed_over_in_dogecoins_blocks() {
    let some = [transaction_of(0, true), transaction_of(1, false)];
    let branch = |count: u8| [&[count][..], &vec![9; 32 * usize::from(count)], &[0; 4]].concat();
    let work = [consensus::serialize(&some[0]), vec![5; 32], branch(3), branch(0), vec![1; 80]].concat();
    let bytes = block_of(0x0062_0104, &work, &some);
    let block = read(ChainKind::Dogecoin, &bytes).unwrap();
    assert_eq!(block.transactions.len(), 2);
    assert!(read(ChainKind::Bitcoin, &bytes).is_err());
    assert!(read(ChainKind::Dogecoin, &block_of(0x0062_0104, &[], &some)).is_err());
    assert!(read(ChainKind::Dogecoin, &block_of(0x0062_0004, &[], &some)).is_ok());
}

#[test]
fn transactions_that_come_twice_have_the_same_root_and_are_refused() {
    let three = [transaction_of(0, true), transaction_of(1, false), transaction_of(2, false)];
    assert!(read(ChainKind::Bitcoin, &block_of(2, &[], &three)).is_ok());
    let four = [&three[..], &three[2..]].concat();
    let block = read(ChainKind::Bitcoin, &block_of(2, &[], &four));
    assert_eq!(block.err().as_deref(), Some("its transactions are not those of its header"));
    for wrong in [vec![three[1].clone()], vec![three[0].clone(), transaction_of(9, true)], Vec::new()] {
        let bytes = match wrong.is_empty() {
            true => [&block_of(2, &[], &three)[..80], &[0]].concat(),
            false => block_of(2, &[], &wrong),
        };
        assert!(read(ChainKind::Bitcoin, &bytes).is_err());
    }
    let more = [&block_of(2, &[], &three)[..], &[0]].concat();
    assert!(read(ChainKind::Litecoin, &more).is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let header = &self::bytes(FIRST)[..80];
        for kind in [ChainKind::Bitcoin, ChainKind::Litecoin, ChainKind::Dogecoin] {
            let _ = read(kind, &bytes);
            let _ = read(kind, &[header, &bytes].concat());
        }
    }

    /// Whatever is changed: it is no block, another block, or something that does not matter here.
    #[test]
    fn nothing_else_can_be_shown_under_a_blocks_id(place in any::<prop::sample::Index>(), change in 1_u8.., cut: bool) {
        let mut bytes = self::bytes(EXTENDED);
        let whole = read(ChainKind::Litecoin, &bytes).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        if cut {
            bytes.truncate(place);
        }
        if let Ok(other) = read(ChainKind::Litecoin, &bytes)
            && other.hash == whole.hash
        {
            prop_assert_eq!(ids(&other), ids(&whole));
            for (one, two) in other.transactions.iter().zip(&whole.transactions) {
                prop_assert_eq!(&one.outputs, &two.outputs);
            }
        }
    }
}
