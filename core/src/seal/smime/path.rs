//! Path validation to the anchors that the host trusts.
