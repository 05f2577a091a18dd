/** Who has received, read and played a message of ours, and when. */

import { Collection } from '../../base/collection';
import { Model } from '../../base/model';
import type { MsgKey } from '../../ids/msg-key';
import type { Wid } from '../../ids/wid';
import { ACK } from '../constants';
import { chats } from '../chats';
import { lidTable } from '../contacts';
import { identity } from '../identity';
import type { Msg } from './model';
import { messages } from './store';

interface Heard {
  id: Wid;
  /** Ack → when it came. */
  times: Map<number, number>;
}

interface Line {
  id: Wid;
  t: number;
}

/** By message id, then by person. Only what this page has heard itself. */
const heard = new Map<string, Map<string, Heard>>();

/** One person's receipt. Later stages include the earlier ones. */
export function noteReceipt(msg: Msg, person: Wid, ack: number, t: number): void {
  const people = heard.get(String(msg.id)) ?? new Map<string, Heard>();
  heard.set(String(msg.id), people);
  const id = lidTable.phoneOf(person) ?? person;
  const entry = people.get(String(id)) ?? { id, times: new Map<number, number>() };
  people.set(String(id), entry);
  for (let stage: number = ACK.RECEIVED; stage <= ack; stage += 1) {
    if (!entry.times.has(stage)) entry.times.set(stage, t);
  }
}

/** The other participants of a group, by phone number. */
function othersIn(chat: Wid): Wid[] {
  const people = chats.get(chat)?.groupMetadata?.participants.map((participant) => participant.id) ?? [];
  return people.map((id) => lidTable.phoneOf(id) ?? id).filter((id) => !identity.isMe(id));
}

/** wa-js finds the class by `proxyName`. */
class MsgInfo extends Model {
  declare delivery: Line[];
  declare read: Line[];
  declare played: Line[];
}
Object.assign(MsgInfo.prototype, { proxyName: 'msgInfo' });

class MsgInfos extends Collection<MsgInfo> {
  static override model = MsgInfo;

  /** Put together anew each time. */
  override async find(id: MsgKey): Promise<MsgInfo> {
    return this.getOrAdd(id).set(infoOf(id));
  }
}

/** wa-js: chat.getMessageACK. */
export const msgInfos = new MsgInfos();

/** whatsapp-web.js: message.getInfo. */
export async function queryMsgInfo(id: MsgKey) {
  return infoOf(id);
}

function infoOf(id: MsgKey) {
  const msg = messages.get(id);
  const group = id.remote.isGroup();
  const people = [...(heard.get(String(id))?.values() ?? [])];
  const expected = group ? Math.max(othersIn(id.remote).length, people.length) : 1;
  const lines = (ack: number): Line[] => {
    const known = people.flatMap(({ id: who, times }) => (times.has(ack) ? [{ id: who, t: times.get(ack) ?? 0 }] : []));
    // From before this page was loaded only the message's own state is left.
    if (!known.length && !group && msg && msg.ack >= ack) return [{ id: id.remote, t: msg.t }];
    return known;
  };
  const [delivery, read, played] = [lines(ACK.RECEIVED), lines(ACK.READ), lines(ACK.PLAYED)];
  return {
    delivery, read, played,
    deliveryRemaining: expected - delivery.length,
    readRemaining: expected - read.length,
    playedRemaining: expected - played.length,
  };
}
