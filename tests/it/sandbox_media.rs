//! Media of the sandbox over HTTP: at the page's door, at the control door, and after a kill.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use zaptor::sandbox;

use crate::support::control::{ANNA, Control, linked, run, settings};
use crate::support::page::tls;
use crate::support::wait::until;
use crate::support::zaptor::Sandbox;

/// A PNG of one pixel.
const PIXEL: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDAT\
    x\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// The page's site, as its own scripts reach it.
struct Site {
    client: Client,
}

impl Site {
    fn of(data_dir: &Path, tls_port: u16) -> Site {
        let client = Client::builder()
            .timeout(Duration::from_secs(20))
            .tls_backend_preconfigured(tls(data_dir))
            .resolve("web.whatsapp.com", SocketAddr::from(([127, 0, 0, 1], tls_port)))
            .no_proxy()
            .build()
            .unwrap();
        Site { client }
    }

    fn upload(
        &self,
        kind: &str,
        token: &str,
        mimetype: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let url = format!("https://web.whatsapp.com/media/{kind}");
        let request = self.client.post(url).bearer_auth(token).body(body);
        if mimetype.is_empty() {
            request
        } else {
            request.header("content-type", mimetype)
        }
    }

    async fn fetch(&self, id: &str) -> Response {
        let url = format!("https://web.whatsapp.com/media/{id}");
        self.client.get(url).send().await.unwrap()
    }
}

#[test]
fn a_page_uploads_and_whoever_has_the_id_fetches() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (_page, token) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let site = Site::of(folder.path(), sandbox.tls_port());

        let (status, stored) = control
            .send(site.upload("image", &token, "image/png", PIXEL))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{stored}");
        assert_eq!(stored["size"], json!(PIXEL.len()));
        assert_eq!(stored["mimetype"], "image/png");
        assert_eq!(stored["filehash"], "sf+cjqOngLrQmzRsQj0tDkaBWSaHmxjoQdkoN2qUZkA=");
        let id = stored["mediaId"].as_str().unwrap();
        let fetched = site.fetch(id).await;
        assert_eq!(fetched.status(), StatusCode::OK);
        assert_eq!(fetched.headers()["content-type"], "image/png");
        assert_eq!(
            fetched.headers()["content-length"],
            PIXEL.len().to_string().as_str()
        );
        assert_eq!(fetched.bytes().await.unwrap(), PIXEL);
        assert_eq!(site.fetch("00").await.status(), StatusCode::NOT_FOUND);
        let url = format!("https://web.whatsapp.com/media/{id}");
        let part = site
            .client
            .get(url)
            .header("range", "bytes=1-3")
            .send()
            .await
            .unwrap();
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(
            part.headers()["content-range"],
            format!("bytes 1-3/{}", PIXEL.len()).as_str()
        );
        assert_eq!(part.bytes().await.unwrap(), b"PNG".as_slice());

        let opus = "audio/ogg; codecs=opus";
        let (status, stored) = control.send(site.upload("audio", &token, opus, "OggS")).await;
        assert_eq!((status, &stored["mimetype"]), (StatusCode::CREATED, &json!(opus)));
        // Scripts in what somebody sends must not act as the site.
        let (_, stored) = control
            .send(site.upload("document", &token, "text/html", "<script>"))
            .await;
        let fetched = site.fetch(stored["mediaId"].as_str().unwrap()).await;
        assert_eq!(
            fetched.headers()["content-security-policy"],
            "default-src 'none'; sandbox"
        );
        assert_eq!(fetched.headers()["content-disposition"], "attachment");
        sandbox.stop().await;
    });
}

#[test]
fn uploads_that_are_not_taken() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (_page, token) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let site = Site::of(folder.path(), sandbox.tls_port());
        let mib = 1024 * 1024;
        for (kind, token, mimetype, length, status) in [
            ("image", "nobody", "image/png", 9, 401),
            ("image", "", "image/png", 9, 401),
            ("image", &token, "image/png", 0, 422),
            ("image", &token, "image/gif", 9, 415),
            ("image", &token, "", 9, 415),
            ("image", &token, "nonsense", 9, 415),
            ("video", &token, "image/png", 9, 415),
            ("gif", &token, "image/gif", 9, 404),
            ("document", &token, "", 9, 201),
            ("sticker", &token, "image/webp", mib, 201),
            ("sticker", &token, "image/webp", mib + 1, 413),
            ("image", &token, "image/jpeg", 16 * mib + 1, 413),
        ] {
            let request = site.upload(kind, token, mimetype, vec![7; length]);
            let (answered, body) = control.send(request).await;
            assert_eq!(answered.as_u16(), status, "{kind} {mimetype} {length} {body}");
            assert_eq!(body["error"].is_string(), status != 201);
        }
        sandbox.stop().await;
    });
}

#[test]
fn many_upload_at_once() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let (_page, token) = linked(folder.path(), &sandbox, &control, ANNA).await;
        let site = Site::of(folder.path(), sandbox.tls_port());
        // More than may come at a time, and each content twice.
        let contents: Vec<Vec<u8>> = (0..100_u8).map(|number| vec![number / 2; 50_000]).collect();
        let uploads = contents
            .iter()
            .map(|content| control.send(site.upload("document", &token, "text/plain", content.clone())));
        let stored = futures::future::join_all(uploads).await;
        for (content, (status, stored)) in contents.iter().zip(&stored) {
            assert_eq!(*status, StatusCode::CREATED);
            let fetched = site.fetch(stored["mediaId"].as_str().unwrap()).await;
            assert_eq!(fetched.bytes().await.unwrap(), content);
        }
        assert_eq!(
            std::fs::read_dir(folder.path().join("media")).unwrap().count(),
            50
        );
        sandbox.stop().await;
    });
}

#[test]
fn people_upload_at_the_control_door() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox::start(settings(folder.path())).await.unwrap();
        let control = Control::of(folder.path(), &sandbox);
        let url = format!("{}/media", control.url);
        for (told, body, expected) in [
            (Some("image/png"), PIXEL, "image/png"),
            (None, PIXEL, "image/png"),
            (Some("application/x-www-form-urlencoded"), PIXEL, "image/png"),
            (Some("image/png"), b"garbage".as_slice(), "image/png"),
            (None, b"garbage", "application/octet-stream"),
            (Some("nonsense"), b"garbage", "application/octet-stream"),
        ] {
            let mut request = control.client.post(&url).body(body);
            if let Some(told) = told {
                request = request.header("content-type", told);
            }
            let (status, stored) = control.send(request).await;
            assert_eq!(
                (status, &stored["mime_type"]),
                (StatusCode::CREATED, &json!(expected))
            );
            assert_eq!(stored["size"], json!(body.len()));
            assert_eq!(
                stored["width"],
                if body == PIXEL { json!(1) } else { Value::Null }
            );
            let path = format!("{url}/{}", stored["media"].as_str().unwrap());
            let fetched = control.client.get(path).send().await.unwrap();
            assert_eq!(fetched.bytes().await.unwrap(), body);
        }
        let (status, problem) = control.send(control.client.post(&url)).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("empty")));
        let large = control.client.post(&url).body(vec![1; 100 * 1024 * 1024 + 1]);
        let (status, problem) = control.send(large).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (413, &json!("payload_too_large"))
        );
        let (status, problem) = control.send(control.client.get(format!("{url}/ff"))).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (404, &json!("unknown_media"))
        );
        sandbox.stop().await;
    });
}

/// The id that a page is told is good for ever, also if the process is killed at that moment.
#[tokio::test]
async fn media_outlives_a_kill() {
    let mut sandbox = Sandbox::start().await;
    let client = Client::builder().no_proxy().build().unwrap();
    let mut stored: Vec<(String, Vec<u8>)> = Vec::new();
    for round in 0..4_u8 {
        for number in 0..=round {
            let body = vec![round * 16 + number; 3_000];
            let upload = client
                .post(format!("{}/_/api/media", sandbox.url))
                .body(body.clone());
            let answer: Value = upload.send().await.unwrap().json().await.unwrap();
            stored.push((answer["media"].as_str().unwrap().to_owned(), body));
        }
        sandbox = sandbox.kill_and_restart().await;
        for (id, body) in &stored {
            let url = format!("{}/_/api/media/{id}", sandbox.url);
            let fetched = client.get(url).send().await.unwrap();
            assert_eq!(fetched.bytes().await.unwrap(), body);
        }
    }
    // An upload that is cut short by the kill leaves nothing behind.
    let address = sandbox.url.trim_start_matches("http://").to_owned();
    let mut upload = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!("POST /_/api/media HTTP/1.1\r\nhost: {address}\r\ncontent-length: 1000\r\n\r\n");
    upload
        .write_all((head + &"x".repeat(500)).as_bytes())
        .await
        .unwrap();
    let folder = sandbox.data_dir().join("media");
    until("the upload to begin", Duration::from_secs(10), || async {
        let files = std::fs::read_dir(&folder).unwrap().count();
        if files > stored.len() { Ok(()) } else { Err(files) }
    })
    .await;
    let sandbox = sandbox.kill_and_restart().await;
    assert_eq!(
        std::fs::read_dir(sandbox.data_dir().join("media"))
            .unwrap()
            .count(),
        stored.len()
    );
}
