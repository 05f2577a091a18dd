//! The agent's files: which are in use, and how others come into use.

use super::Platform;
use crate::protocol::registry::{AgentStatus, ObserveAgent, ReloadAgents, ReloadError};

impl Platform {
    /// Which files of the agent are in use; nothing where no engine has pages, or the registry is down.
    pub async fn agent(&self) -> Option<AgentStatus> {
        self.registry.get()?.send(ObserveAgent).await.ok()?
    }

    /// Looks for new files of the agent and begins to exchange them. Answered once it has begun.
    ///
    /// # Errors
    /// [`ReloadError`]: nothing was touched.
    pub async fn reload_agents(&self, order: ReloadAgents) -> Result<AgentStatus, ReloadError> {
        let gone =
            || ReloadError::NoCanary("the registry is being made anew; try again in a moment".to_owned());
        let registry = self.registry.get().ok_or_else(gone)?;
        registry.send(order).await.map_err(|_| gone())?
    }
}
