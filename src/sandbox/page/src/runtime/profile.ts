/** What a linked page keeps in the browser's profile, so that it is still linked after a restart. */

import { encodeBase64, decodeBase64 } from '../modules/constants';
import type { DeviceKeys } from '../modules/identity';
import type { Me } from '../protocol';

export interface Credentials {
  token: string;
  me: Me;
}

/** Inbound messages that this profile has reported: see SeenMessages. */
export interface SeenRecord {
  /** Whatever is older than this (Unix seconds) counts as reported. */
  horizon: number;
  /** Message id → when it was sent. */
  times: [id: string, t: number][];
}

const CREDENTIALS = 'sandbox.credentials';
const KEYS = 'sandbox.keys';
const SEEN = 'sandbox.seen';
const KEY_BYTES = 32;

export function loadCredentials(): Credentials | undefined {
  return read<Credentials>(CREDENTIALS);
}

export function keepCredentials(credentials: Credentials): void {
  localStorage.setItem(CREDENTIALS, JSON.stringify(credentials));
}

/** Forgets the account. The device keys stay: they belong to the profile. */
export function dropCredentials(): void {
  localStorage.removeItem(CREDENTIALS);
  localStorage.removeItem(SEEN);
}

export function loadSeen(): SeenRecord | undefined {
  return read<SeenRecord>(SEEN);
}

export function keepSeen(record: SeenRecord): void {
  localStorage.setItem(SEEN, JSON.stringify(record));
}

/** The profile's keys, made on first use. */
export function deviceKeys(): DeviceKeys {
  const kept = read<Record<'noise' | 'identity' | 'adv', string>>(KEYS) ?? {
    noise: randomKey(), identity: randomKey(), adv: randomKey(),
  };
  localStorage.setItem(KEYS, JSON.stringify(kept));
  return { noise: decodeBase64(kept.noise), identity: decodeBase64(kept.identity), adv: kept.adv };
}

function randomKey(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
}

function read<T>(key: string): T | undefined {
  const text = localStorage.getItem(key);
  return text === null ? undefined : (JSON.parse(text) as T);
}
