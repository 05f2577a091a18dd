/** Files: each is compared byte by byte with what the network keeps of it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, later, same, type Rows } from '../rows';
import { FILES, carried, outgoing } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

export async function media(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Media');
  await pictures(rows, stage);
  await files(rows, stage);
  await receiving(rows, stage);
}

async function pictures(rows: Rows, stage: Stage): Promise<void> {
  const { client, anna } = stage;
  const { jpeg, png, webp } = FILES;
  await rows.row('sendImage', async () => {
    const { id } = await client.sendImage(anna.id, jpeg.path, jpeg.name, 'Our shop');
    const { content } = await carried(stage, bareId(id), 'image');
    same([content.caption, content.mime_type], ['Our shop', 'image/jpeg']);
  });
  await rows.row('sendImageFromBase64', async () => {
    const { id } = await client.sendImageFromBase64(anna.id, png.url, png.name);
    await carried(stage, bareId(id), 'image');
  });
  await rows.row('sendImage: view once', async () => {
    const { id } = await client.sendImage(anna.id, jpeg.path, jpeg.name, '', undefined, true);
    expect((await carried(stage, bareId(id), 'image'))['content'].view_once, 'it can be seen again and again');
  });
  await rows.row('sendImageAsSticker', async () => {
    const { id } = await client.sendImageAsSticker(anna.id, png.path);
    same((await carried(stage, bareId(id), 'sticker'))['content'].mime_type, 'image/webp');
  });
  await rows.row('sendImageAsStickerGif', async () => {
    const { id } = await client.sendImageAsStickerGif(anna.id, webp.path);
    same((await carried(stage, bareId(id), 'sticker'))['content'].mime_type, 'image/webp');
  });
}

async function files(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, anna, me } = stage;
  const { mp4, ogg, pdf, wav } = FILES;
  await rows.row('sendFile: document', async () => {
    const { id } = await client.sendFile(anna.id, pdf.path, { type: 'document', filename: pdf.name, caption: 'The bill' });
    const { content } = await carried(stage, bareId(id), 'document', pdf.bytes);
    same([content.filename, content.caption], [pdf.name, 'The bill']);
  });
  await rows.row('sendFile: video, of a type that it finds out', async () => {
    await carried(stage, bareId((await client.sendFile(anna.id, mp4.path)).id), 'video', mp4.bytes);
  });
  await rows.row('sendFile: audio', async () => {
    const { id } = await client.sendFile(anna.id, wav.path, { type: 'audio', isPtt: false });
    expect(!(await carried(stage, bareId(id), 'audio', wav.bytes))['content'].voice, 'it is a voice note');
  });
  await rows.row('sendFileFromBase64', async () => {
    const { id } = await client.sendFileFromBase64(anna.id, pdf.url, pdf.name, 'Again');
    await carried(stage, bareId(id), 'document', pdf.bytes);
  });
  await rows.row('sendVideoAsGif', async () => {
    const { id } = await client.sendVideoAsGif(anna.id, mp4.path, mp4.name, 'Round and round');
    expect((await carried(stage, bareId(id), 'video', mp4.bytes))['content'].gif, 'it is an ordinary video');
  });
  await rows.row('sendVideoAsGifFromBase64', async () => {
    const { id } = await client.sendVideoAsGifFromBase64(anna.id, mp4.url, mp4.name, '');
    expect((await carried(stage, bareId(id), 'video', mp4.bytes))['content'].gif, 'it is an ordinary video');
  });
  const voice = later(async () => bareId(((await client.sendPtt(anna.id, ogg.path)) as any).id));
  await rows.row('sendPtt', async () => {
    expect((await carried(stage, await voice(), 'audio', ogg.bytes))['content'].voice, 'it is no voice note');
  });
  await rows.row('onAck: 4, played', async () => {
    await stage.sandbox.arrived(await voice());
    await anna.do('read', { from: me.number, wa_message_id: await voice(), played: true });
    const id = await voice();
    await heard.first('onAck', (event) => event.ack === 4 && bareId(event.id) === id);
  });
  await rows.row('sendPttFromBase64', async () => {
    const { id }: any = await client.sendPttFromBase64(anna.id, ogg.url, ogg.name);
    expect((await carried(stage, bareId(id), 'audio', ogg.bytes))['content'].voice, 'it is no voice note');
  });
}

async function receiving(rows: Rows, stage: Stage): Promise<void> {
  const kinds = [
    ['image', 'image', FILES.jpeg, { caption: 'Look' }],
    ['video', 'video', FILES.mp4, {}],
    ['audio', 'audio', FILES.wav, {}],
    ['voice note', 'audio', FILES.ogg, { voice: true }],
    ['document', 'document', FILES.pdf, {}],
    ['sticker', 'sticker', FILES.webp, {}],
  ] as const;
  const { client, sandbox, anna, me } = stage;
  const types: Record<string, string> = { 'voice note': 'ptt' };
  for (const [name, type, file, more] of kinds) {
    await rows.row(`onMessage: ${name}`, async () => {
      const message = await inbound(stage, outgoing(type, file, more));
      same(message.type, types[name] ?? type);
      if ('caption' in more) same(message.caption, more.caption);
    });
    await rows.row(`downloadMedia: ${name}`, async () => {
      const { id } = await inbound(stage, outgoing(type, file, more));
      const bytes = Buffer.from((await client.downloadMedia(id)).split(',')[1] ?? '', 'base64');
      expect(bytes.equals(file.bytes), 'other bytes than those that were sent');
    });
  }
  await rows.row('decryptFile', async () => {
    // It leaves the padding at the end of a file whose size is a multiple of 16.
    const message = await inbound(stage, outgoing('image', FILES.png));
    expect((await client.decryptFile(message)).equals(FILES.png.bytes), 'other bytes than those that were sent');
  });
  await rows.row('decryptAndSaveFile', async () => {
    const message = await inbound(stage, outgoing('image', FILES.jpeg));
    const path = join(sandbox.folder, 'decrypted.jpg');
    await client.decryptAndSaveFile(message, path);
    expect(readFileSync(path).equals(FILES.jpeg.bytes), 'other bytes than those that were sent');
  });
  await rows.row('markPlayed', async () => {
    const { id } = await inbound(stage, outgoing('audio', FILES.ogg, { voice: true }));
    await client.markPlayed(id);
    await anna.has(me.number, bareId(id), 'as played', (message) => message.ack === 4);
  });
}

async function inbound({ anna, me, heard }: Stage, message: any): Promise<any> {
  const id = await anna.send(me.number, message);
  return (await heard.first('onMessage', (message) => bareId(message.id) === id))[0];
}
