//! One simulated session.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{
    Cure, Fault, PageFault,
    line::Line,
    member::{Member, is_unknown},
    network::{Sending, Shared},
};
use crate::{
    domain::{AccountId, Content, Jid, Phone, Timestamp, WaMessageId, message::Outgoing},
    session::{
        AgentBuild, Ending, InboundBatch, InboundKey, InboundList, LookUp, PageStatus, PhoneCode,
        PhoneCodeError, REJECTED, SendError, Session, SessionError,
    },
};

/// A page of one colour, as a PNG.
const PICTURE: &[u8] = include_bytes!("picture.png");

/// After so many bytes of text an answer ends, in the middle of what was asked for, as a real page's would.
const ANSWER_BYTES: usize = 500_000;

pub(super) struct SimulatedSession {
    network: Arc<Shared>,
    account: AccountId,
    member: Arc<Mutex<Member>>,
    line: Arc<Line>,
}

impl SimulatedSession {
    pub(super) fn new(
        network: Arc<Shared>,
        account: AccountId,
        member: Arc<Mutex<Member>>,
        line: Arc<Line>,
    ) -> Self {
        Self {
            network,
            account,
            member,
            line,
        }
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(self.network.settings.command_deadline_ms)
    }

    /// Lets a command through, or runs it into its deadline when the session hangs.
    async fn enter(&self, command: &'static str) -> Result<(), SessionError> {
        let hangs = self.member.lock().fault == Some(Fault::Hang);
        if hangs && self.line.death().is_none() {
            let after = self.deadline();
            tokio::select! {
                () = self.line.dead.cancelled() => {}
                () = self.network.clock.sleep(after) => {
                    self.hang_up();
                    self.line.die(&format!("no answer to {command} for {after:?}"));
                    return Err(SessionError::Deadline { command, after });
                }
            }
        }
        self.alive()?;
        self.answers(command)
    }

    /// Refuses a command of a page that does not answer.
    fn answers(&self, command: &'static str) -> Result<(), SessionError> {
        let silent = matches!(
            self.member.lock().page,
            Some((PageFault::Hang | PageFault::Crash, _))
        );
        if silent {
            let detail = "the page does not answer".to_owned();
            return Err(SessionError::Refused { command, detail });
        }
        Ok(())
    }

    /// Mends the page as far as that can, and starts it anew.
    async fn renew(&self, command: &'static str, by: Cure) -> Result<(), SessionError> {
        self.alive()?;
        let mut member = self.member.lock();
        if !member.mend_page(by) {
            let detail = "the page still does not answer".to_owned();
            return Err(SessionError::Refused { command, detail });
        }
        member.synced = false;
        member.code = None;
        self.network.start_page(self.account, &mut member);
        Ok(())
    }

    fn alive(&self) -> Result<(), SessionError> {
        match self.line.death() {
            Some(reason) => Err(SessionError::Dead(reason.to_owned())),
            None => Ok(()),
        }
    }

    /// Takes this session off the line, if it is on it.
    fn hang_up(&self) {
        let mut member = self.member.lock();
        if member.has_line(self.line.number) {
            member.hang_up();
        }
    }

    /// Refuses a command for which the page lacks something.
    fn has(&self, command: &'static str) -> Result<(), SessionError> {
        if self.member.lock().lacks(command) {
            return Err(SessionError::Refused {
                command,
                detail: "WhatsApp Web has changed".to_owned(),
            });
        }
        Ok(())
    }

    /// Refuses a command that needs a ready page.
    fn ready(&self, command: &'static str) -> Result<(), SessionError> {
        let member = self.member.lock();
        let detail = match member.status() {
            PageStatus::Ready(_) if !member.offline => return Ok(()),
            PageStatus::Ready(_) => "offline",
            PageStatus::Syncing => "syncing",
            PageStatus::Loading | PageStatus::Unlinked => "not linked",
        };
        Err(SessionError::Refused {
            command,
            detail: detail.to_owned(),
        })
    }
}

#[async_trait]
impl Session for SimulatedSession {
    async fn status(&mut self) -> Result<PageStatus, SessionError> {
        self.enter("status").await?;
        Ok(self.member.lock().status())
    }

    async fn probe(&mut self) -> Result<Duration, SessionError> {
        self.enter("probe").await?;
        self.ready("probe")?;
        self.has("probe")?;
        let took = Duration::from_millis(self.network.settings.probe_ms);
        if !took.is_zero() {
            tokio::select! {
                () = self.line.dead.cancelled() => {}
                () = self.network.clock.sleep(took) => {}
            }
            self.alive()?;
        }
        Ok(took)
    }

    async fn send(&mut self, message: &Outgoing) -> Result<(), SendError> {
        self.enter("send").await.map_err(|error| match error {
            SessionError::Refused { detail, .. } => SendError::NotSent(detail),
            error => SendError::Unknown(error),
        })?;
        self.ready("send")
            .and_then(|()| self.has("send"))
            .map_err(|error| SendError::NotSent(error.to_string()))?;
        if message.chat.phone().is_some_and(|phone| is_unknown(&phone)) {
            return Err(SendError::Rejected {
                code: "not_on_whatsapp",
                detail: "the number is not on WhatsApp".to_owned(),
            });
        }
        let sending = self.network.take(self.account, &mut self.member.lock(), message);
        let patience = Duration::from_millis(self.network.settings.send_deadline_ms);
        let lost = || {
            SendError::Unknown(SessionError::Refused {
                command: "send",
                detail: format!("no server ack within {patience:?}"),
            })
        };
        match sending {
            Sending::Done => return Ok(()),
            Sending::Refused => {
                return Err(SendError::Rejected {
                    code: REJECTED,
                    detail: "the network refused the message".to_owned(),
                });
            }
            Sending::Died => {}
            Sending::Lost => tokio::select! {
                () = self.line.dead.cancelled() => {}
                () = self.network.clock.sleep(patience) => return Err(lost()),
            },
            Sending::Waiting(answered) => tokio::select! {
                answered = answered => if answered.is_ok() { return Ok(()) },
                () = self.network.clock.sleep(patience) => return Err(lost()),
            },
        }
        Err(SendError::Unknown(self.alive().err().unwrap_or_else(|| {
            let detail = "the page was lost during the send".to_owned();
            SessionError::Refused {
                command: "send",
                detail,
            }
        })))
    }

    async fn look_up(&mut self, chat: &Jid, id: &WaMessageId) -> Result<LookUp, SessionError> {
        self.enter("look_up").await?;
        self.ready("look_up")?;
        Ok(self.member.lock().found(chat, id))
    }

    async fn look_up_many(&mut self, messages: &[(Jid, WaMessageId)]) -> Result<Vec<LookUp>, SessionError> {
        self.enter("look_up_many").await?;
        self.ready("look_up_many")?;
        let member = self.member.lock();
        let answers = messages.iter().map(|(chat, id)| member.found(chat, id));
        Ok(answers.collect())
    }

    async fn inbound_since(&mut self, since: Timestamp, most: usize) -> Result<InboundList, SessionError> {
        self.enter("inbound_since").await?;
        self.ready("inbound_since")?;
        self.has("backfill")?;
        Ok(self.member.lock().inbound_since(since, most))
    }

    async fn fetch_inbound(&mut self, keys: &[InboundKey]) -> Result<InboundBatch, SessionError> {
        self.enter("fetch_inbound").await?;
        self.ready("fetch_inbound")?;
        let member = self.member.lock();
        let (mut batch, mut bytes) = (InboundBatch::default(), 0);
        for key in keys {
            if bytes >= ANSWER_BYTES {
                break;
            }
            batch.answered += 1;
            let Some(message) = member.inbound(key) else {
                continue;
            };
            if let Content::Text { text } = &message.content {
                bytes += text.body.len();
            }
            batch.messages.push(message);
        }
        Ok(batch)
    }

    async fn replace_agent(&mut self, build: &Arc<AgentBuild>) -> Result<(), SessionError> {
        self.enter("replace_agent").await?;
        self.member.lock().build = Some(build.id().to_owned());
        self.renew("replace_agent", Cure::Reload).await
    }

    async fn refresh_pairing(&mut self) -> Result<(), SessionError> {
        self.enter("refresh_pairing").await?;
        let mut member = self.member.lock();
        if member.linked.is_some() {
            return Err(SessionError::Refused {
                command: "refresh_pairing",
                detail: "linked already".to_owned(),
            });
        }
        self.network
            .show_codes(self.account, &mut member, self.line.number);
        Ok(())
    }

    async fn pair_by_phone(&mut self, phone: &Phone) -> Result<PhoneCode, PhoneCodeError> {
        self.enter("pair_by_phone").await?;
        if is_unknown(phone) {
            return Err(PhoneCodeError::Number("it is not on WhatsApp".to_owned()));
        }
        let mut member = self.member.lock();
        if member.linked.is_some() {
            return Err(PhoneCodeError::Session(SessionError::Refused {
                command: "pair_by_phone",
                detail: "linked already".to_owned(),
            }));
        }
        Ok(self.network.phone_code(&mut member, phone))
    }

    async fn log_out(&mut self) -> Result<(), SessionError> {
        self.enter("log_out").await?;
        if self.network.unlink(self.account, "user_initiated") {
            Ok(())
        } else {
            Err(SessionError::Refused {
                command: "log_out",
                detail: "not linked".to_owned(),
            })
        }
    }

    async fn screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.enter("screenshot").await?;
        Ok(PICTURE.to_vec())
    }

    async fn veiled_screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.screenshot().await
    }

    async fn dismiss_modal(&mut self) -> Result<(), SessionError> {
        self.enter("dismiss_modal").await?;
        if self.member.lock().mend_page(Cure::Dismiss) {
            return Ok(());
        }
        let detail = "a dialog is still there".to_owned();
        Err(SessionError::Refused {
            command: "dismiss_modal",
            detail,
        })
    }

    async fn reload(&mut self) -> Result<(), SessionError> {
        self.renew("reload", Cure::Reload).await
    }

    async fn new_page(&mut self) -> Result<(), SessionError> {
        self.renew("new_page", Cure::NewPage).await
    }

    fn console(&self) -> Vec<String> {
        Vec::new()
    }

    fn processes(&self) -> Vec<u32> {
        Vec::new()
    }

    async fn close(self: Box<Self>) -> Ending {
        Ending::Orderly
    }
}

impl Drop for SimulatedSession {
    fn drop(&mut self) {
        self.hang_up();
    }
}
