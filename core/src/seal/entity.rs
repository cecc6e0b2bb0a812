//! Reading MIME entities of mail that came from elsewhere.
