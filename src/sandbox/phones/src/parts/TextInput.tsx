import { Field } from './Field';

interface Props {
  label: string;
  name: string;
  value: string;
  hint?: string;
  error?: string | undefined;
  inputMode?: 'text' | 'decimal' | 'tel';
  /** Several lines. */
  long?: boolean;
  onChange: (value: string) => void;
}

/** A labelled line of text, or several; what is wrong with it stands below. */
export function TextInput({ label, name, value, hint, error, inputMode, long, onChange }: Props) {
  return (
    <Field label={label} {...(hint && { hint })} {...(error && { error })}>
      {(attributes) =>
        long ? (
          <textarea {...attributes} name={name} rows={3} value={value} onInput={(event) => onChange(event.currentTarget.value)} />
        ) : (
          <input
            {...attributes}
            name={name}
            autocomplete="off"
            inputMode={inputMode}
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}
