import { Check, CheckCheck } from 'lucide';
import type { Ack } from '../api/shapes';
import { Icon } from '../parts/Icon';

export const MEANINGS = { 1: 'sent', 2: 'delivered', 3: 'read', 4: 'played' } as const;

/** One tick: the server has it; two: the other phone; two in colour: it was read, or listened to. */
export function Ticks({ ack }: { ack: Ack }) {
  return (
    <span class={`ticks ${MEANINGS[ack] ?? 'sent'}`} data-ack={ack}>
      <Icon of={ack === 1 ? Check : CheckCheck} size={15} label={MEANINGS[ack] ?? 'sent'} />
    </span>
  );
}
