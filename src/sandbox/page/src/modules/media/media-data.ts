/** What the page knows of the file behind a message. */

import { Model, type Attributes } from '../../base/model';
import { OpaqueData } from './opaque-data';

/** Where the file is: on its way, here (RESOLVED), or not to be had. */
export type MediaStage = 'INIT' | 'FETCHING' | 'UPLOADING' | 'RESOLVED' | 'ERROR_MISSING' | 'ERROR_UNKNOWN';

/** wa-js finds the class by `proxyName`. */
export class MediaData extends Model {
  declare type: string;
  declare mimetype: string;
  declare filehash: string | undefined;
  declare size: number;
  declare duration: number | undefined;
  declare mediaStage: MediaStage;
  declare mediaBlob: OpaqueData | undefined;
  /** A small JPEG, in base64. */
  declare preview: string | undefined;
  declare isGif: boolean | undefined;
}
Object.assign(MediaData.prototype, { proxyName: 'mediaData' });

/** The same file behind any number of messages. Clients fill it with `consolidate`. */
export class MediaObject {
  type = '';
  size = 0;
  mediaBlob: OpaqueData | undefined;
  contentInfo: Attributes = {};

  constructor(readonly filehash: string) {}

  consolidate(data: Attributes): void {
    if (typeof data['type'] === 'string') this.type = data['type'].toUpperCase();
    if (typeof data['size'] === 'number') this.size = data['size'];
    if (data['mediaBlob'] instanceof OpaqueData) this.mediaBlob = data['mediaBlob'];
    if (data['waveform']) this.contentInfo = { ...this.contentInfo, waveform: data['waveform'] };
  }
}

const objects = new Map<string, MediaObject>();

export function mediaObject(filehash: string): MediaObject {
  const present = objects.get(filehash);
  if (present) return present;
  const made = new MediaObject(filehash);
  objects.set(filehash, made);
  return made;
}

/** How much of what was sent and downloaded stays at hand. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Files by hash; the ones used longest ago go first. */
export class BlobCache {
  readonly #blobs = new Map<string, Blob>();
  #bytes = 0;

  put(filehash: string, blob: Blob): void {
    this.del(filehash);
    this.#blobs.set(filehash, blob);
    this.#bytes += blob.size;
    for (const oldest of this.#blobs.keys()) {
      if (this.#bytes <= KEPT_BYTES || this.#blobs.size === 1) break;
      this.del(oldest);
    }
  }

  get(filehash: string): Blob | undefined {
    const blob = this.#blobs.get(filehash);
    if (blob) {
      this.#blobs.delete(filehash);
      this.#blobs.set(filehash, blob);
    }
    return blob;
  }

  has(filehash: string): boolean {
    return this.#blobs.has(filehash);
  }

  del(filehash: string): void {
    this.#bytes -= this.#blobs.get(filehash)?.size ?? 0;
    this.#blobs.delete(filehash);
  }

  clear(): void {
    this.#blobs.clear();
    this.#bytes = 0;
  }

  count(): number {
    return this.#blobs.size;
  }
}

export const blobCache = new BlobCache();
