//! The outside world against programs that stand for it: nodes that lie, and real ones in development mode; and a
//! network of cards.

mod cards;
mod evm;
