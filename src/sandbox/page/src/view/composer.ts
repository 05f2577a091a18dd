/** Where the person at the page writes. */

import { MsgKey } from '../ids/msg-key';
import type { Chat } from '../modules/chats';
import { ACK, unixTime } from '../modules/constants';
import { identity } from '../modules/identity';
import { OpaqueData, prepRawMedia } from '../modules/media';
import { addAndSendMsgToChat } from '../modules/messages';
import { element } from './element';

export class Composer {
  readonly #text = element('input', 'text');
  readonly #file = element('input', '');
  readonly node: HTMLFormElement;
  #chat: Chat | undefined;

  constructor() {
    this.#text.placeholder = 'Type a message';
    this.#text.ariaLabel = 'Type a message';
    this.#file.type = 'file';
    this.#file.hidden = true;
    const attach = element('button', 'attach', '+');
    attach.type = 'button';
    attach.title = 'Send a file';
    attach.onclick = () => this.#file.click();
    this.node = element('form', 'composer', attach, this.#file, this.#text, element('button', 'send', 'Send'));
    this.node.onsubmit = (event) => {
      event.preventDefault();
      void this.#sendText();
    };
    this.#file.onchange = () => void this.#sendFile();
  }

  /** What is written goes to this chat. */
  show(chat: Chat | undefined): void {
    this.#chat = chat;
    this.node.hidden = !chat || chat.id.isStatus();
  }

  async #sendText(): Promise<void> {
    const chat = this.#chat;
    const body = this.#text.value.trim();
    if (!chat || !body) return;
    this.#text.value = '';
    const participant = chat.id.isGroup() ? identity.lid ?? null : null;
    addAndSendMsgToChat(chat, {
      id: new MsgKey({ fromMe: true, remote: chat.id, id: await MsgKey.newId(), participant }),
      type: 'chat', body, from: identity.phone, to: chat.id, t: unixTime(), ack: ACK.CLOCK, self: 'out', isNewMsg: true,
    });
  }

  async #sendFile(): Promise<void> {
    const file = this.#file.files?.[0];
    if (!this.#chat || !file) return;
    this.#file.value = '';
    await prepRawMedia(await OpaqueData.createFromData(file, file.type)).sendToChat({ chat: this.#chat });
  }
}
