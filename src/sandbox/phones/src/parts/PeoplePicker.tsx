import { useState } from 'preact/hooks';
import { printedNumber, typedNumber } from '../model/person';
import { Avatar } from './Avatar';

interface Person {
  phone: string;
  name: string;
  picture?: string | null;
}

interface Props {
  people: readonly Person[];
  chosen: readonly string[];
  /** Whether numbers that have no phone here can be typed, too. */
  strangers?: boolean;
  onChange: (chosen: string[]) => void;
}

/** More people than this are found by typing. */
const SHOWN = 50;

/** Chooses any number of people. */
export function PeoplePicker({ people, chosen, strangers, onChange }: Props) {
  const [wanted, setWanted] = useState('');
  const sought = wanted.trim().toLowerCase();
  const number = strangers ? typedNumber(wanted) : undefined;
  const extra = chosen.filter((phone) => !people.some((one) => one.phone === phone));
  const all = [...people, ...[...extra, ...(number ? [number] : [])].map((phone) => ({ phone, name: printedNumber(phone) }))];
  const known = new Set<string>();
  const shown = all
    .filter(({ phone }) => !known.has(phone) && known.add(phone))
    .filter(({ phone, name }) => chosen.includes(phone) || `${name.toLowerCase()} ${phone}`.includes(number ?? sought))
    .slice(0, SHOWN);
  return (
    <fieldset class="picker">
      <legend class="quiet">{chosen.length === 0 ? 'Choose people' : `${chosen.length} chosen`}</legend>
      <input
        type="search"
        name="find"
        aria-label="Find people"
        placeholder={strangers ? 'Name or number' : 'Name'}
        autocomplete="off"
        value={wanted}
        onInput={(event) => setWanted(event.currentTarget.value)}
        // Enter looks for somebody here; it does not send the form.
        onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
      />
      <div class="picker-list">
        {shown.map(({ phone, name, picture }: Person) => (
          <label class="person" key={phone} data-person={phone}>
            <input
              type="checkbox"
              checked={chosen.includes(phone)}
              onChange={(event) =>
                onChange(event.currentTarget.checked ? [...chosen, phone] : chosen.filter((one) => one !== phone))
              }
            />
            <Avatar id={phone} name={name} picture={picture} size="small" />
            <span>{name}<small>{printedNumber(phone)}</small></span>
          </label>
        ))}
        {shown.length === 0 && <p class="quiet">Nobody by that name.</p>}
      </div>
    </fieldset>
  );
}
