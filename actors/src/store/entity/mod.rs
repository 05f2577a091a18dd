//! The tables as sea-orm sees them, for reads and for the quiet writes. The hot writes (accept, settle, append) are
//! statements over JSON arrays, see [`super::Dialect::each`].

/// One table: its struct, without relations (joins are not used) and with sea-orm's default behaviour.
macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident $name:literal {
        $($(#[$attribute:meta])* $field:ident: $kind:ty),* $(,)?
    })*) => {$(
        $(#[$doc])*
        pub mod $table {
            use sea_orm::entity::prelude::*;

            /// A row.
            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $name)]
            pub struct Model { $($(#[$attribute])* pub $field: $kind),* }

            /// No relations.
            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

tables! {
    /// Customers.
    tenants "tenants" {
        #[sea_orm(primary_key, auto_increment = false)] id: String,
        name: String,
        created_at: i64,
    }
    /// People.
    users "users" {
        #[sea_orm(primary_key, auto_increment = false)] id: String,
        tenant_id: String,
        email: String,
        role: String,
        password_hash: String,
        created_at: i64,
        disabled_at: Option<i64>,
    }
    /// Refresh tokens.
    refresh_tokens "refresh_tokens" {
        #[sea_orm(primary_key, auto_increment = false)] token_hash: String,
        user_id: String,
        family: String,
        expires_at: i64,
        used_at: Option<i64>,
        revoked_at: Option<i64>,
    }
    /// API keys.
    api_keys "api_keys" {
        #[sea_orm(primary_key, auto_increment = false)] id: String,
        tenant_id: String,
        name: String,
        prefix: String,
        key_hash: String,
        mode: String,
        scopes: String,
        created_at: i64,
        last_used_at: Option<i64>,
        revoked_at: Option<i64>,
    }
    /// Accounts.
    accounts "accounts" {
        #[sea_orm(primary_key, auto_increment = false)] id: String,
        tenant_id: String,
        name: String,
        engine: String,
        state: String,
        reason: Option<String>,
        action: Option<String>,
        since: i64,
        phone: Option<String>,
        push_name: Option<String>,
        labels: String,
        wanted: bool,
        epoch: i64,
        restarts: i64,
        event_seq: i64,
        evidence: Option<String>,
        repair: Option<String>,
        last_round_trip_at: Option<i64>,
        agent: Option<String>,
        inbound_from: Option<i64>,
        inbound_until: Option<i64>,
        created_at: i64,
        deleted_at: Option<i64>,
        settings: String,
        hibernation: Option<String>,
    }
    /// Sealed secrets of accounts.
    secrets "secrets" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: String,
        #[sea_orm(primary_key, auto_increment = false)] name: String,
        sealed: String,
        changed_at: i64,
    }
    /// Messages, both ways.
    messages "messages" {
        #[sea_orm(primary_key, auto_increment = false)] tenant_id: String,
        #[sea_orm(primary_key, auto_increment = false)] id: String,
        account_id: String,
        direction: String,
        wa_id: String,
        chat: String,
        recipient: Option<String>,
        sender: Option<String>,
        sender_name: Option<String>,
        kind: String,
        content: String,
        status: String,
        priority: String,
        cost: i64,
        callback_data: Option<String>,
        send_at: Option<i64>,
        expires_at: Option<i64>,
        error_code: Option<String>,
        error_detail: Option<String>,
        waits: Option<String>,
        backfilled: bool,
        created_at: i64,
        updated_at: i64,
    }
    /// What happened to a message after it was accepted.
    message_steps "message_steps" {
        #[sea_orm(primary_key, auto_increment = false)] message_id: String,
        #[sea_orm(primary_key, auto_increment = false)] n: i32,
        status: String,
        at: i64,
        attempt: i32,
        node: Option<String>,
        cause: Option<String>,
    }
    /// Wallets.
    wallets "wallets" {
        #[sea_orm(primary_key, auto_increment = false)] tenant_id: String,
        issued: i64,
        available: i64,
        held: i64,
        spent: i64,
        low_threshold: i64,
    }
    /// The ledger.
    ledger_entries "ledger_entries" {
        #[sea_orm(primary_key, auto_increment = false)] tenant_id: String,
        #[sea_orm(primary_key, auto_increment = false)] id: String,
        transfer: String,
        phase: i16,
        kind: String,
        debit: String,
        credit: String,
        amount: i64,
        note: Option<String>,
        created_at: i64,
    }
    /// The journal.
    events "events" {
        #[sea_orm(primary_key, auto_increment = false)] tenant_id: String,
        #[sea_orm(primary_key, auto_increment = false)] seq: i64,
        id: String,
        kind: String,
        account_id: Option<String>,
        account_seq: Option<i64>,
        at: i64,
        data: String,
    }
}
