//! florin-api
