import type { Target } from '../../protocol';
import type { Msg } from './model';

/** How the server knows this message. */
export function targetOf(msg: Msg): Target {
  const { remote, id, fromMe } = msg.id;
  const named = !fromMe && msg.author && (remote.isGroup() || remote.isStatus());
  return { chat: String(remote), id, fromMe, ...(named && { author: String(msg.author) }) };
}

/** The answer, or the server's reason why there is none, thrown. */
export function granted<A extends { error?: string }>(answer: A): A {
  if (answer.error) throw new Error(answer.error);
  return answer;
}
