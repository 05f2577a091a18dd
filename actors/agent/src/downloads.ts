/** Whether the page fetches the files of messages as soon as they come. */

import { bound } from './wpp';

declare global {
  /** Set by the engine before this script: what the account asks for. */
  var __zaptorOptions: { media_downloads: boolean } | undefined;
}

/** The page's own preferences, by kind of file. wa-js' `conn.setAutoDownloadSettings` would reload the page. */
const KINDS = ['Photos', 'Audio', 'Videos', 'Documents'] as const;

/**
 * Has the page's preferences be what the account asks for. The page keeps them, so they are only written where they differ.
 * The engine's browser refuses such requests, too: a page that lacks a preference is no failure.
 */
export function settleDownloads(): void {
  const wanted = globalThis.__zaptorOptions?.media_downloads;
  const whatsapp = bound()?.whatsapp;
  if (wanted === undefined || !whatsapp) return;
  for (const kind of KINDS) {
    try {
      if (whatsapp[`getAutoDownload${kind}`]() !== wanted) whatsapp[`setAutoDownload${kind}`](wanted);
    } catch {
      // See above.
    }
  }
}
