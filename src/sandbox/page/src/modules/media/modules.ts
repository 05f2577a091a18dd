import type { ModuleTable } from '../../registry';
import { notSimulated } from '../../registry';
import { mediaType, uploadLimit } from './kinds';
import { isAnimatedWebp, stickers, toWebpSticker, videoThumbs } from './looks';
import { BlobCache, MediaData, blobCache, mediaObject } from './media-data';
import { OpaqueData, OpaqueDataBase } from './opaque-data';
import { MediaPrep, prepRawMedia } from './prep';
import { downloadManager, filehashOf, uploadManager, uploads } from './transfer';

/** wa-js asks for the bytes of a file here before it downloads them. */
const lruMediaStore = {
  get: async (filehash: string) => blobCache.get(filehash)?.arrayBuffer() ?? null,
  put: async (filehash: string, bytes: BlobPart) => blobCache.put(filehash, new Blob([bytes])),
  del: async (filehash: string) => blobCache.del(filehash),
  clear: async () => blobCache.clear(),
  count: async () => blobCache.count(),
  has: async (filehash: string) => blobCache.has(filehash),
};

/** Files. The base of opaque data comes before the class itself, which wa-js would take for its base. */
export const mediaModules: ModuleTable = {
  WAWebOpaqueDataBase: { default: OpaqueDataBase },
  WAWebMediaOpaqueData: { default: OpaqueData },
  WAWebMediaDataModel: { MediaData },
  // chat.sendFileMessage compares the size of the file.
  WAWebMediaGatingUtils: { getUploadLimit: (type: string, _origin?: string) => uploadLimit(type) },
  // chat.sendFileMessage, and whatsapp-web.js sendMessage with media.
  WAWebPrepRawMedia: { prepRawMedia, MediaPrep, uploadProductImage: notSimulated('uploadProductImage') },
  WAWebMediaStorage: { getOrCreateMediaObject: mediaObject },
  WAWebMmsMediaTypes: {
    msgToMediaType: mediaType,
    castToV4: (type: string) => type.toLowerCase(),
  },
  WAWebMediaDataUtils: { shouldUseMediaCache: () => true },
  WAWebMediaInMemoryBlobCache: { InMemoryMediaBlobCache: blobCache, InMemoryMediaBlobCacheImpl: BlobCache },
  WAWebLruMediaStore: { LruMediaStore: lruMediaStore },
  WAWebVideoThumbs: videoThumbs,
  WAWebProcessRawSticker: stickers,
  WAWebIsAnimatedWebp: { isAnimatedWebp },
  WAMediaCalculateFilehash: {
    calculateFilehashFromBlob: filehashOf,
    getRandomFilehash: notSimulated('getRandomFilehash'),
  },
  WAWebMediaMmsV4Upload: uploads,
};

/** What whatsapp-web.js asks for by name. */
export const namedMediaModules: ModuleTable = {
  // message.downloadMedia
  WAWebDownloadManager: { downloadManager },
  // sendMessage with sendMediaAsSticker
  WAWebUploadManager: uploadManager,
  WAWebStartMediaUploadQpl: { startMediaUploadQpl: () => ({}) },
  WAWebImageUtils: { toWebpSticker },
};
