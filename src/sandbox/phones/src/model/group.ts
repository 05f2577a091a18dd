import type { Participant } from '../api/shapes';

/** Members of a group as a list shows them: oneself, then admins, then everybody by name. */
export function sortedMembers(members: readonly Participant[], self: string): Participant[] {
  const rank = ({ phone, admin }: Participant) => (phone === self ? 0 : admin ? 1 : 2);
  return [...members].sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}

const MEANINGS: Readonly<Record<number, string>> = {
  200: 'done',
  403: 'can only be invited',
  404: 'not on WhatsApp, or not in the group',
  409: 'is in the group already',
};

/** What the server says about one participant. */
export function meaning(code: number): string {
  return MEANINGS[code] ?? `refused (${code})`;
}
