//! F3: the journal, one durable log of events per tenant, numbered from 1 without gaps in commit order. Stream,
//! webhooks and REST read on from their cursors.
//!
//! This room never opens a transaction: events are appended in the caller's, so that they commit with what they tell.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    domain::{
        AccountId, EventId, IdSource, TenantId, Timestamp,
        event::{Event, EventType, NewEvent},
    },
    store::{
        Reads, StoreError, Tx,
        entity::events::{Column, Entity, Model},
        parse,
    },
};

#[derive(Serialize)]
struct Count {
    id: String,
    n: i64,
}

#[derive(Serialize)]
struct Line<'a> {
    tenant: String,
    seq: i64,
    id: String,
    kind: &'static str,
    account: Option<String>,
    account_seq: Option<i64>,
    at: i64,
    data: &'a RawValue,
}

/// Appends events in the caller's transaction and in this order. Three statements in two calls, however many events.
///
/// # Errors
/// [`StoreError::Conflict`] when a tenant or an account does not exist; else as the database says.
pub async fn append<'e>(
    tx: &Tx,
    ids: &IdSource,
    now: Timestamp,
    events: impl IntoIterator<Item = &'e NewEvent>,
) -> Result<(), StoreError> {
    let events: Vec<&NewEvent> = events.into_iter().collect();
    if events.is_empty() {
        return Ok(());
    }
    // The heads are locked until the commit: that is what makes numbers rise in commit order, without gaps.
    let (mut seqs, mut account_seqs) = advance(tx, &events).await?;
    let missing = |what: String| StoreError::Conflict(format!("{what} has no journal"));
    let mut lines = Vec::with_capacity(events.len());
    for event in events {
        let seq = seqs
            .get_mut(&event.tenant)
            .ok_or_else(|| missing(event.tenant.to_string()))?;
        *seq += 1;
        let account_seq = match event.account {
            None => None,
            Some(account) => {
                let seq = account_seqs
                    .get_mut(&account)
                    .ok_or_else(|| missing(account.to_string()))?;
                *seq += 1;
                Some(*seq)
            }
        };
        lines.push(Line {
            tenant: event.tenant.to_string(),
            seq: *seq,
            id: ids.next::<crate::domain::ids::EventKind>().to_string(),
            kind: event.kind.as_str(),
            account: event.account.map(|account| account.to_string()),
            account_seq,
            at: now.millis(),
            data: &event.encoded,
        });
    }
    for (tenant, seq) in seqs {
        tx.touch_journal(tenant, seq);
    }
    let json = serde_json::to_string(&lines).map_err(|error| StoreError::Failed(error.to_string()))?;
    let each = tx.dialect().each();
    tx.defer(
        format!(
            "INSERT INTO events (tenant_id, seq, id, kind, account_id, account_seq, at, data)
             SELECT e.value->>'tenant', CAST(e.value->>'seq' AS BIGINT), e.value->>'id', e.value->>'kind',
                    e.value->>'account', CAST(e.value->>'account_seq' AS BIGINT), CAST(e.value->>'at' AS BIGINT),
                    e.value->>'data'
             FROM {each}"
        ),
        [json.into()],
    );
    Ok(())
}

/// Takes as many numbers as the events need from the journals of their tenants and accounts. Gives for each the number
/// before its first new one.
async fn advance(
    tx: &Tx,
    events: &[&NewEvent],
) -> Result<(HashMap<TenantId, i64>, HashMap<AccountId, i64>), StoreError> {
    let tenants = counted(events.iter().map(|event| event.tenant));
    let accounts = counted(events.iter().filter_map(|event| event.account));
    let each = tx.dialect().each();
    let counts =
        format!("FROM (SELECT e.value->>'id' AS id, CAST(e.value->>'n' AS BIGINT) AS n FROM {each}) AS c");
    let heads = format!(
        "UPDATE journal_heads SET seq = seq + c.n {counts}
         WHERE journal_heads.tenant_id = c.id RETURNING tenant_id AS id, seq"
    );
    let rows = if accounts.is_empty() {
        tx.all(heads, [list(&tenants)?.into()]).await?
    } else {
        let of_accounts = format!(
            "UPDATE accounts SET event_seq = event_seq + c.n {counts}
             WHERE accounts.id = c.id RETURNING accounts.id AS id, event_seq AS seq"
        );
        tx.all_of_both(
            (heads, vec![list(&tenants)?.into()]),
            (of_accounts, vec![list(&accounts)?.into()]),
        )
        .await?
    };
    let mut before = (HashMap::new(), HashMap::new());
    for row in rows {
        let id: String = row.try_get("", "id")?;
        let seq: i64 = row.try_get("", "seq")?;
        // The two kinds of owners differ in the prefix of their ids.
        if let Ok(tenant) = id.parse() {
            before
                .0
                .insert(tenant, seq - tenants.get(&tenant).copied().unwrap_or(0));
        } else {
            let account = parse(&id, "accounts.id")?;
            before
                .1
                .insert(account, seq - accounts.get(&account).copied().unwrap_or(0));
        }
    }
    Ok(before)
}

fn counted<T: Ord>(owners: impl Iterator<Item = T>) -> BTreeMap<T, i64> {
    let mut counts = BTreeMap::new();
    for owner in owners {
        *counts.entry(owner).or_default() += 1;
    }
    counts
}

/// In one order for all transactions, so that two of them never wait for each other in a circle.
fn list<T: std::fmt::Display>(counts: &BTreeMap<T, i64>) -> Result<String, StoreError> {
    let list: Vec<Count> = counts
        .iter()
        .map(|(id, n)| Count {
            id: id.to_string(),
            n: *n,
        })
        .collect();
    serde_json::to_string(&list).map_err(|error| StoreError::Failed(error.to_string()))
}

/// Which events to read. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of these types.
    pub kinds: Vec<EventType>,
    /// About these accounts.
    pub accounts: Vec<AccountId>,
}

impl EventFilter {
    /// Whether the event passes.
    pub fn passes(&self, kind: EventType, account: Option<AccountId>) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.accounts.is_empty() || account.is_some_and(|account| self.accounts.contains(&account)))
    }
}

fn event(row: Model) -> Result<Event, StoreError> {
    let unreadable = |error: serde_json::Error| StoreError::Unreadable(format!("events.data: {error}"));
    Ok(Event {
        id: parse::<EventId>(&row.id, "events.id")?,
        seq: row.seq,
        kind: parse(&row.kind, "events.kind")?,
        tenant: parse(&row.tenant_id, "events.tenant_id")?,
        account: row
            .account_id
            .map(|account| parse(&account, "events.account_id"))
            .transpose()?,
        account_seq: row.account_seq,
        timestamp: Timestamp::from_millis(row.at),
        data: Arc::from(RawValue::from_string(row.data).map_err(unreadable)?),
    })
}

/// The tenant's events after `after`, in order, at most `limit`.
///
/// # Errors
/// As the database says.
pub async fn read(
    reads: &Reads,
    tenant: TenantId,
    after: i64,
    filter: &EventFilter,
    limit: u64,
) -> Result<Vec<Event>, StoreError> {
    let mut select = Entity::find()
        .filter(Column::TenantId.eq(tenant.to_string()))
        .filter(Column::Seq.gt(after))
        .order_by_asc(Column::Seq)
        .limit(limit);
    if !filter.kinds.is_empty() {
        select = select.filter(Column::Kind.is_in(filter.kinds.iter().map(|kind| kind.as_str())));
    }
    if !filter.accounts.is_empty() {
        select = select.filter(Column::AccountId.is_in(filter.accounts.iter().map(ToString::to_string)));
    }
    select
        .all(reads.connection())
        .await?
        .into_iter()
        .map(event)
        .collect()
}

/// The number of the tenant's last event; 0 when there is none.
///
/// # Errors
/// As the database says.
pub async fn head(reads: &Reads, tenant: TenantId) -> Result<i64, StoreError> {
    let last = Entity::find()
        .filter(Column::TenantId.eq(tenant.to_string()))
        .order_by_desc(Column::Seq)
        .limit(1)
        .one(reads.connection())
        .await?;
    Ok(last.map_or(0, |row| row.seq))
}
