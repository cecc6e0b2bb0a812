//! SMIMECapabilities.
