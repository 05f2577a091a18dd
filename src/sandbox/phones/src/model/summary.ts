import type { Message } from '../api/shapes';

const WORDS: Readonly<Record<string, string>> = {
  image: '📷 Picture',
  video: '🎥 Video',
  audio: '🎵 Audio',
  voice: '🎤 Voice note',
  document: '📄 Document',
  sticker: 'Sticker',
  location: '📍 Location',
  contacts: '👤 Contact',
  poll: '📊 Poll',
};

/** A message in a few words, for the list of chats. */
export function summary(message: Message): string {
  const word = WORDS[message.type];
  return [word, message.body].filter(Boolean).join(' ') || `[${message.type}]`;
}
