/** Files: each is compared byte by byte with what the network keeps of it. */

import { expect, same, type Rows } from '../rows';
import { FILES, carried, outgoing, type File } from '../world';
import { bareId } from './messages';
import type { Stage } from './session';

export async function media(rows: Rows, stage: Stage): Promise<void> {
  rows.area('Media');
  await sending(rows, stage);
  await receiving(rows, stage);
}

async function sending(rows: Rows, stage: Stage): Promise<void> {
  const { session, heard, anna, me } = stage;
  const send = async (file: File, options: object): Promise<string> =>
    bareId((await session.call('chat.sendFileMessage', anna.id, file.url, { filename: file.name, ...options })).id);
  const kinds: [string, File, string, object, (content: any) => unknown][] = [
    ['video', FILES.mp4, 'video', { caption: 'A clip' }, (content) => content.caption === 'A clip'],
    ['video as a GIF', FILES.mp4, 'video', { type: 'video', isGif: true }, (content) => content.gif],
    ['audio', FILES.wav, 'audio', { type: 'audio', isPtt: false }, (content) => !content.voice],
    ['document', FILES.pdf, 'document', { type: 'document' }, (content) => content.filename === 'paper.pdf'],
    ['image as a document', FILES.png, 'document', { type: 'document' }, (content) => content.mime_type === 'image/png'],
  ];
  await rows.row('chat.sendFileMessage: image', async () => {
    const { content } = await carried(stage, await send(FILES.jpeg, { type: 'image', caption: 'Our shop' }), 'image');
    same([content.caption, content.mime_type], ['Our shop', 'image/jpeg']);
  });
  await rows.row('chat.sendFileMessage: image, view once', async () => {
    const { content } = await carried(stage, await send(FILES.jpeg, { type: 'image', isViewOnce: true }), 'image');
    expect(content.view_once, JSON.stringify(content));
  });
  await rows.row('chat.sendFileMessage: image, of a type that it finds out', async () => {
    await carried(stage, await send(FILES.png, { type: 'auto-detect' }), 'image');
  });
  for (const [name, file, type, options, fits] of kinds) {
    await rows.row(`chat.sendFileMessage: ${name}`, async () => {
      const { content } = await carried(stage, await send(file, { type, ...options }), type, file.bytes);
      expect(fits(content), JSON.stringify(content));
    });
  }
  const voice = await rows.row('chat.sendFileMessage: voice note', async () => {
    const id = await send(FILES.ogg, { type: 'audio', isPtt: true });
    expect((await carried(stage, id, 'audio', FILES.ogg.bytes))['content'].voice, 'it is no voice note');
    return id;
  });
  await rows.row('event chat.msg_ack_change: 4, played', async () => {
    await stage.sandbox.arrived(voice ?? '');
    await anna.do('read', { from: me.number, wa_message_id: voice, played: true });
    await heard.first('chat.msg_ack_change', (event) => event.ack === 4 && event.ids.some((key: string) => bareId(key) === voice));
  });
  await rows.row('chat.sendFileMessage: sticker', async () => {
    const id = await send(FILES.webp, { type: 'sticker' });
    same((await carried(stage, id, 'sticker'))['content'].mime_type, 'image/webp');
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
  const { session, anna, me } = stage;
  const types: Record<string, string> = { 'voice note': 'ptt' };
  for (const [name, type, file, more] of kinds) {
    await rows.row(`event chat.new_message: ${name}`, async () => {
      const message = await inbound(stage, outgoing(type, file, more));
      same(message.type, types[name] ?? type);
      if ('caption' in more) same(message.caption, more.caption);
    });
    await rows.row(`chat.downloadMedia: ${name}`, async () => {
      const { id } = await inbound(stage, outgoing(type, file, more));
      const bytes = await session.ask('WPP.chat.downloadMedia(a).then((blob) => WPP.util.blobToBase64(blob))', id);
      expect(Buffer.from(bytes.split(',')[1], 'base64').equals(file.bytes), 'other bytes than those that were sent');
    });
  }
  await rows.row('chat.canMarkPlayed', async () => {
    const { id } = await inbound(stage, outgoing('audio', FILES.ogg, { voice: true }));
    expect(await session.call('chat.canMarkPlayed', id), 'it cannot');
  });
  await rows.row('chat.markPlayed', async () => {
    const { id } = await inbound(stage, outgoing('audio', FILES.ogg, { voice: true }));
    await session.call('chat.markPlayed', id);
    await anna.has(me.number, bareId(id), 'as played', (message) => message.ack === 4);
  });
}

async function inbound({ anna, me, heard }: Stage, message: any): Promise<any> {
  const id = await anna.send(me.number, message);
  return (await heard.first('chat.new_message', (message) => bareId(message.id) === id))[0];
}
