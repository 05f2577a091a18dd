/** From a file to a message: look at it, show it, upload it, send it. */

import type { Attributes } from '../../base/model';
import { MsgKey } from '../../ids/msg-key';
import { ACK, SendMsgResult, unixTime } from '../constants';
import { identity } from '../identity';
import { addAndSendMsgToChat, show, type SendResult } from '../messages/send';
import { Msg } from '../messages/model';
import type { SendTarget } from '../messages/store';
import { mediaType, messageType, type MediaWish } from './kinds';
import { isAnimatedWebp, lookAtAudio, lookAtImage, lookAtVideo, reencoded, stickers } from './looks';
import { MediaData, blobCache, mediaObject } from './media-data';
import { OpaqueData } from './opaque-data';
import { filehashOf, uploads } from './transfer';

/** The real page makes larger photos smaller. */
const PHOTO_EDGE = 1_600;
/** Images that travel as they are; others become JPEG. */
const PHOTO_TYPES = ['image/jpeg', 'image/png', 'image/webp'];

interface SendOptions {
  caption?: string;
  footer?: string;
  isViewOnce?: boolean;
  /** The message as the caller has prepared it: its key, what it answers, who is mentioned. */
  productMsgOptions?: Attributes;
}

/** chat.sendFileMessage waits for `waitForPrep`, and reads `_mediaData`. */
export class MediaPrep {
  readonly _mediaData: MediaData;
  readonly #ready: Promise<MediaData>;

  constructor(file: OpaqueData, wish: MediaWish) {
    this._mediaData = new MediaData({
      type: messageType(file.type(), wish),
      mimetype: file.type(),
      mediaBlob: file,
      mediaStage: 'INIT',
      isGif: Boolean(wish.asGif),
      filename: file.name(),
    });
    this.#ready = prepare(this._mediaData, file, wish);
  }

  waitForPrep(): Promise<MediaData> {
    return this.#ready;
  }

  /**
   * One parameter: wa-js looks at the function's length to choose how to call it. The message shows only
   * after this has returned, because wa-js begins to wait for it then.
   */
  async sendToChat({ chat, options = {} }: { chat: SendTarget; options?: SendOptions }): Promise<SendResult> {
    const data = await this.#ready;
    const msg = new Msg({
      ...(options.productMsgOptions ?? (await newMessage(chat))),
      ...contentFields(data),
      caption: options.caption,
      footer: options.footer,
      isViewOnce: options.isViewOnce,
      mediaData: data,
      isUnsentMedia: true,
    });
    show(chat, msg);
    return (await uploaded(msg, data)) ?? addAndSendMsgToChat(chat, msg)[1];
  }
}

export function prepRawMedia(file: OpaqueData, wish: MediaWish = {}): MediaPrep {
  return new MediaPrep(file, wish);
}

async function prepare(data: MediaData, file: OpaqueData, wish: MediaWish): Promise<MediaData> {
  switch (data.type) {
    case 'image': await prepareImage(data, file, wish); break;
    case 'sticker': await prepareSticker(data, file); break;
    case 'video': data.set({ ...(await lookAtVideo(file.forceToBlob())) }); break;
    case 'audio':
    case 'ptt': {
      const { duration, waveform } = wish.precomputedFields ?? {};
      data.set({ duration: duration ?? (await lookAtAudio(file.forceToBlob())), waveform });
    }
  }
  const { mediaBlob } = data;
  const blob = (mediaBlob ?? file).forceToBlob();
  data.set({ filehash: await filehashOf(blob), size: blob.size, mediaStage: 'RESOLVED' });
  return data;
}

/** What the browser cannot read goes as a document, as on the real page. */
async function prepareImage(data: MediaData, file: OpaqueData, { maxDimension = PHOTO_EDGE }: MediaWish): Promise<void> {
  const look = await lookAtImage(file.forceToBlob());
  if (!look) {
    data.set('type', 'document');
    return;
  }
  const { width, height, preview, bitmap } = look;
  data.set({ width, height, preview });
  if (PHOTO_TYPES.includes(file.type()) && Math.max(width, height) <= maxDimension) return;
  const blob = await reencoded(bitmap, maxDimension);
  const scale = Math.min(1, maxDimension / Math.max(width, height));
  data.set({
    width: Math.round(width * scale),
    height: Math.round(height * scale),
    mimetype: 'image/jpeg',
    mediaBlob: await OpaqueData.createFromData(blob, 'image/jpeg'),
  });
}

async function prepareSticker(data: MediaData, file: OpaqueData): Promise<void> {
  const { mediaBlob, width, height } = await stickers.processRawSticker(file);
  const isAnimated = isAnimatedWebp(await mediaBlob.forceToBlob().arrayBuffer());
  data.set({ mediaBlob, width, height, mimetype: 'image/webp', isAnimated });
}

function contentFields(data: MediaData): Attributes {
  const { type, mimetype, filehash, size, preview } = data;
  const fields: Attributes = { type, mimetype, filehash, size, body: preview };
  for (const name of ['width', 'height', 'duration', 'waveform', 'isGif', 'isAnimated', 'pageCount']) {
    fields[name] = data.get(name);
  }
  if (type === 'document') fields['filename'] = data.get('filename');
  return fields;
}

/** Uploads the file and tells the message where it lies. Answers only where that did not work. */
async function uploaded(msg: Msg, data: MediaData): Promise<SendResult | undefined> {
  const object = mediaObject(data.filehash ?? '');
  object.consolidate(data.attributes);
  try {
    const { mediaEntry } = await uploads.uploadMedia({
      mimetype: data.mimetype, mediaObject: object, mediaType: mediaType({ type: data.type, isGif: Boolean(data.isGif) }),
    });
    const { mmsUrl, deprecatedMms3Url, directPath, mediaKey, mediaKeyTimestamp, encFilehash } = mediaEntry;
    msg.set({ clientUrl: mmsUrl, deprecatedMms3Url, directPath, mediaKey, mediaKeyTimestamp, encFilehash });
    if (data.filehash && data.mediaBlob) blobCache.put(data.filehash, data.mediaBlob.forceToBlob());
    return undefined;
  } catch (error) {
    console.warn('A file was not uploaded', error);
    msg.raiseAck(ACK.FAILED);
    return { messageSendResult: SendMsgResult.ERROR_UPLOAD, t: msg.t, count: null };
  }
}

/** Status posts come without a prepared message. */
async function newMessage(chat: SendTarget): Promise<Attributes> {
  const me = identity.phone;
  const participant = chat.id.isStatus() ? me : chat.id.isGroup() ? identity.lid : undefined;
  return {
    id: new MsgKey({ fromMe: true, remote: chat.id, id: await MsgKey.newId(), ...(participant && { participant }) }),
    from: me, to: chat.id, author: participant, t: unixTime(), ack: ACK.CLOCK, self: 'out', local: true, isNewMsg: true,
  };
}
