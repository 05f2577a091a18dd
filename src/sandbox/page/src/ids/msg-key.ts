import { createWid, type Wid } from './wid';

/** Either the two ends and a direction, or the chat and whether I wrote. */
export interface MsgKeyParts {
  id: string;
  fromMe?: boolean;
  remote?: Wid | string;
  from?: Wid;
  to?: Wid;
  selfDir?: 'in' | 'out';
  /** Who wrote, in a group. */
  participant?: Wid | string | null;
}

/**
 * The key of a message, printed as `true_5511…@c.us_3EB0…` (or `false_…` for what others wrote, with
 * the writer at the end in groups). wa-js recognises the class by the text of the error below, and
 * reads `return this._serialized` in the text of `toString`.
 */
export class MsgKey {
  readonly fromMe: boolean;
  readonly remote: Wid;
  readonly id: string;
  readonly participant?: Wid;
  readonly _serialized: string;

  constructor(parts: MsgKeyParts) {
    if (!parts) throw new Error('MsgKey error: obj is null/undefined');
    const ends = endsOf(parts);
    this.fromMe = ends.fromMe;
    this.remote = ends.remote;
    this.id = parts.id;
    if (parts.participant) this.participant = createWid(parts.participant);
    const tail = this.participant ? `_${this.participant}` : '';
    this._serialized = `${this.fromMe}_${this.remote}_${this.id}${tail}`;
  }

  /** Reads the printed form back. Throws where it is none. */
  static fromString(text: string): MsgKey {
    const [fromMe, remote, id, participant] = String(text).split('_');
    if ((fromMe !== 'true' && fromMe !== 'false') || !remote || !id) {
      throw new Error(`MsgKey error: "${text}" is not a message key`);
    }
    return new MsgKey({
      fromMe: fromMe === 'true',
      remote,
      id,
      participant: participant?.includes('@') ? participant : null,
    });
  }

  static from(key: MsgKey | string): MsgKey {
    return MsgKey.fromString(String(key));
  }

  /** A new id in the shape that web clients use: `3EB0` and 18 hex digits. */
  static async newId(): Promise<string> {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return `3EB0${hex(bytes)}`;
  }

  toString(): string {
    return this._serialized;
  }

  equals(other: unknown): boolean {
    return other != null && String(other) === this._serialized;
  }

  clone(): MsgKey {
    return MsgKey.fromString(this._serialized);
  }
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('').toUpperCase();
}

function endsOf(parts: MsgKeyParts): { fromMe: boolean; remote: Wid } {
  if (parts.remote) return { fromMe: !!parts.fromMe, remote: createWid(parts.remote) };
  const fromMe = parts.fromMe ?? parts.selfDir !== 'in';
  const remote = fromMe ? parts.to : parts.from;
  if (!remote) throw new Error('MsgKey error: neither remote nor both ends are given');
  return { fromMe, remote: createWid(remote) };
}
