//! A small HTTPS client for MTA-STS policies.
