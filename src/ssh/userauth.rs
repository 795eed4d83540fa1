#![expect(
    unsafe_code,
    reason = "the ssh2 crate binds none of these calls of libssh2, or only panicking ones"
)]
//! The login calls of libssh2 that the `ssh2` crate lacks: any public blob with a signature made elsewhere, the
//! methods a server offers, and its banner.
//!
//! # Safety
//! Every function here borrows the session through [`Session::raw`], whose guard holds the session's lock until the
//! call is over, so the pointer is valid and nobody else uses the session meanwhile. All buffers passed down outlive
//! the call, and libssh2 keeps no pointer to them after it returns in blocking mode, which [`Blocking`] ensures.

use std::ffi::{CStr, CString, c_char, c_int, c_uchar, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use libssh2_sys::LIBSSH2_SESSION;
use ssh2::Session;

type SignFunction = extern "C" fn(
    *mut LIBSSH2_SESSION,
    *mut *mut c_uchar,
    *mut libc::size_t,
    *const c_uchar,
    libc::size_t,
    *mut *mut c_void,
) -> c_int;

unsafe extern "C" {
    fn libssh2_userauth_publickey(
        session: *mut LIBSSH2_SESSION,
        username: *const c_char,
        pubkeydata: *const c_uchar,
        pubkeydata_len: libc::size_t,
        sign_callback: SignFunction,
        context: *mut *mut c_void,
    ) -> c_int;
}

/// Signs the data of a login request; `None` refuses.
type Signer<'a> = &'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>;

/// Offers `blob`, a public key or a certificate, and has `sign` sign if the server accepts it.
///
/// `sign` gets the data to sign and gives the signature without the name of its algorithm: the bytes of its inner
/// `string`, or for a security key everything that follows the name.
///
/// # Errors
/// What libssh2 reports: -18 the server does not accept the blob, -19 it does not accept the signature or `sign` gave
/// none.
pub(crate) fn public_key(
    session: &Session,
    user: &str,
    blob: &[u8],
    mut sign: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Result<(), ssh2::Error> {
    let user = CString::new(user)?;
    let _blocking = Blocking::new(session);
    let mut signer: Signer<'_> = &mut sign;
    let mut context: *mut c_void = (&raw mut signer).cast();
    let mut raw = session.raw();
    // SAFETY: see the module; `context` points to `signer`, which lives until the end of this function, and
    // `sign_callback` is only called during this call.
    let code = unsafe {
        libssh2_userauth_publickey(
            &raw mut *raw,
            user.as_ptr(),
            blob.as_ptr(),
            blob.len(),
            sign_callback,
            &raw mut context,
        )
    };
    if code == 0 { Ok(()) } else { Err(ssh2::Error::from_session_error_raw(&raw mut *raw, code)) }
}

/// Called by libssh2 with the data to sign. libssh2 frees the signature with the session's allocator, which is
/// malloc's: the `ssh2` crate passes no other one.
extern "C" fn sign_callback(
    _session: *mut LIBSSH2_SESSION,
    signature: *mut *mut c_uchar,
    signature_len: *mut libc::size_t,
    data: *const c_uchar,
    data_len: libc::size_t,
    context: *mut *mut c_void,
) -> c_int {
    // SAFETY: `context` is what `public_key` passed down, a pointer to its live `signer`, and nothing else uses that
    // during the call; libssh2 passes `data_len` readable bytes at `data`.
    let (signer, data) =
        unsafe { (&mut *(*context).cast::<Signer<'_>>(), std::slice::from_raw_parts(data, data_len)) };
    // A panic must not unwind into C.
    let Ok(Some(bytes)) = catch_unwind(AssertUnwindSafe(|| signer(data))) else { return -1 };
    if bytes.is_empty() {
        return -1;
    }
    // SAFETY: malloc gives room for `bytes.len()` bytes or null, which is checked; the regions cannot overlap; the
    // two out parameters are valid for writing during the callback.
    unsafe {
        let copy = libc::malloc(bytes.len()).cast::<c_uchar>();
        if copy.is_null() {
            return -1;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len());
        *signature = copy;
        *signature_len = bytes.len();
    }
    0
}

/// Asks with a `none` request which methods the server offers (RFC 4252 section 5.2). An empty list with the session
/// authenticated means that the server wanted nothing.
///
/// # Errors
/// What libssh2 reports if the connection ended.
pub(crate) fn methods(session: &Session, user: &str) -> Result<Vec<String>, ssh2::Error> {
    let user = CString::new(user)?;
    let length = c_uint::try_from(user.as_bytes().len()).unwrap_or(c_uint::MAX);
    let _blocking = Blocking::new(session);
    let mut raw = session.raw();
    let session = &raw mut *raw;
    // SAFETY: see the module; the list is null or a C string that libssh2 owns, copied before the next call.
    unsafe {
        let list = libssh2_sys::libssh2_userauth_list(session, user.as_ptr(), length);
        if !list.is_null() {
            let list = CStr::from_ptr(list).to_string_lossy();
            return Ok(list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect());
        }
        if libssh2_sys::libssh2_userauth_authenticated(session) != 0 {
            return Ok(Vec::new());
        }
    }
    Err(ssh2::Error::last_session_error_raw(session).unwrap_or_else(ssh2::Error::unknown))
}

/// What the server wants users to read at login (RFC 4252 section 5.4), if it sent anything.
pub(crate) fn banner(session: &Session) -> Option<Vec<u8>> {
    let mut raw = session.raw();
    let mut text: *mut c_char = ptr::null_mut();
    // SAFETY: see the module; on success the text is a C string that libssh2 owns, copied before the next call.
    unsafe {
        let code = libssh2_sys::libssh2_userauth_banner(&raw mut *raw, &raw mut text);
        (code == 0 && !text.is_null()).then(|| CStr::from_ptr(text).to_bytes().to_vec())
    }
}

/// Makes a session blocking as long as it lives, and puts it back as it was.
pub(crate) struct Blocking<'a> {
    session: &'a Session,
    before: bool,
}

impl<'a> Blocking<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        let before = session.is_blocking();
        session.set_blocking(true);
        Self { session, before }
    }
}

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        self.session.set_blocking(self.before);
    }
}
