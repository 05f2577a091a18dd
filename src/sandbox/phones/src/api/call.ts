import type { Problem } from './shapes';

/** The control API refused: its own sentence, and what is wrong with single fields. */
export class Refused extends Error {
  constructor(
    message: string,
    /** By the name of the field, as the request had it. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** Calls the control API with a JSON body or a file. Fails with [`Refused`]. */
export async function call<T = unknown>(method: Method, path: string, body?: object): Promise<T> {
  const file = body instanceof Blob;
  const headers = body === undefined ? undefined : { 'content-type': file ? body.type : 'application/json' };
  const sent = body === undefined || file ? body : JSON.stringify(body);
  let answer: Response;
  try {
    answer = await fetch(`/_/api${path}`, { method, ...(headers && { headers }), ...(sent && { body: sent }) });
  } catch {
    throw new Refused('The sandbox does not answer. Is it still running?');
  }
  const text = await answer.text();
  if (!answer.ok) throw refused(answer.status, text);
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** Understands an answer that is not 2xx, also one that is not from the API at all. */
export function refused(status: number, text: string): Refused {
  let problem: Problem = {};
  try {
    problem = (JSON.parse(text) ?? {}) as Problem;
  } catch {
    // Not JSON: the status has to do.
  }
  const errors = problem.errors ?? [];
  const fields = Object.fromEntries(errors.map(({ pointer, detail }) => [pointer.replace(/^\//, ''), detail]));
  const sentences = errors.map(({ pointer, detail }) => `${pointer.replace(/^\//, '') || 'The request'} ${detail}`);
  const message = sentences.join('; ') || problem.detail || `The sandbox answered ${status}.`;
  return new Refused(message, fields);
}

/** What one phone does: `POST /phones/{phone}/{deed}`. */
export function act<T = unknown>(phone: string, deed: string, body?: object): Promise<T> {
  return call<T>('POST', `/phones/${encodeURIComponent(phone)}/${deed}`, body);
}
