import { Zap } from 'lucide';
import { useState } from 'preact/hooks';
import { call } from '../api/call';
import type { Phone } from '../api/shapes';
import { FAULTS, faultRequest } from '../model/faults';
import { Field } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { NumberInput } from '../parts/NumberInput';
import { useAttempt } from '../parts/notice';

interface Props {
  phones: Phone[];
  /** The phone that is suggested. */
  first: string | undefined;
}

/** Makes something go wrong for one phone. */
export function Faults({ phones, first }: Props) {
  const [kind, setKind] = useState(FAULTS[0]!.kind);
  const [choice, setChoice] = useState('');
  const [count, setCount] = useState(1);
  const [after, setAfter] = useState(0);
  const [lasts, setLasts] = useState<number | null>(null);
  const attempt = useAttempt();
  const fault = FAULTS.find((one) => one.kind === kind) ?? FAULTS[0]!;
  const phone = phones.find((one) => one.phone === choice)?.phone ?? first ?? phones[0]?.phone;
  const forMs = lasts ?? fault.lastsMs ?? 0;
  const provoke = () => {
    if (!phone) return;
    const numbers = { count, afterMs: after, forMs };
    void attempt(() => call('POST', '/faults', faultRequest(fault, phone, numbers)), `“${fault.label}” is set.`);
  };
  return (
    <section aria-label="Faults">
      <div class="section-head"><h2>Faults</h2></div>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          provoke();
        }}
      >
        <Field label="What goes wrong" hint={fault.effect}>
          {(attributes) => (
            <select
              {...attributes}
              name="kind"
              value={fault.kind}
              onChange={(event) => {
                setKind(event.currentTarget.value);
                setLasts(null);
              }}
            >
              {FAULTS.map((one) => <option key={one.kind} value={one.kind}>{one.label}</option>)}
            </select>
          )}
        </Field>
        <Field label="For which phone">
          {(attributes) => (
            <select
              {...attributes}
              name="fault-phone"
              value={phone ?? ''}
              onChange={(event) => setChoice(event.currentTarget.value)}
            >
              {phones.map((one) => <option key={one.phone} value={one.phone}>{one.name}</option>)}
            </select>
          )}
        </Field>
        <div class="numbers">
          {fault.count && <NumberInput label="Messages" name="count" value={count} min={1} onChange={setCount} />}
          <NumberInput
            label={fault.after === 'late by' ? 'Late by, ms' : 'Starts in, ms'}
            name="after"
            value={after}
            onChange={setAfter}
          />
          {fault.lastsMs !== undefined && (
            <NumberInput label="Lasts, ms" name="lasts" value={forMs} onChange={setLasts} />
          )}
        </div>
        <button class="main-button danger" disabled={!phone}>
          <Icon of={Zap} size={16} /> Provoke
        </button>
      </form>
    </section>
  );
}
