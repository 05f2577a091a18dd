//! Tenants and their people and keys; accounts; messages with outbox; wallet and ledger; journal; idempotency.
//!
//! Ids are text (prefix and ULID: they sort by time), times are milliseconds since 1970, money is whole tokens. What
//! must never be wrong is a constraint here, not only a rule in code: balances are not negative and add up, a hold has
//! one resolution, a WhatsApp id occurs once per account, an event number once per tenant.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// This migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// `{clustered}` marks tables whose rows lie in the order of their key: on SQLite they are then one tree instead of two,
/// and every accepted message writes to fewer pages. PostgreSQL knows no such tables.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE tenants (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE users (
        id TEXT PRIMARY KEY,
        tenant_id TEXT NOT NULL REFERENCES tenants (id),
        email TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL CHECK (role IN ('admin', 'client', 'api_user')),
        password_hash TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        disabled_at BIGINT
    )",
    // One row per refresh token; a family is one login. A token that comes back after its use ends the whole family.
    "CREATE TABLE refresh_tokens (
        token_hash TEXT PRIMARY KEY,
        user_id TEXT NOT NULL REFERENCES users (id),
        family TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT,
        revoked_at BIGINT
    )",
    "CREATE INDEX refresh_tokens_family ON refresh_tokens (family)",
    "CREATE TABLE api_keys (
        id TEXT PRIMARY KEY,
        tenant_id TEXT NOT NULL REFERENCES tenants (id),
        name TEXT NOT NULL,
        prefix TEXT NOT NULL,
        key_hash TEXT NOT NULL UNIQUE,
        mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
        scopes TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        last_used_at BIGINT,
        revoked_at BIGINT
    )",
    "CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id)",
    "CREATE TABLE accounts (
        id TEXT PRIMARY KEY,
        tenant_id TEXT NOT NULL REFERENCES tenants (id),
        name TEXT NOT NULL,
        engine TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        action TEXT,
        since BIGINT NOT NULL,
        phone TEXT,
        push_name TEXT,
        labels TEXT NOT NULL,
        wanted BOOLEAN NOT NULL,
        epoch BIGINT NOT NULL,
        restarts BIGINT NOT NULL,
        event_seq BIGINT NOT NULL,
        last_round_trip_at BIGINT,
        created_at BIGINT NOT NULL,
        deleted_at BIGINT
    )",
    "CREATE INDEX accounts_tenant ON accounts (tenant_id, id)",
    // waits: why it could not go at once, as seen when it was accepted.
    "CREATE TABLE messages (
        tenant_id TEXT NOT NULL,
        id TEXT NOT NULL,
        account_id TEXT NOT NULL,
        direction TEXT NOT NULL,
        wa_id TEXT NOT NULL,
        chat TEXT NOT NULL,
        recipient TEXT,
        sender TEXT,
        sender_name TEXT,
        kind TEXT NOT NULL,
        content TEXT NOT NULL,
        status TEXT NOT NULL,
        priority TEXT NOT NULL,
        cost BIGINT NOT NULL CHECK (cost >= 0),
        callback_data TEXT,
        send_at BIGINT,
        expires_at BIGINT,
        error_code TEXT,
        error_detail TEXT,
        waits TEXT,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        PRIMARY KEY (tenant_id, id)
    ) {clustered}",
    // The keys of these two come in no order, so each new row would touch a page of its own in both. A message enters
    // them when it is first tried (nothing on WhatsApp knows its id before); until then the outbox finds it by chat.
    "CREATE UNIQUE INDEX messages_wa ON messages (account_id, wa_id) WHERE status NOT IN ('queued', 'scheduled')",
    "CREATE INDEX messages_chat ON messages (account_id, chat, id) WHERE status NOT IN ('queued', 'scheduled')",
    // What happened to a message after it was accepted; the first step is the row in messages itself.
    "CREATE TABLE message_steps (
        message_id TEXT NOT NULL,
        n INTEGER NOT NULL,
        status TEXT NOT NULL,
        at BIGINT NOT NULL,
        attempt INTEGER NOT NULL,
        node TEXT,
        cause TEXT,
        PRIMARY KEY (message_id, n)
    ) {clustered}",
    // Only what still has to be sent: a settled message leaves the outbox. state: 0 ready, 1 sending.
    "CREATE TABLE outbox (
        message_id TEXT PRIMARY KEY,
        tenant_id TEXT NOT NULL,
        account_id TEXT NOT NULL,
        chat TEXT NOT NULL,
        lane SMALLINT NOT NULL,
        state SMALLINT NOT NULL CHECK (state IN (0, 1)),
        attempt INTEGER NOT NULL,
        epoch BIGINT NOT NULL,
        run_at BIGINT NOT NULL,
        expires_at BIGINT,
        claimed_at BIGINT
    ) {clustered}",
    "CREATE INDEX outbox_ready ON outbox (account_id, lane, message_id) WHERE state = 0",
    "CREATE INDEX outbox_sending ON outbox (account_id) WHERE state = 1",
    // Only tried messages hold up those behind them, so a new one does not touch this index.
    "CREATE INDEX outbox_chat ON outbox (account_id, chat, message_id) WHERE attempt > 0",
    "CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE TABLE wallets (
        tenant_id TEXT PRIMARY KEY REFERENCES tenants (id),
        issued BIGINT NOT NULL,
        available BIGINT NOT NULL CHECK (available >= 0),
        held BIGINT NOT NULL CHECK (held >= 0),
        spent BIGINT NOT NULL CHECK (spent >= 0),
        low_threshold BIGINT NOT NULL,
        CHECK (available + held + spent = issued)
    )",
    // Double entry: every row moves an amount from one pot to another. Never updated, never deleted.
    // phase: 0 top-up, 1 hold, 2 its one resolution (post or void).
    "CREATE TABLE ledger_entries (
        tenant_id TEXT NOT NULL,
        id TEXT NOT NULL,
        transfer TEXT NOT NULL,
        phase SMALLINT NOT NULL,
        kind TEXT NOT NULL,
        debit TEXT NOT NULL,
        credit TEXT NOT NULL,
        amount BIGINT NOT NULL CHECK (amount > 0),
        note TEXT,
        created_at BIGINT NOT NULL,
        CHECK ((phase = 0 AND kind = 'top_up' AND debit = 'issued' AND credit = 'available')
            OR (phase = 1 AND kind = 'hold' AND debit = 'available' AND credit = 'held')
            OR (phase = 2 AND kind = 'post' AND debit = 'held' AND credit = 'spent')
            OR (phase = 2 AND kind = 'void' AND debit = 'held' AND credit = 'available')),
        PRIMARY KEY (tenant_id, id)
    ) {clustered}",
    "CREATE UNIQUE INDEX ledger_once ON ledger_entries (transfer, phase)",
    "CREATE TABLE journal_heads (
        tenant_id TEXT PRIMARY KEY REFERENCES tenants (id),
        seq BIGINT NOT NULL
    )",
    "CREATE TABLE events (
        tenant_id TEXT NOT NULL,
        seq BIGINT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        account_id TEXT,
        account_seq BIGINT,
        at BIGINT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (tenant_id, seq)
    ) {clustered}",
    "CREATE TABLE idempotency_records (
        tenant_id TEXT NOT NULL,
        idem_key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        status INTEGER NOT NULL,
        body TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant_id, idem_key)
    ) {clustered}",
    "CREATE INDEX idempotency_expiry ON idempotency_records (expires_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let clustered = match manager.get_database_backend() {
            DbBackend::Sqlite => "WITHOUT ROWID",
            _ => "",
        };
        for statement in STATEMENTS {
            let statement = statement.replace("{clustered}", clustered);
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
