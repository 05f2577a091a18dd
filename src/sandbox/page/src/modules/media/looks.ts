/** What can be seen of a file: size, length, a small picture. Made by the browser itself. */

import { OpaqueData } from './opaque-data';

/** Longest edge of the picture that travels inside the message. */
const PREVIEW_EDGE = 100;
const PREVIEW_QUALITY = 0.6;
const STICKER_EDGE = 512;
/** A browser that says nothing about a file for so long will not. */
const PATIENCE_MS = 5_000;

interface Size {
  width: number;
  height: number;
}

export interface Thumb extends Size {
  /** `data:image/jpeg;base64,…` */
  url: string;
  fullWidth: number;
  fullHeight: number;
}

/** An image as the browser sees it; undefined where it cannot be read. */
export async function lookAtImage(blob: Blob): Promise<(Size & { preview: string; bitmap: ImageBitmap }) | undefined> {
  const bitmap = await createImageBitmap(blob).catch(() => undefined);
  if (!bitmap) return undefined;
  const { width, height } = bitmap;
  return { width, height, bitmap, preview: base64(jpeg(bitmap, fit(bitmap, PREVIEW_EDGE), PREVIEW_QUALITY)) };
}

/** The image as JPEG, no longer than this. */
export async function reencoded(bitmap: ImageBitmap, longest: number): Promise<Blob> {
  const canvas = painted(bitmap, fit(bitmap, longest), '#fff');
  return blobOf(canvas, 'image/jpeg', 0.9);
}

/** wa-js wraps the function: call it through this object only. */
export const videoThumbs = {
  /** Fails with `MEDIA_ERR_SRC_NOT_SUPPORTED` where the browser cannot play the file, as the real one. */
  async generateVideoThumbsAndDuration(
    { file, maxDimensions }: { file: Blob; maxDimensions: number[] },
  ): Promise<{ duration: number; thumbs: Thumb[] }> {
    const url = URL.createObjectURL(file);
    try {
      const video = Object.assign(document.createElement('video'), { muted: true, preload: 'auto', src: url });
      await loaded(video, 'loadeddata');
      const size = { width: video.videoWidth, height: video.videoHeight };
      const thumbs = maxDimensions.map((edge) => {
        const small = fit(size, edge);
        return {
          ...small, url: jpeg(video, small, PREVIEW_QUALITY), fullWidth: size.width, fullHeight: size.height,
        };
      });
      return { duration: seconds(video), thumbs };
    } finally {
      URL.revokeObjectURL(url);
    }
  },
};

export interface VideoLook {
  duration: number;
  width?: number;
  height?: number;
  preview?: string;
}

/** Where the browser cannot play it, no more is known than that it is a video. */
export async function lookAtVideo(file: Blob): Promise<VideoLook> {
  try {
    const { duration, thumbs } = await videoThumbs.generateVideoThumbsAndDuration({
      file, maxDimensions: [PREVIEW_EDGE],
    });
    const [thumb] = thumbs;
    const look: VideoLook = { duration: Math.round(duration) };
    return thumb
      ? { ...look, width: thumb.fullWidth, height: thumb.fullHeight, preview: base64(thumb.url) }
      : look;
  } catch {
    return { duration: 0 };
  }
}

/** How long it plays, in whole seconds; 0 where the browser cannot play it. */
export async function lookAtAudio(file: Blob): Promise<number> {
  const url = URL.createObjectURL(file);
  try {
    const audio = Object.assign(document.createElement('audio'), { preload: 'metadata', src: url });
    await loaded(audio, 'loadedmetadata');
    return Math.round(seconds(audio));
  } catch {
    return 0;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** wa-js wraps the function: call it through this object only. */
export const stickers = {
  /** A sticker is a square WebP. What is one already stays as it is. */
  async processRawSticker(data: OpaqueData): Promise<Size & { mediaBlob: OpaqueData }> {
    const blob = data.forceToBlob();
    const bitmap = await createImageBitmap(blob);
    if (data.type() === 'image/webp') return { width: bitmap.width, height: bitmap.height, mediaBlob: data };
    const webp = await webpSticker(bitmap);
    return { width: STICKER_EDGE, height: STICKER_EDGE, mediaBlob: await OpaqueData.createFromData(webp, 'image/webp') };
  },
};

/** whatsapp-web.js makes its stickers with it. */
export async function toWebpSticker(image: Blob): Promise<Blob> {
  return webpSticker(await createImageBitmap(image));
}

/** Does the WebP move? wa-js asks, and so does the page. */
export function isAnimatedWebp(data: ArrayBuffer | Uint8Array): boolean {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const chunk = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  const ANIMATION_FLAG = 0x02;
  return chunk(0) === 'RIFF' && chunk(8) === 'WEBP' && chunk(12) === 'VP8X' && ((bytes[20] ?? 0) & ANIMATION_FLAG) !== 0;
}

async function webpSticker(bitmap: ImageBitmap): Promise<Blob> {
  const { width, height } = fit(bitmap, STICKER_EDGE, true);
  const canvas = new OffscreenCanvas(STICKER_EDGE, STICKER_EDGE);
  canvas.getContext('2d')?.drawImage(bitmap, (STICKER_EDGE - width) / 2, (STICKER_EDGE - height) / 2, width, height);
  return canvas.convertToBlob({ type: 'image/webp' });
}

function fit({ width, height }: Size, edge: number, enlarge = false): Size {
  const scale = edge / Math.max(width, height, 1);
  const factor = enlarge ? scale : Math.min(1, scale);
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

function painted(source: CanvasImageSource, { width, height }: Size, ground: string): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  if (context) {
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
    context.drawImage(source, 0, 0, width, height);
  }
  return canvas;
}

function jpeg(source: CanvasImageSource, size: Size, quality: number): string {
  return painted(source, size, '#fff').toDataURL('image/jpeg', quality);
}

function blobOf(canvas: HTMLCanvasElement, type: string, quality: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(`No ${type} from a canvas`))), type, quality);
  });
}

function base64(dataUrl: string): string {
  return dataUrl.slice(dataUrl.indexOf(',') + 1);
}

/** Streams without a length say Infinity. */
function seconds(media: HTMLMediaElement): number {
  return Number.isFinite(media.duration) ? media.duration : 0;
}

function loaded(media: HTMLMediaElement, event: 'loadeddata' | 'loadedmetadata'): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('MEDIA_ERR_SRC_NOT_SUPPORTED: nothing heard')), PATIENCE_MS);
    media.addEventListener(event, () => {
      clearTimeout(late);
      resolve();
    });
    media.addEventListener('error', () => {
      clearTimeout(late);
      reject(new Error(`MEDIA_ERR_SRC_NOT_SUPPORTED: ${media.error?.message ?? ''}`));
    });
  });
}
