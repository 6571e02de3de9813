//! `florin demo`.

use crate::Failed;

/// Runs the demo.
pub async fn demo(_exit: bool) -> Result<(), Failed> {
    Err("the demo is not written yet".into())
}
