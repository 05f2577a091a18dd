/**
 * Which phones lie on the desk and which chat each of them shows. It is kept in the page's address, so that a reload
 * or a bookmark brings the same picture: `#5511900000001=5511987654321&5511987654321=`.
 */
export interface OpenPhone {
  phone: string;
  /** The chat it shows; undefined: its list of chats. */
  peer?: string;
}

/** Phones on the desk at a time. The server follows no more than 16. */
export const DESK_MAX = 12;

const NUMBER = /^\d{8,15}$/;
const PEER = /^(\d{8,15}|[\d-]+@g\.us|status@broadcast)$/;

export function readRoute(hash: string): OpenPhone[] {
  const entries = [...new URLSearchParams(hash.replace(/^#/, ''))];
  const known = new Set<string>();
  return entries
    .filter(([phone]) => NUMBER.test(phone) && !known.has(phone) && known.add(phone))
    .slice(0, DESK_MAX)
    .map(([phone, peer]) => (PEER.test(peer) ? { phone, peer } : { phone }));
}

export function writeRoute(desk: OpenPhone[]): string {
  return `#${new URLSearchParams(desk.map(({ phone, peer }) => [phone, peer ?? '']))}`;
}

/** Puts a phone on the desk, or shows another chat on it. */
export function withPhone(desk: OpenPhone[], phone: string, peer?: string): OpenPhone[] {
  const entry = peer === undefined ? { phone } : { phone, peer };
  if (desk.some((open) => open.phone === phone)) {
    return desk.map((open) => (open.phone === phone ? entry : open));
  }
  return [...desk, entry].slice(-DESK_MAX);
}

export function withoutPhone(desk: OpenPhone[], phone: string): OpenPhone[] {
  return desk.filter((open) => open.phone !== phone);
}
