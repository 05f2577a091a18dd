/** Another device of a phone: it speaks the frames of the sandbox's page, without a browser. */

import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import { Heard } from './events';
import { until } from './rows';
import type { Phone, Sandbox } from './sandbox';

type Frame = Record<string, any>;

/**
 * Stands for everything that an account's other devices, and other people's devices, get to know: the pushes of
 * the network as they come (`heard`, by their verb), and the account as the network keeps it (`snapshot`).
 */
export class Device {
  readonly heard = new Heard();
  readonly #url: string;
  #token = '';
  #socket: WebSocket | undefined;
  #asked = 0;
  readonly #answers = new Map<number, (answer: Frame) => void>();

  private constructor(url: string) {
    this.#url = url;
  }

  /** A new device of this phone: the phone scans its code. */
  static async link(sandbox: Sandbox, phone: Phone): Promise<Device> {
    const device = new Device(sandbox.pageSocket);
    await device.#connect();
    const [welcome] = await device.heard.first('welcome', (frame) => frame.refs);
    await phone.do('scan', { code: welcome.refs[0] });
    const [paired] = await device.heard.first('paired');
    device.#token = paired.token;
    return device;
  }

  /** The account as the network has it now: what a page that comes in is told. */
  async snapshot(): Promise<Frame> {
    const before = this.heard.of('welcome').length;
    this.#socket?.terminate();
    await this.#connect();
    return until('the account', () => this.heard.of('welcome').slice(before).map(([frame]) => frame)[0]);
  }

  /** Of the snapshot: the chat with this id, by number or by hidden id. */
  async chat(id: string): Promise<Frame | undefined> {
    const { chats } = await this.snapshot();
    return chats.find((chat: Frame) => chat['id'] === id || chat['lid'] === id);
  }

  /** Asks, as a page does. */
  ask(verb: string, body: Frame = {}): Promise<Frame> {
    const rid = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#answers.set(rid, (answer) => (answer['error'] ? reject(new Error(answer['error'])) : resolve(answer)));
      this.#say({ t: verb, rid, ...body });
    });
  }

  tell(verb: string, body: Frame = {}): void {
    this.#say({ t: verb, ...body });
  }

  /** Sends a text. Answers its id. */
  async send(to: string, body: string): Promise<string> {
    const id = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
    await this.ask('send', { to, id, msg: { type: 'chat', body } });
    return id;
  }

  async logout(): Promise<void> {
    await this.ask('logout');
    this.#socket?.terminate();
  }

  #say(frame: Frame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  async #connect(): Promise<void> {
    const socket = new WebSocket(this.#url, {
      rejectUnauthorized: false,
      origin: 'https://web.whatsapp.com',
      headers: { host: 'web.whatsapp.com' },
    });
    this.#socket = socket;
    socket.on('message', (text) => this.#take(JSON.parse(String(text))));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('error', () => undefined);
    this.#say({ t: 'hello', v: '2.3000.1031992593', ...(this.#token && { token: this.#token }) });
  }

  #take(frame: Frame): void {
    const answered = this.#answers.get(frame['rid']);
    if (answered) {
      this.#answers.delete(frame['rid']);
      answered(frame);
    } else if (typeof frame['t'] === 'string') {
      this.heard.note(frame['t'], frame);
    }
  }
}
