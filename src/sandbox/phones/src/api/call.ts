import type { Chat, Group, Media, Message, Problem } from './shapes';

/** The control API refused: its own sentence, and what is wrong with single fields. */
export class Refused extends Error {
  constructor(
    message: string,
    /** By the path of the field in the request, such as `poll/options/0`. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  /** What is wrong with a field or with something in it. */
  about(field: string): string | undefined {
    const path = Object.keys(this.fields).find((one) => one === field || one.startsWith(`${field}/`));
    return path === undefined ? undefined : this.fields[path];
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** Calls the control API with a JSON body or a file. Fails with [`Refused`]. */
export async function call<T = unknown>(method: Method, path: string, body?: object): Promise<T> {
  const file = body instanceof Blob;
  const type = file ? body.type || 'application/octet-stream' : 'application/json';
  const headers = body === undefined ? undefined : { 'content-type': type };
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

/** Stores a file, so that messages and pictures can name it. */
export function upload(file: Blob): Promise<Media> {
  return call<Media>('POST', '/media', file);
}

/** Where a stored file is. */
export function mediaUrl(media: string): string {
  return `/_/api/media/${encodeURIComponent(media)}`;
}

/** What is asked of a group, or done to it. */
export function group<T = Group>(method: Method, id: string, path: string, body?: object): Promise<T> {
  return call<T>(method, `/groups/${encodeURIComponent(id)}${path}`, body);
}

/** Messages of a chat before one of them, oldest first; `more` tells whether there are still earlier ones. */
export async function messagesBefore(
  phone: string,
  peer: string,
  before: string,
  limit: number,
): Promise<{ messages: Message[]; more: boolean }> {
  const asked = new URLSearchParams({ limit: String(limit), before });
  const path = `/phones/${encodeURIComponent(phone)}/chats/${encodeURIComponent(peer)}/messages?${asked}`;
  const answer = await call<{ data: Message[]; more?: boolean } & Partial<Chat>>('GET', path);
  const messages = answer.data ?? answer.messages ?? [];
  return { messages, more: answer.more ?? messages.length >= limit };
}
