//! When accounts last proved a round trip, written for many at once.

use serde::{Serialize, Serializer};

use super::{StoreError, Tx};
use crate::domain::{AccountId, AccountState, Timestamp};

/// A proof of a round trip.
#[derive(Clone, Debug, Serialize)]
pub struct RoundTrip {
    /// Whose.
    pub account: AccountId,
    /// The epoch of the generation that proved it.
    pub epoch: i64,
    /// When, in milliseconds since 1970.
    #[serde(serialize_with = "as_millis")]
    pub at: Timestamp,
    /// What the account's state rests on with it, as JSON.
    pub evidence: Option<String>,
}

fn as_millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.millis())
}

/// Notes when round trips were proven last, and by what, in one statement for any number of accounts. One under a stale
/// epoch, or before one that is noted already, does nothing. A state that was said after a proof rests on what it was
/// said with.
///
/// # Errors
/// As the database says.
pub async fn note_round_trips(tx: &Tx, proofs: &[RoundTrip]) -> Result<(), StoreError> {
    let json = serde_json::to_string(proofs).map_err(|error| StoreError::Failed(error.to_string()))?;
    let online = AccountState::Online;
    let each = tx.dialect().each();
    tx.execute(
        format!(
            "UPDATE accounts SET last_round_trip_at = p.at,
                    evidence = CASE WHEN state = '{online}' AND since <= p.at THEN COALESCE(p.evidence, accounts.evidence)
                               ELSE accounts.evidence END
             FROM (SELECT e.value->>'account' AS account, CAST(e.value->>'epoch' AS BIGINT) AS epoch,
                          CAST(e.value->>'at' AS BIGINT) AS at, e.value->>'evidence' AS evidence FROM {each}) AS p
             WHERE accounts.id = p.account AND accounts.epoch = p.epoch
               AND COALESCE(last_round_trip_at, 0) <= p.at"
        ),
        [json.into()],
    )
    .await?;
    Ok(())
}
