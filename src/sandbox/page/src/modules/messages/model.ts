/** A message, as clients read it. */

import { Model, type Attributes } from '../../base/model';
import type { MsgKey } from '../../ids/msg-key';
import type { Wid } from '../../ids/wid';
import { ACK } from '../constants';
import { contacts, type Contact } from '../contacts';
import { identity } from '../identity';
import { MediaData, mediaObject, type MediaObject } from '../media/media-data';
import { fetchMedia } from '../media/transfer';
import { quoted } from './content';

/** Types whose content is a file. */
export const MEDIA_TYPES: readonly string[] = ['image', 'video', 'audio', 'ptt', 'document', 'sticker'];
const FILE_FIELDS = ['type', 'mimetype', 'filehash', 'size', 'width', 'height', 'duration', 'isGif'];
const NOTIFICATION_TYPES = ['gp2', 'e2e_notification', 'notification', 'call_log'];

/** wa-js finds the class by `proxyName`, and adds `chat`, `isGroupMsg` and `quotedMsgId` to it. */
export class Msg extends Model {
  declare readonly id: MsgKey;
  /** `revoked` once it was taken back. */
  declare type: string;
  declare subtype: string | undefined;
  declare body: string | undefined;
  declare caption: string | undefined;
  declare ack: number;
  /** When it was sent, in Unix seconds. */
  declare t: number;
  declare from: Wid;
  declare to: Wid;
  /** Who wrote, in a group. */
  declare author: Wid | undefined;
  declare notifyName: string | undefined;
  declare star: boolean | undefined;
  /** True for what happens now, false for history. chat.new_message reports only new ones. */
  declare isNewMsg: boolean;

  /** whatsapp-web.js unwraps a message before it is quoted. */
  unsafe(): this {
    return this;
  }

  get isSentByMe(): boolean {
    return this.id.fromMe;
  }

  get sender(): Wid | undefined {
    return this.id.fromMe ? identity.phone : this.author ?? this.from;
  }

  get senderObj(): Contact | undefined {
    return this.sender && contacts.getOrAdd(this.sender);
  }

  get isMedia(): boolean {
    return MEDIA_TYPES.includes(this.type);
  }

  /** The file behind the message. Clients of every kind look here for how far its transfer has come. */
  get mediaData(): MediaData | undefined {
    const present = this.raw('mediaData');
    if (present instanceof MediaData || !this.isMedia) return present as MediaData | undefined;
    const known = FILE_FIELDS.map((name) => [name, this.get(name)]);
    const made = new MediaData({ ...Object.fromEntries(known), preview: this.body, mediaStage: 'INIT' });
    this.set('mediaData', made, { silent: true });
    return made;
  }

  set mediaData(data: MediaData | undefined) {
    this.set('mediaData', data);
  }

  /** whatsapp-web.js: a message that has one is looked through for links in its caption, not in its body. */
  get mediaObject(): MediaObject | undefined {
    const data = this.mediaData;
    if (!data?.filehash) return undefined;
    const object = mediaObject(data.filehash);
    if (!object.type) object.consolidate({ type: data.type, size: data.size });
    return object;
  }

  /** Brings the file into the page: chat.downloadMedia, and message.downloadMedia of whatsapp-web.js. */
  async downloadMedia(_options?: object): Promise<void> {
    if (this.mediaData) await fetchMedia(this, this.mediaData);
  }

  /** wppconnect copies it into its messages. */
  get isMMS(): boolean {
    return this.isMedia;
  }

  get isNotification(): boolean {
    return NOTIFICATION_TYPES.includes(this.type);
  }

  get isStatusV3(): boolean {
    return this.id.remote.isStatus();
  }

  /** What a reply says about the message it answers. */
  msgContextInfo(_chat: Wid): Attributes {
    return {
      quotedMsg: quoted(this),
      quotedStanzaID: this.id.id,
      quotedParticipant: this.sender,
      ...(this.isStatusV3 && { quotedRemoteJid: this.id.remote }),
    };
  }

  /** Acks only rise; -1 (failed) ends a message that never left. */
  raiseAck(ack: number): void {
    const lost = ack === ACK.FAILED && this.ack === ACK.CLOCK;
    if (lost || ack > (this.ack ?? ACK.CLOCK)) this.set('ack', ack);
  }
}
Object.assign(Msg.prototype, { proxyName: 'msg' });
