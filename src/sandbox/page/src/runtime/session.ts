import { Cmd, Socket, Stream } from '../modules/connection';
import { PAGE_VERSION } from '../modules/constants';
import { identity } from '../modules/identity';
import { messages } from '../modules/messages';
import type { Push, Pushes, RawMessage, Snapshot, Welcome } from '../protocol';
import { door } from './door';
import { suffer } from './faults';
import { History } from './history';
import { ingest } from './inbound';
import { Inbox } from './inbox';
import { leave } from './logout';
import { isNews, report } from './news';
import { outbox } from './outbox';
import { Pairing } from './pairing';
import { keepCredentials, loadProfile } from './profile';
import { SeenMessages, seen } from './seen';
import { link } from './socket';
import * as sync from './sync';

/** Time for a person to see that the scan has worked, and for clients to see PAIRING. */
const PAIRED_PAUSE_MS = 50;

/** The life of the page: it greets the server, is linked or asks to be, and follows what it is told. */
export class Session {
  readonly #pairing = new Pairing();
  readonly #inbox = new Inbox((news) => this.#report(news));
  readonly #history = new History(this.#inbox);
  #reportedBefore = false;
  #entered = false;

  async start(url: string): Promise<void> {
    const { keys, credentials, seen: reported } = await loadProfile();
    identity.useKeys(keys);
    if (credentials) {
      identity.become(credentials.me);
      door.token = credentials.token;
    }
    this.#reportedBefore = reported !== undefined;
    if (reported) seen.record = new SeenMessages(reported);
    messages.onIncoming(ingest);
    // The person at the page logs out. The page forgets the account even if the server could not be told.
    Cmd.on('logout_requested', () => leave('user_initiated'));
    Cmd.on('logout', () => (door.token = undefined));
    link.on('open', () => {
      link.notify('hello', {
        v: PAGE_VERSION,
        ...(door.token && { token: door.token }),
        ...(this.#history.complete && { resumes: true }),
      });
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
      case 'history': return this.#history.take(push);
      case 'logout': return leave(push.reason ?? 'unknown_companion');
      case 'fault': return suffer(push);
      default: if (isNews(push)) this.#inbox.take(push);
    }
  }

  #report(news: Push): void {
    if (identity.linked) report(news);
  }

  #welcomed(welcome: Welcome): void {
    if ('refs' in welcome) {
      // The server does not know our token any more: somebody unlinked this page from the phone.
      if (identity.linked) leave('unknown_companion');
      else this.#pairing.begin(welcome.refs, welcome.refMs);
      return;
    }
    this.#history.expect(welcome.historyFrames ?? 0);
    identity.become(welcome.me);
    Stream.set('needsUpdate', false);
    if (this.#entered) {
      sync.resume(welcome, this.#intake);
      return;
    }
    this.#entered = true;
    // A profile that never saw this account before: all there is counts as history.
    if (!this.#reportedBefore) seen.record = SeenMessages.after(recent(welcome));
    void sync.enter(welcome, this.#intake);
  }

  async #paired(paired: Pushes['paired']): Promise<void> {
    this.#pairing.end();
    this.#history.expect(paired.historyFrames ?? 0);
    door.token = paired.token;
    this.#entered = true;
    // First of all: a page that says it is linked is linked after a crash, too.
    await keepCredentials({ token: paired.token, me: paired.me });
    seen.record = SeenMessages.after(recent(paired));
    identity.become(paired.me);
    Socket.set('state', 'PAIRING');
    Stream.enter('QR', 'PAIRING');
    setTimeout(() => void sync.enter(paired, this.#intake), PAIRED_PAUSE_MS);
  }

  #disconnected(): void {
    outbox.suspend();
    if (!identity.linked || Stream.needsUpdate) return;
    Socket.set('state', 'TIMEOUT');
    Stream.enter('OFFLINE', 'OFFLINE');
  }

  get #intake(): sync.Intake {
    return { inbox: this.#inbox, history: this.#history };
  }
}

function recent(snapshot: Snapshot): RawMessage[] {
  return snapshot.chats.flatMap((chat) => chat.msgs ?? []);
}
