/** What stands around every client: people, their other devices, and where to look for effects. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Device } from './device';
import { expect, until } from './rows';
import type { Delivery, People, Phone, Sandbox } from './sandbox';

export interface World extends People {
  sandbox: Sandbox;
  /** Another linked page of my own phone. */
  mine: Device;
  /** A linked page of Anna's phone. */
  annas: Device;
}

export async function world(sandbox: Sandbox, people: People): Promise<World> {
  const [mine, annas] = [await Device.link(sandbox, people.me), await Device.link(sandbox, people.anna)];
  return { ...people, sandbox, mine, annas };
}

/** The other devices go: from here on the client is the only one again. */
export async function leave({ mine, annas }: World): Promise<void> {
  await Promise.all([mine.logout(), annas.logout()]);
}

/** Is this the id of the one-to-one chat with this person, by number or hidden? */
export async function idsOf(phone: Phone): Promise<string[]> {
  const { lid } = await phone.show();
  return [phone.id, ...(lid ? [lid.includes('@') ? lid : `${lid}@lid`] : [])];
}

/** A message as Anna's other device got it. */
export async function arrived({ annas }: World, id: string): Promise<any> {
  const [frame] = await annas.heard.first('msg', (frame) => frame.raw.id === id);
  return frame.raw;
}

/** The small files of the runs. */
export const FILES = {
  jpeg: file('picture.jpg', 'image/jpeg'),
  png: file('picture.png', 'image/png'),
  webp: file('sticker.webp', 'image/webp'),
  mp4: file('clip.mp4', 'video/mp4'),
  ogg: file('voice.ogg', 'audio/ogg; codecs=opus'),
  wav: file('tone.wav', 'audio/wav'),
  pdf: file('paper.pdf', 'application/pdf'),
};

export interface File {
  name: string;
  path: string;
  mimetype: string;
  bytes: Buffer;
  base64: string;
  /** As a `data:` URL. */
  url: string;
}

function file(name: string, mimetype: string): File {
  const path = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const bytes = readFileSync(path);
  const base64 = bytes.toString('base64');
  return { name, path, mimetype, bytes, base64, url: `data:${mimetype.replace('; ', ';')};base64,${base64}` };
}

/** The delivery of a message with a file of this type, once the network has it and it can be fetched. */
export async function carried({ sandbox }: World, id: string, type: string, sent?: Buffer): Promise<Delivery> {
  const delivery = await sandbox.delivered(id);
  expect(delivery.type === type, `it is of type ${delivery.type}`);
  const content = delivery['content'];
  expect(content?.media, `it has no file: ${JSON.stringify(content)}`);
  const bytes = await sandbox.media(content.media);
  expect(bytes.length > 0 && bytes.length === content.size, `the file has ${bytes.length} bytes, it says ${content.size}`);
  if (sent) expect(bytes.equals(sent), `other bytes than those that were sent: ${bytes.length} instead of ${sent.length}`);
  return delivery;
}

/** What `phones/{p}/messages` takes to send this file. */
export function outgoing(type: 'image' | 'video' | 'audio' | 'document' | 'sticker', { base64, mimetype, name }: File, more: object = {}): any {
  return { type, [type]: { data: base64, mime_type: mimetype, ...(type === 'document' && { filename: name }), ...more } };
}

/** Until the person who wrote this message to me sees that it was read. */
export async function readBy(writer: Phone, me: Phone, id: string, ack = 3): Promise<void> {
  await until(`${writer.name} to see that the message has ack ${ack}`, async () =>
    (await writer.messages(me.number)).find((message) => message.wa_message_id === id)?.ack >= ack);
}
