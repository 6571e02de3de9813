//! florin

fn main() {}
