import { Field } from './Field';

interface Props {
  label: string;
  name: string;
  value: number;
  min?: number;
  max?: number;
  step?: number;
  error?: string | undefined;
  onChange: (value: number) => void;
}

/** A whole number or a share; what is not one is not taken over. */
export function NumberInput({ label, name, value, min = 0, max = 86_400_000, step = 1, error, onChange }: Props) {
  return (
    <Field label={label} {...(error && { error })}>
      {(attributes) => (
        <input
          {...attributes}
          type="number"
          name={name}
          value={value}
          min={min}
          max={max}
          step={step}
          required
          onInput={({ currentTarget }) => currentTarget.validity.valid && onChange(currentTarget.valueAsNumber)}
        />
      )}
    </Field>
  );
}
