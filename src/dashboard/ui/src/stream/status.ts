import type { MessageStatus } from "../api/types";

/**
 * How far each status is along a message's life. Answers to requests and frames of the
 * stream race one another; by this order a screen never shows a step back.
 */
const RANK: Record<MessageStatus, number> = {
  scheduled: 0,
  queued: 1,
  sending: 2,
  sent: 3,
  delivered: 4,
  read: 5,
  played: 6,
  received: 9,
  cancelled: 9,
  expired: 9,
  failed: 9,
  unknown: 9,
};

/**
 * The later of two statuses of one message. Nothing follows an end, and what WhatsApp's
 * server already has can no longer end without being sent.
 */
export function advance(current: MessageStatus, next: MessageStatus): MessageStatus {
  if (!(next in RANK)) return current;
  if (isEnd(next) && RANK[current] >= RANK.sent) return current;
  return RANK[next] > RANK[current] ? next : current;
}

/** Ended without being sent, or without anyone knowing whether it was. */
function isEnd(status: MessageStatus): boolean {
  return status === "failed" || status === "cancelled" || status === "expired" || status === "unknown";
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
