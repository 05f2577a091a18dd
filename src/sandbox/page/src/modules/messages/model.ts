/** A message, as clients read it. */

import { Model, type Attributes } from '../../base/model';
import type { MsgKey } from '../../ids/msg-key';
import type { Wid } from '../../ids/wid';
import { ACK } from '../constants';
import { contacts, type Contact } from '../contacts';
import { identity } from '../identity';
import { quoted } from './content';

/** Types whose content is a file. */
export const MEDIA_TYPES: readonly string[] = ['image', 'video', 'audio', 'ptt', 'document', 'sticker'];
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
