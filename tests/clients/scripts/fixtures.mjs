// Makes the small files in fixtures/ that the runs send: `CHROMIUM=… node scripts/fixtures.mjs`. They are committed.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

const save = (name, bytes) => writeFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)), bytes);

/** A picture in a browser's canvas, and a clip of it. */
async function drawn(width, height) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext('2d');
  const paint = (step) => {
    pen.fillStyle = '#075e54';
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = '#25d366';
    pen.beginPath();
    pen.arc(width / 2, height / 2, height / 4 + step, 0, 7);
    pen.fill();
  };
  paint(0);
  const stills = ['image/jpeg', 'image/png', 'image/webp'].map((type) => canvas.toDataURL(type, 0.7).split(',')[1]);
  const recorder = new MediaRecorder(canvas.captureStream(10), { mimeType: 'video/mp4;codecs=vp9', videoBitsPerSecond: 20_000 });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let step = 0; step < 10; step += 1) {
    paint(step % 5);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  recorder.stop();
  await stopped;
  const clip = new Uint8Array(await new Blob(parts).arrayBuffer());
  return [...stills, btoa(String.fromCharCode(...clip))];
}

const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage();
const [jpeg, png, , clip] = await page.evaluate(drawn, 64, 48);
const [, , webp] = await page.evaluate(drawn, 128, 128);
await browser.close();
save('picture.jpg', Buffer.from(jpeg, 'base64'));
save('picture.png', Buffer.from(png, 'base64'));
save('sticker.webp', Buffer.from(webp, 'base64'));
save('clip.mp4', Buffer.from(clip, 'base64'));

/** A second of a tone, 8 kHz, 8 bits. */
function wav() {
  const rate = 8_000;
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + rate, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(rate, 40);
  return Buffer.concat([head, Buffer.from({ length: rate }, (_, at) => 128 + 90 * Math.sin((at / rate) * 440 * 2 * Math.PI))]);
}
save('tone.wav', wav());

/** A second of silence as WhatsApp's voice notes are: Opus in Ogg. */
function ogg() {
  const crcs = Array.from({ length: 256 }, (_, at) => {
    let crc = at << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    return crc >>> 0;
  });
  let sequence = 0;
  const sheet = (flags, granule, packets) => {
    const head = Buffer.alloc(27 + packets.length);
    head.write('OggS', 0);
    head[5] = flags;
    head.writeBigUInt64LE(BigInt(granule), 6);
    head.writeUInt32LE(7, 14);
    head.writeUInt32LE(sequence++, 18);
    head[26] = packets.length;
    packets.forEach((packet, at) => (head[27 + at] = packet.length));
    const whole = Buffer.concat([head, ...packets]);
    let crc = 0;
    for (const byte of whole) crc = ((crc << 8) ^ crcs[((crc >>> 24) ^ byte) & 0xff]) >>> 0;
    whole.writeUInt32LE(crc, 22);
    return whole;
  };
  const opus = Buffer.alloc(19);
  opus.write('OpusHead', 0);
  opus[8] = 1;
  opus[9] = 1;
  opus.writeUInt16LE(312, 10);
  opus.writeUInt32LE(48_000, 12);
  const tags = Buffer.alloc(16);
  tags.write('OpusTags', 0);
  // Twenty milliseconds of silence each.
  const silence = Array.from({ length: 50 }, () => Buffer.from([0xf8, 0xff, 0xfe]));
  return Buffer.concat([sheet(2, 0, [opus]), sheet(0, 0, [tags]), sheet(4, 50 * 960, silence)]);
}
save('voice.ogg', ogg());

const pdf = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`;
save('paper.pdf', pdf);
