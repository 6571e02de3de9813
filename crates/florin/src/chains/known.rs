//! What is known of the networks.

/// Decimals of the coins of Ethereum's kind: wei.
pub const EVM_DECIMALS: u8 = 18;

/// Decimals of the contracts of USDC and USDT on Ethereum and Polygon.
pub const TOKEN_DECIMALS: u8 = 6;

/// What is known of a network of Ethereum's kind.
pub struct ChainIds {
    /// The number of the main network.
    pub main: u64,
    /// That of the network to try things on which its makers keep now.
    pub test: u64,
    /// The most wei per gas that is offered.
    pub max_fee: u64,
}

/// From the list of chains that wallets use (github.com/ethereum-lists/chains): Sepolia, and Amoy. The limits of fees
/// are above all but some hours of the years since 2021; a payment of a token, of 100,000 gas, then costs 0.03 ETH or
/// 0.1 POL at most.
const ETHEREUM: ChainIds = ChainIds { main: 1, test: 11_155_111, max_fee: 300_000_000_000 };
const POLYGON: ChainIds = ChainIds { main: 137, test: 80_002, max_fee: 1_000_000_000_000 };

/// Those of a network.
pub fn chain_ids(slug: &str) -> &'static ChainIds {
    if slug == "polygon" { &POLYGON } else { &ETHEREUM }
}

/// Whether it is the number of a main network that we know.
pub fn is_main_chain(id: u64) -> bool {
    [&ETHEREUM, &POLYGON].into_iter().any(|chain| chain.main == id)
}

/// What is known of a network of Bitcoin's kind.
pub struct FirstBlocks {
    /// The id of the first block of the main network.
    pub main: &'static str,
    /// That of the network to try things on.
    pub test: &'static str,
    /// Least and highest fee, and the one while the node can't say: the coin's smallest unit for 1,000 virtual bytes.
    pub fees: (u64, u64, u64),
}

/// From `chainparams.cpp` of Bitcoin Core (testnet4), Litecoin Core (testnet4) and Dogecoin Core. The least fees are
/// those that nodes relay, for Dogecoin the one that it recommends. The highest are above all but the worst hours of
/// the chains' years, and bound what a node that lies costs: for a payment of 200 bytes 0.001 BTC, 0.002 LTC and 20
/// DOGE.
const BITCOIN: FirstBlocks = FirstBlocks {
    main: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    test: "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
    fees: (1_000, 500_000, 20_000),
};
const LITECOIN: FirstBlocks = FirstBlocks {
    main: "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2",
    test: "4966625a4b2851d9fdee139e56211a0d88575f59ed816ff5e6a63deb4e3e29a0",
    fees: (1_000, 1_000_000, 10_000),
};
const DOGECOIN: FirstBlocks = FirstBlocks {
    main: "1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691",
    test: "bb0a78264637406b6360aad926284d544d7049f45189db5664f3c4d07350559e",
    fees: (1_000_000, 10_000_000_000, 1_000_000),
};

/// Those of a network.
pub fn first_blocks(slug: &str) -> &'static FirstBlocks {
    match slug {
        "ltc" => &LITECOIN,
        "doge" => &DOGECOIN,
        _ => &BITCOIN,
    }
}

/// Whether it is the id of the first block of a main network that we know.
pub fn is_main_block(id: &str) -> bool {
    [&BITCOIN, &LITECOIN, &DOGECOIN].into_iter().any(|chain| chain.main == id)
}
