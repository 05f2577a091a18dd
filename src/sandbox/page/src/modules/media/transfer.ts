/** Files on their way to the server and back. */

import type { Attributes, Model } from '../../base/model';
import { DoorRefused, door } from '../../runtime/door';
import { encodeBase64, unixTime } from '../constants';
import { fileKind } from './kinds';
import { blobCache, type MediaData, type MediaObject } from './media-data';
import { OpaqueData } from './opaque-data';

/** Where a file lies once it is uploaded: what a message says about it. */
export interface MediaEntry {
  directPath: string;
  mmsUrl: string;
  deprecatedMms3Url: string;
  mediaKey: string;
  mediaKeyTimestamp: number;
  encFilehash: string;
  uploadHash: string;
  handle: null;
}

interface UploadAsk {
  mimetype: string;
  mediaType: string;
  mediaObject: MediaObject;
}

interface EncryptAsk {
  blob: Blob;
  type: string;
  signal?: AbortSignal;
}

interface DownloadAsk {
  directPath: string;
  filehash?: string;
  signal?: AbortSignal;
}

/** wa-js wraps it: call it through this object only. */
export const uploads = {
  async uploadMedia({ mimetype, mediaType, mediaObject }: UploadAsk): Promise<{ mediaEntry: MediaEntry }> {
    const file = mediaObject.mediaBlob?.forceToBlob() ?? blobCache.get(mediaObject.filehash);
    if (!file) throw new Error('There is no file to upload');
    return { mediaEntry: await store(file, mediaType, mimetype) };
  },
};

/** whatsapp-web.js uploads its stickers with it. */
export const uploadManager = {
  async encryptAndUpload({ blob, type, signal }: EncryptAsk): Promise<Attributes> {
    const mimetype = blob.type || 'application/octet-stream';
    const { mmsUrl, ...entry } = await store(blob, type, mimetype, signal);
    return { ...entry, url: mmsUrl, mimetype, filehash: entry.encFilehash, ...(await sizeOf(blob)) };
  },
};

/** Nothing is encrypted between page and server. whatsapp-web.js downloads with it, and so does the page itself. */
export const downloadManager = {
  async downloadAndMaybeDecrypt({ directPath, filehash, signal }: DownloadAsk): Promise<ArrayBuffer> {
    const kept = filehash === undefined ? undefined : blobCache.get(filehash);
    return (kept ?? (await door.download(directPath, signal))).arrayBuffer();
  },
};

/** Brings the file of a message into the page, for `msg.downloadMedia` of every client. */
export async function fetchMedia(msg: Model, data: MediaData): Promise<void> {
  if (data.mediaStage === 'RESOLVED' && data.mediaBlob) return;
  data.set('mediaStage', 'FETCHING');
  try {
    const bytes = await downloadManager.downloadAndMaybeDecrypt({
      directPath: String(msg.get('directPath')),
      ...(data.filehash && { filehash: data.filehash }),
    });
    const blob = new Blob([bytes], { type: data.mimetype });
    if (data.filehash) blobCache.put(data.filehash, blob);
    data.set({ mediaBlob: await OpaqueData.createFromData(blob, data.mimetype), mediaStage: 'RESOLVED' });
  } catch (error) {
    const gone = error instanceof DoorRefused && error.status === 404;
    data.set('mediaStage', gone ? 'ERROR_MISSING' : 'ERROR_UNKNOWN');
  }
}

export async function filehashOf(blob: Blob): Promise<string> {
  return encodeBase64(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
}

/** Set by the server's script: where programs outside the browser find files, encrypted. */
const { sandboxFiles } = globalThis as { sandboxFiles?: string };

/** What a message says about a file that the server has. Its key is its hash. */
export function entryOf(mediaId: string, filehash: string, t: number): MediaEntry {
  const directPath = `/media/${mediaId}`;
  const address = sandboxFiles ? `${sandboxFiles}${mediaId}` : new URL(directPath, location.origin).href;
  return {
    directPath,
    mmsUrl: address,
    deprecatedMms3Url: address,
    mediaKey: filehash,
    mediaKeyTimestamp: t,
    encFilehash: filehash,
    uploadHash: filehash,
    handle: null,
  };
}

/** The id of a file, from the path under which it lies. */
export function mediaIdOf(directPath: unknown): string | undefined {
  return typeof directPath === 'string' ? /^\/media\/([^/?]+)$/.exec(directPath)?.[1] : undefined;
}

async function store(file: Blob, type: string, mimetype: string, signal?: AbortSignal): Promise<MediaEntry> {
  const stored = await door.upload(fileKind(type), file, mimetype, signal);
  blobCache.put(stored.filehash, file);
  return entryOf(stored.mediaId, stored.filehash, unixTime());
}

async function sizeOf(blob: Blob): Promise<{ width?: number; height?: number }> {
  try {
    const { width, height } = await createImageBitmap(blob);
    return { width, height };
  } catch {
    return {};
  }
}
