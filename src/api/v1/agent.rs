//! The agent in the pages: what it is and what it lacks there.

use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::domain::{AgentReport, Lack, Timestamp};

/// Something of wa-js or WhatsApp Web that the agent uses and a page does not have.
#[derive(Serialize, ToSchema)]
pub struct Missing {
    /// Its path in wa-js.
    #[schema(example = "whatsapp.functions.addAndSendMsgToChat")]
    name: String,
    /// What it is needed for: `link`, `pairing`, `probe`, `send`, `receive`, `acks`, `look_up`, `backfill`, `log_out` or
    /// `names`. Without one for `link`, `probe`, `send`, `receive` or
    /// `look_up` an account is `degraded` and sends nothing.
    #[schema(example = json!(["send"]))]
    needed_for: Vec<String>,
}

impl From<Lack> for Missing {
    fn from(lack: Lack) -> Self {
        Self {
            name: lack.name,
            needed_for: lack.needed_for,
        }
    }
}

/// The agent in an account's page, and its newest self-test.
#[derive(Serialize, ToSchema)]
pub struct Agent {
    /// The agent's version.
    #[schema(example = "0.2.0")]
    version: String,
    /// Which files run there: the start of their SHA-256, as `/v1/system/agent` names them.
    #[schema(example = "9f2c4e1a7b3d5680")]
    build: String,
    /// The version of wa-js.
    wa_js: Option<String>,
    /// The version of WhatsApp Web.
    whatsapp_web: Option<String>,
    /// What the page lacks of what the agent uses.
    missing: Vec<Missing>,
    /// When it was tested.
    #[schema(value_type = String, format = DateTime)]
    tested_at: Timestamp,
}

impl From<AgentReport> for Agent {
    fn from(report: AgentReport) -> Self {
        Self {
            version: report.test.version,
            build: report.test.build,
            wa_js: report.test.wa_js,
            whatsapp_web: report.test.whatsapp_web,
            missing: report.test.missing.into_iter().map(Missing::from).collect(),
            tested_at: report.tested_at,
        }
    }
}
