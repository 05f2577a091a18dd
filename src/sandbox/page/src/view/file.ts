/** Files inside bubbles: pictures, videos, voice notes, documents, stickers. */

import { markPlayed, type Msg } from '../modules/messages';
import { element, fileSize, length } from './element';

const PICTURE_WIDTH = 300;
const PICTURE_HEIGHT = 320;
const BARS = 40;

/** The part of a bubble that shows the file of a message. */
export function fileOf(msg: Msg): HTMLElement {
  switch (msg.type) {
    case 'image': return picture(msg);
    case 'video': return video(msg);
    case 'sticker': return sticker(msg);
    case 'ptt': return voice(msg);
    case 'audio': return audio(msg);
    default: return document(msg);
  }
}

/** Where the browser finds it: what was just chosen is here, everything else is on the server. */
function address(msg: Msg): string | undefined {
  const path = msg.get('directPath');
  return typeof path === 'string' ? path : msg.mediaData?.mediaBlob?.url();
}

function thumbnail(msg: Msg): string | undefined {
  return typeof msg.body === 'string' && msg.body ? `data:image/jpeg;base64,${msg.body}` : undefined;
}

/** As large as it will be once it is loaded, so that nothing jumps. */
function sized<E extends HTMLElement>(node: E, msg: Msg): E {
  const [width, height] = [Number(msg.get('width')), Number(msg.get('height'))];
  if (!(width > 0 && height > 0)) return node;
  const scale = Math.min(PICTURE_WIDTH / width, PICTURE_HEIGHT / height);
  node.style.width = `${Math.max(80, Math.round(width * scale))}px`;
  node.style.aspectRatio = `${width} / ${height}`;
  const small = thumbnail(msg);
  if (small) node.style.backgroundImage = `url("${small}")`;
  return node;
}

function picture(msg: Msg): HTMLElement {
  const image = sized(element('img', 'picture'), msg);
  image.alt = msg.caption ?? 'Photo';
  image.src = address(msg) ?? thumbnail(msg) ?? '';
  return element('div', 'once', image, msg.get('isViewOnce') ? element('span', 'tag', 'view once') : '');
}

function video(msg: Msg): HTMLElement {
  const node = sized(element('video', 'picture'), msg);
  const source = address(msg);
  if (source) node.src = source;
  const still = thumbnail(msg);
  if (still) node.poster = still;
  node.preload = 'metadata';
  node.muted = Boolean(msg.get('isGif'));
  node.loop = node.autoplay = node.muted;
  node.controls = !node.muted;
  return element('div', 'once', node, msg.get('isGif') ? element('span', 'tag', 'GIF') : '');
}

function sticker(msg: Msg): HTMLElement {
  const image = element('img', 'sticker');
  image.alt = 'Sticker';
  image.src = address(msg) ?? '';
  return image;
}

function voice(msg: Msg): HTMLElement {
  const play = element('button', 'play', '▶');
  const player = new Audio();
  play.onclick = () => {
    player.src ||= address(msg) ?? '';
    if (player.paused) void player.play().catch(() => undefined);
    else player.pause();
    void markPlayed(msg);
  };
  player.onplay = () => play.replaceChildren('❚❚');
  player.onpause = () => play.replaceChildren('▶');
  return element('div', 'voice', play, bars(msg), element('span', 'quiet', length(Number(msg.get('duration') ?? 0))));
}

/** How loud it is over time, as far as the sender has said. */
function bars(msg: Msg): HTMLElement {
  const given = msg.get('waveform');
  const heights = Array.isArray(given) || given instanceof Uint8Array ? Array.from(given as Iterable<number>) : [];
  const node = element('span', 'bars');
  for (let index = 0; index < BARS; index += 1) {
    const loud = heights[Math.floor((index * heights.length) / BARS)] ?? 12 + ((index * 37) % 29);
    const bar = element('i', '');
    bar.style.height = `${Math.max(8, Math.min(100, loud))}%`;
    node.append(bar);
  }
  return node;
}

function audio(msg: Msg): HTMLElement {
  const player = element('audio', '');
  player.controls = true;
  player.preload = 'none';
  const source = address(msg);
  if (source) player.src = source;
  return element('div', 'audio', player, element('span', 'quiet', length(Number(msg.get('duration') ?? 0))));
}

function document(msg: Msg): HTMLElement {
  const name = String(msg.get('filename') ?? msg.caption ?? 'Document');
  const extension = /\.([a-z0-9]{1,5})$/i.exec(name)?.[1] ?? String(msg.get('mimetype') ?? '').split('/').pop() ?? '';
  const size = Number(msg.get('size') ?? 0);
  const link = element(
    'a', 'document',
    element('span', 'sheet', extension.slice(0, 4).toUpperCase() || 'FILE'),
    element('span', 'words', element('b', '', name), element('span', 'quiet', `${extension.toUpperCase()} · ${fileSize(size)}`)),
  );
  link.href = address(msg) ?? '#';
  link.download = name;
  return link;
}
