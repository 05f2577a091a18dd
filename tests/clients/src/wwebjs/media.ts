/** Files: each is compared byte by byte with what the network keeps of it. */

import wwebjs, { type Message, type MessageMedia } from 'whatsapp-web.js';
import { expect, same, until, type Rows } from '../rows';
import { FILES, carried, outgoing, type File } from '../world';
import type { Stage } from './session';

export async function media(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Media');
  await sending(rows, stage);
  await receiving(rows, stage);
}

const packed = ({ mimetype, base64, name, bytes }: File): MessageMedia =>
  new wwebjs.MessageMedia(mimetype, base64, name, bytes.length);

async function sending(rows: Rows, stage: Stage): Promise<void> {
  const { client, heard, anna, me } = stage;
  const send = (file: File, options = {}): Promise<Message> => client.sendMessage(anna.id, packed(file), options);
  const image = await rows.row('sendMessage: image', async () => {
    const message = await send(FILES.jpeg, { caption: 'Our shop' });
    const { content } = await carried(stage, message.id.id, 'image');
    expect(content.caption === 'Our shop' && content.mime_type === 'image/jpeg', JSON.stringify(content));
    return message;
  });
  await rows.row('event media_uploaded', () =>
    heard.first('media_uploaded', (message) => message.id.id === image?.id.id));
  await rows.row('Message.downloadMedia: own', async () => {
    same((await image?.downloadMedia())?.mimetype, 'image/jpeg');
  });
  await rows.row('sendMessage: image, view once', async () => {
    const message = await send(FILES.png, { isViewOnce: true });
    const { content } = await carried(stage, message.id.id, 'image');
    expect(content.view_once, JSON.stringify(content));
  });
  await rows.row('sendMessage: video', async () => {
    const { content } = await carried(stage, (await send(FILES.mp4, { caption: 'A clip' })).id.id, 'video', FILES.mp4.bytes);
    same(content.caption, 'A clip');
  });
  await rows.row('sendMessage: video as a GIF', async () => {
    const { content } = await carried(stage, (await send(FILES.mp4, { sendVideoAsGif: true })).id.id, 'video', FILES.mp4.bytes);
    expect(content.gif, JSON.stringify(content));
  });
  await rows.row('sendMessage: audio', async () => {
    const { content } = await carried(stage, (await send(FILES.wav)).id.id, 'audio', FILES.wav.bytes);
    expect(!content.voice, 'it is a voice note');
  });
  const voice = await rows.row('sendMessage: voice note', async () => {
    const message = await send(FILES.ogg, { sendAudioAsVoice: true });
    const { content } = await carried(stage, message.id.id, 'audio', FILES.ogg.bytes);
    expect(content.voice, 'it is no voice note');
    return message;
  });
  await rows.row('event message_ack: 4, played', async () => {
    await stage.sandbox.arrived(voice?.id.id ?? '');
    await anna.do('read', { from: me.number, wa_message_id: voice?.id.id, played: true });
    await heard.first('message_ack', (message, ack) => ack === 4 && message.id.id === voice?.id.id);
  });
  await rows.row('sendMessage: document', async () => {
    const { content } = await carried(stage, (await send(FILES.pdf)).id.id, 'document', FILES.pdf.bytes);
    expect(content.filename === FILES.pdf.name && content.mime_type === FILES.pdf.mimetype, JSON.stringify(content));
  });
  await rows.row('sendMessage: image as a document', async () => {
    const message = await send(FILES.png, { sendMediaAsDocument: true });
    await carried(stage, message.id.id, 'document', FILES.png.bytes);
  });
  await rows.row('sendMessage: sticker', async () => {
    const message = await send(FILES.webp, { sendMediaAsSticker: true });
    same((await carried(stage, message.id.id, 'sticker'))['content'].mime_type, 'image/webp');
  });
}

async function receiving(rows: Rows, stage: Stage): Promise<void> {
  const kinds = [
    ['image', 'image', FILES.jpeg, { caption: 'Look' }],
    ['video', 'video', FILES.mp4, { caption: 'A clip' }],
    ['audio', 'audio', FILES.wav, {}],
    ['voice note', 'audio', FILES.ogg, { voice: true }],
    ['document', 'document', FILES.pdf, {}],
    ['sticker', 'sticker', FILES.webp, {}],
  ] as const;
  const types: Record<string, string> = { 'voice note': 'ptt' };
  for (const [name, type, file, more] of kinds) {
    await rows.row(`event message: ${name}`, async () => {
      const { message } = await inbound(stage, outgoing(type, file, more));
      expect(message.type === (types[name] ?? type) && message.hasMedia, `${message.type}, media: ${message.hasMedia}`);
      if ('caption' in more) same(message.body, more.caption);
    });
    await rows.row(`Message.downloadMedia: ${name}`, async () => {
      const { message } = await inbound(stage, outgoing(type, file, more));
      const { data } = await until('the file', () => message.downloadMedia());
      expect(Buffer.from(data, 'base64').equals(file.bytes), 'other bytes than those that were sent');
    });
  }
}

async function inbound({ anna, me, heard }: Stage, message: any): Promise<{ id: string; message: Message }> {
  const id = await anna.send(me.number, message);
  const [event] = await heard.first('message', (message) => message.id.id === id);
  return { id, message: event };
}
