/** Reactions: one emoji of each person under a message. */

import { Collection, type IdLike } from '../base/collection';
import { Model } from '../base/model';
import { MsgKey } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import type { RawReaction } from '../protocol';
import type { ModuleTable } from '../registry';
import { outbox } from '../runtime/outbox';
import { SendMsgResult } from './constants';
import { identity } from './identity';
import { messages, type Msg, type SendResult } from './messages';
import { granted, targetOf } from './messages/target';

/** One person's reaction, under the names that clients read. */
interface Sender {
  msgKey: MsgKey;
  parentMsgKey: MsgKey;
  senderUserJid: string;
  reactionText: string;
  /** In milliseconds. */
  timestamp: number;
  /** In seconds. */
  t: number;
  read: boolean;
  orphan: number;
}

/** All who have chosen the same emoji. */
class AggReactions extends Model {
  declare aggregateEmoji: string;
  declare hasReactionByMe: boolean;
  declare senders: Sender[];
}
Object.assign(AggReactions.prototype, { proxyName: 'aggReactions' });

class AggReactionsCollection extends Collection<AggReactions> {
  static override model = AggReactions;
}

/** The reactions under one message. */
class Reactions extends Model {
  readonly reactions = new AggReactionsCollection();

  get reactionByMe(): Sender | undefined {
    return this.senders.find((sender) => identity.isMe(createWid(sender.senderUserJid)));
  }

  get senders(): Sender[] {
    return this.reactions.toArray().flatMap((group) => group.senders);
  }

  put(sender: Sender): void {
    const others = this.senders.filter((other) => other.senderUserJid !== sender.senderUserJid);
    const all = sender.reactionText ? [...others, sender] : others;
    this.reactions.reset();
    for (const emoji of new Set(all.map((one) => one.reactionText))) {
      const senders = all.filter((one) => one.reactionText === emoji);
      const hasReactionByMe = senders.some((one) => identity.isMe(createWid(one.senderUserJid)));
      this.reactions.add({ id: emoji, aggregateEmoji: emoji, hasReactionByMe, senders });
    }
  }
}
Object.assign(Reactions.prototype, { proxyName: 'reactions' });

class ReactionsCollectionImpl extends Collection<Reactions> {
  static override model = Reactions;

  /** By the key of the message; whatsapp-web.js gives its printed form. */
  override async find(id: IdLike): Promise<Reactions> {
    return this.of(MsgKey.fromString(typeof id === 'string' ? id : String((id as { _serialized: string })._serialized)));
  }

  of(id: MsgKey): Reactions {
    return this.getOrAdd(id);
  }
}

export const reactionsStore = new ReactionsCollectionImpl();

/** wa-js wraps it for chat.new_reaction, which only tells of new ones: call it through this object only. */
const reactionActions = {
  addOrUpdateReactionsModelCollection(sender: Sender, _isNew: boolean): void {
    reactionsStore.of(sender.parentMsgKey).put(sender);
  },
};

interface Row extends Sender {
  id: MsgKey;
  reactionParentKey: MsgKey;
  /** In milliseconds. */
  reactionTimestamp: number;
  author: Wid | undefined;
  from: Wid;
}

/** whatsapp-web.js replaces it for its event message_reaction: call it through this object only. */
const reactionTableMode = { bulkUpsert: async (rows: Row[]): Promise<Row[]> => rows };

/** Somebody has reacted; an empty emoji takes their reaction away. `isNew`: clients hear of it. */
export function applyReaction(msg: Msg, { id, by, emoji, t }: RawReaction, isNew: boolean): void {
  const from = createWid(by);
  const { remote } = msg.id;
  const fromMe = identity.isMe(from);
  const participant = remote.isGroup() ? from : null;
  const key = new MsgKey({ fromMe, remote, id, participant });
  const sender: Sender = {
    msgKey: key, parentMsgKey: msg.id, senderUserJid: by, reactionText: emoji, timestamp: t * 1000, t, read: !isNew, orphan: 0,
  };
  reactionActions.addOrUpdateReactionsModelCollection(sender, isNew);
  msg.set('hasReaction', reactionsStore.of(msg.id).reactions.length > 0);
  messages.trigger('redraw', msg);
  if (!isNew) return;
  void reactionTableMode.bulkUpsert([{
    ...sender, id: key, reactionParentKey: msg.id, reactionTimestamp: sender.timestamp, author: participant ?? undefined, from,
  }]);
}

/** What a message of the server's history says about its reactions now, against what the page knows. */
export function catchUpReactions(msg: Msg, raws: readonly RawReaction[]): void {
  const known = reactionsStore.get(msg.id)?.senders ?? [];
  for (const raw of raws) {
    if (!known.some((sender) => sender.msgKey.id === raw.id)) applyReaction(msg, raw, false);
  }
  for (const { senderUserJid, msgKey } of known) {
    if (raws.some((raw) => raw.by === senderUserJid)) continue;
    applyReaction(msg, { id: msgKey.id, by: senderUserJid, emoji: '', t: 0 }, false);
  }
}

async function sendReactionToMsg(msg: Msg, emoji: string): Promise<SendResult> {
  const reactionId = await MsgKey.newId();
  const { at } = granted(await outbox.submit('react', reactionId, { ...targetOf(msg), reactionId, emoji }));
  const by = String(identity.phone);
  applyReaction(messages.get(msg.id) ?? msg, { id: reactionId, by, emoji, t: at }, true);
  return { messageSendResult: SendMsgResult.OK, t: at, count: null };
}

export const reactionModules: ModuleTable = {
  WAWebReactionsMsgAction: reactionActions,
  WAWebReactionsModel: { Reactions, AggReactions, AggReactionsCollection },
  // whatsapp-web.js: message.getReactions. An instance only: wa-js would take the class for the store.
  WAWebReactionsCollection: { ReactionsCollection: reactionsStore },
  // chat.getReactions
  WAWebGetReactions: {
    getReactions: async (id: MsgKey | string) => {
      const { reactionByMe, reactions } = reactionsStore.of(MsgKey.from(id));
      return { reactionByMe, reactions: reactions.toArray() };
    },
  },
  // chat.sendReactionToMessage
  WAWebSendReactionMsgAction: { sendReactionToMsg },
  WAWebAddonReactionTableMode: { reactionTableMode },
};
