/** Files: pictures, videos, voice notes, documents, stickers. */

export { MediaData, MediaObject, mediaObject } from './media-data';
export { mediaModules, namedMediaModules } from './modules';
export { entryOf, fetchMedia, mediaIdOf } from './transfer';
