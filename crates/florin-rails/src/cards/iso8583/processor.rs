//! A processor that is connected by a link, as the product knows it.

use std::sync::{Arc, OnceLock};

use super::Link;
use crate::cards::CardProcessor;

/// A processor that is connected by a [`Link`]. It does nothing by itself: the network says what happens.
#[derive(Default)]
pub struct LinkedProcessor(OnceLock<Arc<Link>>);

impl LinkedProcessor {
    /// Notes by which link, once: the link needs the product, which needs this.
    pub fn connect(&self, link: Arc<Link>) {
        // A second one would be a mistake of the program's; the first stays.
        let _ = self.0.set(link);
    }
}

impl CardProcessor for LinkedProcessor {
    fn name(&self) -> &'static str {
        "iso8583"
    }

    fn trouble(&self) -> Option<String> {
        match self.0.get() {
            Some(link) => link.trouble(),
            None => Some("the link is not started".to_owned()),
        }
    }
}
