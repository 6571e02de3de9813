//! Tests of blocks: real ones, and what a liar would make of them.

use super::*;
use bitcoin::hashes::Hash;
use bitcoin::hex::FromHex;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, consensus};
use proptest::prelude::*;

/// Bitcoin's first block.
const FIRST: &str = "\
    0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3\
    888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c0101000000010000000000000000000000000000000000000000000000000000\
    000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e2062\
    72696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe554827\
    1967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f\
    ac00000000";

/// Dogecoin's block 371,337, the first that counts another chain's work.
const MERGED: &str = "\
    020162000d6f03470d329026cd1fc720c0609cd378ca8691a117bd1aa46f01fb09b1a8468a15bf6f0b0e83f2e5036684169eafb9406468d4\
    f075c999fb5b2a78fbb827ee41fb11548441361b000000000100000001000000000000000000000000000000000000000000000000000000\
    0000000000ffffffff380345bf09fabe6d6d980ba42120410de0554d42a5b5ee58167bcd86bf7591f429005f24da45fb51cf080000000000\
    0000cdb1f1ff0e000000ffffffff01800c0c2a010000001976a914aa3750aa18b8a0f3f0590731e1fab934856680cf88ac00000000b3e64e\
    02fff596209c498f1b18f798d62f216f11c8462bf3922319000000000003a979a636db2450363972d211aee67b71387a3daaa3051be0fd26\
    0c5acd4739cd52a418d29d8a0e56c8714c95a0dc24e1c9624480ec497fe2441941f3fee8f9481a3370c334178415c83d1d0c2deeec727c23\
    30617a47691fc5e79203669312d100000000036fa40307b3a439538195245b0de56a2c1db6ba3a64f8bdd2071d00bc48c841b5e77b98e5c7\
    d6f06f92dec5cf6d61277ecb9a0342406f49f34c51ee8ce4abd678038129485de14238bd1ca12cd2de12ff0e383aee542d90437cd664ce13\
    9446a00000000002000000d2ec7dfeb7e8f43fe77aba3368df95ac2088034420402730ee0492a2084217083411b3fc91033bfdeea339bc11\
    b9efc986e161c703e07a9045338c165673f09940fb11548b54021b58cc9ae506010000000100000000000000000000000000000000000000\
    00000000000000000000000000ffffffff0d0389aa050101062f503253482fffffffff010066f33caf050000232102b73438165461b826b3\
    0a46078f211aa005d1e7e430b1e0ed461678a5fe516c73ac000000000100000001ef2e86aa5f027e13d7fc1f0bd4a1fc677d698e42850680\
    634ccd1834668ff320010000006b483045022100fcf5dc43afa85978a71e76a9f4c11cd6bf2a7d5677212f9001ad085d420a5d3a02206898\
    2e1e53e94fc6007cf8b60ff3919bcaf7f0b70fefb79112cb840777d8c7cf0121022b050b740dd02c1b4e1e7cdbffe6d836d987c9db4c4db7\
    34b58526f08942193bffffffff02004e7253000000001976a91435cb1f77e88e96fb3094d84e8d3b7789a092636d88ac00d4b7e8b0070000\
    1976a9146ca1f634daa4efc7871abab945c7cefd282b481f88ac0000000001000000010a6c24bbc92fd0ec32bb5b0a051c44eba0c1325f0b\
    24d9523c109f8bb1281f49000000006a4730440220608577619fb3a0b826f09df5663ffbf121c8e0164f43b73d9affe2f9e4576bd0022040\
    782c9a7df0a20afe1a7e3578bf27e1331c862253af21ced4fde5ef1b44b787012103e4f91ad831a87cc532249944bc7138a355f7d0aac25d\
    c4737a8701181ce680a5ffffffff010019813f0d0000001976a91481db1aa49ebc6a71cad96949eb28e22af85eb0bd88ac00000000010000\
    00017b82db0f644ecff378217d9b8dc0de8817eaf85ceefacab23bf344e2e495dca5010000006b483045022100f07ced6bfdbd6cdeb8b2c8\
    fc92b9803f5798754b5b6c454c8f084198bea303f402205616f84d7ec882af9c34a3fd2457ca3fb81ec5a463a963a6e684edee427d452501\
    2102c056b10494520dbd7b37e2e6bb8f72f98d73a609a926901221bfb114fa1d5a80ffffffff02f0501a22000000001976a914ca63ded8b2\
    3d0252158a3bdc816747ef89fb438988ac80b65ea1350700001976a914fb26a7c16ace531a8e7bbd925e46c67c3150c1c888ac0000000001\
    00000001c9bdba900e1579ebf4e44415fe8b9abec57a763f8c70a30604bea7fbe7c55d42000000006a47304402204ccbeeace0630e72102f\
    daf0836e41f8f6dcdde6a178f0fbc2d96a4d17a1df8f02207e4a91203a2abd87fdddee96510482ef96535741b6c17a1acae93c977ad248e5\
    012103e0747583a342b76a5de9c21db138b9640d49b4f3b67a306d3b3f217416d49b55ffffffff020058850c020000001976a9144417c63a\
    91208a02a5f46a0f7a2b806adc7d19a788ac0042dc06030000001976a9147b61c5adef0d559e5acf2901c2989294624b651988ac00000000\
    01000000017c1423b198dfc3da37ae9a5fc11a3720e4343b3049d3b289b8285eb04595c04b000000006b483045022100b0c1cb9608bf644d\
    7a8916bf61f36ced95bd045e97612804ca774f60e05e7bde022017c12255eecc474c8d8b05d0910013b2df8703af68212cf0962b6b8ee0e1\
    01ee01210341e154088c23b8ea943bca94c1d4f65361668a242b168522f00199365414b46affffffff01019891ad000000001976a91481db\
    1aa49ebc6a71cad96949eb28e22af85eb0bd88ac00000000";

/// Block 432 of litecoind 0.21.2.1 in its mode `regtest`: a coinbase, a payment into the extension block, a payment,
/// and the transaction that settles the extension block, of which the first bytes follow.
const EXTENDED: &str = "\
    00000020a20c7310991dca7d268f0076c8da64530ad63d16d3c1e9c444f5aae3ab8628d1173423748b1a28fafb45056c4f314c188798320f\
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

#[test]
fn dogecoins_block_with_another_chains_work_is_read() {
    let block = read(ChainKind::Dogecoin, &bytes(MERGED)).unwrap();
    assert_eq!(block.hash, "60323982f9c5ff1b5a954eac9dc1269352835f47c2c5222691d80f0d50dcf053");
    assert_eq!(block.parent, "46a8b109fb016fa41abd17a19186ca78d39c60c020c71fcd2690320d47036f0d");
    assert_eq!((block.made_at, block.transactions.len()), (1_410_464_577, 6));
    assert!(read(ChainKind::Bitcoin, &bytes(MERGED)).is_err());
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
