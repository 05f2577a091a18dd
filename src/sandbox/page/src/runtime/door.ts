/** Files, by HTTP from and to the server that serves the page. */

import { link } from './socket';

/** The five kinds under which the server takes files, each with a limit of its own. */
export type FileKind = 'image' | 'video' | 'audio' | 'document' | 'sticker';

/** What the server says about a file that it has taken. */
export interface StoredFile {
  mediaId: string;
  filehash: string;
  size: number;
  mimetype: string;
}

/** The server has refused. Clients look at `status`: 404 means that the file is gone. */
export class DoorRefused extends Error {
  constructor(readonly status: number, path: string) {
    super(`${status} for ${path}`);
  }
}

class Door {
  /** Proves which account this page belongs to. */
  token: string | undefined;

  async upload(kind: FileKind, file: Blob, mimetype: string, signal?: AbortSignal): Promise<StoredFile> {
    const answer = await patiently(`/media/${kind}`, () => ({
      method: 'POST',
      body: file,
      headers: { 'content-type': mimetype, authorization: `Bearer ${this.token ?? ''}` },
      ...(signal && { signal }),
    }));
    return answer.json();
  }

  async download(path: string, signal?: AbortSignal): Promise<Blob> {
    return (await patiently(path, () => ({ ...(signal && { signal }) }))).blob();
  }
}

export const door = new Door();

/** Without a connection it waits until there is one, as messages do. */
async function patiently(path: string, options: () => RequestInit): Promise<Response> {
  for (;;) {
    const answer = await fetch(path, options()).catch((error: unknown) => {
      if (link.up) throw error;
    });
    if (answer?.ok) return answer;
    if (answer) throw new DoorRefused(answer.status, path);
    await new Promise((resolve) => link.once('open', () => resolve(undefined)));
  }
}
