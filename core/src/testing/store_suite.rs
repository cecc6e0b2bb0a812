//! store_suite.
