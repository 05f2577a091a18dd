/**
 * Ids of people, groups and lists: `user@server`, with a device for companions (`user:2@c.us`).
 *
 * Every id exists once: `createWid` returns the same object for the same text, so `===` works too.
 */

const NOT_A_WID = 'wid error: invalid wid';

/** wa-js recognises this class by the static `isXWid`. */
export class Wid {
  readonly server: string;
  readonly user: string;
  readonly device?: number;
  readonly _serialized: string;

  constructor(text: string) {
    const at = text.lastIndexOf('@');
    if (at < 1 || at === text.length - 1) throw new Error(`${NOT_A_WID}: ${text}`);
    const [user = '', device] = text.slice(0, at).split(':');
    this.server = text.slice(at + 1);
    this.user = user;
    if (device) this.device = Number(device);
    this._serialized = text;
  }

  static isWid(value: unknown): boolean {
    return value instanceof Wid;
  }

  static isXWid(server: string, value: unknown): boolean {
    return parsed(value)?.server === server;
  }

  static isUser(value: unknown): boolean {
    return parsed(value)?.isUser() ?? false;
  }

  static isLid(value: unknown): boolean {
    return parsed(value)?.isLid() ?? false;
  }

  static isGroup(value: unknown): boolean {
    return parsed(value)?.isGroup() ?? false;
  }

  static isBroadcast(value: unknown): boolean {
    return parsed(value)?.isBroadcast() ?? false;
  }

  static isNewsletter(value: unknown): boolean {
    return parsed(value)?.isNewsletter() ?? false;
  }

  static isStatus(value: unknown): boolean {
    return parsed(value)?.isStatus() ?? false;
  }

  static isStatusV3(value: unknown): boolean {
    return Wid.isStatus(value);
  }

  static equals(left: unknown, right: unknown): boolean {
    return parsed(left)?.equals(right) ?? false;
  }

  toString(): string {
    return this._serialized;
  }

  toJSON(): string {
    return this._serialized;
  }

  /** The form used on WhatsApp's wire, where phone numbers live on another server name. */
  toJid(): string {
    return this._serialized.replace(/@c\.us$/, '@s.whatsapp.net');
  }

  equals(other: unknown): boolean {
    return other != null && String(other) === this._serialized;
  }

  isSameAccount(other: Wid): boolean {
    return this.user === other.user && this.server === other.server;
  }

  getDeviceId(): number {
    return this.device ?? 0;
  }

  isCompanion(): boolean {
    return this.getDeviceId() > 0;
  }

  /** A person, by phone number or by hidden id. */
  isUser(): boolean {
    return this.server === 'c.us' || this.server === 'lid' || this.server === 'bot';
  }

  isRegularUser(): boolean {
    return this.isUser() && !this.isBot();
  }

  isLid(): boolean {
    return this.server === 'lid';
  }

  isGroup(): boolean {
    return this.server === 'g.us';
  }

  isGroupCall(): boolean {
    return this.server === 'call';
  }

  isBroadcast(): boolean {
    return this.server === 'broadcast';
  }

  isStatus(): boolean {
    return this._serialized === 'status@broadcast';
  }

  isStatusV3(): boolean {
    return this.isStatus();
  }

  isNewsletter(): boolean {
    return this.server === 'newsletter';
  }

  isBot(): boolean {
    return this.server === 'bot';
  }

  isServer(): boolean {
    return this.user === 'server' || this.server === 'server';
  }

  /** Announcements by WhatsApp itself. Nobody announces anything here. */
  isPSA(): boolean {
    return false;
  }

  isOfficialBizAccount(): boolean {
    return false;
  }
}

const known = new Map<string, Wid>();

/** The id of this text. Throws where the text has no `user@server` form. */
export function createWid(value: string | { _serialized: string }): Wid {
  if (value instanceof Wid) return value;
  const text = (typeof value === 'string' ? value : value._serialized).replace(/@s\.whatsapp\.net$/, '@c.us');
  const present = known.get(text);
  if (present) return present;
  const wid = new Wid(text);
  known.set(text, wid);
  return wid;
}

/** The id of a bare number on the given server; a text that names a server keeps its own. */
export function createUserWid(user: string, server = 'c.us'): Wid {
  return createWid(user.includes('@') ? user : `${user}@${server}`);
}

export function isWidLike(value: unknown): boolean {
  return value instanceof Wid || (typeof value === 'object' && value !== null &&
    '_serialized' in value && typeof value._serialized === 'string' && 'server' in value);
}

function parsed(value: unknown): Wid | undefined {
  if (value instanceof Wid) return value;
  if (typeof value !== 'string') return undefined;
  try {
    return createWid(value);
  } catch {
    return undefined;
  }
}
