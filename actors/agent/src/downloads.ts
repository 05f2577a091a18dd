/** Whether the page fetches the files of messages as soon as they come. */

import { bound } from './wpp';

declare global {
  /** Set by the engine before this script: what the account asks for. */
  var __zaptorOptions: { media_downloads: boolean } | undefined;
}

/**
 * Has the page's own preference be what the account asks for. It is kept by the page, so it is only written where it
 * differs. The engine's browser refuses such requests, too, so a page without that preference is no failure.
 */
export async function settleDownloads(): Promise<void> {
  const wanted = globalThis.__zaptorOptions?.media_downloads;
  const conn = bound()?.conn;
  if (wanted === undefined || !conn) return;
  try {
    const kinds = conn.getAutoDownloadSettings();
    if (Object.values(kinds).every((on) => on === wanted)) return;
    await conn.setAutoDownloadSettings({ photos: wanted, audio: wanted, videos: wanted, documents: wanted });
  } catch {
    // See above.
  }
}
