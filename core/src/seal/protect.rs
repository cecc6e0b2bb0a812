//! Header protection (RFC 9788).
