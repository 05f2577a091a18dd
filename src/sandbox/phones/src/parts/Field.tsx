import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  hint?: string;
  error?: string | undefined;
  children: (attributes: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => ComponentChildren;
}

/** A label above its input, with a hint or what is wrong below it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const below = error ?? hint;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        ...(below && { 'aria-describedby': `${id}-below` }),
        ...(error && { 'aria-invalid': true }),
      })}
      {below && <small id={`${id}-below`} class={error ? 'error' : 'quiet'}>{below}</small>}
    </div>
  );
}
