//! SMTP (RFC 5321): the session that `discover` probes with and `deliver` sends with.
