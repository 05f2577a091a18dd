//! A small proxy that speaks both tongues, knows one person, counts whom it lets through and where to, and has bad days.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use zaptor_actors::domain::{
    AccountSettings,
    settings::{ProxySettings, Secret},
};

pub(crate) const NAME: &str = "ana";
pub(crate) const WORD: &str = "hunter2-of-the-proxy";

/// What a proxy does with those who come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It lets those through whom it knows.
    Open,
    /// It knows nobody any more, and has cut off whoever was through.
    Strange,
    /// It does not run.
    Dead,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) through: Arc<AtomicUsize>,
    pub(crate) refused: Arc<AtomicUsize>,
    pub(crate) places: Arc<parking_lot::Mutex<Vec<String>>>,
    mood: watch::Sender<Mood>,
}

impl Proxy {
    pub(crate) async fn start() -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (mood, moods) = watch::channel(Mood::Open);
        let proxy = Proxy {
            port: listener.local_addr().unwrap().port(),
            through: Arc::default(),
            refused: Arc::default(),
            places: Arc::default(),
            mood,
        };
        let guests = Guests {
            through: Arc::clone(&proxy.through),
            refused: Arc::clone(&proxy.refused),
            places: Arc::clone(&proxy.places),
            mood: moods,
        };
        tokio::spawn(serve(listener, guests));
        proxy
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Where it is, in one of its tongues: `http`, `socks5`.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub(crate) fn settings(&self, scheme: &str, word: &str) -> AccountSettings {
        AccountSettings {
            proxy: Some(ProxySettings {
                url: self.url(scheme),
                username: Some(NAME.to_owned()),
                password: Some(Secret::new(word.to_owned())),
                has_password: true,
            }),
            ..AccountSettings::default()
        }
    }
}

#[derive(Clone)]
struct Guests {
    through: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    places: Arc<parking_lot::Mutex<Vec<String>>>,
    mood: watch::Receiver<Mood>,
}

async fn serve(mut listener: TcpListener, mut guests: Guests) {
    let port = listener.local_addr().unwrap().port();
    loop {
        let mood = *guests.mood.borrow_and_update();
        if mood == Mood::Dead {
            drop(listener);
            if guests.mood.wait_for(|mood| *mood != Mood::Dead).await.is_err() {
                return;
            }
            listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            continue;
        }
        tokio::select! {
            changed = guests.mood.changed() => if changed.is_err() { return },
            accepted = listener.accept() => {
                let (client, _) = accepted.unwrap();
                let (guests, mut moods) = (guests.clone(), guests.mood.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = guests.look_after(client, mood) => {}
                        _ = moods.changed() => {}
                    }
                });
            }
        }
    }
}

impl Guests {
    async fn look_after(&self, mut client: TcpStream, mood: Mood) -> Option<()> {
        let word = if mood == Mood::Open { WORD } else { "another" };
        let place = match client.read_u8().await.ok()? {
            5 => socks(&mut client, word).await,
            _ => http(&mut client, word).await,
        };
        let Some(place) = place else {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return None;
        };
        let mut there = TcpStream::connect(&place).await.ok()?;
        self.places.lock().push(place);
        self.through.fetch_add(1, Ordering::SeqCst);
        tokio::io::copy_bidirectional(&mut client, &mut there)
            .await
            .ok()?;
        Some(())
    }
}

/// CONNECT with credentials; gives where to.
async fn http(client: &mut TcpStream, word: &str) -> Option<String> {
    let mut order = vec![b'C'];
    while !order.ends_with(b"\r\n\r\n") {
        order.push(client.read_u8().await.ok()?);
    }
    let order = String::from_utf8(order).ok()?;
    let pair = STANDARD.encode(format!("{NAME}:{word}"));
    if !order.contains(&format!("Proxy-Authorization: Basic {pair}\r\n")) {
        let no = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        client.write_all(no).await.ok()?;
        return None;
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    Some(order.split(' ').nth(1)?.to_owned())
}

/// SOCKS5 with credentials, its first byte read; gives where to.
async fn socks(client: &mut TcpStream, word: &str) -> Option<String> {
    let methods = client.read_u8().await.ok()?;
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered).await.ok()?;
    client.write_all(&[5, 2]).await.ok()?;
    let mut said = vec![0; 3 + NAME.len() + WORD.len()];
    client.read_exact(&mut said[..2]).await.ok()?;
    let name = usize::from(said[1]);
    let mut rest = vec![0; name + 1];
    client.read_exact(&mut rest).await.ok()?;
    let mut given = vec![0; usize::from(rest[name])];
    client.read_exact(&mut given).await.ok()?;
    if rest[..name] != *NAME.as_bytes() || given != word.as_bytes() {
        client.write_all(&[1, 1]).await.ok()?;
        return None;
    }
    client.write_all(&[1, 0]).await.ok()?;
    let mut order = [0; 10];
    client.read_exact(&mut order).await.ok()?;
    assert_eq!(
        order[..4],
        [5, 1, 0, 1],
        "an address: on the sandbox no name is looked up"
    );
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    let port = u16::from_be_bytes([order[8], order[9]]);
    Some(format!(
        "{}.{}.{}.{}:{port}",
        order[4], order[5], order[6], order[7]
    ))
}
