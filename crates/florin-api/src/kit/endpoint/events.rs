//! The types of events: the contract's table of webhooks. A type is listed here from the start, so that a partner can
//! register a path for it; it happens once a family has a row for it.

use crate::kit::request::types::words;

words! {
    /// What an event says happened.
    pub enum EventType {
        /// The balances of a verified user can be used.
        UserStatus = "user.status",
        /// Uploaded files were decoded.
        KycFiles = "kyc_files.status",
        /// A proof of address was sent or decided on.
        PoaVerification = "poa_verification.status",
        /// A verification went a step further, was decided on, or expired.
        KycVerification = "kyc_verification.status",
        /// A wallet was made.
        WalletCreated = "wallet.created",
        /// Money moved between users, or between a user and the master balance.
        Transfer = "transfer",
        /// A SEPA transfer changed its status.
        SepaTransfer = "sepa_transfer",
        /// A SEPA payment was credited.
        SepaDeposit = "sepa_deposit",
        /// A recall of a SEPA payment came in, or was answered.
        SepaRecall = "sepa_recall",
        /// A sender's IBAN was checked.
        IbanStatus = "iban.status",
        /// A crypto withdrawal changed its status.
        CryptoWithdrawal = "crypto_withdrawal",
        /// A crypto deposit changed its status.
        CryptoDeposit = "crypto_deposit",
        /// Money was exchanged.
        Exchange = "exchange",
        /// A card was used.
        CardTransaction = "card.transaction",
        /// An order changed its status.
        Order = "order",
        /// A payment link changed its status.
        PaymentLink = "payment_link",
        /// A code for 3-D Secure.
        Card3ds = "card.3ds",
        /// A code that activates a card.
        CardActivation = "card.activation",
        /// The monthly fee of a card could not be taken from your balance, or was paid after all.
        CardFee = "card.fee",
    }
}

impl EventType {
    /// The default path of its webhook, below the partner's base URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::UserStatus => "/webhook/user/status",
            Self::KycFiles => "/webhook/kyc-files/status",
            Self::PoaVerification => "/webhook/poa-verification/status",
            Self::KycVerification => "/webhook/kyc-verification/status",
            Self::WalletCreated => "/webhook/wallet/created",
            Self::Transfer => "/transfer-webhook",
            Self::SepaTransfer => "/sepa-transfer-webhook",
            Self::SepaDeposit => "/sepa-deposit-webhook",
            Self::SepaRecall => "/sepa-recall-webhook",
            Self::IbanStatus => "/webhook/iban/status",
            Self::CryptoWithdrawal => "/crypto-withdrawal-webhook",
            Self::CryptoDeposit => "/crypto-deposit-webhook",
            Self::Exchange => "/exchange-webhook",
            Self::CardTransaction => "/card-transaction-webhook",
            Self::Order => "/order-webhook",
            Self::PaymentLink => "/payment-link-webhook",
            Self::Card3ds => "/webhook/card/3ds",
            Self::CardActivation => "/webhook/card/activation",
            Self::CardFee => "/webhook/card/fee",
        }
    }
}
