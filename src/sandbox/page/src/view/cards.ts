/** Bubbles that are neither text nor file: places, contacts, polls, previews of links. */

import type { Msg } from '../modules/messages';
import { optionsOf, sendVote, votesFor } from '../modules/polls';
import { identity } from '../modules/identity';
import { parseVcard } from '../modules/vcards';
import { colourOf, element } from './element';
import { nameOf } from './names';

export function place(msg: Msg): HTMLElement {
  const [name, ...more] = String(msg.get('loc') ?? '').split('\n');
  const at = `${Number(msg.get('lat')).toFixed(5)}, ${Number(msg.get('lng')).toFixed(5)}`;
  return element(
    'div', 'place',
    element('div', 'map', element('span', 'pin')),
    element('div', 'words', element('b', '', name || 'Location'), element('span', 'quiet', [...more, at].filter(Boolean).join(' · '))),
  );
}

export function contactCards(msg: Msg): HTMLElement {
  const list = msg.type === 'vcard'
    ? [{ displayName: String(msg.get('vcardFormattedName') ?? ''), vcard: msg.body ?? '' }]
    : (msg.get('vcardList') as { displayName: string; vcard: string }[] | undefined) ?? [];
  return element('div', 'contacts', ...list.map(({ displayName, vcard }) => {
    const card = parseVcard(vcard);
    const name = displayName || card?.['fn']?.[0] || 'Contact';
    const letter = element('span', 'avatar small', name.slice(0, 1).toUpperCase());
    letter.style.color = colourOf(name);
    return element('div', 'contact', letter,
      element('span', 'words', element('b', '', name), element('span', 'quiet', card?.['tel']?.join(', ') ?? '')));
  }));
}

/** Each option with a bar for its share of the votes. A click votes. */
export function poll(msg: Msg): HTMLElement {
  const votes = votesFor(msg.id);
  const options = optionsOf(msg);
  const most = Math.max(1, ...options.map(({ localId }) => votes.filter((vote) => vote.selectedOptionLocalIds.includes(localId)).length));
  const mine = votes.find((vote) => identity.isMe(vote.sender))?.selectedOptionLocalIds ?? [];
  const single = Number(msg.get('pollSelectableOptionsCount') ?? 0) === 1;
  const rows = options.map(({ name, localId }) => {
    const voters = votes.filter((vote) => vote.selectedOptionLocalIds.includes(localId));
    const bar = element('i', '');
    bar.style.width = `${(voters.length / most) * 100}%`;
    const row = element(
      'button', mine.includes(localId) ? 'option chosen' : 'option',
      element('span', 'mark', mine.includes(localId) ? '✓' : ''),
      element('span', 'words', name), element('span', 'quiet', String(voters.length)), element('span', 'bar', bar),
    );
    row.title = voters.map((vote) => nameOf(vote.sender)).join(', ');
    row.onclick = () => void sendVote(msg, chosen(mine, localId, single)).catch((error: unknown) => console.warn(error));
    return row;
  });
  return element('div', 'poll', element('b', '', String(msg.get('pollName') ?? '')),
    element('span', 'quiet', single ? 'Select one' : 'Select one or more'), ...rows);
}

function chosen(before: number[], option: number, single: boolean): number[] {
  if (before.includes(option)) return before.filter((other) => other !== option);
  return single ? [option] : [...before, option];
}

/** What is behind the link in a text, if the sender has looked. */
export function linkCard(msg: Msg): HTMLElement | undefined {
  const title = msg.get('title');
  const address = msg.get('matchedText') ?? msg.get('canonicalUrl');
  if (typeof title !== 'string' || typeof address !== 'string') return undefined;
  const words = element('span', 'words', element('b', '', title), element('span', 'quiet', String(msg.get('description') ?? '')),
    element('span', 'quiet host', address.replace(/^https?:\/\//, '').split('/')[0] ?? ''));
  const thumbnail = msg.get('thumbnail');
  if (typeof thumbnail !== 'string' || !thumbnail) return element('div', 'link', words);
  const image = element('img', '');
  image.alt = '';
  image.src = `data:image/jpeg;base64,${thumbnail}`;
  return element('div', 'link', image, words);
}
