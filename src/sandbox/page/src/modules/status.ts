/** Status posts: messages to `status@broadcast`, by the people who wrote them. */

import { Model, type Attributes } from '../base/model';
import { MsgKey, hex } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { link } from '../runtime/socket';
import { chatOf } from './chats';
import { ACK, unixTime } from './constants';
import { PeopleCollection, contacts, type Contact } from './contacts';
import { identity } from './identity';
import { ChatMessages, Msg, addAndSendMsgToChat, messages } from './messages';
import { demand } from './server-error';

const STATUS_CHAT = 'status@broadcast';

/** Everything that one person has posted, oldest first. wa-js recognises the class by `sendReadStatus`. */
export class StatusV3 extends Model {
  declare readonly id: Wid;
  /** Time of the last post, in Unix seconds. */
  declare t: number | undefined;
  declare totalCount: number;
  declare unreadCount: number;
  readonly msgs = new ChatMessages();
  readonly #seen = new Set<string>();

  get contact(): Contact {
    return contacts.getOrAdd(this.id);
  }

  get hasUnread(): boolean {
    return this.unreadCount > 0;
  }

  get readCount(): number {
    return this.totalCount - this.unreadCount;
  }

  get lastStatus(): Msg | undefined {
    return this.msgs.last();
  }

  getAllMsgs(): Msg[] {
    return this.msgs.toArray();
  }

  take(posts: readonly Msg[]): void {
    for (const msg of posts) this.msgs.add(msg);
    this.count();
  }

  drop(msg: Msg): void {
    this.msgs.remove(msg);
    this.count();
  }

  count(): void {
    const unseen = this.msgs.filter((msg) => !msg.id.fromMe && !this.#seen.has(msg.id.id));
    const last = this.msgs.last();
    this.set({ t: last?.t, totalCount: this.msgs.length, unreadCount: unseen.length });
    // status.sendImageStatus waits for this change.
    this.set({ lastReceivedKey: last?.id });
  }

  /** status.sendReadStatus: the writer is told who has looked. */
  async sendReadStatus(msg: Msg | undefined, _mediaKeyTimestamp?: number): Promise<void> {
    if (!msg || msg.id.fromMe) return;
    link.notify('played', { chat: STATUS_CHAT, ids: [msg.id.id], author: String(this.id) });
    this.#seen.add(msg.id.id);
    this.count();
  }

  override serialize(): Attributes {
    return { ...super.serialize(), msgs: this.msgs.serialize() };
  }
}
Object.assign(StatusV3.prototype, { proxyName: 'statusV3' });

class StatusCollectionImpl extends PeopleCollection<StatusV3> {
  static override model = StatusV3;

  override getOrAdd(id: Wid): StatusV3 {
    return this.get(id) ?? this.add({ id, totalCount: 0, unreadCount: 0 });
  }

  /** What one person has posted. A client that asks by text means the same. */
  override async find(id: { _serialized: string } | string): Promise<StatusV3> {
    return this.getOrAdd(createWid(id));
  }

  getMyStatus(): StatusV3 | undefined {
    return identity.phone && this.get(identity.phone);
  }

  /** status.sendTextStatus calls it after sending; posts that are known stay as they are. */
  addStatusMessages(author: Wid, posts: readonly Msg[]): void {
    this.getOrAdd(author).take(posts);
  }

  /** status.sendTextStatus calls it to redraw the screen. This one redraws by itself. */
  handleUpdate(): void {}

  hasSynced(): boolean {
    return true;
  }

  /** status.sync: what there is has been taken in. */
  announceSync(): void {
    this.trigger('sync', this);
  }
}

export const statuses = new StatusCollectionImpl();

const writerOf = (msg: Msg) => (msg.id.fromMe ? identity.phone : msg.author);

messages.on('add', (msg: Msg) => {
  const writer = msg.isStatusV3 && msg.type !== 'revoked' ? writerOf(msg) : undefined;
  if (writer) statuses.getOrAdd(writer).take([msg]);
});
// A post that was taken back is gone from the list.
messages.on('remove change:type', (msg: Msg) => {
  const writer = msg.isStatusV3 ? writerOf(msg) : undefined;
  if (writer) statuses.get(writer)?.drop(msg);
});

interface TextStatus {
  text: string;
  color: number;
  font: number;
}

/** whatsapp-web.js: sendMessage to `status@broadcast`. */
async function sendStatusTextMsgAction({ text, color, font }: TextStatus): Promise<unknown> {
  const me = identity.phone;
  if (!me) throw new Error('This page is not linked to a phone');
  const to = createWid(STATUS_CHAT);
  const post = new Msg({
    id: new MsgKey({ fromMe: true, remote: to, id: await MsgKey.newId(), participant: me }),
    type: 'chat', body: text, backgroundColor: color, font, from: me, to, author: me,
    self: 'out', ack: ACK.CLOCK, t: unixTime(), isNewMsg: true,
  });
  return send(post);
}

/** The media is uploaded already; the second argument would update it on the way. */
async function sendStatusMediaMsgAction(post: Msg, _update: unknown): Promise<unknown> {
  return send(post);
}

async function send(post: Msg): Promise<unknown> {
  const [shown, sent] = addAndSendMsgToChat(chatOf(STATUS_CHAT), post);
  await shown;
  return sent;
}

/** status.remove */
async function sendStatusRevokeMsgAction(status: StatusV3 | undefined, msg: Msg): Promise<void> {
  const { id } = msg.id;
  await demand('revoke', { chat: STATUS_CHAT, id, fromMe: true, revokeId: await MsgKey.newId() });
  status?.drop(msg);
  chatOf(STATUS_CHAT).msgs.remove(msg);
  messages.remove(msg);
}

export const statusModules: ModuleTable = {
  WAWebStatusV3Model: { default: StatusV3 },
  WAWebStatusCollection: { StatusCollection: statuses, StatusCollectionImpl },
  WAWebSendStatusMsgAction: { sendStatusTextMsgAction, sendStatusMediaMsgAction },
  // wa-js knows it by its name.
  WAWebRevokeStatusAction: { sendStatusRevokeMsgAction },
  // status.sendTextStatus makes up its id with it.
  WARandomHex: { randomHex: (bytes: number) => hex(crypto.getRandomValues(new Uint8Array(bytes))) },
  WAWebStatusGatingUtils: { canCheckStatusRankingPosterGating: () => false },
  // status.updateParticipants. Posts of the sandbox go to everybody.
  WAWebDBParticipants: {
    updateParticipants: notSimulated('updateParticipants'),
    addParticipants: notSimulated('addParticipants'),
    getParticipants: notSimulated('getParticipants'),
  },
};
