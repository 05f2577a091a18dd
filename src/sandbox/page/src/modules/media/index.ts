/** Files: pictures, videos, voice notes, documents, stickers. */

export { MediaData, MediaObject, mediaObject } from './media-data';
export { OpaqueData } from './opaque-data';
export { prepRawMedia } from './prep';
export { mediaModules, namedMediaModules } from './modules';
export { entryOf, fetchMedia, mediaIdOf } from './transfer';
