//! The link to a processor of cards, over real sockets.

mod fake;
mod link;
mod logs;
mod messages;
mod python;
