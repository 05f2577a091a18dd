/** What can be made to go wrong, and which of its three numbers each fault looks at. */
export interface FaultKind {
  kind: string;
  label: string;
  /** What then happens, in one sentence. */
  effect: string;
  /** It hits messages: how many. */
  count?: true;
  /** What `after_ms` means for it. */
  after: 'starts in' | 'late by';
  /** It lasts: `for_ms`, and how long if nobody says. */
  lastsMs?: number;
}

export const FAULTS: readonly FaultKind[] = [
  {
    kind: 'socket_drop',
    label: 'Drop the connection',
    effect: 'The phone’s pages lose their connection, and get none for as long as it lasts.',
    after: 'starts in',
    lastsMs: 5_000,
  },
  {
    kind: 'logout',
    label: 'Log the pages out',
    effect: 'The phone unlinks all its pages.',
    after: 'starts in',
  },
  {
    kind: 'drop_ack',
    label: 'Swallow acknowledgements',
    effect: 'The next messages are taken and delivered, but the page that sent them hears nothing.',
    count: true,
    after: 'starts in',
  },
  {
    kind: 'late_ack',
    label: 'Acknowledge late',
    effect: 'The next messages are acknowledged that much later.',
    count: true,
    after: 'late by',
  },
  {
    kind: 'forget_message',
    label: 'Forget messages',
    effect: 'The next messages are delivered, but missing from the history that pages get.',
    count: true,
    after: 'starts in',
  },
];

/** The request for a fault: only the numbers that it looks at. */
export function faultRequest(fault: FaultKind, phone: string, numbers: FaultNumbers): object {
  return {
    kind: fault.kind,
    phone,
    ...(fault.count && { count: numbers.count }),
    ...(numbers.afterMs > 0 && { after_ms: numbers.afterMs }),
    ...(fault.lastsMs !== undefined && { for_ms: numbers.forMs }),
  };
}

export interface FaultNumbers {
  count: number;
  afterMs: number;
  forMs: number;
}
