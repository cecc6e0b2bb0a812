//! Content encryption and key wrapping for CMS.
