//! Messages as people read them: one with its timeline, and lists.

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    sea_query::{Expr, ExprTrait as _, Func, Query},
};

use super::{
    Reads, StoreError,
    entity::{
        message_steps,
        messages::{Column, Entity, Model},
    },
    tx::parse,
};
use crate::domain::{
    AccountId, Content, Direction, Jid, MessageId, MessageStatus, Priority, TenantId, Timestamp, Tokens,
    WaMessageId,
};

/// What the partial indexes of `messages` hold, as the migration says it: a statement must repeat it to use them.
pub const TRIED: &str = "status NOT IN ('queued', 'scheduled')";
const UNTRIED: &str = "status IN ('queued', 'scheduled')";

/// A message as stored.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// Its id; also the id of its hold.
    pub id: MessageId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The account that sends or received it.
    pub account: AccountId,
    /// Which way it went.
    pub direction: Direction,
    /// Its id on WhatsApp.
    pub wa_id: WaMessageId,
    /// The chat it belongs to.
    pub chat: Jid,
    /// The recipient as the client wrote it (outbound).
    pub recipient: Option<String>,
    /// Who wrote it (inbound).
    pub sender: Option<Jid>,
    /// The name that the writer shows (inbound).
    pub sender_name: Option<String>,
    /// What it says.
    pub content: Content,
    /// Where it stands.
    pub status: MessageStatus,
    /// Its priority.
    pub priority: Priority,
    /// What was held for it.
    pub cost: Tokens,
    /// The client's own word for it.
    pub callback_data: Option<String>,
    /// Not before.
    pub send_at: Option<Timestamp>,
    /// Not after.
    pub expires_at: Option<Timestamp>,
    /// Why it ended without being sent: code and text.
    pub error: Option<(String, String)>,
    /// Why it could not go at once, as seen when it was accepted.
    pub waits: Option<String>,
    /// Whether it came in unnoticed and was found later (inbound).
    pub backfilled: bool,
    /// When it was accepted or came in.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A step of a message's timeline.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// The status it took, or kept.
    pub status: MessageStatus,
    /// When.
    pub at: Timestamp,
    /// Which attempt, 0 before the first.
    pub attempt: i32,
    /// Which node did it.
    pub node: Option<String>,
    /// Why.
    pub cause: Option<String>,
}

/// Which messages to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this chat.
    pub chat: Option<Jid>,
    /// In this status.
    pub status: Option<MessageStatus>,
    /// This way.
    pub direction: Option<Direction>,
    /// Older than this one (lists run from new to old).
    pub after: Option<MessageId>,
}

impl TryFrom<Model> for MessageRow {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(&row.id, "messages.id")?,
            tenant: parse(&row.tenant_id, "messages.tenant_id")?,
            account: parse(&row.account_id, "messages.account_id")?,
            direction: parse(&row.direction, "messages.direction")?,
            wa_id: WaMessageId::from_wire(row.wa_id),
            chat: parse(&row.chat, "messages.chat")?,
            recipient: row.recipient,
            sender: row
                .sender
                .map(|sender| parse(&sender, "messages.sender"))
                .transpose()?,
            sender_name: row.sender_name,
            content: serde_json::from_str(&row.content)
                .map_err(|error| StoreError::Unreadable(format!("messages.content: {error}")))?,
            status: parse(&row.status, "messages.status")?,
            priority: parse(&row.priority, "messages.priority")?,
            cost: Tokens(row.cost),
            callback_data: row.callback_data,
            send_at: row.send_at.map(Timestamp::from_millis),
            expires_at: row.expires_at.map(Timestamp::from_millis),
            error: row.error_code.zip(row.error_detail),
            waits: row.waits,
            backfilled: row.backfilled,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
        })
    }
}

impl Reads {
    /// One message of a tenant.
    ///
    /// # Errors
    /// As the database says.
    pub async fn message(
        &self,
        tenant: TenantId,
        message: MessageId,
    ) -> Result<Option<MessageRow>, StoreError> {
        Entity::find_by_id((tenant.to_string(), message.to_string()))
            .one(self.connection())
            .await?
            .map(MessageRow::try_from)
            .transpose()
    }

    /// A message's steps after its acceptance, oldest first. The caller has checked whose message it is.
    ///
    /// # Errors
    /// As the database says.
    pub async fn steps(&self, message: MessageId) -> Result<Vec<StepRow>, StoreError> {
        message_steps::Entity::find()
            .filter(message_steps::Column::MessageId.eq(message.to_string()))
            .order_by_asc(message_steps::Column::N)
            .all(self.connection())
            .await?
            .into_iter()
            .map(|row| {
                Ok(StepRow {
                    status: parse(&row.status, "message_steps.status")?,
                    at: Timestamp::from_millis(row.at),
                    attempt: row.attempt,
                    node: row.node,
                    cause: row.cause,
                })
            })
            .collect()
    }

    /// The tenant's messages, newest first, at most `limit`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn messages(
        &self,
        tenant: TenantId,
        filter: &MessageFilter,
        limit: u64,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let newest = |select: Select<Entity>| narrowed(select, filter).order_by_desc(Column::Id).limit(limit);
        let own = Entity::find().filter(Column::TenantId.eq(tenant.to_string()));
        let (Some(account), Some(chat)) = (filter.account, &filter.chat) else {
            return self.rows(newest(own)).await;
        };
        // The index of chats holds what was tried; the outbox knows the rest.
        // SQLite knows nothing of how many rows a tenant has and would rather look through all of them than use that
        // index. As an expression the tenant is checked, and no way to find rows.
        let tenant_of_row = Func::coalesce([Expr::col(Column::TenantId), Expr::val("")]);
        let tried = newest(Entity::find().filter(Expr::expr(tenant_of_row).eq(tenant.to_string())))
            .filter(Expr::cust(TRIED));
        let waiting = Query::select()
            .column("message_id")
            .from("outbox")
            .and_where(Expr::col("account_id").eq(account.to_string()))
            .and_where(Expr::col("chat").eq(chat.as_str()))
            // What is not tried is ready; as a literal, so that the index of ready rows is used.
            .and_where(Expr::cust("state = 0"))
            .to_owned();
        let untried = newest(own)
            .filter(Expr::cust(UNTRIED))
            .filter(Column::Id.in_subquery(waiting));
        let mut rows = self.rows(untried).await?;
        rows.extend(self.rows(tried).await?);
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
        // A message that was tried between the two looks is in both.
        rows.dedup_by_key(|row| row.id);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows)
    }

    async fn rows(&self, select: Select<Entity>) -> Result<Vec<MessageRow>, StoreError> {
        select
            .all(self.connection())
            .await?
            .into_iter()
            .map(MessageRow::try_from)
            .collect()
    }
}

fn narrowed(mut select: Select<Entity>, filter: &MessageFilter) -> Select<Entity> {
    if let Some(account) = filter.account {
        select = select.filter(Column::AccountId.eq(account.to_string()));
    }
    if let Some(chat) = &filter.chat {
        select = select.filter(Column::Chat.eq(chat.as_str()));
    }
    if let Some(status) = filter.status {
        select = select.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(direction) = filter.direction {
        select = select.filter(Column::Direction.eq(direction.as_str()));
    }
    if let Some(after) = filter.after {
        select = select.filter(Column::Id.lt(after.to_string()));
    }
    select
}
