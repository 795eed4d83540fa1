//! The session factory: dialling, host keys, certificates and login.
