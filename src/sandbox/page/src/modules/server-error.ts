/** Requests that the server may refuse, and how clients see the refusal. */

import type { Ask, Answer, Verb } from '../protocol';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { link } from '../runtime/socket';

/** The status that the real server gives for it. What is not here is a bad request. */
const STATUS: Record<string, number> = {
  'not-linked': 401,
  'not-a-member': 403,
  'not-an-admin': 403,
  'not-yours': 403,
  'unknown-group': 404,
  'unknown-media': 404,
  'unknown-message': 404,
  'not-on-whatsapp': 404,
  'bad-invite': 406,
  'subject-too-long': 406,
  'description-too-long': 406,
  'group-full': 419,
};
const BAD_REQUEST = 400;

/** whatsapp-web.js recognises it by its name, and answers false instead of throwing. */
export class ServerStatusCodeError extends Error {
  override readonly name = 'ServerStatusCodeError';
  readonly statusCode: number;
  readonly status: number;

  constructor(reason: string) {
    super(reason);
    this.statusCode = STATUS[reason] ?? BAD_REQUEST;
    this.status = this.statusCode;
  }
}

/** What a server says that does not know a request: it was built without this part. */
const UNKNOWN = 'unknown';

/** Asks the server, and throws where it refuses. */
export async function demand<V extends Verb>(verb: V, ask: Ask<V>): Promise<Answer<V>> {
  const answer = await link.request(verb, ask);
  if (answer.error === UNKNOWN) notSimulated(verb)();
  if (answer.error) throw new ServerStatusCodeError(answer.error);
  return answer;
}

export const serverErrorModules: ModuleTable = {
  WAWebBackendErrors: { ServerStatusCodeError },
};
