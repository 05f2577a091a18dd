import type { Receipt } from '../api/shapes';

/** Receipts of a message: who came furthest first, among them who came there first. */
export function bySeen(receipts: readonly Receipt[]): Receipt[] {
  return [...receipts].sort(
    (one, other) => other.ack - one.ack || (one.at ?? '').localeCompare(other.at ?? '') || one.phone.localeCompare(other.phone),
  );
}
