//! What each command comes to.

use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::{Command, Cut, STILL_SECONDS, Task, give};
use crate::session::{PhoneCodeError, SendError, Session, SessionError};

impl Task {
    /// Waits for a command within the deadline of all that have none of their own, and gives its answer to who asked.
    /// Gives whether the session is lost.
    async fn answer<T>(
        &self,
        command: &'static str,
        answer: oneshot::Sender<Result<T, SessionError>>,
        work: BoxFuture<'_, Result<T, SessionError>>,
    ) -> bool {
        let done = self.bounded(self.settings.command_deadline_seconds, work).await;
        give(answer, done.unwrap_or_else(|cut| Err(cut.of(command))))
    }

    /// Gives whether the session is lost.
    pub(super) async fn carry_out(&self, session: &mut dyn Session, command: Command) -> bool {
        let seconds = self.settings.command_deadline_seconds;
        match command {
            Command::Probe(answer) => self.answer("probe", answer, session.probe()).await,
            Command::Send(message, answer) => {
                let sent = self
                    .bounded(self.settings.send_deadline_seconds, session.send(&message))
                    .await
                    .unwrap_or_else(|cut| Err(SendError::Unknown(cut.of("send"))));
                let lost = matches!(&sent, Err(SendError::Unknown(error)) if error.is_fatal());
                let _ = answer.send(sent);
                lost
            }
            Command::LookUp(chat, id, answer) => {
                self.answer("look_up", answer, session.look_up(&chat, &id)).await
            }
            Command::LookUpMany(messages, answer) => {
                self.answer("look_up_many", answer, session.look_up_many(&messages))
                    .await
            }
            Command::InboundSince(since, most, answer) => {
                self.answer("inbound_since", answer, session.inbound_since(since, most))
                    .await
            }
            Command::FetchInbound(keys, answer) => {
                self.answer("fetch_inbound", answer, session.fetch_inbound(&keys))
                    .await
            }
            Command::ReplaceAgent(build, answer) => {
                self.answer("replace_agent", answer, session.replace_agent(&build))
                    .await
            }
            Command::RefreshPairing(answer) => {
                self.answer("refresh_pairing", answer, session.refresh_pairing())
                    .await
            }
            Command::PairByPhone(phone, answer) => {
                let code = self.bounded(seconds, session.pair_by_phone(&phone)).await;
                let code = code.unwrap_or_else(|cut| Err(cut.of("pair_by_phone").into()));
                let lost = matches!(&code, Err(PhoneCodeError::Session(error)) if error.is_fatal());
                let _ = answer.send(code);
                lost
            }
            Command::LogOut(answer) => self.answer("log_out", answer, session.log_out()).await,
            Command::StandStill(work, answer) => {
                // A copy that takes longer is given up: a browser that stands still answers nobody.
                let done = self.bounded(STILL_SECONDS, session.stand_still(work)).await;
                let failed = |cut: Cut| {
                    let detail = cut.of("stand_still").to_string();
                    Err(SessionError::Refused {
                        command: "stand_still",
                        detail,
                    })
                };
                give(answer, done.unwrap_or_else(failed))
            }
            Command::Status(answer) => self.answer("status", answer, session.status()).await,
            Command::Mend(by, limit, answer) => give(answer, self.mend(session, by, limit).await),
            Command::See(answer) => give(answer, Ok(self.see(session).await)),
            Command::Screenshot(answer) => self.answer("screenshot", answer, session.screenshot()).await,
        }
    }
}
