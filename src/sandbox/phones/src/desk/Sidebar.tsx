import { Link2, Link2Off, Plus, WifiOff } from 'lucide';
import { useState } from 'preact/hooks';
import { call } from '../api/call';
import type { Phone } from '../api/shapes';
import type { World } from '../api/watch';
import { nextName, nextNumber, printedNumber, typedNumber } from '../model/person';
import type { OpenPhone } from '../model/route';
import { Avatar } from '../parts/Avatar';
import { Field } from '../parts/Field';
import { Icon } from '../parts/Icon';
import { useSubmit } from '../parts/submit';
import { WaitingPages } from './WaitingPages';

interface Props {
  world: World;
  desk: OpenPhone[];
  onShow: (phone: string, peer?: string) => void;
  onPutAway: (phone: string) => void;
}

/** From this many phones on, one is found by typing. */
const SEARCH_FROM = 8;

export function Sidebar({ world, desk, onShow, onPutAway }: Props) {
  const [wanted, setWanted] = useState('');
  const [adding, setAdding] = useState(false);
  const phones = world.phones ?? [];
  const sought = wanted.trim().toLowerCase();
  const shown = phones.filter(({ name, phone }) => `${name.toLowerCase()} ${phone}`.includes(sought));
  const none = world.phones?.length === 0;
  return (
    <nav class="sidebar" aria-label="Phones">
      <section>
        <div class="section-head">
          <h2>All phones</h2>
          <button type="button" class="quiet-button" aria-expanded={adding || none} onClick={() => setAdding(!adding)}>
            <Icon of={Plus} size={16} /> Add
          </button>
        </div>
        {(adding || none) && (
          <NewPhone
            key={phones.length}
            phones={phones}
            onMade={(phone) => {
              setAdding(false);
              onShow(phone);
            }}
          />
        )}
        {phones.length >= SEARCH_FROM && (
          <input
            type="search"
            aria-label="Find a phone"
            placeholder="Find a phone"
            value={wanted}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        )}
        <ul class="rows">
          {shown.map((phone) => {
            const open = desk.some((entry) => entry.phone === phone.phone);
            return (
              <li key={phone.phone}>
                <PhoneRow
                  phone={phone}
                  open={open}
                  onToggle={() => (open ? onPutAway(phone.phone) : onShow(phone.phone))}
                />
              </li>
            );
          })}
        </ul>
      </section>
      <WaitingPages pages={world.pages ?? []} phones={phones} />
    </nav>
  );
}

function PhoneRow({ phone, open, onToggle }: { phone: Phone; open: boolean; onToggle: () => void }) {
  const connected = phone.linked.filter((link) => link.connected).length;
  const linked = phone.linked.length;
  const state = linked === 0 ? 'no page linked' : `${connected} of ${linked} pages connected`;
  return (
    <button type="button" class="row" aria-pressed={open} data-phone={phone.phone} onClick={onToggle}>
      <Avatar id={phone.phone} name={phone.name} picture={phone.picture} />
      <b>{phone.name}</b>
      <small>{printedNumber(phone.phone)}</small>
      <span class="row-signs">
        {!phone.online && <Icon of={WifiOff} size={16} label="offline" />}
        {linked > 0 && <Icon of={connected > 0 ? Link2 : Link2Off} size={16} label={state} />}
      </span>
    </button>
  );
}

function NewPhone({ phones, onMade }: { phones: Phone[]; onMade: (phone: string) => void }) {
  const [number, setNumber] = useState(() => nextNumber(phones.map(({ phone }) => phone)));
  const [name, setName] = useState(() => nextName(phones.map((phone) => phone.name)));
  const { busy, error, send } = useSubmit();
  const digits = typedNumber(number);
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        if (!digits) return;
        void send(async () => {
          await call('POST', '/phones', { phone: digits, name: name.trim() || undefined });
          onMade(digits);
        }, ['name', 'phone']);
      }}
    >
      <Field label="Name" error={error('name')}>
        {(attributes) => (
          <input {...attributes} name="name" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        )}
      </Field>
      <Field label="Phone number" error={digits ? error('phone') : '8 to 15 digits, with the country’s code'}>
        {(attributes) => (
          <input
            {...attributes}
            name="phone"
            inputMode="tel"
            value={number}
            onInput={(event) => setNumber(event.currentTarget.value)}
          />
        )}
      </Field>
      <button class="main-button" disabled={busy || !digits}>Add phone</button>
    </form>
  );
}
