//! Walking, comparing, planning and copying.
