//! The questions of `sclone config`. Nothing is written before the last of them is answered.

mod agent_keys;
mod draft;
mod interview;
mod login;
mod main_menu;
mod password;
mod remotes;
mod review;
mod talk;

pub(super) use main_menu::run;
