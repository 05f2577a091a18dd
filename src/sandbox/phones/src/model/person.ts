/** Up to two letters that stand for a name where there is no picture. */
export function initials(name: string): string {
  const words = name.replace(/[^\p{L}\p{N}\s]/gu, ' ').trim().split(/\s+/).filter(Boolean);
  const first = words[0];
  if (!first) return '#';
  if (/^\p{N}+$/u.test(words.at(-1) ?? '')) return (words.at(-1) ?? '').slice(-2);
  const last = words.length > 1 ? words.at(-1) : undefined;
  return ([...first][0]! + (last ? [...last][0]! : '')).toUpperCase();
}

/** One of 8 colours, the same for the same person everywhere. */
export function tint(id: string): number {
  let sum = 0;
  for (const sign of id) sum = (sum * 31 + sign.codePointAt(0)!) % 9973;
  return sum % 8;
}

/** `+55 11 98765 4321`: country codes are not known here, so the digits are only put into readable groups. */
export function printedNumber(digits: string): string {
  if (!/^\d+$/.test(digits)) return digits;
  const tail = digits.slice(-8);
  const head = digits.slice(0, -8);
  const groups = [head.slice(0, 2), head.slice(2), tail.slice(0, 4), tail.slice(4)].filter(Boolean);
  return `+${groups.join(' ')}`;
}

/** What the network calls a number that nobody has given a name is no name: the number itself reads better. */
export function calledName(peer: string, name: string | undefined): string {
  return name === undefined || name === '' || name === `Phone ${peer}` ? printedNumber(peer) : name;
}

/** What a person typed as a number, as digits; undefined when it cannot be one. */
export function typedNumber(text: string): string | undefined {
  const digits = text.replace(/[\s()+./-]/g, '');
  return /^\d{8,15}$/.test(digits) ? digits : undefined;
}

/** A number for the next new phone: one above the highest, or a first one. */
export function nextNumber(taken: readonly string[]): string {
  const used = new Set(taken);
  let next = 5511900000001n;
  while (used.has(String(next))) next += 1n;
  return String(next);
}

const NAMES = ['Ana Souza', 'Bruno Lima', 'Carla Mendes', 'Diego Rocha', 'Elisa Prado', 'Felipe Costa', 'Gabi Alves',
  'Hugo Reis', 'Iris Nunes', 'João Dias'];

/** A name that no phone has yet. */
export function nextName(taken: readonly string[]): string {
  return NAMES.find((name) => !taken.includes(name)) ?? `Person ${taken.length + 1}`;
}
