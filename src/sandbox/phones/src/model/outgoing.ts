import type { SendAs } from './files';

/** Requests for messages of each type, as `POST /phones/{phone}/messages` takes them. */
export interface Outgoing {
  type: string;
  [field: string]: unknown;
}

/** A participant of the group, for mentions. */
export interface Named {
  phone: string;
  name: string;
}

/**
 * A text. Where it says `@Name` of somebody in the group, it mentions that person: WhatsApp's texts have the number
 * there, and the mention beside it.
 */
export function textMessage(text: string, people: readonly Named[] = []): Outgoing {
  const mentions: string[] = [];
  let body = text;
  // The longest name first, so that `@Ana Souza` is not taken for `@Ana`.
  for (const { phone, name } of [...people].sort((one, other) => other.name.length - one.name.length)) {
    for (const written of [`@${name}`, `@${phone}`]) {
      if (name === '' || !body.includes(written)) continue;
      body = body.replaceAll(written, `@${phone}`);
      if (!mentions.includes(phone)) mentions.push(phone);
    }
  }
  return { type: 'text', text: { body }, ...(mentions.length > 0 && { mentions }) };
}

/** A link with the card that people see instead of it. */
export function linkMessage({ text, url, title, description }: { text: string; url: string; title: string; description: string }): Outgoing {
  const address = url.trim();
  const words = text.trim();
  const body = words.includes(address) ? words : [words, address].filter(Boolean).join(' ');
  const preview = { title: title.trim(), url: address, ...(description.trim() && { description: description.trim() }) };
  return { type: 'text', text: { body, preview } };
}

export function fileMessage(as: SendAs, media: string, file: { name: string; caption: string }): Outgoing {
  const type = as === 'voice' ? 'audio' : as;
  const caption = file.caption.trim();
  const takesCaption = as === 'image' || as === 'video' || as === 'document';
  return {
    type,
    [type]: {
      media,
      ...(takesCaption && caption !== '' && { caption }),
      ...(as === 'document' && file.name !== '' && { filename: file.name }),
      ...(as === 'voice' && { voice: true }),
    },
  };
}

export interface Place {
  latitude: number;
  longitude: number;
  name: string;
  address: string;
}

export function locationMessage({ latitude, longitude, name, address }: Place): Outgoing {
  return {
    type: 'location',
    location: { latitude, longitude, ...(name.trim() && { name: name.trim() }), ...(address.trim() && { address: address.trim() }) },
  };
}

export function contactsMessage(people: readonly Named[]): Outgoing {
  return {
    type: 'contacts',
    contacts: people.map(({ phone, name }) => ({ name: { formatted_name: name }, phones: [{ phone }] })),
  };
}

/** Empty options are left out; `single` lets everybody choose one alone. */
export function pollMessage(name: string, options: readonly string[], single: boolean): Outgoing {
  const asked = options.map((option) => option.trim()).filter(Boolean);
  return { type: 'poll', poll: { name: name.trim(), options: asked, selectable_count: single ? 1 : 0 } };
}
