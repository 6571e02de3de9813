//! `POST /v1/sandbox/chain/deposit`, `…/mine` and `…/reorganise`: be the chain, and those who pay.

use super::clock::do_what_is_due_now;
use crate::crypto::{self, Incoming};
use crate::kit::book::jobs::run_due;
use crate::kit::prelude::*;
use florin_store::Due;

/// The most blocks of one call: twice the deepest reorganisation that is understood.
const MAX_BLOCKS: i64 = 400;

/// The deepest reorganisation of one call: what is followed goes back 200 blocks.
const MAX_DEPTH: i64 = 100;

/// The most outputs of one transaction: enough to see that each is a deposit.
const MAX_OUTPUTS: i64 = 10;

/// Coins or tokens from outside.
struct Deposit {
    address: String,
    currency: Listed<Currency>,
    amount: Listed<Amount>,
    network: String,
    /// None: blocks are made by themselves.
    confirmations: Option<u64>,
    outputs: usize,
}

impl Request for Deposit {
    const NAME: &'static str = "ChainDepositRequest";
    const ABOUT: &'static str = "Coins or tokens that come in.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let about = "Where they come to: the address of a user's wallet, of yours, or of an order.";
        let address = fields.required("address").about(about).text::<Text<100>>();
        let currency = fields.required("currency").about("A crypto currency.").listed_currency();
        let network =
            fields.required("network").about("A network of the currency, in any letter case.").lowercase();
        let amount = fields
            .required("amount")
            .about("How much, in whole units of the currency.")
            .listed_amount(currency.as_ref());
        let about = "Blocks that are made at once: with 0 it waits for `POST /v1/sandbox/chain/mine`. If omitted, \
                     blocks are made by themselves after a moment, until it has its confirmations.";
        let confirmations = fields.optional("confirmations").about(about).integer(0..=MAX_BLOCKS);
        let confirmations = confirmations.map(i64::unsigned_abs);
        let about = "How many times the amount is paid in the one transaction: each is a deposit. 1 if omitted, and \
                     always 1 for `eth` and `pol`.";
        let outputs = fields.optional("outputs").about(about).integer_or(1..=MAX_OUTPUTS, 1);
        let (address, currency, network, amount) = (address?, currency?, network?, amount?);
        let outputs = usize::try_from(outputs).unwrap_or(1);
        Some(Self { address: address.as_str().to_owned(), currency, amount, network, confirmations, outputs })
    }
}

/// Blocks that are made.
struct Mine {
    network: String,
    blocks: u64,
}

impl Request for Mine {
    const NAME: &'static str = "ChainMineRequest";
    const ABOUT: &'static str = "Blocks to be made.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let network = fields.required("network").about("The network, in any letter case.").lowercase();
        let blocks = fields.optional("blocks").about("How many. 1 if omitted.").integer_or(1..=MAX_BLOCKS, 1);
        Some(Self { network: network?, blocks: blocks.unsigned_abs() })
    }
}

/// Blocks that are replaced.
struct Reorganise {
    network: String,
    depth: u64,
    drops: bool,
}

impl Request for Reorganise {
    const NAME: &'static str = "ChainReorganiseRequest";
    const ABOUT: &'static str = "Blocks to be replaced.";

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let network = fields.required("network").about("The network, in any letter case.").lowercase();
        let depth = fields
            .required("depth")
            .about("How many of the newest blocks leave the chain. The first one always stays.");
        let depth = depth.integer(1..=MAX_DEPTH);
        let about = "Whether what was paid by `POST /v1/sandbox/chain/deposit` in those blocks is lost. If not, or if \
                     omitted, it waits for the next blocks.";
        let drops = fields.optional("drops").about(about).boolean().unwrap_or(false);
        Some(Self { network: network?, depth: depth?.unsigned_abs(), drops })
    }
}

/// A payment that was made on a chain.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainDepositMade {
    /// Id of the deposit: of its first output, where there are several. The deposit exists once a block has it.
    crypto_deposit_id: Uuid,
    /// The transaction, as its chain writes it.
    transaction_hash: String,
}

/// The calls.
pub fn endpoints() -> [Endpoint; 3] {
    [
        Endpoint {
            id: "depositOnChain",
            summary: "Pay on a chain",
            description: "Pays coins or tokens to a wallet of a user, to yours, or to an order, on the simulated chain \
                          of the network. It is a deposit once a block has it: see \
                          `GET /v1/crypto-deposit/details/{cryptoDepositId}`.",
            example: r#"{"address":"$wallet","currency":"usdc","network":"polygon","amount":"2000",
                "confirmations":32}"#,
            answer: r#"{"cryptoDepositId":"$cryptoDeposit",
                "transactionHash":"0x8f3c2a1b5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708"}"#,
            refusals: &[&P410, &P457, &P458],
            ..post("/v1/sandbox/chain/deposit", deposit_on_chain)
        },
        Endpoint {
            id: "mineBlocks",
            summary: "Make blocks",
            description: "Makes blocks on the simulated chain of a network. The first ones take what waits, \
                          withdrawals included. What comes of it has been done when the call answers.",
            example: r#"{"network":"btc","blocks":2}"#,
            answer: r#"{"message":"btc has 12 blocks"}"#,
            ..post("/v1/sandbox/chain/mine", mine_blocks)
        },
        Endpoint {
            id: "reorganiseChain",
            summary: "Reorganise a chain",
            description: "Takes the newest blocks off the simulated chain of a network and puts one more in their \
                          place, all empty, as happens where two are found at a time. Transactions of those blocks \
                          wait again, or are lost with `drops`. A deposit that was credited is taken back where its \
                          block is among them.",
            example: r#"{"network":"btc","depth":1}"#,
            answer: r#"{"message":"btc has 13 blocks"}"#,
            ..post("/v1/sandbox/chain/reorganise", reorganise_chain)
        },
    ]
}

async fn deposit_on_chain(
    context: SandboxContext,
    call: Call<Deposit>,
) -> Result<Created<ChainDepositMade>, Failure> {
    let Call { request: Deposit { address, currency, amount, network, confirmations, outputs }, keyed } =
        call;
    do_what_is_due_now(&context).await;
    let made = context.run(keyed, Vec::new(), async move |work| {
        let (currency, amount) = (currency.known()?, amount.known()?);
        let incoming = Incoming { address: &address, currency, network: &network, amount, outputs };
        let (crypto_deposit_id, transaction_hash) = crypto::pay_in(work, &incoming, confirmations).await?;
        Ok(ChainDepositMade { crypto_deposit_id, transaction_hash })
    });
    done(&context, made.await?).await
}

async fn mine_blocks(context: SandboxContext, call: Call<Mine>) -> Result<Success<Message>, Failure> {
    let Call { request: Mine { network, blocks }, keyed } = call;
    do_what_is_due_now(&context).await;
    let made = context.run(keyed, Vec::new(), async move |work| {
        let height = crypto::mine(work, &network, blocks).await?;
        Ok(Message::new(format!("{network} has {height} blocks")))
    });
    done(&context, made.await?).await
}

async fn reorganise_chain(
    context: SandboxContext,
    call: Call<Reorganise>,
) -> Result<Success<Message>, Failure> {
    let Call { request: Reorganise { network, depth, drops }, keyed } = call;
    do_what_is_due_now(&context).await;
    let made = context.run(keyed, Vec::new(), async move |work| {
        let height = crypto::reorganise(work, &network, depth, drops).await?;
        Ok(Message::new(format!("{network} has {height} blocks")))
    });
    done(&context, made.await?).await
}

/// Answers when what comes of it has been done. Where that fails, the workers do it.
async fn done<T>(context: &Context, answer: T) -> Result<T, Failure> {
    let book = context.snapshot().await?.book();
    if let Err(error) = run_due(&context.app, Due::OfBook(book)).await {
        tracing::warn!(%error, "could not look at the chain at once");
    }
    Ok(answer)
}
