//! X.509 certificates as S/MIME uses them.
