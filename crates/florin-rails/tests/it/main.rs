//! The outside world against programs that stand for it: nodes that lie, and real ones in development mode.

mod evm;
