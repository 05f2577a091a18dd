//! Nudges between nodes over Redis publish/subscribe. While Redis is away, each node still wakes itself, and the others
//! find what they missed at their polls.

use std::{collections::HashMap, time::Duration};

use deadpool_redis::{
    Config, Pool, Runtime,
    redis::{self, AsyncCommands as _},
};
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Bus;
use crate::domain::{Clock, TenantId};

const CHANNEL: &str = "zaptor:journal";
const RETRY: Duration = Duration::from_secs(1);

/// Why the bus could not be joined.
#[derive(Debug, thiserror::Error)]
#[error("bus.redis_url is not usable: {0}")]
pub struct BusError(String);

/// Joins the nodes that share this Redis. Returns at once: connecting, and connecting again, goes on in two tasks that
/// end with `stop`.
///
/// # Errors
/// When the address cannot be understood, or the bus was joined before.
pub fn join(bus: &Bus, url: &str, clock: Clock, stop: CancellationToken) -> Result<(), BusError> {
    let client = redis::Client::open(url).map_err(|error| BusError(error.to_string()))?;
    let pool = Config::from_url(url)
        .create_pool(Some(Runtime::Tokio1))
        .map_err(|error| BusError(error.to_string()))?;
    let nudges = bus
        .connect_remote()
        .ok_or_else(|| BusError("joined already".to_owned()))?;
    tokio::spawn(publish(pool, nudges, stop.clone()));
    tokio::spawn(subscribe(client, bus.clone(), clock, stop));
    Ok(())
}

async fn publish(pool: Pool, mut nudges: mpsc::Receiver<(TenantId, i64)>, stop: CancellationToken) {
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            taken = nudges.recv_many(&mut batch, super::REMOTE_QUEUE) => if taken == 0 { return },
        }
        // Only the highest number of each tenant matters.
        let mut highest: HashMap<TenantId, i64> = HashMap::new();
        for (tenant, seq) in batch.drain(..) {
            highest
                .entry(tenant)
                .and_modify(|known| *known = seq.max(*known))
                .or_insert(seq);
        }
        let Ok(mut connection) = pool.get().await else {
            continue;
        };
        for (tenant, seq) in highest {
            if let Err(error) = connection
                .publish::<_, _, ()>(CHANNEL, format!("{tenant} {seq}"))
                .await
            {
                tracing::debug!(target: "zaptor::bus", %error, "a nudge was lost");
                break;
            }
        }
    }
}

async fn subscribe(client: redis::Client, bus: Bus, clock: Clock, stop: CancellationToken) {
    loop {
        let listening = listen(&client, &bus);
        tokio::select! {
            () = stop.cancelled() => return,
            ended = listening => if let Err(error) = ended {
                tracing::warn!(target: "zaptor::bus", %error, "Redis is away; nodes poll instead");
            },
        }
        tokio::select! { () = stop.cancelled() => return, () = clock.sleep(RETRY) => {} }
    }
}

async fn listen(client: &redis::Client, bus: &Bus) -> Result<(), redis::RedisError> {
    let mut messages = client.get_async_pubsub().await?;
    messages.subscribe(CHANNEL).await?;
    let mut stream = messages.into_on_message();
    while let Some(message) = stream.next().await {
        let text: String = message.get_payload()?;
        if let Some((tenant, seq)) = text.split_once(' ')
            && let (Ok(tenant), Ok(seq)) = (tenant.parse(), seq.parse())
        {
            bus.wake(tenant, seq);
        }
    }
    Ok(())
}
