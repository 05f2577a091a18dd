import { useEffect, useState } from 'preact/hooks';
import { call } from '../api/call';
import type { Timing } from '../api/shapes';
import { Field } from '../parts/Field';
import { NumberInput } from '../parts/NumberInput';
import { useAttempt } from '../parts/notice';

/** Timing and behaviour of the whole network. */
export function NetworkForm({ timing }: { timing: Timing }) {
  const [draft, setDraft] = useState(timing);
  // What somebody else has set is taken over, unless something is being changed here.
  const [base, setBase] = useState(timing);
  const changed = JSON.stringify(draft) !== JSON.stringify(base);
  useEffect(() => {
    if (!changed) setDraft(timing);
    setBase(timing);
  }, [timing]);
  const attempt = useAttempt();
  const set = (part: Partial<Timing>) => setDraft((now) => ({ ...now, ...part }));
  const save = () => {
    const { ack_ms, deliver_ms, read_ms, auto_reply, loss } = draft;
    void attempt(() => call('PATCH', '/network', { ack_ms, deliver_ms, read_ms, auto_reply, loss }), 'Saved.');
  };
  return (
    <section aria-label="Network">
      <div class="section-head"><h2>Network</h2></div>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <div class="numbers">
          <NumberInput label="Ack after, ms" name="ack_ms" value={draft.ack_ms} onChange={(ack_ms) => set({ ack_ms })} />
          <NumberInput
            label="Delivery, ms"
            name="deliver_ms"
            value={draft.deliver_ms}
            onChange={(deliver_ms) => set({ deliver_ms })}
          />
        </div>
        <label class="check">
          <input
            type="checkbox"
            name="reads"
            checked={draft.read_ms !== null}
            onChange={(event) => set({ read_ms: event.currentTarget.checked ? 120 : null })}
          />
          People read by themselves
        </label>
        {draft.read_ms !== null && (
          <NumberInput label="Read after, ms" name="read_ms" value={draft.read_ms} onChange={(read_ms) => set({ read_ms })} />
        )}
        <Field label="Automatic answer" hint="From phones without a linked page. Empty: none.">
          {(attributes) => (
            <input
              {...attributes}
              name="auto_reply"
              value={draft.auto_reply ?? ''}
              onInput={(event) => set({ auto_reply: event.currentTarget.value || null })}
            />
          )}
        </Field>
        <Field label={`Lost messages: ${Math.round(draft.loss * 100)} %`}>
          {(attributes) => (
            <input
              {...attributes}
              type="range"
              name="loss"
              min="0"
              max="100"
              value={Math.round(draft.loss * 100)}
              onInput={(event) => set({ loss: event.currentTarget.valueAsNumber / 100 })}
            />
          )}
        </Field>
        <div class="buttons">
          <button class="main-button" disabled={!changed}>Save</button>
          {changed && <button type="button" class="quiet-button" onClick={() => setDraft(timing)}>Undo</button>}
        </div>
      </form>
    </section>
  );
}
