//! A user's id in a path.

use crate::kit::endpoint::handler::PathId;
use crate::kit::endpoint::table::PathParameter;
use florin_types::ExternalUserId;

/// The `externalUserId` of a path. What can't be one is nobody's, and answered like an unknown one.
#[derive(Clone, Debug)]
pub struct UserId(Option<ExternalUserId>);

impl UserId {
    /// The id; empty, and so nobody's, where it can't be one.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", ExternalUserId::as_str)
    }

    /// The id, owned; empty where it can't be one.
    pub fn into_string(self) -> String {
        self.as_str().to_owned()
    }
}

impl PathId for UserId {
    const PARAMETER: PathParameter = PathParameter {
        name: "externalUserId",
        about: "Your own id of the user.",
        is_uuid: false,
        placeholder: "$user",
    };

    fn of_segment(segment: Option<String>) -> Self {
        Self(segment.and_then(|text| ExternalUserId::parse(&text).ok()))
    }
}
