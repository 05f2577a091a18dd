//! The pairing code that is shown now, and those who wait for one. The code is a secret: it is never stored, published
//! or logged.
//!
//! While a code that is typed on a phone is good, the page goes on turning its QR codes. They are kept in the background:
//! whoever looks sees the code that was asked for, and the QR code again when that one has ended.

use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use futures::future;
use tokio::sync::oneshot;

use super::{
    Account,
    machine::{Input, Phase},
};
use crate::{
    domain::{PairingMethod, Phone, Timestamp},
    protocol::account::{AccountError, PairByPhone, Pairing},
    session::{PhoneCode, PhoneCodeError},
};

/// How many may wait for a code; more are refused at once.
const WAITING: usize = 64;
/// How many different codes to be typed are asked for within [`PHONE_CODES_WITHIN`]. WhatsApp's own bound is not known;
/// a number for which codes are asked for without end is one that WhatsApp looks at.
const PHONE_CODES: usize = 5;
const PHONE_CODES_WITHIN: Duration = Duration::from_secs(600);
/// After which time more may be asked for, when WhatsApp itself gives no more and does not say for how long.
const PHONE_CODES_PAUSE: Duration = Duration::from_secs(600);

/// A code that has come from the page.
struct Arrived {
    method: PairingMethod,
    code: String,
    expires_at: Timestamp,
}

/// What the actor knows of codes.
#[derive(Default)]
pub(super) struct Codes {
    arrived: Option<Arrived>,
    shown: Option<Pairing>,
    waiting: Vec<oneshot::Sender<Pairing>>,
    /// The page's QR code while another code is shown; `None` inside: it has given up showing some.
    behind: Option<Option<Arrived>>,
    /// When codes to be typed were new.
    typed: Vec<Timestamp>,
    /// For which number the newest one was.
    typed_on: Option<Phone>,
}

impl Codes {
    /// The session shows a code; it counts once the machine has numbered it. False when it stays in the background.
    pub(super) fn arrive(&mut self, code: String, expires_at: Timestamp, now: Timestamp) -> bool {
        let arrived = Arrived {
            method: PairingMethod::Qr,
            code,
            expires_at,
        };
        if self.is_typed(now) {
            self.behind = Some(Some(arrived));
            return false;
        }
        self.arrived = Some(arrived);
        true
    }

    /// The page gives up showing QR codes. False when that is of no interest now.
    pub(super) fn idle(&mut self, now: Timestamp) -> bool {
        let typed = self.is_typed(now);
        if typed {
            self.behind = Some(None);
        }
        !typed
    }

    /// There is a code to be typed. False when it is the one that is shown.
    fn arrive_typed(&mut self, PhoneCode { code, expires_at }: PhoneCode, now: Timestamp) -> bool {
        let known = self.current(now).is_some_and(|shown| shown.code == code);
        if !known {
            self.typed.push(now);
            self.arrived = Some(Arrived {
                method: PairingMethod::Code,
                code,
                expires_at,
            });
        }
        !known
    }

    /// When another code to be typed may be asked for, if it may not now.
    fn typed_too_often(&mut self, phone: &Phone, now: Timestamp) -> Option<Duration> {
        self.typed.retain(|at| at.after(PHONE_CODES_WITHIN) > now);
        let same = self.is_typed(now) && self.typed_on.as_ref() == Some(phone);
        let full = self.typed.len() >= PHONE_CODES && !same;
        let oldest = self.typed.first().filter(|_| full)?;
        Some(oldest.after(PHONE_CODES_WITHIN).since(now))
    }

    /// Whether the code that is shown is one to be typed.
    fn is_typed(&self, now: Timestamp) -> bool {
        self.current(now)
            .is_some_and(|shown| shown.method == PairingMethod::Code)
    }

    /// Numbers the code that arrived and gives it to those who wait; gives what it is and when it expires.
    pub(super) fn show(&mut self, attempt: u32) -> Option<(PairingMethod, Timestamp)> {
        let Arrived {
            method,
            code,
            expires_at,
        } = self.arrived.take()?;
        let pairing = Pairing {
            method,
            code,
            expires_at,
            attempt,
        };
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(pairing.clone());
        }
        self.shown = Some(pairing);
        Some((method, expires_at))
    }

    /// The code is void. Those who wait go on waiting for the next one.
    pub(super) fn forget(&mut self) {
        self.shown = None;
        self.behind = None;
    }

    /// The code, unless it has expired at `now`.
    pub(super) fn current(&self, now: Timestamp) -> Option<Pairing> {
        self.shown.clone().filter(|shown| shown.expires_at > now)
    }

    /// When the code that was shown last expires, or did.
    pub(super) fn last_expiry(&self) -> Option<Timestamp> {
        self.shown.as_ref().map(|shown| shown.expires_at)
    }

    /// Waits for the next code. The receiver ends empty-handed when too many wait, or when the account ends.
    pub(super) fn wait(&mut self) -> oneshot::Receiver<Pairing> {
        let (tell, told) = oneshot::channel();
        self.waiting.retain(|waiting| !waiting.is_closed());
        if self.waiting.len() < WAITING {
            self.waiting.push(tell);
        }
        told
    }
}

impl Account {
    /// The page has another code to be typed.
    pub(super) fn phone_code(&mut self, code: PhoneCode, ctx: &mut Context<Self>) {
        if self.machine.phase() == Phase::Unlinked && self.codes.arrive_typed(code, self.shared.clock.now()) {
            self.input(Input::PhoneCodeShown, ctx);
        }
    }

    /// A code to be typed ends without a word of the page's: then the QR codes are shown again.
    pub(super) fn expect_end_of_phone_code(&self, expires_at: Timestamp, ctx: &mut Context<Self>) {
        let clock = &self.shared.clock;
        let pause = clock.sleep(expires_at.since(clock.now()));
        ctx.spawn(pause.into_actor(self).map(move |(), this, ctx| {
            if this.codes.last_expiry() != Some(expires_at) || this.machine.phase() != Phase::Unlinked {
                return;
            }
            let behind = this.codes.behind.take().flatten();
            let now = this.shared.clock.now();
            match behind.filter(|code| code.expires_at > now) {
                Some(code) => {
                    this.codes.arrived = Some(code);
                    this.input(Input::CodeShown, ctx);
                }
                None => this.input(Input::CodesIdle, ctx),
            }
        }));
    }
}

impl Handler<PairByPhone> for Account {
    type Result = ResponseActFuture<Self, Result<Pairing, AccountError>>;

    fn handle(&mut self, PairByPhone { phone }: PairByPhone, _: &mut Context<Self>) -> Self::Result {
        let refuse = |error| Box::pin(future::ready(Err(error)));
        let session = self
            .session
            .clone()
            .filter(|_| self.machine.phase() == Phase::Unlinked);
        let Some(session) = session else {
            return Box::pin(refuse(AccountError::NotPairing).into_actor(self));
        };
        if let Some(retry_after) = self.codes.typed_too_often(&phone, self.shared.clock.now()) {
            return Box::pin(refuse(AccountError::TooManyCodes { retry_after }).into_actor(self));
        }
        let number = phone.clone();
        let asked = async move { session.pair_by_phone(phone).await };
        Box::pin(asked.into_actor(self).map(|asked, this, ctx| match asked {
            Ok(code) => {
                this.codes.typed_on = Some(number);
                this.phone_code(code, ctx);
                let shown = this.codes.current(this.shared.clock.now());
                shown
                    .filter(|shown| shown.method == PairingMethod::Code)
                    .ok_or(AccountError::NotPairing)
            }
            Err(PhoneCodeError::Number(_)) => Err(AccountError::PhoneRefused),
            Err(PhoneCodeError::TooMany(_)) => Err(AccountError::TooManyCodes {
                retry_after: PHONE_CODES_PAUSE,
            }),
            Err(PhoneCodeError::Session(error)) => {
                this.command_failed(&error, ctx);
                Err(AccountError::Session(error.to_string()))
            }
        }))
    }
}
