import { Zap } from 'lucide';
import { useState } from 'preact/hooks';
import { call } from '../api/call';
import type { Phone, StandingFault } from '../api/shapes';
import { FAULTS, faultRequest, type FaultKind, type FaultNumbers } from '../model/faults';
import { Field } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { NumberInput } from '../parts/NumberInput';
import { useAttempt } from '../parts/notice';
import { useNames } from '../parts/people';
import { useSubmit, type Submit } from '../parts/submit';
import { TextInput } from '../parts/TextInput';

interface Props {
  phones: Phone[];
  /** The phone that is suggested. */
  first: string | undefined;
  standing: StandingFault[];
}

const FIELDS = ['count', 'after_ms', 'for_ms', 'module', 'skew_ms', 'probability'];

/** Makes something go wrong, and shows what still waits to. */
export function Faults({ phones, first, standing }: Props) {
  const [kind, setKind] = useState(FAULTS[0]!.kind);
  const [choice, setChoice] = useState('');
  const [numbers, setNumbers] = useState<Omit<FaultNumbers, 'forMs'> & { forMs: number | null }>({
    count: 1, afterMs: 0, forMs: null, percent: 100, module: 'WAWebSendMsgChatAction', skewMs: 3_600_000,
  });
  const submit = useSubmit();
  const fault = FAULTS.find((one) => one.kind === kind) ?? FAULTS[0]!;
  const phone = phones.find((one) => one.phone === choice)?.phone ?? first ?? phones[0]?.phone;
  const filled = { ...numbers, forMs: numbers.forMs ?? fault.lastsMs ?? 0 };
  const mayStrike = fault.everybody === true || phone !== undefined;
  return (
    <section aria-label="Faults">
      <div class="section-head"><h2>Faults</h2></div>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (!mayStrike) return;
          const request = faultRequest(fault, phone ?? '', filled);
          void submit.send(() => call('POST', '/faults', request), FIELDS, `“${fault.label}” is set.`);
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
                setNumbers((now) => ({ ...now, forMs: null }));
              }}
            >
              {FAULTS.map((one) => <option key={one.kind} value={one.kind}>{one.label}</option>)}
            </select>
          )}
        </Field>
        {!fault.everybody && (
          <Field label="For which phone">
            {(attributes) => (
              <select {...attributes} name="fault-phone" value={phone ?? ''} onChange={(event) => setChoice(event.currentTarget.value)}>
                {phones.map((one) => <option key={one.phone} value={one.phone}>{one.name}</option>)}
              </select>
            )}
          </Field>
        )}
        <Details fault={fault} numbers={filled} submit={submit} onChange={(part) => setNumbers((now) => ({ ...now, ...part }))} />
        <button class="main-button danger" disabled={!mayStrike || submit.busy}>
          <Icon of={Zap} size={16} /> Provoke
        </button>
      </form>
      <Standing standing={standing} />
    </section>
  );
}

interface DetailsProps {
  fault: FaultKind;
  numbers: FaultNumbers;
  submit: Submit;
  onChange: (part: Partial<FaultNumbers>) => void;
}

/** The numbers that this fault looks at. */
function Details({ fault, numbers, submit: { error }, onChange }: DetailsProps) {
  return (
    <>
      {fault.needs === 'module' && (
        <TextInput label="Module" name="module" value={numbers.module} error={error('module')} onChange={(module) => onChange({ module })} />
      )}
      <div class="numbers">
        {fault.count && (
          <NumberInput
            label={fault.needs === 'module' ? 'Loads' : 'Messages'}
            name="count"
            value={numbers.count}
            min={1}
            error={error('count')}
            onChange={(count) => onChange({ count })}
          />
        )}
        {fault.needs === 'skew' && (
          <NumberInput label="Ahead by, ms" name="skew" value={numbers.skewMs} min={-86_400_000} error={error('skew_ms')} onChange={(skewMs) => onChange({ skewMs })} />
        )}
        <NumberInput
          label={fault.after === 'late by' ? 'Late by, ms' : 'Starts in, ms'}
          name="after"
          value={numbers.afterMs}
          error={error('after_ms')}
          onChange={(afterMs) => onChange({ afterMs })}
        />
        {fault.lastsMs !== undefined && (
          <NumberInput label="Lasts, ms" name="lasts" value={numbers.forMs} error={error('for_ms')} onChange={(forMs) => onChange({ forMs })} />
        )}
        {fault.count && (
          <NumberInput label="Chance, %" name="percent" value={numbers.percent} max={100} error={error('probability')} onChange={(percent) => onChange({ percent })} />
        )}
      </div>
    </>
  );
}

/** Faults shown at a time; more of them are counted. */
const SHOWN = 20;

/** The faults that wait or last. */
function Standing({ standing }: { standing: StandingFault[] }) {
  const attempt = useAttempt();
  const nameOf = useNames();
  if (standing.length === 0) return null;
  return (
    <>
      <ul class="standing" aria-label="Faults that wait or last">
        {standing.slice(0, SHOWN).map(({ id, kind, phone, left }) => (
          <li key={id} data-fault={kind}>
            <b>{FAULTS.find((one) => one.kind === kind)?.label ?? kind}</b>
            <small>{[phone ? nameOf(phone) : 'everybody', left !== null && `${left} left`].filter(Boolean).join(', ')}</small>
          </li>
        ))}
      </ul>
      {standing.length > SHOWN && <p class="quiet">And {standing.length - SHOWN} more.</p>}
      <button type="button" class="quiet-button danger" onClick={() => void attempt(() => call('DELETE', '/faults'), 'No fault waits any more.')}>
        Clear all faults
      </button>
    </>
  );
}
