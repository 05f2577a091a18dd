//! What people do with their phones, and what an operator of the sandbox may change.

use serde_json::json;

use super::number::Number;
use super::people::Profile;
use super::schedule::Due;
use super::state::{Millis, Phone, Timing};
use super::traces::Trace;
use super::verbs::ROBOT_ABOUT;
use super::{Network, Refusal, SocketId};

impl Network {
    /// Makes a phone, or renames the one that exists. Answers whether it is new.
    pub(crate) fn create_phone(
        &mut self,
        now: Millis,
        number: &Number,
        name: Option<&str>,
    ) -> Result<bool, Refusal> {
        self.advance(now);
        if !number.is_on_whatsapp() {
            return Err(Refusal::NotOnWhatsApp);
        }
        self.touch_vital();
        if self.state.phones.contains_key(number) {
            let profile = Profile {
                name: name.map(str::to_owned),
                ..Profile::default()
            };
            return self.set_profile(number, &profile).map(|()| false);
        }
        let name = name.map_or_else(|| self.name_of(number), str::to_owned);
        let phone = Phone {
            name,
            about: ROBOT_ABOUT.to_owned(),
            online: true,
            created_at: now,
            chats: Default::default(),
            waiting: Vec::new(),
            blocked: Default::default(),
            picture: Default::default(),
            contacts: Default::default(),
        };
        self.state.phones.insert(number.clone(), phone);
        let born = Trace::Phone(number.clone());
        self.state.traces.leave(born);
        Ok(true)
    }

    /// Switches a phone's network on or off. What waited for it comes as soon as it is on.
    pub(crate) fn set_online(&mut self, now: Millis, number: &Number, online: bool) -> Result<(), Refusal> {
        self.advance(now);
        let phone = self.state.phone_mut(number).ok_or(Refusal::UnknownPhone)?;
        phone.online = online;
        if online {
            for arrival in std::mem::take(&mut phone.waiting) {
                let due = Due::DeliverTo(arrival, number.clone());
                self.state.schedule.add(now, due);
            }
        }
        let seems = self.seems_online(number);
        self.push_presence(number, seems);
        self.touch();
        self.advance(now);
        Ok(())
    }

    /// The phone's owner logs all linked pages out, or one.
    pub(crate) fn unlink(
        &mut self,
        now: Millis,
        number: &Number,
        session: Option<&str>,
    ) -> Result<(), Refusal> {
        self.advance(now);
        if !self.state.phones.contains_key(number) {
            return Err(Refusal::UnknownPhone);
        }
        match session {
            None => self.unlink_all(number, "unknown_companion"),
            Some(session)
                if self
                    .state
                    .sessions_of(number)
                    .iter()
                    .any(|known| known == session) =>
            {
                self.unlink_session(session, "unknown_companion");
            }
            Some(_) => return Err(Refusal::UnknownSession),
        }
        Ok(())
    }

    /// Sets timing and behaviour from now on; what is under way keeps its times.
    pub(crate) fn set_timing(&mut self, now: Millis, timing: Timing, seed: Option<u64>) {
        self.advance(now);
        self.state.timing = timing;
        if let Some(seed) = seed {
            self.rules.seed = seed;
            self.chance = rand::SeedableRng::seed_from_u64(seed);
        }
        self.touch();
    }

    pub(super) fn unlink_all(&mut self, number: &Number, reason: &str) {
        for session in self.state.sessions_of(number) {
            self.unlink_session(&session, reason);
        }
        self.touch_vital();
    }

    pub(super) fn unlink_session(&mut self, session: &str, reason: &str) {
        if let Some(socket) = self.socket_of(session) {
            self.push(socket, json!({"t": "logout", "reason": reason}));
            self.unseat(socket);
        }
        self.state.unlink(session);
        self.touch_vital();
    }

    /// A page logs itself out. Its connection stays, for the next pairing.
    pub(super) fn page_logout(&mut self, socket: SocketId) {
        if let Some(session) = self.unseat(socket) {
            self.state.unlink(&session);
            self.touch_vital();
        }
    }

    fn unseat(&mut self, socket: SocketId) -> Option<String> {
        let held = self.sockets.get_mut(&socket)?;
        held.watches.clear();
        held.history.clear();
        let session = held.session.take()?;
        self.seats.remove(&session);
        self.state.trace_session(&session);
        self.state.traces.leave(Trace::Pages);
        Some(session)
    }
}
