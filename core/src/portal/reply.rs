//! Replies over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::Inner;
use super::error::Refusal;

/// Scans a reply.
pub(crate) type Scan = Arc<dyn Fn() + Send + Sync>;

pub(super) async fn begin(State(_): State<Arc<Inner>>) -> Result<Response, Refusal> {
    Err(Refusal::NotFound)
}
pub(super) async fn part(State(_): State<Arc<Inner>>) -> Result<Response, Refusal> {
    Err(Refusal::NotFound)
}
pub(super) async fn commit(State(_): State<Arc<Inner>>) -> Result<Response, Refusal> {
    Err(Refusal::NotFound)
}
