import { Cmd, Socket, Stream } from '../modules/connection';
import { PAGE_VERSION } from '../modules/constants';
import { identity } from '../modules/identity';
import { messages } from '../modules/messages';
import type { Push, Pushes, Welcome } from '../protocol';
import { suffer } from './faults';
import { ingest, receiveMessage, receivePresence, receiveReceipt } from './inbound';
import { Inbox, type News } from './inbox';
import { leave } from './logout';
import { outbox } from './outbox';
import { Pairing } from './pairing';
import { keepCredentials, loadProfile } from './profile';
import { SeenMessages } from './seen';
import { link } from './socket';
import * as sync from './sync';

/** Time for a person to see that the scan has worked, and for clients to see PAIRING. */
const PAIRED_PAUSE_MS = 50;

/** The life of the page: it greets the server, is linked or asks to be, and follows what it is told. */
export class Session {
  readonly #pairing = new Pairing();
  readonly #inbox = new Inbox((news) => this.#report(news));
  #token: string | undefined;
  #seen: SeenMessages | undefined;
  #entered = false;

  async start(url: string): Promise<void> {
    const { keys, credentials, seen } = await loadProfile();
    identity.useKeys(keys);
    if (credentials) {
      identity.become(credentials.me);
      this.#token = credentials.token;
    }
    if (seen) this.#seen = new SeenMessages(seen);
    messages.onIncoming(ingest);
    // The person at the page logs out. The page forgets the account even if the server could not be told.
    Cmd.on('logout_requested', () => leave('user_initiated'));
    Cmd.on('logout', () => (this.#token = undefined));
    link.on('open', () => {
      link.notify('hello', { v: PAGE_VERSION, ...(this.#token && { token: this.#token }) });
    });
    link.on('down', () => this.#disconnected());
    link.on('push', (push: Push) => this.#follow(push));
    link.connect(url);
  }

  #follow(push: Push): void {
    switch (push.t) {
      case 'welcome': return this.#welcomed(push);
      case 'refs': return this.#pairing.show(push.refs);
      case 'paired':
        void this.#paired(push);
        return;
      case 'msg':
      case 'receipt': return this.#inbox.take(push);
      case 'presence': return receivePresence(push);
      case 'logout': return leave(push.reason ?? 'unknown_companion');
      case 'fault': return suffer(push);
    }
  }

  #report(news: News): void {
    if (!identity.linked) return;
    if (news.t === 'msg') receiveMessage(news, this.#record());
    else receiveReceipt(news);
  }

  #welcomed(welcome: Welcome): void {
    if ('refs' in welcome) {
      // The server does not know our token any more: somebody unlinked this page from the phone.
      if (identity.linked) leave('unknown_companion');
      else this.#pairing.begin(welcome.refs, welcome.refMs);
      return;
    }
    identity.become(welcome.me);
    Stream.set('needsUpdate', false);
    if (this.#entered) {
      sync.resume(welcome, this.#intake());
      return;
    }
    this.#entered = true;
    const nothingReported = this.#seen === undefined;
    void sync.enter(welcome, this.#intake(), nothingReported);
  }

  async #paired(paired: Pushes['paired']): Promise<void> {
    this.#pairing.end();
    this.#token = paired.token;
    this.#entered = true;
    // First of all: a page that says it is linked is linked after a crash, too.
    await keepCredentials({ token: paired.token, me: paired.me });
    this.#seen = SeenMessages.after(paired.chats.flatMap((chat) => chat.msgs ?? []));
    identity.become(paired.me);
    Socket.set('state', 'PAIRING');
    Stream.enter('QR', 'PAIRING');
    setTimeout(() => void sync.enter(paired, this.#intake(), true), PAIRED_PAUSE_MS);
  }

  #disconnected(): void {
    outbox.suspend();
    if (!identity.linked || Stream.needsUpdate) return;
    Socket.set('state', 'TIMEOUT');
    Stream.enter('OFFLINE', 'OFFLINE');
  }

  #intake(): sync.Intake {
    return { inbox: this.#inbox, seen: this.#record() };
  }

  #record(): SeenMessages {
    return (this.#seen ??= new SeenMessages());
  }
}
