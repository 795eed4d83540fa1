//! What a file system keeps of an entry besides its name and content.

use std::collections::BTreeMap;

/// Mode, owner, times and user's attributes of an entry. What is `None` is not known, or is not to be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// File type and permission bits as in `st_mode`.
    pub mode: Option<u32>,
    /// User and group, by number.
    pub owner: Option<Owner>,
    /// Last access, in nanoseconds since 1970.
    pub accessed: Option<i128>,
    /// Last change of the content, in nanoseconds since 1970.
    pub modified: Option<i128>,
    /// When the entry was made, in nanoseconds since 1970. Nobody can set that.
    pub created: Option<i128>,
    /// Extended attributes that users make, those of the name space `user`.
    pub user: UserAttributes,
}

/// Extended attributes by their names without `user.` before them, in lower case as rclone has them.
pub type UserAttributes = BTreeMap<String, Vec<u8>>;

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
}
