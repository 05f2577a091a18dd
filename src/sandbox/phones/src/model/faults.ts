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
  /** It hits everybody, not one phone. */
  everybody?: true;
  /** What else has to be said about it. */
  needs?: 'module' | 'skew';
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
  {
    kind: 'reject_463',
    label: 'Refuse as too many first contacts (463)',
    effect: 'The next messages are refused with error 463 and never delivered.',
    count: true,
    after: 'starts in',
  },
  {
    kind: 'rate_limit',
    label: 'Refuse as too many messages (429)',
    effect: 'The next messages are refused with error 429 and never delivered.',
    count: true,
    after: 'starts in',
  },
  {
    kind: 'network_cut',
    label: 'Cut the network',
    effect: 'Nothing comes to the browser behind the page, nothing goes out, and nothing closes.',
    after: 'starts in',
    lastsMs: 10_000,
  },
  {
    kind: 'page_crash',
    label: 'Crash the page',
    effect: 'The renderer of the browser behind the page is killed.',
    after: 'starts in',
  },
  {
    kind: 'page_hang',
    label: 'Hang the page',
    effect: 'The page does nothing for as long as it lasts.',
    after: 'starts in',
    lastsMs: 10_000,
  },
  {
    kind: 'page_slow',
    label: 'Slow the page down',
    effect: 'Everything to and from the page is a second late.',
    after: 'starts in',
    lastsMs: 10_000,
  },
  {
    kind: 'passkey',
    label: 'Ask for a passkey',
    effect: 'Pages that wait to be linked ask for the passkey of the phone’s owner; they can be linked all the same.',
    after: 'starts in',
    lastsMs: 60_000,
  },
  {
    kind: 'modal',
    label: 'Show “What’s new”',
    effect: 'A page that does not dismiss the dialog in that time is unlinked.',
    after: 'starts in',
    lastsMs: 300_000,
  },
  {
    kind: 'update_required',
    label: 'Require an update',
    effect: 'The page is told that its version is too old, and gets no connection for as long as it lasts.',
    after: 'starts in',
    lastsMs: 10_000,
  },
  {
    kind: 'ban',
    label: 'Ban the number',
    effect: 'The phone’s pages are logged out, and it links none any more.',
    after: 'starts in',
  },
  {
    kind: 'qr_expire',
    label: 'Expire all codes',
    effect: 'The codes of all pages that wait to be linked are void.',
    after: 'starts in',
    everybody: true,
  },
  {
    kind: 'module_missing',
    label: 'Lose a module of the page',
    effect: 'The next loads of the page lack this module, as after an update of WhatsApp Web.',
    count: true,
    after: 'starts in',
    everybody: true,
    needs: 'module',
  },
  {
    kind: 'module_renamed',
    label: 'Rename a module of the page',
    effect: 'On the next loads of the page this module goes by another name.',
    count: true,
    after: 'starts in',
    everybody: true,
    needs: 'module',
  },
  {
    kind: 'clock_skew',
    label: 'Set the server’s clock wrong',
    effect: 'The server’s times are off for as long as it lasts.',
    after: 'starts in',
    lastsMs: 60_000,
    everybody: true,
    needs: 'skew',
  },
];

/** The request for a fault: only the numbers that it looks at. */
export function faultRequest(fault: FaultKind, phone: string, numbers: FaultNumbers): object {
  return {
    kind: fault.kind,
    ...(!fault.everybody && { phone }),
    ...(fault.count && { count: numbers.count }),
    ...(numbers.afterMs > 0 && { after_ms: numbers.afterMs }),
    ...(fault.lastsMs !== undefined && { for_ms: numbers.forMs }),
    ...(fault.needs === 'module' && { module: numbers.module }),
    ...(fault.needs === 'skew' && { skew_ms: numbers.skewMs }),
    ...(numbers.percent < 100 && { probability: numbers.percent / 100 }),
  };
}

export interface FaultNumbers {
  count: number;
  afterMs: number;
  forMs: number;
  /** With which probability it strikes each time, in percent. */
  percent: number;
  module: string;
  skewMs: number;
}
