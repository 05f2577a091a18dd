/** Votes in polls. A poll itself is a message of type `poll_creation`. */

import { MsgKey } from '../ids/msg-key';
import { createWid, type Wid } from '../ids/wid';
import type { RawVote } from '../protocol';
import type { ModuleTable } from '../registry';
import { outbox } from '../runtime/outbox';
import { SendMsgResult } from './constants';
import { identity } from './identity';
import { messages, type Msg, type SendResult } from './messages';
import { granted, targetOf } from './messages/target';

interface PollOption {
  name: string;
  localId: number;
}

/** What one person has chosen, under the names that clients read. */
interface VoteRow {
  msgKey: MsgKey;
  parentMsgKey: MsgKey;
  sender: Wid;
  selectedOptionLocalIds: number[];
  senderTimestampMs: number;
}

interface AddonRow extends VoteRow {
  id: MsgKey;
  pollUpdateParentKey: MsgKey;
  /** In milliseconds. */
  t: number;
  author: Wid | undefined;
  from: Wid;
}

/** By poll, then by person. */
const votes = new Map<string, Map<string, VoteRow>>();

export function votesFor(poll: MsgKey | string): VoteRow[] {
  return [...(votes.get(String(poll))?.values() ?? [])];
}

function keep(row: VoteRow): void {
  const ofPoll = votes.get(String(row.parentMsgKey)) ?? new Map<string, VoteRow>();
  votes.set(String(row.parentMsgKey), ofPoll);
  ofPoll.set(String(row.sender), row);
}

/** wa-js wraps it for chat.poll_response: call it through this object only. */
const pollVotes = {
  async upsertVotesDb(rows: VoteRow[]): Promise<void> {
    rows.forEach(keep);
  },
};

/** whatsapp-web.js replaces it for its event vote_update: call it through this object only. */
const pollVoteTableMode = { bulkUpsert: async (rows: AddonRow[]): Promise<AddonRow[]> => rows };

/** Somebody has voted; no option takes their vote back. `isNew`: clients hear of it. */
export function applyVote(poll: Msg, { id, by, options, t }: RawVote, isNew: boolean): void {
  const sender = createWid(by);
  const { remote } = poll.id;
  const participant = remote.isGroup() ? sender : null;
  const row: VoteRow = {
    msgKey: new MsgKey({ fromMe: identity.isMe(sender), remote, id, participant }),
    parentMsgKey: poll.id,
    sender,
    selectedOptionLocalIds: optionsOf(poll).filter(({ name }) => options.includes(name)).map(({ localId }) => localId),
    senderTimestampMs: t * 1000,
  };
  keep(row);
  messages.trigger('redraw', poll);
  if (!isNew) return;
  void pollVotes.upsertVotesDb([row]);
  void pollVoteTableMode.bulkUpsert([{
    ...row, id: row.msgKey, pollUpdateParentKey: poll.id, t: row.senderTimestampMs, author: participant ?? undefined, from: sender,
  }]);
}

export function optionsOf(poll: Msg): PollOption[] {
  const options = poll.get('pollOptions');
  if (!Array.isArray(options)) return [];
  return options.map(({ name, localId }: Partial<PollOption>, index) => ({ name: String(name), localId: localId ?? index }));
}

/** whatsapp-web.js: message.vote. */
export async function sendVote(poll: Msg, localIds: Iterable<number>): Promise<SendResult> {
  const chosen = new Set(localIds);
  const options = optionsOf(poll).filter(({ localId }) => chosen.has(localId)).map(({ name }) => name);
  const voteId = await MsgKey.newId();
  const { at } = granted(await outbox.submit('vote', voteId, { ...targetOf(poll), voteId, options }));
  applyVote(poll, { id: voteId, by: String(identity.phone), options, t: at }, true);
  return { messageSendResult: SendMsgResult.OK, t: at, count: null };
}

/** The table of votes, as far as whatsapp-web.js asks it: by the poll. */
const table = {
  equals: async (_fields: string[], poll: string) => votesFor(poll).map(stored),
  anyOf: async (_fields: string[], polls: string[]) => polls.flatMap(votesFor).map(stored),
};

/** Rows hold printed keys and ids. */
function stored({ msgKey, parentMsgKey, sender, ...row }: VoteRow) {
  return { ...row, msgKey: String(msgKey), parentMsgKey: String(parentMsgKey), sender: String(sender) };
}

export const pollModules: ModuleTable = {
  WAWebPollsVotesDb: pollVotes,
  // chat.getVotes
  WAWebPollsGetVotes: {
    getVotes: async (polls: MsgKey[]) => polls.flatMap((poll) => votesFor(poll)),
    getVote: async (poll: MsgKey, sender: Wid) => votesFor(poll).find((row) => row.sender.equals(sender)),
  },
  WAWebAddonPollVoteTableMode: { pollVoteTableMode },
};

/** What whatsapp-web.js asks for by name. */
export const namedPollModules: ModuleTable = {
  WAWebPollsSendVoteMsgAction: { sendVote },
  WAWebPollsVotesSchema: { getTable: () => table },
};
