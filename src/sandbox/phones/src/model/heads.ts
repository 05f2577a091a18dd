import type { ChatHead } from '../api/shapes';
import { keepEqual } from './keep-equal';

/** The list of chats after some of them changed: the one with the latest message first. */
export function withHeads(known: readonly ChatHead[], changed: readonly ChatHead[]): ChatHead[] {
  const names = new Set(changed.map((head) => head.peer));
  const list = [...changed, ...known.filter((head) => !names.has(head.peer))];
  const when = (head: ChatHead) => (head.last ? Date.parse(head.last.at) : 0);
  // Where two are of the same moment, the one that has just changed stands above: sorting is stable.
  return keepEqual(known as ChatHead[], list.sort((one, other) => when(other) - when(one)));
}
