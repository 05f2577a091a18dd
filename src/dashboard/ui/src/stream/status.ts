import type { MessageStatus } from "../api/types";

/**
 * How far each status is along a message's life. Answers to requests and frames of the
 * stream race one another; by this order a screen never shows a step back.
 */
const RANK: Record<MessageStatus, number> = {
  scheduled: 0,
  queued: 1,
  sending: 2,
  unknown: 3,
  sent: 4,
  delivered: 5,
  read: 6,
  played: 7,
  received: 8,
  cancelled: 9,
  expired: 9,
  failed: 9,
};

/** The later of two statuses of one message. Proof of delivery outlives a report of failure. */
export function advance(current: MessageStatus, next: MessageStatus): MessageStatus {
  if (!(next in RANK)) return current;
  if (isFailure(current)) return current;
  if (isFailure(next)) return RANK[current] >= RANK.delivered ? current : next;
  return RANK[next] > RANK[current] ? next : current;
}

/** Ended without being sent. */
export function isFailure(status: MessageStatus): boolean {
  return status === "failed" || status === "cancelled" || status === "expired";
}

/** Not yet with WhatsApp, so that cancelling may still succeed. */
export function isCancellable(status: MessageStatus): boolean {
  return status === "scheduled" || status === "queued";
}

/** Turns `message.delivered` into `delivered`; null for other events. */
export function statusOf(eventType: string): MessageStatus | null {
  const [family, status] = eventType.split(".");
  if (family !== "message" || status === undefined || status === "received") return null;
  return status in RANK ? (status as MessageStatus) : null;
}
