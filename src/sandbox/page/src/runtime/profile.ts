/**
 * What a linked page keeps in the browser's profile, so that it is still linked after a restart.
 *
 * In IndexedDB, as the real page does it: what is written there survives a killed browser at once, while
 * localStorage reaches the disk only seconds later.
 */

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

/** Everything that the profile holds. The device keys belong to the profile, the rest to the account. */
export interface Profile {
  keys: DeviceKeys;
  credentials: Credentials | undefined;
  seen: SeenRecord | undefined;
}

const DATABASE = 'sandbox';
const STORE = 'profile';
const KEY_BYTES = 32;

type StoredKeys = Record<'noise' | 'identity' | 'adv', string>;

/** Reads the profile; a fresh one gets its device keys. */
export async function loadProfile(): Promise<Profile> {
  const kept = await read<StoredKeys>('keys');
  const keys = kept ?? { noise: randomKey(), identity: randomKey(), adv: randomKey() };
  if (!kept) await write('keys', keys);
  return {
    keys: { noise: decodeBase64(keys.noise), identity: decodeBase64(keys.identity), adv: keys.adv },
    credentials: await read<Credentials>('credentials'),
    seen: await read<SeenRecord>('seen'),
  };
}

export function keepCredentials(credentials: Credentials): Promise<void> {
  return write('credentials', credentials);
}

export function keepSeen(record: SeenRecord): Promise<void> {
  return write('seen', record);
}

/** Forgets the account, and keeps the device keys. */
export async function dropAccount(): Promise<void> {
  await write('credentials', undefined);
  await write('seen', undefined);
}

function randomKey(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
}

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  return (opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  }));
}

async function read<T>(key: string): Promise<T | undefined> {
  const request = (await database()).transaction(STORE).objectStore(STORE).get(key);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T | undefined);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves once the value is written. `undefined` removes it. */
async function write(key: string, value: unknown): Promise<void> {
  const transaction = (await database()).transaction(STORE, 'readwrite');
  const store = transaction.objectStore(STORE);
  if (value === undefined) store.delete(key);
  else store.put(value, key);
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
  });
}
