import { Field } from './Field';

interface Props {
  label: string;
  name: string;
  value: number;
  min?: number;
  max?: number;
  step?: number;
  onChange: (value: number) => void;
}

/** A whole number or a share; what is not one is not taken over. */
export function NumberInput({ label, name, value, min = 0, max = 86_400_000, step = 1, onChange }: Props) {
  return (
    <Field label={label}>
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
