/** Kinds of files: what they are called in which place, and how large they may be. */

import type { FileKind } from '../../runtime/door';

const MIB = 1024 * 1024;

const LIMITS: Record<FileKind, number> = {
  image: 16 * MIB, video: 64 * MIB, audio: 16 * MIB, document: 100 * MIB, sticker: 1 * MIB,
};

/** The kind under which the server takes the file of a message of this type. */
export function fileKind(type: string): FileKind {
  switch (type.toLowerCase()) {
    case 'image': return 'image';
    case 'video':
    case 'gif':
    case 'ptv': return 'video';
    case 'audio':
    case 'ptt': return 'audio';
    case 'sticker': return 'sticker';
    default: return 'document';
  }
}

export function uploadLimit(type: string): number {
  return LIMITS[fileKind(type)];
}

/** The type as the upload names it: a message of type video may be a GIF. */
export function mediaType({ type, isGif }: { type: string; isGif?: boolean }): string {
  return type === 'video' && isGif ? 'gif' : type;
}

/** What a file becomes as a message, going by its type and by what the caller wants. */
export function messageType(mimetype: string, wish: MediaWish): string {
  if (wish.asDocument) return 'document';
  if (wish.asSticker) return 'sticker';
  if (wish.isPtt) return 'ptt';
  const kind = mimetype.split('/')[0] ?? '';
  return ['image', 'video', 'audio'].includes(kind) ? kind : 'document';
}

/** How a caller wants its file to be sent. */
export interface MediaWish {
  asDocument?: boolean;
  asSticker?: boolean;
  asGif?: boolean;
  isPtt?: boolean;
  /** Larger images are made smaller. */
  maxDimension?: number;
  /** wa-js has looked into voice notes already. */
  precomputedFields?: { duration?: number; waveform?: Uint8Array } | undefined;
}
