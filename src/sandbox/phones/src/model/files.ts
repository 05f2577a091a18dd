import type { MediaKind } from './content';

/** What a file is sent as. A voice note is an audio file that says so. */
export type SendAs = MediaKind | 'voice';

const MIB = 1024 * 1024;

const LIMITS: Readonly<Record<MediaKind, number>> = {
  image: 16 * MIB,
  video: 64 * MIB,
  audio: 16 * MIB,
  document: 100 * MIB,
  sticker: MIB,
};

const IMAGES = ['image/jpeg', 'image/png', 'image/webp'];
const VIDEOS = ['video/mp4', 'video/3gpp', 'video/webm'];

/** As what a file of this type can be sent, the likeliest first. A document can be anything. */
export function waysToSend(mime: string): SendAs[] {
  const type = mime.split(';')[0]!.trim().toLowerCase();
  if (type === 'image/webp') return ['image', 'sticker', 'document'];
  if (IMAGES.includes(type)) return ['image', 'document'];
  if (VIDEOS.includes(type)) return ['video', 'document'];
  if (type.startsWith('audio/')) return ['audio', 'voice', 'document'];
  return ['document'];
}

/** What is wrong with the size of a file that is to be sent so; undefined when nothing is. */
export function tooLarge(size: number, as: SendAs): string | undefined {
  const limit = LIMITS[as === 'voice' ? 'audio' : as];
  if (size === 0) return 'This file is empty.';
  return size > limit ? `At most ${printedSize(limit)}; this one has ${printedSize(size)}.` : undefined;
}

export function printedSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < MIB) return `${Math.round(bytes / 1024)} KiB`;
  return `${(bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0)} MiB`;
}

/** `0:07`, `12:30` */
export function printedLength(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
