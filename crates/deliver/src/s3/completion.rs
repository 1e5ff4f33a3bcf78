//! Completing multipart uploads so that nothing is replaced.

use std::pin::Pin;

use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::{ClientOptions, HeaderValue};
use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;

/// What an HTTP client's answer comes in.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

/// Makes clients that complete multipart uploads only where nothing is. `object_store` lets that be
/// asked for when a key is copied, but not when it is uploaded.
#[derive(Debug)]
pub(super) struct NothingReplaced;

impl HttpConnector for NothingReplaced {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Client { inner }))
    }
}

#[derive(Debug)]
struct Client {
    inner: HttpClient,
}

impl HttpService for Client {
    fn call<'a, 'b>(&'a self, mut request: HttpRequest) -> Answer<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        if completes(&request) {
            // No header has to be signed but those of Amazon's own.
            request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        Box::pin(self.inner.execute(request))
    }
}

/// Whether a request is `CompleteMultipartUpload`.
fn completes(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == Method::POST && query.split('&').any(|part| part.starts_with("uploadId="))
}
