import { Cmd, Conn, Socket, Stream } from '../modules/connection';
import { encodeBase64 } from '../modules/constants';
import { identity } from '../modules/identity';
import { link } from './socket';

/**
 * Shows one QR reference after the other. When the last one has had its time the page turns idle, and
 * waits for somebody to ask for new ones.
 */
export class Pairing {
  #refs: string[] = [];
  #refMs = 20_000;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    Cmd.on('refresh_qr', () => {
      if (!identity.linked) link.notify('refs', {});
    });
  }

  /** The server has greeted a page that is not linked. */
  begin(refs: string[], refMs: number): void {
    this.#refMs = refMs;
    Stream.enter('QR', 'NORMAL');
    this.show(refs);
  }

  /** New references: the first one shows at once. */
  show(refs: string[]): void {
    this.#refs = [...refs];
    Socket.set('state', 'UNPAIRED');
    this.#next();
  }

  /** No more QR codes. The reference stays in place, quietly, until the page has changed over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#refs = [];
  }

  #next(): void {
    clearTimeout(this.#timer);
    const ref = this.#refs.shift();
    if (ref === undefined) {
      Conn.set('ref', null);
      Socket.set('state', 'UNPAIRED_IDLE');
      return;
    }
    Conn.set('ref', ref);
    this.#timer = setTimeout(() => this.#next(), this.#refMs);
  }
}

/** The text in the QR code: the same four parts that conn.getAuthCode returns as `fullCode`. */
export function qrText(): string | undefined {
  if (!Conn.ref || identity.linked) return undefined;
  const { noise, identity: key, adv } = identity.keys;
  return [Conn.ref, encodeBase64(noise), encodeBase64(key), adv].join(',');
}
